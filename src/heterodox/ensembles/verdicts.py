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

MOST_ROWS = 512  # of a chunk: enough to count in vectors, few enough that threads share small pools
BLOCK_BYTES = 4 * 2**20  # of logits: near the cache, and few enough calls


@dataclass(frozen=True)
class Verdicts:
    """A chunk of n images, as m members and e ensembles under r consensus rules see them.

    `start` is its first row; `tops` (m, n) are the members' classes; `right` (r, e, n) and `member_right` (m, n) are
    uint8, 0 or 1; `logits` (m, n, classes), if they were asked for, are valid only while `use` runs.
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
    with_logits: bool = False,
) -> Iterator[Result]:
    """Yield use(verdicts) for every chunk, in order; `use` runs in the thread that read the chunk.

    Within a chunk the logits are read and judged in blocks that stay in the processor's cache.
    UserError where a dump holds no images, or logits that are not finite.
    """
    count, classes = len(dumps[0]), dumps[0].class_count
    if count == 0:
        raise UserError(f"{dumps[0].path}: it holds no images; dump a shift that has some")
    logit_bytes = 4 * len(dumps) * classes
    held = 2 * len(consensus) * len(subsets.ensembles) + len(subsets.pairs) + with_logits * logit_bytes
    rows = min(count, MOST_ROWS, rows_per_chunk(held))
    block = rows if with_logits else min(rows, rows_per_chunk(logit_bytes, BLOCK_BYTES))
    rules = rule_numbers(consensus)
    memory = threading.local()

    def work(start: int, stop: int) -> Result:
        if not hasattr(memory, "logits"):
            memory.logits = np.empty(len(dumps) * block * classes, np.float32)
        labels = dumps[0].labels[start:stop]
        tops = np.empty((len(labels), len(dumps)), np.int32)
        right = np.empty((len(labels), len(rules), len(subsets.ensembles)), np.uint8)
        for first in range(start, stop, block):
            part = slice(first - start, min(first + block, stop) - start)
            logits = _read(dumps, first, min(first + block, stop), memory.logits)
            broken = judge(logits, labels[part], rules, subsets.ensembles, tops[part], right[part])
            if broken >= 0:
                raise dumps[broken].not_finite("logits")
        tops = np.ascontiguousarray(tops.T)
        member_right = (tops == labels).view(np.uint8)
        return use(Verdicts(start, labels, logits, tops, member_right, np.ascontiguousarray(right.transpose(1, 2, 0))))

    return in_order(work, count, rows, threads)


def _read(dumps: Sequence[DumpFile], start: int, stop: int, memory: np.ndarray) -> np.ndarray:
    """Return the logits (m, n, classes) of rows start..stop in `memory`, contiguous as the kernels want them."""
    shape = (len(dumps), stop - start, dumps[0].class_count)
    logits = memory[: np.prod(shape)].reshape(shape)
    for dump, out in zip(dumps, logits, strict=True):
        dump.read_logits(start, stop, out)
    return logits
