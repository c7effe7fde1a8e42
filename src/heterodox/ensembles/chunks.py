"""Work through the images of a pool chunk by chunk: reading and computing overlap, results come in order."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Result = TypeVar("Result")

CHUNK_BYTES = 24 * 2**20


def rows_per_chunk(bytes_per_image: int, limit: int = CHUNK_BYTES) -> int:
    """Return how many images fit in `limit` bytes, at least one."""
    return max(1, limit // max(1, bytes_per_image))


def in_order(
    work: Callable[[int, int], Result],
    count: int,
    rows: int,
    threads: int,
    prepare: Callable[[], object] | None = None,
) -> Iterator[Result]:
    """Yield work(start, stop) for every chunk of `rows` out of `count` images, in order, computed by `threads`.

    While one thread reads (HDF5 admits one reader at a time) the others compute. Few results wait, so memory does
    not grow with the number of images. `prepare` runs once in every thread.
    """
    executor = ThreadPoolExecutor(threads, initializer=prepare)
    waiting: deque[Future[Result]] = deque()
    try:
        for start in range(0, count, rows):
            waiting.append(executor.submit(work, start, min(start + rows, count)))
            if len(waiting) > threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        executor.shutdown(cancel_futures=True)
