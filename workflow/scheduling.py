"""What Snakemake's scheduler is kept from doing: looking at the waiting jobs ever more often."""

import threading
from typing import Any

from snakemake.scheduling.job_scheduler import JobScheduler


def share_timers() -> None:
    """Let the scheduler have one look at the waiting jobs due at a time.

    While jobs wait, Snakemake 9 asks after every look for another one a second later, so that limits on the rate of
    jobs are kept; and it looks whenever a job ends. So each job that ended adds one look a second until the last job
    has started: a few hundred jobs keep a core busy.
    """
    due = threading.Lock()

    def look_again(scheduler: Any, delay: float) -> None:
        if due.acquire(blocking=False):
            threading.Timer(delay, lambda: (due.release(), scheduler._open_jobs.release())).start()

    JobScheduler._schedule_reevalutation = look_again
