"""Files of answers: read as text, joined, and every fault of one in a line that names it."""

from pathlib import Path

import pytest

from heterodox.errors import UserError
from heterodox.storage.answers import CHOICES, RATINGS, read_choices, read_ratings, studies_in

GOOD = "study,participant,trial,image,condition,question,rating\naveraging,007,1,image-00001,single,Q1,5\n"


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_files_of_several_participants_are_joined_and_codes_stay_text(tmp_path: Path) -> None:
    files = [written(tmp_path / f"{name}.csv", GOOD.replace("007", name)) for name in ("007", "1e5", "NA")]
    table = read_ratings(files)
    assert table["participant"].tolist() == ["007", "1e5", "NA"]
    assert table["rating"].tolist() == [5, 5, 5]
    assert list(table.columns) == list(RATINGS)


def test_further_columns_and_a_byte_order_mark_do_no_harm(tmp_path: Path) -> None:
    text = "\ufeff" + GOOD.replace("rating\n", "rating,note\n").replace("Q1,5\n", "Q1,5,slow\n")
    assert read_ratings([written(tmp_path / "a.csv", text)])["rating"].tolist() == [5]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (",rating\n", ",mark\n", "lacks the column rating; the columns are study, participant"),
        ("Q1,5", "Q1,8", "rating 8 in trial 1 is not from 1 to 7"),
        ("Q1,5", "Q1,5.5", "rating '5.5' is no whole number"),
        ("Q1,5", "Q1,", "row 2 has no rating"),
        ("007", " ", "row 2 has no participant"),
        ("averaging", "averagin", "unknown study 'averagin'; known: averaging, annotations, learning"),
        ("Q1,5\n", "Q1,5\naveraging,007,1,image-00001,single,Q1,4\n", "question Q1 is there twice"),
        ("Q1,5\n", 'Q1,"5\n', "not a readable CSV table"),
    ],
)
def test_a_fault_is_one_line_that_names_the_file(tmp_path: Path, old: str, new: str, said: str) -> None:
    file = written(tmp_path / "ratings.csv", GOOD.replace(old, new))
    with pytest.raises(UserError, match=r"ratings\.csv: ") as error:
        read_ratings([file])
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_file_and_an_empty_one_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no such file of answers"):
        read_choices([tmp_path / "choices.csv"])
    with pytest.raises(UserError, match="not a readable CSV"):
        read_choices([written(tmp_path / "choices.csv", "")])
    with pytest.raises(UserError, match="no file of answers"):
        read_choices([])


def test_choices_are_told_apart_by_pair_and_trial(tmp_path: Path) -> None:
    rows = ["learning,1,words,a / b,1,i,a,b", "learning,1,words,c / d,1,i,c,c"]
    file = written(tmp_path / "c.csv", "\n".join([",".join(CHOICES), *rows]) + "\n")
    assert read_choices([file])["answer"].tolist() == ["b", "c"]
    assert studies_in([file], CHOICES) == ["learning"]
    with pytest.raises(UserError, match="pair a / b, trial 1 is there twice"):
        read_choices([file, file])
