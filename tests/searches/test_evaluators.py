"""All evaluators find the same, and a process that dies costs its own evaluation only."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch

from heterodox.errors import UserError
from heterodox.searches.archive import Archive, Evaluation, Record
from heterodox.searches.evaluators import Processes, Serial, evaluator_of
from heterodox.searches.nsga2 import nsga2
from tests.searches.toys import BUDGET, GENES, OBJECTIVES, Evaluate, Masks, objectives_of

ROOT = Path(__file__).resolve().parent.parent.parent
GENOMES = list(np.random.default_rng(0).random((6, GENES)) < 0.5)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a folder for calls; worker processes find the tests."""
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{ROOT / 'src'}")
    monkeypatch.setattr(sys, "path", [str(ROOT), *sys.path])
    (tmp_path / "calls").mkdir()
    return tmp_path / "calls"


def serial_history(folder: Path) -> list[Record]:
    other = folder.with_name("serial")
    other.mkdir()
    with Archive(other / "state", "toy", OBJECTIVES) as archive:
        return nsga2(Masks(), Serial(Evaluate(other)), archive, BUDGET)


def plain(history: list[Record]) -> list[tuple]:
    """Return all of the records but how many threads they were evaluated with."""
    return [(record.generation, record.order, record.name, record.parents, record.objectives) for record in history]


def collected(evaluator, genomes=GENOMES) -> dict[int, Evaluation]:
    return dict(found for group in evaluator.results(genomes) for found in group)


@pytest.mark.parametrize("deaths", [0, 2])
def test_processes_find_what_serial_finds_even_where_some_are_killed(folder: Path, deaths: int) -> None:
    evaluate = Evaluate(folder, deaths=deaths)
    with (
        evaluator_of("processes", evaluate, workers=2) as evaluator,
        Archive(folder.with_name("state"), "toy", OBJECTIVES) as archive,
    ):
        found = nsga2(Masks(), evaluator, archive, BUDGET)
    assert plain(found) == plain(serial_history(folder))
    assert evaluate.calls() == sorted(record.name for record in found)  # nothing was evaluated twice
    assert len(list(folder.glob("death-*"))) == deaths


def test_a_process_killed_from_outside_costs_its_own_evaluation_only(folder: Path) -> None:
    evaluate = Evaluate(folder, seconds=0.5)
    with evaluator_of("processes", evaluate, workers=2) as evaluator:
        assert isinstance(evaluator, Processes)
        results = evaluator.results(GENOMES)
        found = dict(next(results))
        os.kill(evaluator.process_ids[0], signal.SIGKILL)
        for group in results:
            found |= dict(group)
        assert len(evaluator.process_ids) == 2
    assert {place: each.objectives for place, each in found.items()} == dict(enumerate(map(objectives_of, GENOMES)))
    assert len(evaluate.calls()) == len(GENOMES)


def test_a_genome_that_kills_every_process_ends_the_search_in_one_line(folder: Path) -> None:
    with (
        evaluator_of("processes", Evaluate(folder, deaths=9), workers=1) as evaluator,
        pytest.raises(UserError, match=r"ended with status -9 4 times at the same genome"),
    ):
        collected(evaluator, GENOMES[:1])
    assert len(list(folder.glob("death-*"))) == 4


def test_an_error_in_a_process_is_told_with_its_origin(folder: Path) -> None:
    with (
        evaluator_of("processes", Evaluate(folder, raises=True)) as evaluator,
        pytest.raises(RuntimeError, match=r"(?s)toys\.py.*ArithmeticError: the loss is no number"),
    ):
        collected(evaluator)


def test_every_evaluator_fixes_the_threads_and_this_process_has_its_own_afterwards(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    before = torch.get_num_threads()
    for kind in ("processes", "serial"):
        with evaluator_of(kind, Evaluate(folder), threads=3) as evaluator:
            assert [each.extra["threads"] for each in collected(evaluator).values()] == [3] * len(GENOMES)
        assert os.environ["OMP_NUM_THREADS"] == "1"
        assert "MKL_NUM_THREADS" not in os.environ
        assert torch.get_num_threads() == before


def test_processes_end_with_the_block_and_with_a_killed_parent(folder: Path) -> None:
    with evaluator_of("processes", Evaluate(folder), workers=2) as evaluator:
        assert isinstance(evaluator, Processes)
        collected(evaluator)
        ids = evaluator.process_ids
    assert len(ids) == 2
    assert not any(map(alive, ids))
    program = (
        "import sys, time; from pathlib import Path\n"
        "from heterodox.searches.evaluators import evaluator_of\n"
        "from tests.searches.test_evaluators import GENOMES\n"
        "from tests.searches.toys import Evaluate\n"
        "if __name__ == '__main__':\n"
        "    with evaluator_of('processes', Evaluate(Path(sys.argv[1]), seconds=30.0), workers=2) as evaluator:\n"
        "        results = evaluator.results(GENOMES)\n"
        "        import threading\n"
        "        threading.Timer(1.0, lambda: print(*evaluator.process_ids, flush=True)).start()\n"
        "        next(results)\n"
    )
    script = folder.with_name("program.py")
    script.write_text(program)
    with subprocess.Popen([sys.executable, script, folder], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        ids = [int(word) for word in parent.stdout.readline().split()]
        assert len(ids) == 2
        parent.kill()
    deadline = time.monotonic() + 20
    while any(map(alive, ids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(alive, ids))


def alive(process: int) -> bool:
    """Say whether a process runs; one that has ended but was not fetched yet does not."""
    with suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_sigterm_lets_running_evaluations_end_and_starts_no_others(folder: Path) -> None:
    evaluate = Evaluate(folder, seconds=1.0)
    state = folder.with_name("state")
    with evaluator_of("processes", evaluate, workers=2) as evaluator, Archive(state, "toy", OBJECTIVES) as archive:
        threading.Timer(1.5, os.kill, (os.getpid(), signal.SIGTERM)).start()
        with pytest.raises(SystemExit) as left:
            nsga2(Masks(), evaluator, archive, BUDGET)
    assert left.value.code == 143
    with Archive(state, "toy", OBJECTIVES) as archive:
        assert sorted(record.name for record in archive.records) == evaluate.calls()
        assert 0 < len(archive.records) < BUDGET.population


def test_without_ray_one_line_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with (
        pytest.raises(UserError, match="evaluator ray: Ray is not installed"),
        evaluator_of("ray", Evaluate(folder)),
    ):
        pass


def test_an_unknown_evaluator_is_named() -> None:
    with pytest.raises(UserError, match="evaluator: threads is none of"), evaluator_of("threads", Evaluate(Path())):
        pass


ON_RAY = """
import json, sys
from pathlib import Path
from heterodox.searches.archive import Archive
from heterodox.searches.evaluators import evaluator_of
from heterodox.searches.nsga2 import nsga2
from tests.searches.toys import BUDGET, OBJECTIVES, Evaluate, Masks

if __name__ == "__main__":
    evaluate = Evaluate(Path(sys.argv[1]), deaths=2)
    state = Path(sys.argv[2])
    with evaluator_of("ray", evaluate, workers=2) as evaluator, Archive(state, "toy", OBJECTIVES) as archive:
        history = nsga2(Masks(), evaluator, archive, BUDGET)
    print(json.dumps([[r.generation, r.order, r.name, r.parents, r.objectives] for r in history]))
"""


def test_a_real_ray_with_killed_workers_finds_what_serial_finds(folder: Path) -> None:
    pytest.importorskip("ray")
    script = folder.with_name("on_ray.py")
    script.write_text(ON_RAY)
    # A process of its own: Ray warns of sockets it leaves open, and warnings are errors here.
    done = subprocess.run(
        [sys.executable, script, folder, folder.with_name("state")],
        env=os.environ | {"RAY_USAGE_STATS_ENABLED": "0"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found == json.loads(json.dumps(plain(serial_history(folder))))
    assert len(list(folder.glob("death-*"))) == 2
    assert Evaluate(folder).calls() == sorted(name for _, _, name, _, _ in found)
