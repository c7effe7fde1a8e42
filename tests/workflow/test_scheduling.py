"""The scheduler's looks at waiting jobs: one is due at a time, and the next can be asked for as soon as it is over."""

import threading

import pytest
import scheduling
from snakemake.scheduling.job_scheduler import JobScheduler


class Scheduler:
    """What a look needs of Snakemake's scheduler: a count of the looks that are asked for."""

    def __init__(self) -> None:
        self._open_jobs = threading.Semaphore(0)


@pytest.fixture
def scheduler(monkeypatch) -> Scheduler:
    monkeypatch.setattr(JobScheduler, "_schedule_reevalutation", JobScheduler._schedule_reevalutation)
    scheduling.share_timers()
    return Scheduler()


def asked_for(scheduler: Scheduler, times: int) -> int:
    """Ask for that many looks and return how many come."""
    for _ in range(times):
        JobScheduler._schedule_reevalutation(scheduler, 0.05)
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join()
    come = 0
    while scheduler._open_jobs.acquire(blocking=False):
        come += 1
    return come


def test_looks_asked_for_while_one_is_due_come_with_it_and_later_ones_on_their_own(scheduler) -> None:
    assert [asked_for(scheduler, 5), asked_for(scheduler, 1), asked_for(scheduler, 3)] == [1, 1, 1]


def test_snakemake_still_asks_this_way() -> None:
    """Where a new version calls it otherwise, share_timers would change nothing."""
    assert "_schedule_reevalutation" in JobScheduler.schedule.__code__.co_names
