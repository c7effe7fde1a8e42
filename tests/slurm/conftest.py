"""One real cluster for all tests of this folder, and checkouts whose studies run on it through the shipped profile."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import pytest
import yaml

from tests.slurm.cluster import ACCOUNT, Cluster, running_cluster, wait_until
from tests.workflow.conftest import Checkout

POLLING = Path(__file__).with_name("snakemake_with_fast_polling.py")


class Run:
    """A Snakemake that runs in the background; what it says is in `log`."""

    def __init__(self, command: list[str], folder: Path, environment: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("wb") as stream:
            self.process = subprocess.Popen(
                command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT
            )

    def finish(self, seconds: float = 500.0) -> str:
        """Wait for its success and return what it said."""
        status = self.process.wait(seconds)
        assert status == 0, self.text()
        return self.text()

    def text(self) -> str:
        """Return what it has said so far."""
        return self.log.read_text(errors="replace")


class ClusterStudy(Checkout):
    """A checkout with a study of its own and a copy of the shipped profile in which only the account is filled in."""

    def __init__(self, folder: Path, cluster: Cluster, config: dict) -> None:
        super().__init__(folder)
        self.cluster, self.runs = cluster, 0
        self.results = folder / "results" / config["dataset"]
        (folder / "config.yaml").write_text(yaml.safe_dump(config))
        self.write_profile()

    def write_profile(self, **variables: object) -> None:
        """Copy the shipped profile as a user does: with another value behind each of these variables' names."""
        lines = (self.folder / "workflow/profiles/slurm/config.yaml").read_text().splitlines()
        for name, value in ({"account": ACCOUNT} | variables).items():
            places = [row for row, line in enumerate(lines) if line.strip().startswith(f"{name}:")]
            assert len(places) == 1, f"{name} stands {len(places)} times in the profile"
            indent = lines[places[0]][: -len(lines[places[0]].lstrip())]
            lines[places[0]] = f"{indent}{name}: {'null' if value is None else value}"
        (self.folder / "mine").mkdir(exist_ok=True)
        (self.folder / "mine/config.yaml").write_text("\n".join(lines) + "\n")

    def start(self, *arguments: str) -> Run:
        """Start Snakemake with the profile and return at once."""
        self.runs += 1
        quick = ["--latency-wait", "5", "--slurm-init-seconds-before-status-checks", "1"]
        command = [sys.executable, str(POLLING), "--profile", "mine", *quick, *arguments]
        environment = self.cluster.environment | {"OMP_NUM_THREADS": "1"}
        return Run(command, self.folder, environment, self.folder / f"run-{self.runs}.log")

    def member(self, name: str) -> str:
        """Return the weights' path, as Snakemake is asked for it."""
        return str((self.results / f"members/{name}.safetensors").relative_to(self.folder))

    def training_log(self, name: str) -> str:
        """Return what the training of a member has said; a new attempt begins a new log."""
        log = self.results / f"logs/train_member/{name}.log"
        return log.read_text() if log.is_file() else ""

    def held_training(self, name: str) -> psutil.Process:
        """Wait until a member's training is in its third epoch, and stop the process there (SIGSTOP)."""
        wait_until(lambda: "epoch 2 of" in self.training_log(name), f"second epoch of {name}", 180)
        wanted = self.member(name)
        found = [
            process
            for process in psutil.process_iter(["name", "cmdline"])
            if {"scripts/train_member.py", wanted} <= set(process.info["cmdline"] or [])
            and process.info["name"].startswith("python")
            and process.cwd() == str(self.folder)
        ]
        assert len(found) == 1, found
        found[0].send_signal(signal.SIGSTOP)
        assert "epoch 12 of" not in self.training_log(name), "stopped too late to call it the middle"
        return found[0]

    def job_of(self, member: str) -> str:
        """Return the SLURM job that trains a member now."""
        lines = (self.cluster.call("squeue", "-h", "-o", "%i %T %k") or "").splitlines()
        jobs = [line.split() for line in lines if line.endswith(f"rule_train_member_wildcards_{member}")]
        assert [state for _, state, _ in jobs] == ["RUNNING"], lines
        return jobs[0][0]

    def node_of(self, job: str) -> str:
        """Return the node on which a job runs."""
        return (self.cluster.call("squeue", "-h", "-j", job, "-o", "%N") or "").strip()

    def history(self, member: str, *fields: str) -> list[list[str]]:
        """Return these fields of accounting for every attempt to train a member, in order of submission."""
        names = ",".join(["Comment%80", "WorkDir%200", *fields])
        lines = (self.cluster.call("sacct", "-X", "-D", "-n", "-P", "-o", names) or "").splitlines()
        rows = [line.split("|") for line in lines]
        comment = f"rule_train_member_wildcards_{member}"
        return [row[2:] for row in rows if row[0] == comment and row[1] == str(self.folder)]


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """Start the cluster before the first test and stop all of it after the last."""
    with TemporaryDirectory(prefix="heterodox-slurm-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # munge insists that everybody can reach its socket
        with running_cluster(Path(folder)) as started:
            yield started


@pytest.fixture(autouse=True)
def calm(cluster: Cluster) -> Iterator[None]:
    """Leave no job behind for the next test, and say what the cluster complained about when one failed."""
    yield
    cluster.call("scancel", "--user=root")
    wait_until(lambda: not (cluster.call("squeue", "-h") or "").strip(), "an empty queue")
