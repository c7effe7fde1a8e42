"""Colours of birds and backgrounds, red, green and blue in 0..255."""

from typing import NamedTuple

import numpy as np

Colour = tuple[int, int, int]


class Palette(NamedTuple):
    """The colours of one bird: upper and lower side, wing and its pattern, marks, bill and legs."""

    back: Colour
    belly: Colour
    wing: Colour
    pattern: Colour
    mark: Colour
    patch: Colour
    bill: Colour
    leg: Colour


# A wing is darker than the back in all of them, and its pattern light, so that patterns are alike but for their form.
PALETTES = {
    "azure": Palette((74, 144, 217), (247, 214, 160), (28, 62, 110), (245, 240, 225), (20, 40, 74), (250, 246, 235),
                     (64, 66, 74), (90, 72, 64)),
    "crimson": Palette((206, 68, 66), (250, 216, 196), (92, 30, 38), (250, 232, 214), (58, 24, 30), (252, 240, 226),
                       (226, 158, 60), (112, 78, 62)),
    "olive": Palette((142, 156, 70), (246, 226, 140), (62, 70, 38), (240, 240, 206), (44, 50, 30), (250, 246, 216),
                     (96, 84, 66), (104, 86, 70)),
    "amber": Palette((226, 154, 58), (252, 232, 182), (104, 60, 28), (252, 240, 210), (68, 40, 24), (252, 246, 228),
                     (70, 60, 58), (96, 76, 66)),
    "slate": Palette((122, 136, 156), (236, 236, 234), (48, 56, 72), (232, 238, 244), (32, 36, 48), (250, 250, 250),
                     (232, 150, 60), (216, 130, 62)),
    "teal": Palette((56, 158, 146), (244, 222, 196), (22, 74, 78), (234, 246, 236), (16, 50, 56), (250, 246, 232),
                    (210, 94, 60), (140, 84, 66)),
    "plum": Palette((148, 92, 160), (244, 212, 214), (66, 36, 82), (244, 232, 246), (44, 24, 56), (252, 240, 244),
                    (88, 72, 78), (100, 78, 72)),
    "russet": Palette((166, 104, 70), (246, 226, 200), (76, 46, 34), (248, 236, 214), (50, 32, 26), (252, 244, 230),
                      (82, 70, 62), (206, 138, 92)),
}  # fmt: skip
EYES = {"dark": (44, 32, 30), "gold": (250, 196, 34)}
PUPIL, GLINT = (12, 10, 12), (255, 255, 255)

# Sky above and ground below of a garden, as pairs; leaves, twigs and berries that lie about in it.
GARDEN_SKIES = ((198, 222, 226), (222, 230, 200), (240, 222, 190), (186, 208, 188), (214, 214, 230), (232, 206, 196))
GARDEN_GROUNDS = ((128, 158, 110), (162, 170, 118), (170, 140, 104), (96, 128, 104), (146, 150, 128), (150, 118, 110))
LEAVES = ((84, 128, 66), (122, 158, 72), (62, 104, 82), (168, 168, 82), (186, 128, 62), (150, 84, 60), (104, 146, 120))
TWIGS = ((94, 72, 56), (122, 98, 76), (72, 58, 52))
BERRIES = ((188, 52, 58), (226, 168, 58), (66, 62, 110), (40, 40, 46))
# The shore, where the second flock lives.
SHORE_SKIES = ((232, 236, 240), (216, 226, 236), (244, 236, 226), (206, 214, 222))
SHORE_GROUNDS = ((150, 176, 196), (180, 190, 192), (212, 202, 182), (132, 152, 166))
REEDS = ((150, 146, 96), (176, 164, 116), (118, 128, 92))
STONES = ((126, 122, 120), (160, 152, 146), (100, 100, 106), (186, 176, 164))
INK = (38, 34, 40)


def table(colours: object) -> np.ndarray:
    """Return colours as float32 (..., 3)."""
    return np.array(colours, np.float32)
