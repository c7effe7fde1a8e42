"""What a search has evaluated, on disk after every evaluation, so that a search killed at any moment goes on.

One line per commit: a checksum, then JSON. A line that a kill has cut is dropped, whatever stands before it is sound.
No state of the algorithm is stored: its randomness is keyed by generation, so a search asks again for what it has asked
for before, and finds the answers here.
"""

import fcntl
import hashlib
import json
import logging
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

import pandas as pd

from heterodox.errors import UserError
from heterodox.storage.atomic import not_written, write_text

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found: objectives to be minimised, NaN where there is none, and further JSON values."""

    objectives: tuple[float, ...]
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Record:
    """One genome in the history of a search.

    generation, order: when it was asked for, both from 0; `order` counts within the generation.
    name: the genome as text. key: the canonical text under which it is evaluated once; equal to `name` in most spaces.
    parents: names of the genomes it was bred from, none for one drawn at random.
    objectives: minimised. extra: what the evaluation says besides. reused: the key had been evaluated before.
    """

    generation: int
    order: int
    name: str
    key: str
    parents: tuple[str, ...]
    objectives: tuple[float, ...]
    extra: Mapping[str, Any] = field(default_factory=dict)
    reused: bool = False

    @property
    def evaluation(self) -> Evaluation:
        """Return what was found, for another genome with the same key."""
        return Evaluation(self.objectives, self.extra)


def _line(values: Any) -> str:
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return f"{hashlib.blake2b(text.encode(), digest_size=8).hexdigest()} {text}\n"


def _value(line: str) -> Any:
    """Return what `_line` was given; ValueError where the line is cut or damaged."""
    checksum, _, text = line.partition(" ")
    values = json.loads(text)
    if not line.endswith("\n") or _line(values).partition(" ")[0] != checksum:
        raise ValueError
    return values


def _plain(record: Record) -> dict[str, Any]:
    # JSON has no NaN; an evaluation without a result says null.
    numbers = [value if math.isfinite(value) else None for value in record.objectives]
    return asdict(record) | {"objectives": numbers}


def _record(values: Mapping[str, Any]) -> Record:
    numbers = tuple(math.nan if value is None else float(value) for value in values["objectives"])
    return Record(**{**values, "objectives": numbers, "parents": tuple(values["parents"])})


class Archive:
    """The history of one search at `path`, for the one process that holds it open.

    `fingerprint` names configuration, code and data (storage.provenance.fingerprint); UserError where the file belongs
    to another one, or where another process is at work on it. `objectives` are the names of the columns.
    """

    def __init__(self, path: Path, fingerprint: str, objectives: Sequence[str]) -> None:
        self.path, self.objectives = Path(path), tuple(objectives)
        self._by_name: dict[str, Record] = {}
        self._by_key: dict[str, Record] = {}
        self._header = {"fingerprint": fingerprint, "objectives": list(objectives)}
        if not self.path.exists():
            write_text(self.path, _line(self._header))
        self._descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND)
        try:
            self._lock()
            self._read()
        except BaseException:
            os.close(self._descriptor)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    @property
    def records(self) -> list[Record]:
        """Return all records in the order in which they were asked for, whenever their evaluations ended."""
        return sorted(self._by_name.values(), key=lambda record: (record.generation, record.order))

    def named(self, name: str) -> Record | None:
        """Return the record of a genome, None where it is not evaluated yet."""
        return self._by_name.get(name)

    def of_key(self, key: str) -> Record | None:
        """Return the record of the first genome that was evaluated under this key."""
        return self._by_key.get(key)

    def commit(self, records: Iterable[Record]) -> None:
        """Add records, all or none of them: on disk when this returns."""
        records = list(records)
        line = _line([_plain(record) for record in records]).encode()
        try:
            while line:  # the kernel may take less than the whole
                line = line[os.write(self._descriptor, line) :]
            os.fsync(self._descriptor)
        except OSError as error:
            raise UserError(f"{not_written(self.path, error)}: what was evaluated before is in it") from error
        self._add(records)

    def remove(self) -> None:
        """Delete the file: the result is stored elsewhere."""
        self.path.unlink(missing_ok=True)

    def _lock(self) -> None:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UserError(f"{self.path}: another process is at this search; wait for it or end it") from error

    def _read(self) -> None:
        sound = 0
        # Only what ends a line decides where it ends: text in it may hold other separators.
        lines = self.path.read_bytes().splitlines(keepends=True)
        for number, raw in enumerate(lines):
            try:
                values = _value(raw.decode())
            except ValueError:
                if number == 0:
                    raise UserError(f"{self.path}: not the state of a search; delete it to start again") from None
                log.warning(
                    "%s: cut or damaged after %d evaluations, goes on from there", self.path, len(self._by_name)
                )
                os.ftruncate(self._descriptor, sound)
                break
            self._take(values, number)
            sound += len(raw)
        if self._by_name:
            log.info("%s: goes on after %d evaluations", self.path, len(self._by_name))

    def _take(self, values: Any, number: int) -> None:
        if number:
            self._add(map(_record, values))
        elif values != self._header:
            raise UserError(
                f"{self.path}: state of a search with another configuration, code or data; "
                "delete it to start again, or restore the configuration to go on"
            )

    def _add(self, records: Iterable[Record]) -> None:
        for record in records:
            self._by_name[record.name] = record
            self._by_key.setdefault(record.key, record)


COLUMNS = ["generation", "order", "genome", "key", "parents", "reused"]


def history_table(records: Sequence[Record], objectives: Sequence[str]) -> pd.DataFrame:
    """Return the history as a table: one row per evaluated genome, in the order of asking.

    Columns: generation, order, genome (its name), key, parents (joined by `;`, empty for a random one), reused, one per
    objective, one per extra value.
    """
    rows = [
        {
            "generation": record.generation,
            "order": record.order,
            "genome": record.name,
            "key": record.key,
            "parents": ";".join(record.parents),
            "reused": record.reused,
            **dict(zip(objectives, record.objectives, strict=True)),
            **record.extra,
        }
        for record in records
    ]
    return pd.DataFrame(rows, columns=None if rows else [*COLUMNS, *objectives])
