"""Who evaluates the genomes of a generation: this process, others on this machine, or Ray on many.

All give the same numbers. `one at a time` evaluators (serial, processes, ray) call a function once per genome and hand
on each result as soon as it is there; `Together` evaluates all in one computation and hands them on together. The
searches commit what is handed on before they ask for more, so that is what a kill can cost.
"""

import contextlib
import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any, Protocol

import numpy as np

from heterodox import preemption
from heterodox.errors import UserError
from heterodox.searches.archive import Evaluation
from heterodox.searches.problem import Evaluate, EvaluateTogether
from heterodox.searches.ray_node import die_with_parent

log = logging.getLogger(__name__)

Group = list[tuple[int, Evaluation]]  # places in the order of asking, with what was found: one commit
ATTEMPTS = 3  # how often an evaluation is submitted again after the process that was at it has died
SECONDS = 0.5  # how soon SIGTERM is noticed
GRACE_SECONDS = 60.0  # how long, after SIGTERM, evaluations that are running may take to end
THREADS = "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"


class Evaluator(Protocol):
    """Evaluates genomes."""

    def results(self, genomes: Sequence[np.ndarray]) -> Iterator[Group]:
        """Yield what belongs together as one commit, until all genomes are there or SIGTERM has come."""
        ...


def fix_threads(threads: int) -> None:
    """Let numerical libraries use so many threads in this process: sums depend on it in their last bits."""
    os.environ.update(dict.fromkeys(THREADS, str(threads)))
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)


@contextmanager
def fixed_threads(threads: int) -> Iterator[None]:
    """Let numerical libraries use so many threads inside, as `fix_threads` does, and as many as before afterwards."""
    environment = {name: os.environ.get(name) for name in THREADS}
    before = sys.modules["torch"].get_num_threads() if "torch" in sys.modules else None
    fix_threads(threads)
    try:
        yield
    finally:
        for name, value in environment.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
        if before is not None:
            sys.modules["torch"].set_num_threads(before)


@dataclass
class Serial:
    """Evaluates in this process, one after the other."""

    evaluate: Evaluate

    def results(self, genomes: Sequence[np.ndarray]) -> Iterator[Group]:
        """Yield one result at a time; stops after SIGTERM."""
        for place, genome in enumerate(genomes):
            yield [(place, self.evaluate(genome))]
            if preemption.requested():
                return


@dataclass
class Together:
    """Evaluates all genomes in one computation, in this process: one commit."""

    evaluate: EvaluateTogether

    def results(self, genomes: Sequence[np.ndarray]) -> Iterator[Group]:
        """Yield all results at once. SIGTERM ends the process meanwhile: half a computation is worth nothing."""
        if preemption.requested():
            return
        with _ending_at_once():
            found = self.evaluate(genomes)
        yield list(enumerate(found))


@contextmanager
def _ending_at_once() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # where Python delivers no signals
        return
    deferred = signal.getsignal(signal.SIGTERM)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(preemption.EXIT_STATUS))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, deferred)


def _work(pipe: Connection, evaluate: Evaluate, threads: int) -> None:
    """Evaluate what comes through the pipe until it is closed; runs in a process of its own."""
    with contextlib.suppress(AttributeError, OSError):  # Linux only; elsewhere the closed pipe ends this process
        die_with_parent()
    parent = multiprocessing.parent_process()
    if parent is None or not parent.is_alive():  # it died before the kernel knew that this process is to follow
        return
    # The search decides what SIGTERM and Ctrl-C mean; both may go to a whole process group.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    fix_threads(threads)
    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            genome = pipe.recv()
            pipe.send(_outcome(evaluate, genome))


def _outcome(evaluate: Evaluate, genome: np.ndarray) -> Any:
    """Return the evaluation, or what went wrong as an exception that can travel."""
    try:
        return evaluate(genome)
    except UserError as error:
        return error
    except Exception:
        return RuntimeError(f"an evaluation failed:\n{traceback.format_exc()}")


class _Worker:
    """A process that evaluates one genome at a time."""

    def __init__(self, evaluate: Evaluate, threads: int) -> None:
        context = multiprocessing.get_context("spawn")  # a fork would share what is half done in other threads
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs, evaluate, threads), daemon=True)
        before = {name: os.environ.get(name) for name in THREADS}
        os.environ.update(dict.fromkeys(THREADS, str(threads)))  # libraries read it when they are loaded
        try:
            self.process.start()
        finally:
            for name, value in before.items():
                _restore(name, value)
        theirs.close()
        self.place: int | None = None

    def submit(self, place: int, genome: np.ndarray) -> None:
        """Let it evaluate; a process that has died meanwhile shows at `take`."""
        self.place = place
        with contextlib.suppress(BrokenPipeError):
            self.pipe.send(genome)

    def take(self) -> Any:
        """Return the outcome; EOFError where the process has died."""
        try:
            return self.pipe.recv()
        except ConnectionResetError as error:
            raise EOFError from error

    def end(self) -> None:
        """End the process; what it is at is lost."""
        self.pipe.close()
        self.process.kill()
        self.process.join()


def _restore(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


class Processes:
    """Evaluates in processes on this machine; one that dies costs its own evaluation only, which is submitted again."""

    def __init__(self, evaluate: Evaluate, workers: int, threads: int) -> None:
        self._evaluate, self._count, self._threads = evaluate, workers, threads
        self._workers: list[_Worker] = []

    @property
    def process_ids(self) -> list[int]:
        """Return the ids of the processes that run now."""
        return [worker.process.pid or 0 for worker in self._workers]

    def results(self, genomes: Sequence[np.ndarray]) -> Iterator[Group]:
        """Yield one result at a time, as they come; after SIGTERM those that are running, for a minute."""
        waiting = list(range(len(genomes)))[::-1]
        deaths = [0] * len(genomes)
        deadline = _Deadline()
        while not deadline.passed() and (waiting or self._busy()):
            if not preemption.requested():
                self._submit(waiting, genomes)
            elif not self._busy():
                return
            yield from self._collected(waiting, deaths)

    def end(self) -> None:
        """End all processes."""
        for worker in self._workers:
            worker.end()
        self._workers = []

    def _busy(self) -> list[_Worker]:
        return [worker for worker in self._workers if worker.place is not None]

    def _submit(self, waiting: list[int], genomes: Sequence[np.ndarray]) -> None:
        while len(self._workers) < min(self._count, len(self._busy()) + len(waiting)):
            self._workers.append(_Worker(self._evaluate, self._threads))
        for worker in self._workers:
            if worker.place is None and waiting:
                place = waiting.pop()
                worker.submit(place, genomes[place])

    def _collected(self, waiting: list[int], deaths: list[int]) -> Iterator[Group]:
        by_pipe: dict[Any, _Worker] = {worker.pipe: worker for worker in self._busy()}
        for pipe in wait(list(by_pipe), SECONDS):
            worker = by_pipe[pipe]
            place = worker.place
            assert place is not None
            try:
                outcome = worker.take()
            except EOFError:
                self._bury(worker, deaths)
                waiting.append(place)
                continue
            worker.place = None
            if isinstance(outcome, Exception):
                raise outcome
            yield [(place, outcome)]

    def _bury(self, worker: _Worker, deaths: list[int]) -> None:
        assert worker.place is not None
        worker.process.join()
        deaths[worker.place] += 1
        how = f"ended with status {worker.process.exitcode}"
        log.warning("process %s %s during an evaluation", worker.process.pid, how)
        self._workers.remove(worker)
        worker.end()
        if deaths[worker.place] > ATTEMPTS:
            raise UserError(f"evaluator processes: the process {how} {deaths[worker.place]} times at the same genome")


class _Deadline:
    """Passes some time after SIGTERM has come."""

    def __init__(self) -> None:
        self._noticed: float | None = None

    def passed(self) -> bool:
        """Say whether SIGTERM came so long ago."""
        if self._noticed is None and preemption.requested():
            self._noticed = time.monotonic()
        return self._noticed is not None and time.monotonic() - self._noticed > GRACE_SECONDS


class Ray:
    """Evaluates in tasks of Ray: on all nodes of the job where `scripts/on_ray.py` has started it, here otherwise.

    Ray runs the task of a worker that dies again, on another one, at most three times.
    """

    def __init__(self, evaluate: Evaluate, workers: int, threads: int, gpus: float) -> None:
        try:
            import ray
        except ImportError as error:
            raise UserError("evaluator ray: Ray is not installed; `pip install ray`, or take `processes`") from error
        self._ray: Any = ray
        if not ray.is_initialized():  # before `preemption.deferred`: it takes SIGTERM for itself
            # Where the launcher has started Ray its address stands in the environment, and nothing may be asked of it.
            own = {} if "RAY_ADDRESS" in os.environ else {"num_cpus": workers * threads, "include_dashboard": False}
            self._ray.init(log_to_driver=False, logging_level=logging.ERROR, **own)
        self._evaluate = ray.put(evaluate)
        options = {"num_cpus": threads, "num_gpus": gpus, "max_retries": ATTEMPTS, "scheduling_strategy": "SPREAD"}
        self._task = self._ray.remote(**options)(_ray_task)
        self._threads = threads

    def results(self, genomes: Sequence[np.ndarray]) -> Iterator[Group]:
        """Yield one result at a time, as they come; after SIGTERM those that end within a minute."""
        places = {
            self._task.remote(self._evaluate, genome, self._threads): place for place, genome in enumerate(genomes)
        }
        deadline = _Deadline()
        while places and not deadline.passed():
            ready, _ = self._ray.wait(list(places), timeout=SECONDS)
            for reference in ready:
                yield [(places.pop(reference), self._value(reference))]

    def end(self) -> None:
        """Leave Ray; one that was started here ends."""
        self._ray.shutdown()

    def _value(self, reference: Any) -> Evaluation:
        try:
            outcome = self._ray.get(reference)
        except (self._ray.exceptions.WorkerCrashedError, self._ray.exceptions.NodeDiedError) as error:
            raise UserError(f"evaluator ray: its worker died {ATTEMPTS + 1} times at the same genome") from error
        if isinstance(outcome, Exception):
            raise outcome
        return outcome


def _ray_task(evaluate: Evaluate, genome: np.ndarray, threads: int) -> Any:
    fix_threads(threads)
    return _outcome(evaluate, genome)


@contextmanager
def evaluator_of(
    kind: str, evaluate: Evaluate, workers: int = 1, threads: int = 1, gpus: float = 0.0
) -> Iterator[Evaluator]:
    """Yield the evaluator of this kind (`serial`, `processes`, `ray`), which ends with the block.

    workers: evaluations at once on this machine; Ray on several nodes runs as many as it has CPUs and GPUs for.
    threads: per evaluation. gpus: per evaluation, a fraction shares one; only Ray hands out GPUs.
    """
    if kind == "serial":
        with fixed_threads(threads):
            yield Serial(evaluate)
        return
    evaluator: Processes | Ray
    if kind == "processes":
        evaluator = Processes(evaluate, workers, threads)
    elif kind == "ray":
        evaluator = Ray(evaluate, workers, threads, gpus)
    else:
        raise UserError(f"evaluator: {kind} is none of serial, processes, ray")
    try:
        yield evaluator
    finally:
        evaluator.end()
