"""The files of people's answers that a configuration names: whether they can be read, and which studies are in them.

The library checks every row (heterodox.storage.answers); here is what Snakemake has to know before any job runs.
"""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

COLUMNS = {
    "ratings": ("study", "participant", "trial", "image", "condition", "question", "rating"),
    "choices": ("study", "participant", "group", "pair", "trial", "image", "truth", "answer"),
}


def files_of(path: str | None) -> list[Path]:
    """Return the files of a table of answers: the file that is named, or all CSV files of a folder; none for null."""
    if path is None:
        return []
    return sorted(Path(path).glob("*.csv")) if Path(path).is_dir() else [Path(path)]


def studies_in(path: str | None) -> set[str]:
    """Return the studies that have rows in a table of answers."""
    found = set()
    for file in files_of(path):
        with file.open(encoding="utf-8-sig", newline="") as stream:
            found |= {row["study"] for row in csv.DictReader(stream)}
    return found


def faults(section: dict[str, Any]) -> Iterator[str]:
    """Yield one line per fault of the files that `ratings` and `choices` of the section name."""
    for table, columns in COLUMNS.items():
        where, path = f"config: explanation_study.{table}", section[table]
        files = files_of(path)
        if path is not None and not files:
            yield f"{where}: the folder {path} holds no CSV file; put the answers there or drop the key"
        yield from (f"{where}: {fault}" for file in files for fault in _file_faults(file, columns))


def _file_faults(file: Path, columns: tuple[str, ...]) -> Iterator[str]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            head = next(csv.reader(stream), [])
    except (OSError, UnicodeDecodeError, csv.Error):
        yield f"there is no readable CSV file {file}; put it there or drop the key"
        return
    missing = [name for name in columns if name not in head]
    if missing:
        yield f"{file} lacks the column {', '.join(missing)}; the columns are {', '.join(columns)}"
