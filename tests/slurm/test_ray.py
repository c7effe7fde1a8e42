"""Ray over the nodes of a SLURM job, started by scripts/on_ray.py, on a real controller."""

import json
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from tests.slurm.cluster import ACCOUNT, Cluster, wait_until
from tests.slurm.conftest import POLLING

ROOT = Path(__file__).resolve().parent.parent.parent
NODES = {"g1", "g2"}


class Job:
    """A submitted job that runs the stand-in of a search through the launcher."""

    def __init__(self, cluster: Cluster, folder: Path, mode: str, options: list[str], script: str) -> None:
        self.cluster = cluster
        self.report = folder / "report.json"
        self.log = folder / "job.log"
        self.scratch = Path(tempfile.mkdtemp(prefix="r", dir="/tmp"))  # paths of sockets must be short
        launcher = [sys.executable, str(ROOT / "scripts/on_ray.py"), "--object-store-mb", "100", "--"]
        search = [sys.executable, str(ROOT / "tests/slurm/search_on_ray.py"), str(self.report), mode]
        own = {"PYTHONPATH": str(ROOT / "src"), "RAY_TMPDIR": str(self.scratch)}
        done = subprocess.run(
            ["sbatch", "--parsable", "--partition=gpu", "--nodes=2", f"--output={self.log}", *options],
            input="#!/bin/sh\n" + script.format(search_on_ray=shlex.join([*launcher, *search])),
            env=cluster.environment | own,
            capture_output=True,
            text=True,
            check=True,
        )
        self.number = done.stdout.strip()

    def answer(self) -> dict:
        return json.loads(self.report.read_text(encoding="utf-8"))

    def wait_until_ready(self) -> None:
        """Return when the search has evaluated for the first time."""
        wait_until(self.report.with_suffix(".ready").exists, f"search of job {self.number}", seconds=120)

    def wait_until_over(self) -> str:
        """Return the job's exit status, as SLURM writes it."""
        over = "COMPLETED", "FAILED", "CANCELLED", "TIMEOUT"
        wait_until(lambda: self.fact("JobState").startswith(over), f"end of job {self.number}", seconds=120)
        return self.fact("ExitCode")

    def fact(self, name: str) -> str:
        """Return what the controller knows of the job under this name."""
        found = re.search(rf"\b{name}=(\S+)", self.cluster.call("scontrol", "show", "job", self.number) or "")
        assert found is not None
        return found[1]

    def processes(self, named: str = "") -> list[psutil.Process]:
        """Return the job's processes with this in their command line, the step daemons aside."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                environment = process.environ()
                where = environment.get("SLURM_CONF"), environment.get("SLURM_JOB_ID")
                mine = where == (self.cluster.environment["SLURM_CONF"], self.number)
                if mine and named in " ".join(process.cmdline()):
                    found.append(process)
        return found

    def wait_until_nothing_is_left(self, named: str = "") -> None:
        wait_until(lambda: not self.processes(named), f"the end of {self.processes(named)}", seconds=30)


Submit = Callable[..., Job]


@pytest.fixture(scope="module")
def submit(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Submit]:
    """Return a function that submits a search in one of its modes, with options of sbatch and a script around it."""
    jobs = []

    def submitted(mode: str, *options: str, script: str = "{search_on_ray}") -> Job:
        jobs.append(Job(cluster, tmp_path_factory.mktemp(mode), mode, list(options), script))
        return jobs[-1]

    yield submitted
    for job in jobs:
        shutil.rmtree(job.scratch)


@pytest.fixture(scope="module")
def two_jobs(submit: Submit) -> list[Job]:
    """Return two jobs that ran at once on the same two nodes, the first with a GPU on each."""
    jobs = [submit("once", "--gres=gpu:1", "--cpus-per-task=2"), submit("once", "--cpus-per-task=1")]
    for job in jobs:
        job.wait_until_ready()
    for job in jobs:
        job.wait_until_over()
    return jobs


def test_ray_has_on_each_node_what_slurm_granted(two_jobs: list[Job]) -> None:
    assert two_jobs[0].answer()["nodes"] == {node: {"CPU": 2, "GPU": 1} for node in NODES}
    assert two_jobs[1].answer()["nodes"] == {node: {"CPU": 1, "GPU": 0} for node in NODES}


def test_evaluations_run_on_every_node_and_none_is_lost_with_a_killed_worker(two_jobs: list[Job]) -> None:
    for job, expected in zip(two_jobs, (8, 4), strict=True):
        assert job.report.with_suffix(".victim").exists()
        ran = Counter(job.answer()["evaluated_on"])
        assert set(ran) == NODES
        assert ran.total() == expected


def test_the_exit_status_of_the_search_is_the_jobs(two_jobs: list[Job]) -> None:
    assert [job.wait_until_over() for job in two_jobs] == ["7:0", "7:0"]


def test_two_jobs_on_the_same_nodes_do_not_meet(two_jobs: list[Job]) -> None:
    first, second = two_jobs
    assert first.fact("NodeList") == second.fact("NodeList")
    assert first.fact("EndTime") > second.fact("StartTime")
    assert second.fact("EndTime") > first.fact("StartTime")
    assert first.answer()["address"] != second.answer()["address"]


def test_nothing_is_left_after_the_end(two_jobs: list[Job]) -> None:
    for job in two_jobs:
        job.wait_until_nothing_is_left()
        assert list(job.scratch.iterdir()) == []


def test_the_search_gets_slurms_warning_while_ray_still_works(submit: Submit, cluster: Cluster) -> None:
    job = submit("until_sigterm")
    job.wait_until_ready()
    cluster.call("scancel", "--signal=TERM", job.number)  # to every step but the batch script, so to Ray's alone
    assert job.wait_until_over() == f"{128 + signal.SIGTERM}:0"
    assert set(job.answer()["evaluated_after_sigterm_on"]) == NODES
    assert "received SIGTERM: writes its state" in job.log.read_text()
    job.wait_until_nothing_is_left()


def test_a_cancelled_job_leaves_nothing_even_if_the_search_is_deaf(submit: Submit, cluster: Cluster) -> None:
    job = submit("deaf", script="srun --nodes=1 --ntasks=1 {search_on_ray}")
    job.wait_until_ready()
    assert job.processes("raylet")
    cluster.call("scancel", job.number)
    job.wait_until_over()
    job.wait_until_nothing_is_left()


def test_a_killed_launcher_takes_ray_along(submit: Submit, cluster: Cluster) -> None:
    job = submit("deaf", script="{search_on_ray}; sleep 60")
    job.wait_until_ready()
    [launcher] = job.processes("scripts/on_ray.py")
    launcher.kill()
    job.wait_until_nothing_is_left("raylet")
    assert job.fact("JobState") == "RUNNING"
    cluster.call("scancel", job.number)


def block(language: str) -> str:
    """Return the documentation's only block in this language."""
    text = (ROOT / "docs/ray_on_slurm.md").read_text(encoding="utf-8")
    [found] = re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)
    return found


def test_the_documented_rule_runs_through_snakemake(cluster: Cluster, tmp_path: Path) -> None:
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    shutil.copy(ROOT / "scripts/on_ray.py", scripts)
    shutil.copy(ROOT / "tests/slurm/search_on_ray.py", scripts / "search.py")
    (scripts / "search_masks.py").write_text(
        "import subprocess, sys\n"
        "done = subprocess.run([sys.executable, 'scripts/search.py', sys.argv[1], 'once'])\n"
        "sys.exit(done.returncode - 7)\n"
    )
    (tmp_path / "Snakefile").write_text(block("snakemake"))
    settings = "executor: slurm\njobs: 2\nlatency-wait: 15\nslurm-status-command: squeue\n"
    (tmp_path / "profile").mkdir()
    (tmp_path / "profile/config.yaml").write_text(
        settings + "slurm-init-seconds-before-status-checks: 1\n" + block("yaml")
    )
    path = f"{Path(sys.executable).parent}:{cluster.environment['PATH']}"
    done = subprocess.run(
        [sys.executable, str(POLLING), "--profile", "profile", "--default-resources", f"slurm_account={ACCOUNT}"],
        cwd=tmp_path,
        env=cluster.environment | {"PATH": path, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer = json.loads((tmp_path / "results/front.csv").read_text(encoding="utf-8"))
    assert answer["nodes"] == {node: {"CPU": 2, "GPU": 1} for node in NODES}
    assert set(answer["evaluated_on"]) == NODES
