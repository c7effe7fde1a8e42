import numpy as np
import pytest
from scipy import ndimage
from scipy.stats import pearsonr
from skimage.measure import block_reduce, regionprops
from sklearn.metrics import jaccard_score

from heterodox.errors import UserError
from heterodox.metrics import localisation

# A map whose largest value is 4, and a mask of its upper left corner.
MAP = np.array([[4.0, 2, 0, 0], [2, 1, 0, 0], [0, 0, 0, 3]])
MASK = np.array([[1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]], bool)
EMPTY = np.zeros((3, 4), bool)


def drawn(seed, shape=(28, 56), signed=False):
    generator = np.random.default_rng(seed)
    maps = generator.normal(size=(5, *shape)) if signed else generator.gamma(0.4, size=(5, *shape))
    corners = generator.integers(0, 20, (5, 2))
    masks = np.zeros((5, *shape), bool)
    for mask, (row, column) in zip(masks, corners, strict=True):
        mask[row : row + 8, column : column + 15] = True
    return maps, masks


def test_scaling_by_hand():
    np.testing.assert_allclose(localisation.scaled(MAP - 1), MAP / 4)
    signed = localisation.scaled(np.array([[-4.0, 2], [0, 1]]), signed=True)
    np.testing.assert_allclose(signed, [[-1, 0.5], [0, 0.25]])


@pytest.mark.parametrize("value", [0.0, 3.5, -2.0])
def test_a_constant_map_scales_to_zeros(value):
    constant = np.full((2, 3, 4), value)
    assert localisation.is_constant(constant).all()
    np.testing.assert_array_equal(localisation.scaled(constant), np.zeros((2, 3, 4)))


def test_intersection_and_union_by_hand():
    # Scaled, the map is 1, .5, .5, .25 and .75: above 0.3 are the mask's three pixels and one more.
    found = localisation.intersection_and_union(localisation.scaled(MAP), MASK)
    assert found == (3, 4)
    assert localisation.intersection_over_union(localisation.scaled(MAP), MASK) == 0.75
    assert localisation.intersection_over_union(localisation.scaled(MAP), MASK, threshold=0.6) == 1 / 4
    assert localisation.intersection_over_union(localisation.scaled(MAP), MASK, threshold=0.2) == 3 / 5


def test_a_value_at_the_threshold_is_outside():
    assert localisation.intersection_over_union(np.array([[0.3, 1.0]]), np.array([[True, True]])) == 0.5


def test_iou_is_the_jaccard_score_of_scikit_learn():
    maps, masks = drawn(1)
    found = localisation.intersection_over_union(localisation.scaled(maps), masks)
    for values, mask, iou in zip(maps, masks, found, strict=True):
        unit = (values - values.min()) / (values.max() - values.min())
        assert iou == pytest.approx(jaccard_score(mask.ravel(), unit.ravel() > 0.3))


def test_correlation_by_hand_where_nothing_is_averaged():
    # Map 1, 0, 0, 0 and mask 1, 1, 0, 0: covariance 1/8, deviations sqrt(3)/4 and 1/2.
    found = localisation.correlation(np.array([[1.0, 0], [0, 0]]), np.array([[True, True], [False, False]]), side=2)
    assert found == pytest.approx((1 / 8) / (np.sqrt(3) / 4 / 2))


def test_correlation_is_that_of_block_means():
    maps, masks = drawn(2, signed=True)
    found = localisation.correlation(maps, masks)
    for values, mask, r in zip(maps, masks, found, strict=True):
        small = [block_reduce(part.astype(float), (2, 4), np.mean).ravel() for part in (values, mask)]
        assert r == pytest.approx(pearsonr(*small).statistic)


def test_averaging_counts_shares_of_pixels():
    np.testing.assert_allclose(localisation.area_averaged(np.array([[3.0, 6.0, 9.0]] * 3), 2), [[4, 8], [4, 8]])
    values = np.random.default_rng(0).normal(size=(15, 21))
    fine = np.kron(values, np.ones((14, 14)))  # every share of a pixel is now a whole number of pixels
    np.testing.assert_allclose(localisation.area_averaged(values), block_reduce(fine, (15, 21), np.mean))


def test_centre_of_mass_by_hand():
    centres = localisation.centres_of_mass(MAP)
    # Mass 12: x is (2 + 1 + 3 * 3) / 12, y is (2 + 1 + 2 * 3) / 12.
    np.testing.assert_allclose(centres.points, [12 / 12, 9 / 12])
    assert not centres.massless


def test_negative_values_have_no_mass():
    centres = localisation.centres_of_mass(np.array([[-9.0, 0, 1], [0, 0, 1]]))
    np.testing.assert_allclose(centres.points, [2, 0.5])


def test_a_map_without_mass_has_the_image_centre_and_is_flagged():
    maps = np.stack([np.zeros((3, 4)), -MAP, MAP])
    centres = localisation.centres_of_mass(maps)
    assert centres.massless.tolist() == [True, True, False]
    np.testing.assert_array_equal(centres.points[:2], [[1.5, 1], [1.5, 1]])


def test_centre_of_mass_is_scipys_and_scikit_images():
    maps, masks = drawn(3)
    points = localisation.centres_of_mass(maps).points
    for values, mask, (x, y), middle in zip(maps, masks, points, localisation.mask_centroids(masks), strict=True):
        assert ndimage.center_of_mass(values) == pytest.approx((y, x))
        whole = regionprops(np.ones(values.shape, int), values)[0]
        assert tuple(whole.centroid_weighted) == pytest.approx((y, x))
        assert regionprops(mask.astype(int))[0].centroid == pytest.approx(middle[::-1])


def test_an_empty_mask_has_no_middle():
    assert np.isnan(localisation.mask_centroids(np.stack([EMPTY, MASK]))).tolist() == [[True, True], [False, False]]


def test_distances_by_hand():
    points, targets = np.array([[3.0, 4.0], [0, 0]]), np.array([[0.0, 0.0], [0, 5]])
    np.testing.assert_allclose(localisation.distances(points, targets, (6, 8)), [0.5, 0.5])  # of a diagonal of 10
    np.testing.assert_allclose(localisation.distances_in_sides(points, targets, (5, 10)), [np.hypot(0.3, 0.8), 1])


def test_pointing_game_is_quantus_definition():
    """Quantus (PointingGame): np.any(s[np.argwhere(a == np.max(a))]), for one-dimensional a and s."""
    maps = np.array([[0.0, 3, 1, 3], [5, 0, 0, 0], [1, 1, 1, 1]]).reshape(3, 2, 2)
    mask = np.array([[False, False], [False, True]])
    found = localisation.pointing_game(maps, mask)
    for values, hit in zip(maps[:2], found, strict=False):
        flat, region = values.ravel(), mask.ravel()
        assert hit == np.any(region[np.argwhere(flat == np.max(flat))])
    assert found[:2].tolist() == [1, 0]
    assert np.isnan(found[2])


def test_relevance_mass_is_quantus_definition():
    """Quantus (RelevanceMassAccuracy): np.sum(a[s]) / np.sum(a), for non-negative a."""
    assert localisation.relevance_mass(MAP, MASK) == pytest.approx(8 / 12)
    maps, masks = drawn(4)
    for values, mask, share in zip(maps, masks, localisation.relevance_mass(maps, masks), strict=True):
        assert share == pytest.approx(np.sum(values[mask]) / np.sum(values))
    assert localisation.relevance_mass(np.array([[2.0, -1], [2, -8]]), np.array([[1, 1], [0, 0]], bool)) == 0.5


def test_what_cannot_be_told_is_missing_and_never_zero():
    maps, masks = np.stack([MAP, np.ones((3, 4)), MAP]), np.stack([EMPTY, MASK, ~EMPTY])
    assert np.isnan(localisation.intersection_over_union(maps, masks)).tolist() == [True, False, False]
    assert np.isnan(localisation.correlation(maps, masks)).tolist() == [True, True, True]
    assert np.isnan(localisation.pointing_game(maps, masks)).tolist() == [True, True, False]
    assert np.isnan(localisation.relevance_mass(np.zeros((3, 3, 4)), masks)).all()
    assert np.isnan(localisation.relevance_mass(maps, masks)).tolist() == [True, False, False]


def test_a_mask_of_another_size_is_one_line():
    localisation.check_mask(MASK, MAP.shape, "birds/7")
    with pytest.raises(UserError, match=r"^birds/7: the mask has 3 x 4 pixels, the map 5 x 4; resize one of them$"):
        localisation.check_mask(MASK, (9, 5, 4), "birds/7")


def test_the_centre_map_balances_at_the_centre():
    for shape in ((6, 8), (7, 5)):
        np.testing.assert_allclose(
            localisation.centres_of_mass(localisation.centre_map(shape)).points, localisation.image_centre(shape)
        )
    assert localisation.centre_map((7, 7))[3, 3] == 1
