import numpy as np

from heterodox.corruptions import interface, plasma


def recovered_noise(side: int, count: int) -> np.ndarray:
    """The noise (count, side, side, 3) as it is read off corrupted grey images, less the half level of truncation."""
    parameters = interface.draw_parameters("plasma-4.0", "toy", 1, np.arange(count), (side, side, 3))
    grey = np.full((count, side, side, 3), 128, np.uint8)
    return (interface.apply("plasma", grey, parameters) - (1 - 25.6 / 255) * 128) / 25.6


def test_noise_has_the_spread_and_smoothness_of_the_original() -> None:
    noise = recovered_noise(side=224, count=80)
    deviations = noise.std(axis=(1, 2, 3))
    neighbours = [np.corrcoef(one[:, 1:, 0].ravel(), one[:, :-1, 0].ravel())[0, 1] for one in noise]
    assert abs(deviations.mean() - 0.7065) < 0.008
    assert 0.012 < deviations.std() < 0.03
    assert abs(np.median(neighbours) - 0.98) < 0.01


def test_noise_has_the_mean_of_the_original() -> None:
    # One image's mean scatters by 0.07, so this takes many images; the definition scales with the side.
    assert abs(recovered_noise(side=64, count=1000).mean() - 0.014) < 0.008


def test_intensity_and_iterations() -> None:
    drawn = interface.draw_parameters("plasma-4.0", "toy", 1, np.arange(300), (32, 32, 3))
    np.testing.assert_array_equal(drawn["intensity"], np.full(300, 25.6))
    assert set(drawn["iterations"]) == {4, 5, 6}
    assert 0.075 * 32 < drawn["scale"].min() < drawn["scale"].max() < 0.2 * 32


def test_one_channel_takes_the_mean_of_three() -> None:
    parameters = interface.draw_parameters("plasma-10.0", "toy", 1, np.arange(4), (20, 30, 1))
    image = np.full((4, 20, 30, 1), 128, np.uint8)
    noise = plasma.signed_noise(image, parameters).mean(axis=-1)
    expected = np.trunc((1 - 64 / 255) * 128 + 64 * noise)
    np.testing.assert_allclose(plasma.apply(image, parameters)[..., 0], expected, atol=1)
