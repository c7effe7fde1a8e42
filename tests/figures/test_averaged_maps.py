import numpy as np
import pandas as pd
import pytest

from heterodox.figures import averaged_maps, ensemble_sizes
from tests.figures.study import all_words, misplaced_texts

SIDE = 32


@pytest.fixture
def cases():
    generator = np.random.default_rng(0)
    images = generator.integers(90, 255, (3, SIDE, SIDE, 3), dtype=np.uint8)
    masks = np.zeros((3, SIDE, SIDE), bool)
    masks[:, 8:14, 10:22] = True
    rows, columns = np.mgrid[:SIDE, :SIDE]
    members = np.stack(
        [[np.exp(-((rows - 11 - 4 * n) ** 2 + (columns - 16 + 3 * m) ** 2) / 60) for m in range(5)] for n in range(3)]
    )
    return images, masks, members


def test_members_and_their_average(cases):
    images, masks, members = cases
    figure = averaged_maps.draw_members(images, masks, members, members.mean(1))
    assert misplaced_texts(figure) == []
    words = all_words(figure).splitlines()
    assert words == ["Image", "Member 1", "Member 2", "Member 3", "Member 4", "Average of 5"]
    shown = figure.axes[5].get_images()[0].get_array()
    np.testing.assert_array_equal(shown, members.mean(1)[0])


def test_fewer_members_than_four_are_all_shown(cases):
    images, masks, members = cases
    figure = averaged_maps.draw_members(images[:1], masks[:1], members[:1, :2], members[:1, 0])
    assert misplaced_texts(figure) == []
    assert len(figure.axes) == 4


def test_masks_and_averages(cases):
    images, masks, members = cases
    figure = averaged_maps.draw_masks(images, masks, members.mean(1), ["cap", "breast_band", "crest"], 0.3)
    assert misplaced_texts(figure) == []
    assert {"Breast band", "Above 0.3"} <= set(all_words(figure).splitlines())
    above = figure.axes[3].get_images()[0].get_array()
    np.testing.assert_array_equal(above == 255, members.mean(1)[0] > 0.3)


@pytest.mark.parametrize("count", [1, 3])
def test_the_tips_of_the_arrows_are_the_centres(cases, count):
    images, _, _ = cases
    centres = np.array([[[10.0, 12], [14, 9], [12, 11]]] * count)
    figure = averaged_maps.draw_centres(images[:count], centres, centres.mean(1), np.array([[16.0, 11]] * count))
    assert misplaced_texts(figure) == []
    tips = [patch._posA_posB[1] for patch in figure.axes[0].patches]
    np.testing.assert_allclose(tips, [*(centres[0] + 0.5), centres[0].mean(0) + 0.5])
    assert figure.axes[0].lines[0].get_xydata().tolist() == [[16.5, 11.5]]


def test_wrapped_ensembles_beside_the_average(cases):
    images, masks, members = cases
    scores = {
        method: {
            "single members": (0.2, 0.2, 0.2),
            "average of maps": (0.15, 0.12, 0.18),
            "mean logit": (0.18, 0.17, 0.2),
        }
        for method in ("grad_cam", "input_x_gradient", "gradient_shap-8", "integrated_gradients-8", "saliency")
    }
    wrapped = {"mean_probability": members[:, 0], "mean_logit": members[:, 1]}
    figure = averaged_maps.draw_wrapped(
        images, masks, members.mean(1), wrapped, scores, "Distance of the centre\nof mass"
    )
    assert misplaced_texts(figure) == []
    assert "Mean logit explained" in all_words(figure)
    points = [line for line in figure.axes[-1].lines if line.get_marker() == "o"]
    assert points[0].get_ydata().tolist() == [0.15] * 5


@pytest.mark.parametrize("methods", [1, 4, 5])
def test_the_curves_are_the_tables(methods):
    names = ["grad_cam", "integrated_gradients-8", "saliency", "lime-100", "gradient_shap-8"][:methods]
    sizes = np.arange(1, 12)
    table = pd.concat(
        pd.DataFrame({"method": name, "size": sizes, "iou": 0.2 - 0.1 / sizes, "single": 0.1 + 0 * sizes}).assign(
            iou_low=lambda own: own["iou"] - 0.02,
            iou_high=lambda own: own["iou"] + 0.02,
            single_low=0.08,
            single_high=0.12,
        )
        for name in names
    )
    figure = ensemble_sizes.draw(table)
    assert misplaced_texts(figure) == []
    np.testing.assert_allclose(figure.axes[0].lines[0].get_ydata(), 0.2 - 0.1 / sizes)
    assert "LIME" in all_words(figure) or methods < 4
