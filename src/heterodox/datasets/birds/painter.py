"""From drawn traits to pictures, with the exact mask and the key point of every part.

A bird is painted in its own frame: the origin is the centre of its body, the unit half a body, x points to its front
and y to its back. What is painted later covers what lies below, so the masks of parts are what is seen of them.
"""

from dataclasses import dataclass

import numpy as np

from heterodox.datasets.birds import colours, scenery
from heterodox.datasets.birds.canvas import Canvas, column
from heterodox.datasets.birds.shapes import Array, Plane, band, circle, coverage, ellipse, joined, leaf, spike, stick
from heterodox.datasets.birds.traits import MARKS, PARTS, SPECIES_TRAITS, Birds

STYLES = ("garden", "shore")
CHUNK_PIXELS = 2**16  # pixels painted at once: so many that a layer stays in a processor's cache
HEAD, HEAD_RADIUS = (0.72, 0.64), 0.54
EYE, EYE_RADIUS = (0.19, 0.1), 0.2  # from the centre of the head
BILL, BILL_BASE = (0.44, -0.06), 0.23
BILL_LENGTHS = (0.3, 0.62, 1.05)  # short, medium, long
SHOULDER, WING_LENGTH, WING_WIDTH = (0.5, 0.2), 1.75, 0.5
TAIL, TAIL_LENGTH = (-0.74, 0.12), 0.98
FEET = (-0.02, -1.12)
CREST, CAP, CHEEK = (-0.2, 0.42), 0.26, (-0.06, -0.25)
SEEN = 0.5  # a pixel belongs to a part that covers half of it or more


@dataclass(frozen=True)
class Pictures:
    """`images` uint8 (n, H, W, 3); `masks` bool (n, H, W) and `key_points` float64 (n, 2), (x, y) in pixels, by part.

    A key point is the middle of its part, NaN where nothing of the part is seen.
    """

    images: np.ndarray
    masks: dict[str, np.ndarray]
    key_points: dict[str, np.ndarray]


def paint(birds: Birds, size: int, style: str = "garden") -> Pictures:
    """Paint birds as images of `size` x `size` pixels; each depends on its own traits alone, not on the batch."""
    step = max(1, CHUNK_PIXELS // size**2)
    parts = [_painted(birds.at(slice(start, start + step)), size, style) for start in range(0, len(birds), step)]
    return Pictures(
        np.concatenate([part.images for part in parts]),
        {name: np.concatenate([part.masks[name] for part in parts]) for name in (*PARTS, *MARKS)},
        {name: np.concatenate([part.key_points[name] for part in parts]) for name in (*PARTS, *MARKS)},
    )


def _painted(birds: Birds, size: int, style: str) -> Pictures:
    canvas = Canvas(len(birds), size)
    scene = scenery.paint_garden if style == "garden" else scenery.paint_shore
    scene(canvas, birds.scenery)
    painter = _Painter(canvas, birds, style)
    painter.paint_all()
    masks: dict[str, np.ndarray] = {name: np.greater_equal(cover, SEEN) for name, cover in painter.seen.items()}
    points = {name: np.where(np.any(masks[name], axis=(1, 2))[:, None], painter.points[name], np.nan) for name in masks}
    return Pictures(canvas.finished(), masks, points)


class _Painter:
    """Paints one bird on each picture of a canvas; `seen` is how much of each pixel a part covers."""

    def __init__(self, canvas: Canvas, birds: Birds, style: str) -> None:
        self.canvas, self.birds, self.style = canvas, birds, style
        self.seen: dict[str, Array] = {}
        self.points: dict[str, Array] = {}
        pose = birds.pose
        self.scale = pose["scale"] * canvas.size  # pixels per unit
        self.unit = column(self.scale)
        self.centre = np.stack([pose["x"], pose["y"]], 1) * canvas.size - 0.5
        self.tilt, self.facing = np.radians(pose["tilt"]), pose["facing"]
        plane = canvas.plane.moved(column(self.centre[:, 0]), column(self.centre[:, 1]))
        upright = Plane(plane.x * column(self.facing / self.scale), plane.y * column(-1 / self.scale))
        self.body_plane = upright.turned(column(self.tilt))
        self.head_turn, self.wing_lift = np.radians(pose["head_turn"]), np.radians(pose["wing_lift"])
        self.head_plane = self.body_plane.moved(*HEAD).turned(column(self.head_turn))
        self.wing_angle = np.pi + 0.14 - self.wing_lift
        self.wing_plane = self.body_plane.moved(*SHOULDER).turned(column(self.wing_angle))
        self.tail_plane = self.body_plane.moved(*TAIL).turned(np.float32(np.pi + 0.04))
        self._mix_colours()

    def _mix_colours(self) -> None:
        """Take every bird's palette, its shades shifted a little."""
        palettes = colours.table(list(colours.PALETTES.values()))[self.birds.traits["palette"]]
        tints = np.asarray(self.birds.tints, np.float32).reshape(-1, 3, 3)
        shift = (tints - 0.5) * 26
        upper, lower, dark = shift[:, 0], shift[:, 1], shift[:, 2]
        names = ("back", "belly", "wing", "pattern", "mark", "patch", "bill", "leg")
        shifts = (upper, lower, dark, lower, dark, lower, dark, dark)
        self.colours = {
            name: np.clip(palettes[:, place] + moved, 0, 255)
            for place, (name, moved) in enumerate(zip(names, shifts, strict=True))
        }

    def paint_all(self) -> None:
        """Paint from what lies behind to what lies in front."""
        self._perch()
        self._tail()
        self._crest()
        head, torso = self._body()
        self._face_marks(head)
        self._breast_band(torso)
        self._bill()
        self._wing()
        self._eye()
        self.seen = {name: self.seen[name] for name in (*PARTS, *MARKS)}

    def _cover(self, part: str, cover: Array) -> None:
        """Note what is seen of a part, and that less is seen of what lies below."""
        free = 1 - cover
        for below in self.seen.values():
            below *= free
        self.seen[part] = cover

    def _point(self, part: str, frame: str, x: Array | float, y: Array | float) -> None:
        """Note the key point of a part, given in one of the bird's frames, in pixels."""
        origin, angle = {
            "body": ((0.0, 0.0), 0.0),
            "head": (HEAD, self.head_turn),
            "wing": (SHOULDER, self.wing_angle),
            "tail": (TAIL, np.pi + 0.04),
        }[frame]
        forwards = origin[0] + x * np.cos(angle) - y * np.sin(angle)
        upwards = origin[1] + x * np.sin(angle) + y * np.cos(angle)
        across = self.facing * (forwards * np.cos(self.tilt) - upwards * np.sin(self.tilt))
        down = -(forwards * np.sin(self.tilt) + upwards * np.cos(self.tilt))
        self.points[part] = self.centre + np.stack([across, down], 1) * self.scale[:, None]

    def _present(self, mark: str) -> Array:
        return column(self.birds.traits[mark])

    def _outline(self, distance: Array, strength: float = 0.8) -> None:
        """Draw a line of ink along an edge, as in the plates of a bird guide; the birds of the garden have none."""
        if self.style != "garden":
            line = coverage(np.abs(distance) - 0.035, self.unit)
            self.canvas.lay(line * np.float32(strength), colours.table(colours.INK))

    def _perch(self) -> None:
        """Paint legs, and the branch or the stone on which they stand; nobody annotates them."""
        slope = np.radians(self.birds.pose["slope"])
        feet = self.body_plane.moved(*FEET)
        level = feet.turned(column(slope - self.tilt))
        if self.style == "garden":
            branch = stick(level.moved(-9.0, -0.09), 18.0, 0.11)
            self.canvas.lay_shape(branch, colours.table(colours.TWIGS[0]), self.unit)
            light = stick(level.moved(-9.0, -0.05), 18.0, 0.03)
            self.canvas.lay_shape(light, colours.table(colours.TWIGS[1]), self.unit)
        else:
            stone = ellipse(level.moved(0.0, -0.38), 0.95, 0.42)
            self.canvas.lay_shape(stone, colours.table(colours.STONES[0]), self.unit)
            self._outline(stone, 0.5)
        for x in (-0.12, 0.16):
            leg = stick(feet.moved(x, 0.0).turned(np.float32(np.pi / 2)), 0.55, 0.045)
            self.canvas.lay_shape(leg, self.colours["leg"], self.unit)

    def _tail(self) -> None:
        plane = self.tail_plane
        forked = column(self.birds.traits["tail"] == SPECIES_TRAITS["tail"].index("forked"))
        side = np.abs(plane.y)
        width = 0.22 + 0.2 * plane.x
        rounded = np.sqrt(np.maximum(plane.x - 0.5, 0) ** 2 + plane.y**2) - 0.36
        rounded = np.where(plane.x > 0.5, rounded, side - width)
        fork = np.maximum(side - width - 0.05 * plane.x, plane.x - (0.38 + 1.6 * side))
        fork = np.maximum(fork, plane.x - (TAIL_LENGTH + 0.1))
        distance = np.maximum(rounded + forked * (fork - rounded), -0.3 - plane.x)
        cover = self.canvas.lay_shape(distance, 0.55 * self.colours["wing"] + 0.45 * self.colours["back"], self.unit)
        shaft = coverage(np.abs(side - 0.13) - 0.02, self.unit)
        self.canvas.lay(cover * shaft * np.float32(0.6), self.colours["wing"])
        self._cover("tail", cover)
        self._point("tail", "tail", 0.55, 0.0)
        tip = coverage(band(plane.moved(0.72, 0.0), 0.13), self.unit) * cover * self._present("tail_band")
        self.canvas.lay(tip, self.colours["patch"])
        self.seen["tail_band"] = tip
        self._point("tail_band", "tail", 0.72, 0.0)
        self._outline(distance)

    def _crest(self) -> None:
        place = self.head_plane.moved(*CREST)
        feathers = [leaf(place.turned(np.float32(angle)).moved(0.28, 0.0), 0.42, 0.11) for angle in (1.75, 2.2, 2.65)]
        distance = np.minimum(np.minimum(*feathers[:2]), feathers[2])
        cover = coverage(distance, self.unit) * self._present("crest")
        self.canvas.lay(cover, self.colours["mark"])
        self._cover("crest", cover)
        self._point("crest", "head", CREST[0] - 0.17, CREST[1] + 0.25)

    def _body(self) -> tuple[Array, Array]:
        torso = ellipse(self.body_plane.turned(np.float32(0.22)), 1.0, 0.76)
        head = circle(self.head_plane, HEAD_RADIUS)
        distance = joined(torso, head, 0.45)
        shade = np.clip(0.5 + (self.body_plane.y - 0.28 * self.body_plane.x + 0.12) * 2.2, 0, 1)[:, None]
        back, belly = self.colours["back"][:, :, None, None], self.colours["belly"][:, :, None, None]
        roundness = np.clip(1.02 + 0.16 * self.body_plane.y + 0.35 * np.minimum(distance + 0.25, 0), 0.72, 1.1)
        cover = coverage(distance, self.unit)
        self.canvas.lay(cover, (belly + shade * (back - belly)) * roundness[:, None])
        self._cover("body", cover)
        self._point("body", "body", 0.0, 0.0)
        self._outline(distance)
        return head, torso

    def _face_marks(self, head: Array) -> None:
        inside = coverage(head, self.unit)
        cap = inside * coverage(CAP - self.head_plane.y, self.unit) * self._present("cap")
        self.canvas.lay(cap, self.colours["mark"])
        cheek = ellipse(self.head_plane.moved(*CHEEK), 0.24, 0.15)
        patch = coverage(cheek, self.unit) * self._present("cheek_patch")
        self.canvas.lay(patch, self.colours["patch"])
        self.seen |= {"cap": cap, "cheek_patch": patch}
        self._point("cap", "head", 0.0, 0.34)
        self._point("cheek_patch", "head", *CHEEK)

    def _breast_band(self, torso: Array) -> None:
        across = self.body_plane.turned(np.float32(-0.55))
        strip = np.maximum(band(across.moved(0.6, 0.0), 0.13), torso)
        cover = coverage(strip, self.unit) * self._present("breast_band")
        self.canvas.lay(cover, self.colours["mark"])
        self.seen["breast_band"] = cover
        self._point("breast_band", "body", 0.55, -0.3)

    def _bill(self) -> None:
        length = column(np.array(BILL_LENGTHS)[self.birds.traits["bill"]])
        plane = self.head_plane.moved(*BILL)
        distance = spike(plane, length, BILL_BASE)
        cover = self.canvas.lay_shape(distance, self.colours["bill"], self.unit)
        lower = coverage(plane.y, self.unit)
        self.canvas.lay(cover * lower * np.float32(0.3), colours.table(colours.PUPIL))
        self._cover("bill", cover)
        # A spike's sides bend outwards, so its centroid lies at three eighths of its length.
        self._point("bill", "head", BILL[0] + 0.375 * length[:, 0, 0].astype(np.float64), BILL[1])
        self._outline(distance)

    def _wing(self) -> None:
        plane = self.wing_plane
        blade = leaf(plane.moved(0.5 * WING_LENGTH, 0.0), 0.5 * WING_LENGTH, 0.5 * 0.9)
        distance = joined(blade, circle(plane.moved(0.42, 0.02), 0.44), 0.2)
        pattern = self.birds.traits["wing"]
        plain = column(pattern == SPECIES_TRAITS["wing"].index("plain"))
        dark, light = self.colours["wing"], self.colours["pattern"]
        base = np.where(plain[:, 0] > 0, 0.9 * self.colours["back"], dark)
        rim = coverage(distance - 0.05, self.unit)
        self.canvas.lay(rim * np.float32(0.55), 0.6 * dark + 0.4 * self.colours["back"])
        cover = self.canvas.lay_shape(distance, base, self.unit)
        self.canvas.lay(cover * coverage(distance + 0.07, self.unit) * self._pattern(plane, pattern), light)
        self._cover("wing", cover)
        self._point("wing", "wing", 0.43 * WING_LENGTH, 0.0)
        self._outline(distance)

    def _pattern(self, plane: Plane, chosen: Array) -> Array:
        """Return how much of the light colour each pixel of the wing takes (n, H, W), by the bird's pattern."""
        unit = self.unit
        spot_x, spot_y = _nearest(plane.x + 0.18 * np.rint(plane.y / 0.34), 0.36), _nearest(plane.y, 0.34)
        check = np.minimum(0.125 - np.abs(_nearest(plane.x, 0.5)), 0.125 - np.abs(_nearest(plane.y, 0.5)))
        shifted = np.minimum(
            0.125 - np.abs(_nearest(plane.x - 0.25, 0.5)), 0.125 - np.abs(_nearest(plane.y - 0.25, 0.5))
        )
        bars = np.minimum(np.abs(plane.x - 0.62), np.abs(plane.x - 1.05)) - 0.095
        distances = {
            "striped": np.abs(_nearest(plane.y, 0.36)) - 0.085,
            "spotted": np.sqrt(spot_x * spot_x + spot_y * spot_y) - 0.115,
            "wing_bar": bars,
            "checkered": -np.maximum(check, shifted),
        }
        total = np.zeros(plane.x.shape, np.float32)
        for name, distance in distances.items():
            total += column(chosen == SPECIES_TRAITS["wing"].index(name)) * coverage(distance, unit)
        return total

    def _eye(self) -> None:
        plane = self.head_plane.moved(*EYE)
        iris = colours.table([colours.EYES[name] for name in SPECIES_TRAITS["eye"]])[self.birds.traits["eye"]]
        around = circle(plane, EYE_RADIUS)
        self.canvas.lay_shape(around - 0.05, 0.5 * self.colours["mark"], self.unit, 0.7)
        cover = self.canvas.lay_shape(around, iris, self.unit)
        self.canvas.lay_shape(circle(plane, 0.55 * EYE_RADIUS), colours.table(colours.PUPIL), self.unit)
        glint = circle(plane.moved(0.06, 0.07), 0.055)
        self.canvas.lay_shape(glint, colours.table(colours.GLINT), self.unit, 0.9)
        self._cover("eye", cover)
        self._point("eye", "head", *EYE)


def _nearest(values: Array, period: float) -> Array:
    """Return the signed distance to the nearest multiple of `period`."""
    return values - period * np.rint(values / np.float32(period))
