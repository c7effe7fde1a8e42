"""Tables as CSV: tidy, one measurement per row, missing values as empty cells."""

from pathlib import Path

import pandas as pd

from heterodox.errors import UserError
from heterodox.storage.atomic import atomic_path

# A member may be called 007 or 1e5 and a pool 1: these columns are text whatever stands in them.
NAMES = ["member", "team", "ensemble", "pool", "shift", "consensus", "metric", "first", "second", "layer_a", "layer_b"]
NAMES += ["arch", "class", "approach"]


def write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a table without its row index; floats keep every digit needed to read the same number back."""
    with atomic_path(path) as partial:
        table.to_csv(partial, index=False, lineterminator="\n")


def read_table(path: Path, columns: list[str] | None = None) -> pd.DataFrame:
    """Read a table and check that it has `columns`.

    Names stay text, even `007`; `none` and `None` stay words; only an empty cell is missing.
    """
    try:
        table = pd.read_csv(path, keep_default_na=False, na_values=[""], dtype=dict.fromkeys(NAMES, str))
    except FileNotFoundError as error:
        raise UserError(f"{path}: there is no such table; run the pipeline first") from error
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not a readable CSV table; delete it and run again") from error
    missing = [name for name in columns or [] if name not in table.columns]
    if missing:
        raise UserError(f"{path}: lacks the column {', '.join(missing)}; delete it and run again")
    return table
