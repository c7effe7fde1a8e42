import threading
import time
from itertools import chain

import pytest

from heterodox.ensembles.chunks import in_order, rows_per_chunk


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_chunks_come_in_order_and_cover_every_row_once(threads):
    def work(start, stop):
        time.sleep(0.002 * (start % 3))  # later chunks may finish first
        return list(range(start, stop))

    assert list(chain.from_iterable(in_order(work, 23, 4, threads))) == list(range(23))


def test_few_results_wait_for_a_slow_reader():
    running, most = set(), 0
    lock = threading.Lock()

    def work(start, stop):
        nonlocal most
        with lock:
            running.add(start)
            most = max(most, len(running))
        return start

    for start in in_order(work, 200, 1, 2):
        time.sleep(0.0005)
        with lock:
            running.discard(start)
    assert most <= 4


def test_a_failure_in_a_thread_reaches_the_caller():
    def work(start, stop):
        if start == 4:
            raise ZeroDivisionError
        return start

    with pytest.raises(ZeroDivisionError):
        list(in_order(work, 100, 2, 2))


def test_an_image_larger_than_a_chunk_still_makes_one():
    assert rows_per_chunk(10**12) == 1
