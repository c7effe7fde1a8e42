import numpy as np
import pytest

from heterodox.errors import UserError
from heterodox.figures import baseline_by_shift
from tests.figures.study import all_words, members_table, misplaced_texts

LONG = "a_very_long_name_of_a_member_by_somebody_who_likes_names"
CASES = {
    "several": (members_table(), "deit"),
    "one shift": (members_table(shifts=["clean"]), "deit"),
    "no natural shift": (members_table(shifts=["clean", "lines-1.6"]), "deit"),
    "long names": (members_table([LONG], ["clean", "somebodys_second_test_set_of_the_same_classes"]), LONG),
    "perfect": (members_table().assign(top1=1.0, top1_low=0.99, top1_high=1.0), "deit"),
}


@pytest.mark.parametrize("name", CASES)
def test_texts_are_legible(name: str) -> None:
    assert misplaced_texts(baseline_by_shift.draw(*CASES[name])) == []


def test_bars_and_intervals_are_those_of_the_table() -> None:
    table = members_table()
    figure = baseline_by_shift.draw(table, "deit")
    axes, rows = figure.axes[0], table[table["member"] == "deit"]
    np.testing.assert_allclose([bar.get_width() for bar in axes.patches], rows["top1"] * 100)
    ends = [segment[:, 0] for segment in axes.collections[0].get_segments()]
    np.testing.assert_allclose(ends, rows[["top1_low", "top1_high"]] * 100)
    words = all_words(figure)
    for text in ("Top-1 accuracy of deit (%)", "1,000 images", "Water drop (7.0)", "89.7"):
        assert text in words


def test_corruptions_are_told_apart_without_colour() -> None:
    bars = baseline_by_shift.draw(members_table(), "deit").axes[0].patches
    assert [bool(bar.get_hatch()) for bar in bars] == [False, False, True, True]


def test_image_counts_that_differ_are_a_range() -> None:
    table = members_table()
    table.loc[table["shift"] == "v2", "images"] = 500
    assert "500 to 1,000 images" in all_words(baseline_by_shift.draw(table, "deit"))


def test_a_missing_member_is_one_line() -> None:
    with pytest.raises(UserError, match=r"no member 'vit'"):
        baseline_by_shift.draw(members_table(), "vit")
