"""Answers of people in user studies: two tables as the studies' pages hand them out, one row per answer.

ratings: a rating from 1 (strongly disagree) to 7 (strongly agree) of a question in a trial under a condition;
choices: the species that a participant of a group chose for an image of a pair of look-alikes.
"""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from heterodox.errors import UserError

RATINGS = ("study", "participant", "trial", "image", "condition", "question", "rating")
CHOICES = ("study", "participant", "group", "pair", "trial", "image", "truth", "answer")
AVERAGING, ANNOTATIONS, LEARNING = STUDIES = ("averaging", "annotations", "learning")
LOWEST, HIGHEST = 1, 7


def read_ratings(paths: Sequence[Path]) -> pd.DataFrame:
    """Return the ratings of one or more files; text but for `trial` and `rating`, whole numbers.

    Raises UserError, one line that names the file, for a missing column, an empty cell, a rating outside 1..7, an
    unknown study, or the same question answered twice in one trial of a participant.
    """
    table = _joined(paths, RATINGS, ("trial", "rating"))
    wrong = table[~table["rating"].between(LOWEST, HIGHEST)]
    if len(wrong):
        row = wrong.iloc[0]
        raise UserError(f"{row['file']}: rating {row['rating']} in trial {row['trial']} is not from 1 to 7; correct it")
    return _once(table, ["study", "participant", "trial", "question"])


def read_choices(paths: Sequence[Path]) -> pd.DataFrame:
    """Return the choices of one or more files; text but for `trial`, a whole number. Raises UserError as above."""
    return _once(_joined(paths, CHOICES, ("trial",)), ["study", "participant", "pair", "trial"])


def studies_in(paths: Sequence[Path], columns: Sequence[str]) -> list[str]:
    """Return which studies have rows in these files, in the paper's order; checks the columns too."""
    found = set(_joined(paths, columns, ())["study"])
    return [study for study in STUDIES if study in found]


def _joined(paths: Sequence[Path], columns: Sequence[str], numbers: Sequence[str]) -> pd.DataFrame:
    if not paths:
        raise UserError("user study: no file of answers was given; name a CSV file")
    return pd.concat([_read(Path(path), columns, numbers) for path in paths], ignore_index=True)


def _read(path: Path, columns: Sequence[str], numbers: Sequence[str]) -> pd.DataFrame:
    # Nobody's answers are to be deleted, so the lines differ from those for tables that the pipeline makes.
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise UserError(f"{path}: there is no such file of answers; correct its name") from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not a readable CSV table; save it as CSV, UTF-8, with commas") from error
    missing = [name for name in columns if name not in table.columns]
    if missing:
        raise UserError(f"{path}: lacks the column {', '.join(missing)}; the columns are {', '.join(columns)}")
    table = table[list(columns)]
    for name in columns:
        empty = table.index[table[name].str.strip() == ""]
        if len(empty):
            raise UserError(f"{path}: row {empty[0] + 2} has no {name}; fill it in or drop the row")
    for name in numbers:
        table = table.assign(**{name: _whole_numbers(path, name, table[name])})
    unknown = sorted(set(table["study"]) - set(STUDIES))
    if unknown:
        raise UserError(f"{path}: unknown study {unknown[0]!r}; known: {', '.join(STUDIES)}")
    return table.assign(file=str(path))


def _whole_numbers(path: Path, name: str, texts: pd.Series) -> pd.Series:
    wrong = texts[~texts.str.fullmatch(r"\s*\d{1,9}\s*")]
    if len(wrong):
        raise UserError(f"{path}: {name} {wrong.iloc[0]!r} is no whole number; correct it")
    return texts.astype(int)


def _once(table: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    repeated = table[table.duplicated(key)]
    if len(repeated):
        row = repeated.iloc[0]
        which = ", ".join(f"{name} {row[name]}" for name in key)
        raise UserError(f"{row['file']}: {which} is there twice; keep one row")
    return table.drop(columns="file")
