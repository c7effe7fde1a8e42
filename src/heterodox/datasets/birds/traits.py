"""What a synthetic bird is like: its parts, its marks, its species, and how it sits in its picture.

Every trait is drawn for itself, uniformly and independently of all others, of the pose and of the background, so that
nothing but the part itself tells its trait. A species is a combination of bill, wing, eye and tail, and any such
combination is a species; two species that differ in one part are look-alikes. Eye and tail make the family. Colours
and marks vary from bird to bird within a species.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from heterodox.datasets.birds.colours import PALETTES
from heterodox.streams import stream

PARTS = ("bill", "wing", "eye", "tail", "body")
MARKS = ("crest", "cap", "cheek_patch", "breast_band", "tail_band")
SPECIES_TRAITS = {
    "bill": ("short", "medium", "long"),
    "wing": ("solid", "striped", "spotted", "wing_bar", "checkered", "plain"),
    "eye": ("dark", "gold"),
    "tail": ("rounded", "forked"),
}
VALUES: dict[str, tuple[str, ...]] = {
    **SPECIES_TRAITS,
    "palette": tuple(PALETTES),
    **dict.fromkeys(MARKS, ("absent", "present")),
}
FAMILIES = (
    "Robin",
    "Swallow",
    "Babbler",
    "Drongo",
)  # dark and rounded, dark and forked, gold and rounded, gold, forked
# One name per bill and wing; names of places, so that none gives a part away.
EPITHETS = ("Alder", "Birch", "Cedar", "Dune", "Elm", "Fern", "Gorse", "Heath", "Islet", "Juniper", "Kelp", "Larch",
            "Moor", "Nettle", "Orchard", "Pine", "Quarry", "Reed")  # fmt: skip
# The pairs of the user study: the same bird but for one part.
LOOK_ALIKE_TRAITS = (
    ("bill", ("short", "striped", "dark", "rounded"), "long"),
    ("wing", ("medium", "spotted", "gold", "rounded"), "checkered"),
    ("wing", ("short", "wing_bar", "dark", "forked"), "solid"),
    ("eye", ("medium", "plain", "dark", "forked"), "gold"),
    ("tail", ("long", "checkered", "gold", "rounded"), "forked"),
)
SCALES = (0.17, 0.215)  # how long half a body is, in sides of the image
# In degrees: how far a bird leans back, lifts or lowers its head and its wing, and how far its branch slopes.
TILTS, HEAD_TURNS, WING_LIFTS, SLOPES = (-8.0, 34.0), (-28.0, 18.0), (-6.0, 14.0), (-18.0, 18.0)
# What reaches farthest from the centre of a body, in half bodies, however the head is turned: the tip of the longest
# bill (three points), the crest, the top of the head, both ends of the tail, and the feet.
EXTREMES = ((2.24, 0.62), (2.17, 1.1), (2.05, -0.1), (0.3, 1.7), (0.9, 1.2), (-1.87, 0.68), (-1.87, -0.45), (0.1, -1.2))
SCENERY_DRAWS = 288  # random numbers of each image's background
POSE = ("scale", "facing", "tilt", "head_turn", "wing_lift", "slope", "x", "y")
TINTS = 9  # what shifts the colours of one bird: three shades of red, green and blue


@dataclass(frozen=True)
class Birds:
    """N drawn birds: `traits` int64 (N,) by name, `pose` float64 (N,) by name, `tints` (N, 9), `scenery` (N, 288).

    Of the pose, `scale` is half a body in sides of the image, `facing` 1 right and -1 left, angles are in degrees, `x`
    and `y` are the body's centre in sides from the left and from the top. Tints and scenery lie in [0, 1).
    """

    traits: dict[str, np.ndarray]
    pose: dict[str, np.ndarray]
    tints: np.ndarray
    scenery: np.ndarray

    def __len__(self) -> int:
        """Return the number of birds N."""
        return len(self.tints)

    @property
    def species(self) -> np.ndarray:
        """Return the place of each bird's species in `species_names`, int64 (N,)."""
        return np.ravel_multi_index(
            [self.traits[name] for name in SPECIES_TRAITS], [len(values) for values in SPECIES_TRAITS.values()]
        )

    @property
    def families(self) -> np.ndarray:
        """Return the place of each bird's family in `FAMILIES`, int64 (N,)."""
        return self.traits["eye"] * len(SPECIES_TRAITS["tail"]) + self.traits["tail"]

    def at(self, rows: np.ndarray | slice) -> "Birds":
        """Return the birds at these rows, in this order."""
        return Birds(
            {name: values[rows] for name, values in self.traits.items()},
            {name: values[rows] for name, values in self.pose.items()},
            self.tints[rows],
            self.scenery[rows],
        )


def draw(seed: int, flock: str, index: Sequence[int] | np.ndarray) -> Birds:
    """Draw the birds of a flock at these places (N,); each depends on the seed, the flock and its own place alone."""
    count = len(VALUES) + len(POSE) + TINTS + SCENERY_DRAWS
    numbers = np.array([stream(seed, "bird", flock, place).random(count) for place in index]).reshape(-1, count)
    traits, pose, tints, scenery = np.split(numbers, np.cumsum([len(VALUES), len(POSE), TINTS]), axis=1)
    drawn = {
        name: (column * len(values)).astype(np.int64)
        for (name, values), column in zip(VALUES.items(), traits.T, strict=True)
    }
    return Birds(drawn, _pose(dict(zip(POSE, pose.T, strict=True))), tints, scenery)


def _pose(numbers: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Turn numbers in [0, 1) into a pose; the bird is inside its picture whatever its traits are."""
    ranges = {"scale": SCALES, "tilt": TILTS, "head_turn": HEAD_TURNS, "wing_lift": WING_LIFTS, "slope": SLOPES}
    pose = {name: low + numbers[name] * (high - low) for name, (low, high) in ranges.items()}
    pose["facing"] = np.where(numbers["facing"] < 0.5, -1.0, 1.0)
    angle = np.radians(pose["tilt"])[:, None]
    forwards, upwards = np.array(EXTREMES).T
    across = pose["facing"][:, None] * (forwards * np.cos(angle) - upwards * np.sin(angle)) * pose["scale"][:, None]
    down = -(forwards * np.sin(angle) + upwards * np.cos(angle)) * pose["scale"][:, None]
    for name, reach in (("x", across), ("y", down)):
        low, high = 0.01 - reach.min(1), 0.99 - reach.max(1)
        pose[name] = low + numbers[name] * (high - low)
    return {name: pose[name] for name in POSE}


def species_names() -> list[str]:
    """Return the names of the 72 species, bill slowest and tail fastest."""
    bills, wings = len(SPECIES_TRAITS["bill"]), len(SPECIES_TRAITS["wing"])
    return [f"{EPITHETS[pair]} {family}" for pair, family in product(range(bills * wings), FAMILIES)]


def species_of(traits: Sequence[str]) -> str:
    """Return the species with this bill, wing, eye and tail."""
    places = [values.index(value) for values, value in zip(SPECIES_TRAITS.values(), traits, strict=True)]
    return species_names()[np.ravel_multi_index(places, [len(values) for values in SPECIES_TRAITS.values()])]


def look_alikes() -> list[tuple[str, str, str]]:
    """Return five pairs of ten species that differ in one part, as (species, species, part)."""
    pairs = []
    for part, traits, other in LOOK_ALIKE_TRAITS:
        twin = list(traits)
        twin[list(SPECIES_TRAITS).index(part)] = other
        pairs.append((species_of(traits), species_of(twin), part))
    return pairs
