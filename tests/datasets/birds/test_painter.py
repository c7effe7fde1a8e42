from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import binary_dilation

from heterodox.datasets.birds import traits
from heterodox.datasets.birds.painter import STYLES, paint

BIRDS = traits.draw(5, "flock", range(24))


@pytest.mark.parametrize("style", STYLES)
def test_a_picture_does_not_depend_on_the_batch(style: str) -> None:
    whole, alone = paint(BIRDS, 64, style), paint(BIRDS.at(slice(9, 10)), 64, style)
    np.testing.assert_array_equal(whole.images[9:10], alone.images)
    for part in whole.masks:
        np.testing.assert_array_equal(whole.masks[part][9:10], alone.masks[part])
        np.testing.assert_allclose(whole.key_points[part][9:10], alone.key_points[part])


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("trait", [*traits.SPECIES_TRAITS, *traits.MARKS])
def test_a_trait_changes_nothing_but_its_own_part(style: str, trait: str) -> None:
    """The mask is exact, and nothing outside it tells the trait: the same bird with two values of one trait."""
    pictures = []
    for value in (0, len(traits.VALUES[trait]) - 1):
        changed = BIRDS.traits | {trait: np.full(len(BIRDS), value)}
        pictures.append(paint(replace(BIRDS, traits=changed), 64, style))
    first, second = pictures
    differs = (first.images != second.images).any(3)
    assert differs.any((1, 2)).sum() >= 20  # a mark may be hidden
    part = first.masks[trait] | second.masks[trait]
    # Pixels that the part covers to less than half, and the line of ink around it, lie beside the mask.
    width = 2 if style == "garden" else 3
    near = np.stack([binary_dilation(mask, np.ones((3, 3)), iterations=width) for mask in part])
    assert not (differs & ~near).any()


@pytest.mark.parametrize("size", [64, 100])
def test_parts_lie_inside_the_picture_and_apart(size: int) -> None:
    pictures = paint(BIRDS, size)
    count = sum(pictures.masks[part].astype(int) for part in traits.PARTS)
    assert count.max() == 1
    for part in traits.PARTS:
        mask = pictures.masks[part]
        assert mask.any((1, 2)).all()
        assert not mask[:, [0, -1]].any()
        assert not mask[:, :, [0, -1]].any()


def test_key_points_are_the_middles_of_whole_parts() -> None:
    pictures = paint(BIRDS, 128)
    rows, columns = np.mgrid[:128, :128]
    for part, tolerance in [("eye", 0.3), ("bill", 1.6), ("wing", 4.0), ("tail", 8.0)]:
        for mask, point in zip(pictures.masks[part], pictures.key_points[part], strict=True):
            assert np.hypot(columns[mask].mean() - point[0], rows[mask].mean() - point[1]) < tolerance, part
    for mark in traits.MARKS:
        empty = ~pictures.masks[mark].any((1, 2))
        np.testing.assert_array_equal(np.isnan(pictures.key_points[mark]).all(1), empty)
        np.testing.assert_array_equal(empty, BIRDS.traits[mark] == 0)


def test_another_size_shows_the_same_bird() -> None:
    small, large = paint(BIRDS, 64), paint(BIRDS, 192)
    for part in traits.PARTS:
        # Pixel centres: x pixels of 64 are 3 * (x + 0.5) - 0.5 of 192.
        np.testing.assert_allclose(3 * (small.key_points[part] + 0.5) - 0.5, large.key_points[part], atol=1e-6)
        shares = [pictures.masks[part].mean((1, 2)) for pictures in (small, large)]
        np.testing.assert_allclose(*shares, rtol=0.25, atol=6 / 64**2)
    shrunk = large.images.reshape(24, 64, 3, 64, 3, 3).mean((2, 4))
    assert np.abs(shrunk - small.images).mean() < 4


def test_long_bills_are_longer_and_their_masks_larger() -> None:
    areas = []
    for value in range(3):
        birds = replace(BIRDS, traits=BIRDS.traits | {"bill": np.full(len(BIRDS), value)})
        areas.append(paint(birds, 64).masks["bill"].sum((1, 2)))
    assert (areas[0] < areas[1]).all()
    assert (areas[1] < areas[2]).all()
