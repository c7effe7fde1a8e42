"""Where the labels of arrows go: outside the bird, inside the canvas, never over one another, no arrow over another.

Every arrow runs from its label to a target, the centre of mass of an attribute's map. Two steps find the labels'
places. The first lays equal slots over what is free and gives each target a slot so that the arrows together are as
short as can be; two straight arrows that crossed could swap their slots and would be shorter, so none cross. The second
moves one label at a time to where its own arrow is shorter, and only where nothing gets worse. Where too little is free
the canvas grows on all four sides: a layout always exists. No networks, no files, no torch.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

ROUNDS = 20
CROSSING, COVERING, STUNTED = 1e6, 1e4, 1e2  # each outweighs all that stands after it, lengths (in diagonals) last


class Box(NamedTuple):
    """A rectangle in pixels of the image: left, top, right, bottom; the image's own corner is (0, 0)."""

    left: float
    top: float
    right: float
    bottom: float


class Arrow(NamedTuple):
    """One labelled arrow in pixels of the image (x to the right, y down): from `tail`, on the label's edge, to `tip`.

    An arrow whose tip lies inside its own label's box has tail = tip; it happens only where labels have no room.
    """

    text: str
    tip: tuple[float, float]
    tail: tuple[float, float]
    label: Box


class Layout(NamedTuple):
    """Arrows in the order of their targets, and the canvas: the image or, where it lacks room, a box around it."""

    canvas: Box
    arrows: list[Arrow]

    def as_json(self) -> dict[str, Any]:
        """Return the layout as plain lists and numbers, pixels with three decimals."""
        return {
            "canvas": _rounded(self.canvas),
            "arrows": [
                {"text": arrow.text, **{name: _rounded(getattr(arrow, name)) for name in ("tip", "tail", "label")}}
                for arrow in self.arrows
            ],
        }


def _rounded(values: Sequence[float]) -> list[float]:
    return [round(float(value), 3) for value in values]


def lay_out(texts: Sequence[str], targets: np.ndarray, sizes: np.ndarray, bird: np.ndarray, gap: float = 2.0) -> Layout:
    """Return where the arrows and labels go.

    texts: n labels; targets: (n, 2) tips as x, y in pixels, inside the image; sizes: (n, 2) widths and heights of the
    labels in pixels; bird: bool (H, W), which pixels no label may cover (all False: none); gap: least distance between
    labels, and of labels from the bird and the canvas' edge, in pixels. Labels never overlap, never cover the bird and
    never leave the canvas, and no two arrows cross. Raises ValueError for shapes that do not fit.
    """
    targets, sizes = np.asarray(targets, float).reshape(-1, 2), np.asarray(sizes, float).reshape(-1, 2)
    if not len(texts) == len(targets) == len(sizes) or bird.ndim != 2:
        raise ValueError(f"{len(texts)} texts, targets {targets.shape}, sizes {sizes.shape}, bird {bird.shape}")
    height, width = bird.shape
    if not (np.isfinite(targets).all() and (targets >= 0).all() and (targets <= [width, height]).all()):
        raise ValueError("a target lies outside the image")
    if not len(texts):
        return Layout(Box(0, 0, width, height), [])
    canvas, corners = _first_places(targets, sizes, bird, gap)
    corners = _improved(corners, targets, sizes, bird, canvas, gap)
    centres = corners + sizes / 2
    tails = _tails(centres, targets, sizes)
    arrows = [
        Arrow(text, tuple(target), tuple(tail), Box(*corner, *(corner + size)))
        for text, target, tail, corner, size in zip(
            texts, targets.tolist(), tails.tolist(), corners, sizes, strict=True
        )
    ]
    return Layout(canvas, [arrow._replace(label=Box(*map(float, arrow.label))) for arrow in arrows])


def _first_places(targets: np.ndarray, sizes: np.ndarray, bird: np.ndarray, gap: float) -> tuple[Box, np.ndarray]:
    """Return the canvas, grown until there is a slot for every label, and the labels' corners (n, 2) in slots."""
    height, width = bird.shape
    slot = sizes.max(0)
    margin = np.zeros(2)
    while True:
        canvas = Box(-margin[0], -margin[1], width + margin[0], height + margin[1])
        corners = _free(_lattice(canvas, slot, gap), slot, bird, targets, gap)
        if len(corners) >= len(targets):
            break
        # The sides first: there a label of any length stands beside what it names.
        margin = margin + (slot + 2 * gap) * ([1, 0] if margin[0] <= margin[1] * slot[0] / slot[1] else [0, 1])
    lengths = np.linalg.norm(targets[:, None] - (corners + slot / 2)[None], axis=-1)
    chosen = linear_sum_assignment(lengths)[1]
    # A label sits in the middle of its slot, so that its arrow starts where the slot's would.
    return canvas, corners[chosen] + (slot - sizes) / 2


def _lattice(canvas: Box, slot: np.ndarray, gap: float) -> np.ndarray:
    """Return the corners (k, 2) of disjoint slots all over the canvas; none where not one fits."""
    axes = []
    for low, high, side in ((canvas.left, canvas.right, slot[0]), (canvas.top, canvas.bottom, slot[1])):
        room = high - low - 2 * gap - side
        count = int(room // (side + gap)) + 1 if room >= 0 else 0
        axes.append(np.linspace(low + gap, high - gap - side, count) if count != 1 else np.array([low + gap]))
    return np.stack(np.meshgrid(*axes), -1).reshape(-1, 2)


def _free(corners: np.ndarray, size: np.ndarray, bird: np.ndarray, targets: np.ndarray, gap: float) -> np.ndarray:
    """Return those corners at which a label of this size covers neither the bird nor a tip."""
    low, high = corners - gap, corners + size + gap
    covers_tip = ((targets[None] >= low[:, None]) & (targets[None] <= high[:, None])).all(-1).any(1)
    return corners[~covers_tip & (_bird_inside(low, high, bird) == 0)]


def _bird_inside(low: np.ndarray, high: np.ndarray, bird: np.ndarray) -> np.ndarray:
    """Return how many pixels of the bird each box (k, 2), (k, 2) touches: a sum of four corners of a summed table."""
    table = np.zeros((bird.shape[0] + 1, bird.shape[1] + 1), np.int64)
    table[1:, 1:] = bird.astype(np.int64).cumsum(0).cumsum(1)
    limits = np.array(bird.shape[::-1])
    x0, y0 = np.clip(np.floor(low), 0, limits).astype(int).T
    x1, y1 = np.clip(np.ceil(high), 0, limits).astype(int).T
    return table[y1, x1] - table[y0, x1] - table[y1, x0] + table[y0, x0]


def _improved(
    corners: np.ndarray, targets: np.ndarray, sizes: np.ndarray, bird: np.ndarray, canvas: Box, gap: float
) -> np.ndarray:
    """Move one label at a time to its best place while that helps; never to one that is worse by any count."""
    corners = corners.copy()
    step = np.maximum(sizes.min(0) / 2, 1.0)
    candidates = [_free(_positions(canvas, size, step, gap), size, bird, targets, gap) for size in sizes]
    for _ in range(ROUNDS):
        moved = False
        for own in range(len(targets)):
            others = np.arange(len(targets)) != own
            tried = np.concatenate([corners[own][None], candidates[own]])
            costs = _costs(tried, own, corners, targets, sizes, gap, others, np.hypot(*bird.shape))
            best = int(np.argmin(costs))
            if costs[best] < costs[0] - 1e-9:
                corners[own], moved = tried[best], True
        if not moved:
            break
    return corners


def _positions(canvas: Box, size: np.ndarray, step: np.ndarray, gap: float) -> np.ndarray:
    """Return corners (k, 2) of a label all over the canvas, about half the smallest label apart."""
    axes = []
    for low, high, side, stride in (
        (canvas.left, canvas.right, size[0], step[0]),
        (canvas.top, canvas.bottom, size[1], step[1]),
    ):
        room = high - low - 2 * gap - side
        axes.append(low + gap + np.linspace(0, max(room, 0), max(1, min(48, int(room / stride) + 1))))
    return np.stack(np.meshgrid(*axes), -1).reshape(-1, 2)


def _costs(
    tried: np.ndarray,
    own: int,
    corners: np.ndarray,
    targets: np.ndarray,
    sizes: np.ndarray,
    gap: float,
    others: np.ndarray,
    diagonal: float,
) -> np.ndarray:
    """Return the cost of label `own` at each corner tried, (k,), the others where they are; inf: not allowed."""
    target, size = targets[own], sizes[own]
    tails = _tails(tried + size / 2, np.broadcast_to(target, tried.shape), np.broadcast_to(size, tried.shape))
    lengths = np.linalg.norm(tails - target, axis=1)
    costs = lengths / diagonal + STUNTED * (lengths < size[1])
    low, high = corners[others], corners[others] + sizes[others]
    other_tails = _tails((low + high) / 2, targets[others], sizes[others])
    overlaps = ((tried[:, None] < high + gap) & (tried[:, None] + size > low - gap)).all(-1).any(1)
    crossings = _cross(tails[:, None], target, other_tails[None], targets[others][None])
    over_others = _meet(tails[:, None], target, low - gap / 2, high + gap / 2)
    under_others = _meet(other_tails, targets[others], (tried - gap / 2)[:, None], (tried + size + gap / 2)[:, None])
    costs = costs + CROSSING * crossings.sum(1) + COVERING * (over_others.sum(1) + under_others.sum(1))
    return np.where(overlaps, np.inf, costs)


def _tails(centres: np.ndarray, targets: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Return where the lines from labels' centres to their targets leave the labels, each (n, 2)."""
    way = targets - centres
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.where(way != 0, sizes / 2 / np.abs(way), np.inf).min(-1)
    return centres + way * np.minimum(shares, 1.0)[..., None]


def _side(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Return on which side of the line from a to b each point c lies: the sign of a cross product."""
    u, v = b - a, c - a
    return u[..., 0] * v[..., 1] - u[..., 1] * v[..., 0]


def _cross(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray) -> np.ndarray:
    """Say which segments a-b and c-d cross at a point inside both; touching ends do not cross."""
    return (_side(a, b, c) * _side(a, b, d) < 0) & (_side(c, d, a) * _side(c, d, b) < 0)


def _meet(a: np.ndarray, b: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Say which segments a-b pass through which boxes: the spans of both axes have a common part (slab method)."""
    way = b - a
    with np.errstate(divide="ignore", invalid="ignore"):
        first, second = (low - a) / way, (high - a) / way
    inside = (low < a) & (a < high)
    still = way == 0
    enter = np.where(still, np.where(inside, -np.inf, np.inf), np.minimum(first, second)).max(-1)
    leave = np.where(still, np.where(inside, np.inf, -np.inf), np.maximum(first, second)).min(-1)
    return np.maximum(enter, 0) < np.minimum(leave, 1)
