import numpy as np
import pytest

from heterodox.errors import UserError
from heterodox.figures import single_models
from tests.figures.study import MEMBERS, all_words, members_table, misplaced_texts

LONG = ["a_very_long_name_of_a_member_by_somebody_who_likes_names", *MEMBERS]
CASES = {
    "two shifts": (members_table(), "lines-1.6"),
    "clean alone": (members_table(shifts=["clean"]), None),
    "one member": (members_table(["resnet"]), "v2"),
    "long names": (members_table(LONG).assign(approach="trained elsewhere in some other framework"), "lines-1.6"),
    "few classes": (members_table().assign(top5=np.nan), "lines-1.6"),
    "outside": (members_table().assign(**{"class": np.nan, "approach": np.nan}), "lines-1.6"),
    "no difference": (members_table().assign(top1=0.5, top5=1.0), "lines-1.6"),
}


@pytest.mark.parametrize("name", CASES)
def test_texts_are_legible(name: str) -> None:
    assert misplaced_texts(single_models.draw(*CASES[name])) == []


def test_every_number_of_the_table_is_written_in_percent() -> None:
    table = members_table()
    words = all_words(single_models.draw(table, "lines-1.6")).split("\n")
    shown = table[table["shift"].isin(["clean", "lines-1.6"])]
    for value in [*shown["top1"], *shown["top5"]]:
        assert f"{value * 100:.1f}" in words
    for text in (
        *MEMBERS,
        "210k",
        "self-supervised",
        "Top-1 accuracy (%)",
        "Top-5 accuracy (%)",
        "Lines (1.6)",
        "Clean",
    ):
        assert text in words


def test_the_most_accurate_on_the_shift_stands_above() -> None:
    figure = single_models.draw(members_table(), "lines-1.6")
    rows = {text.get_text(): text.get_position()[1] for text in figure.axes[0].texts}
    assert sorted(MEMBERS, key=rows.get, reverse=True) == list(MEMBERS)


def test_few_classes_have_no_panel_of_top_5() -> None:
    assert len(single_models.draw(*CASES["few classes"]).axes) == 2


def test_a_missing_shift_is_one_line() -> None:
    with pytest.raises(UserError, match=r"no rows for the shift 'fog-1\.0'"):
        single_models.draw(members_table(), "fog-1.0")
