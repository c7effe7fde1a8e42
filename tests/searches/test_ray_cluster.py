"""The launcher without SLURM: a stand-in for srun says what Ray would say, so that every fault can be had at will."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from heterodox.searches.ray_cluster import reachable_address
from heterodox.searches.ray_node import WARNED

SCRIPT = Path(__file__).resolve().parent.parent.parent / "scripts/on_ray.py"
JOINED = "echo Ray runtime started.; "
HEAD = "echo \"ray start --address='10.0.0.1:4321'\"; "
UNTIL_INPUT_ENDS = "cat; touch ended-$node"


class Allocation:
    """A pretended job on the nodes a and b, in whose folder everything is written."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = os.environ | {
            "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
            "SLURM_JOB_ID": "17",
            "SLURM_GPUS": "2",
            "SLURMD_NODENAME": "b",
        }
        self.program("squeue", "echo 'node[a-b]'")
        self.program("scontrol", 'test "$*" = "show hostnames node[a-b]" && printf "a\\nb\\n"')

    def program(self, name: str, body: str) -> None:
        file = self.folder / name
        file.write_text(f"#!/bin/sh\n{body}\n")
        file.chmod(0o755)

    def nodes_say(self, head: str, worker: str) -> None:
        """Let srun do this on b, where the launcher runs, and that on a."""
        self.program(
            "srun",
            'for word; do case $word in --nodelist=*) node=${word#*=};; esac; done; echo "$*" > words-$node; '
            f"env > environment-$node; case $node in b) {head};; a) {worker};; esac",
        )

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, str(SCRIPT), *words],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str) -> tuple[int, str, str]:
        with self.start(*words) as process:
            output, errors = process.communicate(timeout=60)
            return process.returncode, output, errors

    def ended(self) -> set[str]:
        """Return the nodes on which the input of the step has ended."""
        return {file.name.removeprefix("ended-") for file in self.folder.glob("ended-*")}


@pytest.fixture
def allocation(tmp_path: Path) -> Allocation:
    made = Allocation(tmp_path)
    made.nodes_say(HEAD + JOINED + UNTIL_INPUT_ENDS, JOINED + UNTIL_INPUT_ENDS)
    return made


def python(code: str) -> list[str]:
    return ["--", sys.executable, "-c", code]


def test_outside_slurm_the_command_just_runs(allocation: Allocation) -> None:
    del allocation.environment["SLURM_JOB_ID"]
    status, output, errors = allocation.run(
        *python("import os; print(os.environ.get('RAY_ADDRESS')); raise SystemExit(7)")
    )
    assert (status, output, errors) == (7, "None\n", "")


def test_the_command_learns_where_ray_is_and_ray_ends_with_it(allocation: Allocation) -> None:
    status, output, _ = allocation.run(*python("import os; print(os.environ['RAY_ADDRESS']); raise SystemExit(7)"))
    assert (status, output) == (7, "10.0.0.1:4321\n")
    assert allocation.ended() == {"a", "b"}


def test_the_head_is_the_launchers_own_node_and_the_others_join_it(allocation: Allocation) -> None:
    allocation.run("--object-store-mb", "80", *python(""))
    head, worker = ((allocation.folder / f"words-{node}").read_text() for node in "ba")
    assert "--head" in head
    assert "--node-name=b" in head
    assert "--address" not in head
    assert "--address=10.0.0.1:4321" in worker
    assert "--node-name=a" in worker
    assert "--head" not in worker
    assert "--object-store-memory=80000000" in head
    assert "--object-store-memory=80000000" in worker


def test_the_head_takes_its_address_on_the_network_of_the_other_nodes() -> None:
    assert reachable_address(["here", "localhost"]) == ["--node-ip-address=127.0.0.1"]
    assert reachable_address(["here", "no.such.node.invalid"]) == []
    assert reachable_address(["here"]) == []


def test_srun_learns_the_job_and_nothing_of_the_step_around_it(allocation: Allocation) -> None:
    allocation.run(*python(""))
    lines = (allocation.folder / "environment-a").read_text().splitlines()
    assert [line for line in lines if line.startswith("SLURM_")] == ["SLURM_JOB_ID=17"]


def test_every_call_has_a_secret_of_its_own(allocation: Allocation) -> None:
    code = "import os; print(os.environ['RAY_AUTH_TOKEN'])"
    first, second = (allocation.run(*python(code))[1].strip() for _ in range(2))
    assert first != second
    assert len(first) == 64
    assert f"RAY_AUTH_TOKEN={second}\n" in (allocation.folder / "environment-a").read_text()


def test_a_command_that_a_signal_ended_has_the_status_that_a_shell_reports(allocation: Allocation) -> None:
    assert allocation.run(*python("import os; os.kill(os.getpid(), 9)"))[0] == 128 + signal.SIGKILL


def test_a_node_that_does_not_come_is_named(allocation: Allocation) -> None:
    allocation.nodes_say(HEAD + JOINED + UNTIL_INPUT_ENDS, "echo waiting for resources; " + UNTIL_INPUT_ENDS)
    status, _, errors = allocation.run("--seconds", "1", *python("print('ran')"))
    assert status == 1
    assert errors.splitlines()[-1].startswith("error: Ray on node a did not join within 1 s")
    assert "waiting for resources" in errors
    assert allocation.ended() == {"a", "b"}


def test_a_node_whose_ray_ends_is_named_at_once(allocation: Allocation) -> None:
    allocation.nodes_say(HEAD + JOINED + UNTIL_INPUT_ENDS, "echo no space left; exit 5")
    status, _, errors = allocation.run("--seconds", "1000", *python("print('ran')"))
    assert status == 1
    assert errors.splitlines()[-1].startswith("error: Ray on node a ended with status 5 instead of joining")
    assert "no space left" in errors


def test_a_node_lost_during_the_run_is_told(allocation: Allocation) -> None:
    allocation.nodes_say(HEAD + JOINED + UNTIL_INPUT_ENDS, JOINED + "sleep 1; exit 3")
    status, _, errors = allocation.run(*python("import time; time.sleep(3)"))
    assert status == 0
    assert "Ray on node a ended before the command did" in errors


def test_a_controller_out_of_reach_is_one_line(allocation: Allocation) -> None:
    allocation.program("squeue", "echo Unable to contact slurm controller >&2; exit 1")
    status, _, errors = allocation.run(*python(""))
    assert status == 1
    assert len(errors.splitlines()) == 1
    assert "Unable to contact slurm controller" in errors


def test_no_command_is_one_line(allocation: Allocation) -> None:
    status, _, errors = allocation.run("--object-store-mb", "80")
    assert (status, errors) == (1, "error: no command: write it behind `--`\n")


ENDS_AT_SIGTERM = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(21))
open("ready", "w").close()
time.sleep(60)
"""


def test_sigterm_reaches_the_command_which_decides_the_status(allocation: Allocation) -> None:
    with allocation.start(*python(ENDS_AT_SIGTERM)) as process:
        wait_for(allocation.folder / "ready")
        assert not allocation.ended(), "Ray must outlive the warning"
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 21
    assert allocation.ended() == {"a", "b"}


def test_sigterm_in_a_step_of_ray_reaches_the_command_too(allocation: Allocation) -> None:
    warned = f"until test -e ready; do sleep 0.1; done; echo {WARNED}; "
    allocation.nodes_say(HEAD + JOINED + UNTIL_INPUT_ENDS, JOINED + warned + UNTIL_INPUT_ENDS)
    assert allocation.run(*python(ENDS_AT_SIGTERM))[0] == 21


def test_sigterm_before_the_nodes_have_joined_ends_all(allocation: Allocation) -> None:
    allocation.nodes_say("touch ready; " + UNTIL_INPUT_ENDS, "true")
    with allocation.start(*python("print('ran')")) as process:
        wait_for(allocation.folder / "ready")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 128 + signal.SIGTERM
    assert allocation.ended() == {"b"}


def test_a_killed_launcher_takes_ray_along(allocation: Allocation) -> None:
    with allocation.start(*python("open('ready', 'w').close(); import time; time.sleep(5)")) as process:
        wait_for(allocation.folder / "ready")
        process.kill()
        for node in "ab":
            wait_for(allocation.folder / f"ended-{node}")


def wait_for(file: Path) -> None:
    deadline = time.monotonic() + 30
    while not file.exists():
        assert time.monotonic() < deadline, f"{file.name} did not appear"
        time.sleep(0.05)
