"""Backgrounds: a garden full of leaves, twigs and berries, or a shore with reeds and stones.

What lies about looks a little like parts of birds: twigs like bills, leaves like wings and tails, berries like eyes.
"""

import numpy as np

from heterodox.datasets.birds import colours
from heterodox.datasets.birds.canvas import Canvas, column
from heterodox.datasets.birds.shapes import Array, circle, ellipse, leaf, spike, stick

PER_THING = 8  # random numbers of one thing; those of the whole scene come first
FIRST_THING = 2


class Things:
    """Hands out the random numbers (n, 8) of one thing after the other."""

    def __init__(self, numbers: Array) -> None:
        self._numbers, self._next = numbers, FIRST_THING

    def next(self) -> Array:
        """Return the numbers of the next thing, (8, n, 1, 1)."""
        start = self._next * PER_THING
        self._next += 1
        return np.asarray(self._numbers[:, start : start + PER_THING].T, np.float32)[:, :, None, None]


def paint_garden(canvas: Canvas, numbers: Array) -> None:
    """Paint sky and ground out of focus, patches of light, twigs, leaves and berries."""
    _gradient(canvas, numbers, colours.GARDEN_SKIES, colours.GARDEN_GROUNDS)
    things = Things(numbers)
    for _ in range(6):
        _patch_of_light(canvas, things.next())
    for _ in range(4):
        _twig(canvas, things.next())
    for _ in range(15):
        _leaf(canvas, things.next())
    for _ in range(6):
        _berry(canvas, things.next())


def paint_shore(canvas: Canvas, numbers: Array) -> None:
    """Paint pale sky over water, ripples, reeds and stones."""
    _gradient(canvas, numbers, colours.SHORE_SKIES, colours.SHORE_GROUNDS)
    things = Things(numbers)
    for _ in range(7):
        _ripple(canvas, things.next())
    for _ in range(10):
        _reed(canvas, things.next())
    for _ in range(8):
        _stone(canvas, things.next())


def _gradient(canvas: Canvas, numbers: Array, above: object, below: object) -> None:
    """Paint from the colour above to the one below, softly about a horizon that may slope."""
    numbers = np.asarray(numbers[:, :PER_THING], np.float32)
    horizon, slope, softness = 0.25 + 0.5 * numbers[:, 2], 0.6 * (numbers[:, 3] - 0.5), 0.15 + 0.5 * numbers[:, 4]
    size = np.float32(canvas.size)
    height = canvas.plane.y / size - column(horizon) + (canvas.plane.x / size - 0.5) * column(slope)
    share = np.clip(height / column(softness) + 0.5, 0, 1)[:, None]
    brightness = 0.9 + 0.16 * numbers[:, 5]
    top, bottom = (
        (_chosen(list_, pick) * brightness[:, None])[:, :, None, None]
        for list_, pick in ((above, numbers[:, 0]), (below, numbers[:, 1]))
    )
    canvas.pixels[:] = top + share * (bottom - top)


def _chosen(list_: object, numbers: Array) -> Array:
    """Return one colour of the list per number in [0, 1), float32 (n, 3)."""
    known = colours.table(list_)
    return known[(numbers.reshape(len(numbers)) * len(known)).astype(int)]


def _shaded(list_: object, pick: Array, shade: Array) -> Array:
    """Return one colour of the list per image, between four fifths and six fifths as bright."""
    return _chosen(list_, pick) * (0.8 + 0.4 * shade.reshape(len(shade), 1))


def _patch_of_light(canvas: Canvas, number: Array) -> None:
    size = np.float32(canvas.size)
    plane = canvas.plane.moved(number[0] * size, number[1] * size)
    radius = (0.06 + 0.12 * number[2]) * size
    colour = _chosen(colours.GARDEN_SKIES, number[3])
    canvas.lay_shape(circle(plane, radius), colour, 0.35 * 64 / size, 0.15 + 0.3 * number[4])


def _twig(canvas: Canvas, number: Array) -> None:
    size = np.float32(canvas.size)
    plane = canvas.plane.moved(number[0] * size, number[1] * size).turned(2 * np.pi * number[2])
    distance = stick(plane, (0.1 + 0.4 * number[3]) * size, (0.006 + 0.014 * number[4]) * size)
    canvas.lay_shape(distance, _shaded(colours.TWIGS, number[5], number[6]))


def _leaf(canvas: Canvas, number: Array) -> None:
    size = np.float32(canvas.size)
    plane = canvas.plane.moved(number[0] * size, number[1] * size).turned(2 * np.pi * number[2])
    length = (0.05 + 0.08 * number[3]) * size
    colour = _shaded(colours.LEAVES, number[4], number[5])
    cover = canvas.lay_shape(leaf(plane, length, length * (0.25 + 0.25 * number[6])), colour)
    rib = np.clip(0.9 - np.abs(plane.y) * np.float32(64 / canvas.size), 0, 1)
    canvas.lay(cover * rib * np.float32(0.35), colour * 0.6 + 100)


def _berry(canvas: Canvas, number: Array) -> None:
    size = np.float32(canvas.size)
    plane = canvas.plane.moved(number[0] * size, number[1] * size)
    radius = (0.015 + 0.02 * number[2]) * size
    canvas.lay_shape(circle(plane, radius), _shaded(colours.BERRIES, number[3], number[4]))
    light = plane.moved(-0.35 * radius, -0.35 * radius)
    canvas.lay_shape(circle(light, 0.3 * radius), colours.table(colours.GLINT), opacity=0.6)


def _ripple(canvas: Canvas, number: Array) -> None:
    size = np.float32(canvas.size)
    plane = canvas.plane.moved(number[0] * size, (0.4 + 0.6 * number[1]) * size)
    distance = ellipse(plane, (0.08 + 0.25 * number[2]) * size, (0.008 + 0.012 * number[3]) * size)
    canvas.lay_shape(distance, _chosen(colours.SHORE_SKIES, number[4]), opacity=0.3 + 0.4 * number[5])


def _reed(canvas: Canvas, number: Array) -> None:
    size = np.float32(canvas.size)
    foot = canvas.plane.moved(number[0] * size, (0.75 + 0.3 * number[1]) * size)
    plane = foot.turned(-np.pi / 2 + 0.7 * (number[2] - 0.5))
    distance = spike(plane, (0.25 + 0.5 * number[3]) * size, (0.008 + 0.01 * number[4]) * size)
    canvas.lay_shape(distance, _shaded(colours.REEDS, number[5], number[6]))


def _stone(canvas: Canvas, number: Array) -> None:
    size = np.float32(canvas.size)
    plane = canvas.plane.moved(number[0] * size, (0.5 + 0.5 * number[1]) * size).turned(0.5 * (number[2] - 0.5))
    width = (0.02 + 0.05 * number[3]) * size
    colour = _shaded(colours.STONES, number[4], number[5])
    canvas.lay_shape(ellipse(plane, width, width * (0.5 + 0.3 * number[6])), colour)
    top = plane.moved(0.0, -0.25 * width)
    canvas.lay_shape(ellipse(top, 0.7 * width, 0.25 * width), colour * 0.7 + 76, opacity=0.5)
