import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from heterodox.errors import UserError
from heterodox.figures import improvement_by_diversity
from tests.figures.study import all_words, ensembles_table, misplaced_texts, trends_table

MANY = [f"member{number}" for number in range(8)]


def drawn(ensembles: pd.DataFrame, shift: str = "clean", consensus: str = "mean_logit") -> Figure:
    return improvement_by_diversity.draw(ensembles, trends_table(ensembles), "architectures", shift, consensus)


CASES = {
    "many": ensembles_table(MANY),
    "one ensemble": ensembles_table(MANY[:3]),
    "no maps": ensembles_table(MANY).assign(attribution_diversity=np.nan),
    "constant": ensembles_table(MANY).assign(
        improvement=0.01, accuracy=0.8, disagreement=0.1, attribution_diversity=0.3, parameters=1234
    ),
    "billions": ensembles_table(MANY).assign(parameters=np.linspace(1e6, 1.234e9, 56 * 4).astype(int)),
}


@pytest.mark.parametrize("name", CASES)
def test_texts_are_legible(name: str) -> None:
    assert misplaced_texts(drawn(CASES[name])) == []


def test_axes_name_what_they_show_and_its_unit() -> None:
    words = all_words(drawn(CASES["many"]))
    for label in (
        "Attribution diversity\n(scaled to [0, 1])",
        "maps not normalised\n(scaled to [0, 1])",
        "Disagreement\n(share of images",
        "(percentage points)",
        "Accuracy of the ensemble (%)",
        "Parameters:",
    ):
        assert label in words


def test_the_heading_counts_ensembles_above_zero() -> None:
    table = ensembles_table(MANY[:4], shifts=["lines-1.6"], consensus=["majority_vote"])
    table["improvement"] = [0.01, 0.0, -0.01, 0.02]
    assert "lines (1.6), majority vote: 50% of 4 ensembles above zero" in all_words(
        drawn(table, "lines-1.6", "majority_vote")
    )


def test_sizes_in_the_legend_are_those_of_the_points() -> None:
    figure = drawn(CASES["many"])
    largest = CASES["many"].query("shift == 'clean'")["parameters"].max()
    legend = figure.legends[0]
    areas = {
        text.get_text(): handle.get_markersize() ** 2
        for text, handle in zip(legend.texts, legend.legend_handles, strict=True)
    }
    shown = [label for label in areas if label.endswith("k")]
    assert len(shown) >= 2
    for label in shown:
        expected = float(label[:-1]) * 1000 / largest * improvement_by_diversity.LARGEST_BUBBLE
        assert areas[label] == pytest.approx(expected)


def test_the_literal_form_stands_beside_the_default_and_each_shows_its_own_values() -> None:
    table = CASES["many"].query("shift == 'clean'").sort_values("parameters", ascending=False)
    panels = [axes for axes in drawn(CASES["many"]).axes if axes.collections][:3]
    for axes, name in zip(panels, ["attribution_diversity", "attribution_diversity_none", "disagreement"], strict=True):
        values = table[name].to_numpy()
        low, high = (0, 1) if name == "disagreement" else (values.min(), values.max())
        np.testing.assert_allclose(axes.collections[0].get_offsets()[:, 0], (values - low) / (high - low))


@pytest.mark.parametrize(("shift", "consensus"), [("fog-1.0", "mean_logit"), ("clean", "median_logit")])
def test_what_the_table_lacks_is_one_line(shift: str, consensus: str) -> None:
    with pytest.raises(UserError, match="has no rows with"):
        drawn(CASES["many"], shift, consensus)
