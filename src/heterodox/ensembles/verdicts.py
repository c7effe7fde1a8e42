"""Which members and which ensembles are right about which image, streamed from the dumps of a pool."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from heterodox.ensembles.chunks import in_order, rows_per_chunk
from heterodox.ensembles.kernels import RULES, judge
from heterodox.ensembles.subsets import Subsets
from heterodox.errors import UserError
from heterodox.storage.dumps import DumpFile

Result = TypeVar("Result")


@dataclass(frozen=True)
class Verdicts:
    """A chunk of n images, as m members and e ensembles under r consensus rules see them.

    `start` is its first row; `logits` (m, n, classes) are valid only until the next chunk is read; `tops` (m, n)
    the members' classes; `right` (r, e, n) and `member_right` (m, n) are uint8, 0 or 1.
    """

    start: int
    labels: np.ndarray
    logits: np.ndarray
    tops: np.ndarray
    member_right: np.ndarray
    right: np.ndarray


def rule_numbers(consensus: Sequence[str]) -> np.ndarray:
    """Return the kernels' number of each consensus; UserError for an unknown name."""
    unknown = [name for name in consensus if name not in RULES]
    if unknown:
        raise UserError(f"consensus: {', '.join(unknown)} is unknown; choose from {', '.join(sorted(RULES))}")
    return np.array([RULES[name] for name in consensus], np.int64)


def verdicts(
    dumps: Sequence[DumpFile],
    subsets: Subsets,
    consensus: Sequence[str],
    use: Callable[[Verdicts], Result],
    threads: int = 2,
    rows: int | None = None,
) -> Iterator[Result]:
    """Yield use(verdicts) for every chunk, in order; `use` runs in the thread that read the chunk.

    UserError where a dump holds no images, or logits that are not finite.
    """
    count, classes = len(dumps[0]), dumps[0].class_count
    if count == 0:
        raise UserError(f"{dumps[0].path}: it holds no images; dump a shift that has some")
    per_image = 4 * len(dumps) * classes + 2 * len(consensus) * len(subsets.ensembles) + len(subsets.pairs)
    rows = min(count, rows or rows_per_chunk(per_image))
    rules = rule_numbers(consensus)
    memory = threading.local()

    def work(start: int, stop: int) -> Result:
        if not hasattr(memory, "logits"):
            memory.logits = np.empty((len(dumps), rows, classes), np.float32)
        # A shorter last chunk takes a contiguous part of the same memory: the kernels are compiled for that.
        size = len(dumps) * (stop - start) * classes
        logits = memory.logits.reshape(-1)[:size].reshape(len(dumps), stop - start, classes)
        for dump, out in zip(dumps, logits, strict=True):
            dump.read_logits(start, stop, out)
        return use(_judged(dumps, logits, dumps[0].labels[start:stop], rules, subsets.ensembles, start))

    return in_order(work, count, rows, threads)


def _judged(
    dumps: Sequence[DumpFile],
    logits: np.ndarray,
    labels: np.ndarray,
    rules: np.ndarray,
    ensembles: np.ndarray,
    start: int,
) -> Verdicts:
    tops = np.empty((len(labels), len(dumps)), np.int32)
    right = np.empty((len(rules), len(labels), len(ensembles)), np.uint8)
    broken = judge(logits, labels, rules, ensembles, tops, right)
    if broken >= 0:
        raise dumps[broken].not_finite("logits")
    tops = np.ascontiguousarray(tops.T)
    member_right = (tops == labels).view(np.uint8)
    return Verdicts(start, labels, logits, tops, member_right, np.ascontiguousarray(right.transpose(0, 2, 1)))
