"""Files of answers that a configuration names: found, missing, of other columns."""

from pathlib import Path

import answer_files

from heterodox.storage import answers


def test_columns_are_those_that_the_library_reads() -> None:
    assert answer_files.COLUMNS == {"ratings": answers.RATINGS, "choices": answers.CHOICES}


def test_a_folder_stands_for_its_csv_files(tmp_path: Path) -> None:
    head = ",".join(answers.CHOICES)
    for name, study in (("b", "learning"), ("a", "averaging")):
        (tmp_path / f"{name}.csv").write_text(f"{head}\n{study},1,g,p,1,i,a,b\n", encoding="utf-8")
    (tmp_path / "notes.txt").write_text("no table")
    assert [file.name for file in answer_files.files_of(str(tmp_path))] == ["a.csv", "b.csv"]
    assert answer_files.studies_in(str(tmp_path)) == {"learning", "averaging"}
    assert list(answer_files.faults({"ratings": None, "choices": str(tmp_path)})) == []
    assert answer_files.files_of(None) == []
    assert answer_files.studies_in(None) == set()


def test_each_fault_is_one_line_with_its_key(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("study,participant,mark\n", encoding="utf-8")
    empty = tmp_path / "empty"
    empty.mkdir()
    lines = list(answer_files.faults({"ratings": str(wrong), "choices": str(tmp_path / "none.csv")}))
    assert lines == [
        f"config: explanation_study.ratings: {wrong} lacks the column trial, image, condition, question, rating; "
        "the columns are study, participant, trial, image, condition, question, rating",
        f"config: explanation_study.choices: there is no readable CSV file {tmp_path / 'none.csv'}; put it there or "
        "drop the key",
    ]
    assert list(answer_files.faults({"ratings": str(empty), "choices": None})) == [
        f"config: explanation_study.ratings: the folder {empty} holds no CSV file; put the answers there or drop "
        "the key"
    ]
