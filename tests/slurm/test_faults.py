"""What can go wrong on a cluster goes wrong, one member after the other; in the end the tables are as if nothing had.

Every training is stopped (SIGSTOP) in its third epoch before the fault, so that a fast machine is not done before it.
SLURM continues what it is about to end (SIGCONT) and then warns it (SIGTERM).
"""

import shutil
import signal
import time
from collections.abc import Iterator

import pandas as pd
import pytest

from tests.slurm.cluster import GPU_NODES, GRACE_SECONDS, Cluster, ended, wait_until
from tests.slurm.conftest import ClusterStudy
from tests.workflow.conftest import Checkout

FAULTS = ["cancelled", "warned", "timed_out", "preempted", "node_lost", "controller_restarted", "orphaned"]
STUDY = {
    "dataset": "faults",
    "seed": 1,
    "data": {
        "source": "embedded",
        "name": "fashion_mnist_small",
        "most": {"train": 400, "validation": 100, "test": 120},
    },
    "corruptions": {"lines": [1.6]},
    "recipes": {"short": {"epochs": 12, "batch_size": 25}},
    "members": {name: {"arch": "vgg", "recipe": "short", "seed": seed} for seed, name in enumerate(FAULTS)},
    "pools": {"all": {"members": FAULTS, "k": 3}},
    "bootstrap": 100,
}
GOES_ON = "goes on in epoch"


@pytest.fixture(scope="module")
def study(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> ClusterStudy:
    """Return a study whose images are prepared and of which nothing is trained yet."""
    made = ClusterStudy(tmp_path_factory.mktemp("faults") / "checkout", cluster, STUDY)
    made.snakemake("results/faults/data/train.h5", "--quiet", "progress")
    return made


@pytest.fixture(autouse=True)
def shipped_profile(study: ClusterStudy) -> Iterator[None]:
    """Undo what a test changes in its profile."""
    yield
    study.write_profile()


def test_a_cancelled_training_is_submitted_again_and_goes_on(study: ClusterStudy, cluster: Cluster) -> None:
    run = study.start(study.member("cancelled"))
    training = study.held_training("cancelled")
    cluster.call("scancel", study.job_of("cancelled"))
    wait_until(lambda: f"process {training.pid} received SIGTERM" in study.training_log("cancelled"), "SIGTERM")
    run.finish()
    assert GOES_ON in study.training_log("cancelled")
    assert [state for (state,) in study.history("cancelled", "State")] == ["CANCELLED by 0", "COMPLETED"]


def test_the_warning_before_the_time_limit_reaches_the_training(study: ClusterStudy) -> None:
    study.write_profile(training_minutes=3)
    run = study.start(study.member("warned"))
    training = study.held_training("warned")
    text = run.finish()  # SLURM warns between one minute and none after the start
    assert f"process {training.pid} received SIGTERM" in text  # the failed attempt's log, as Snakemake shows it
    assert GOES_ON in study.training_log("warned")
    history = study.history("warned", "State", "Timelimit")
    assert history == [["FAILED", "00:03:00"], ["COMPLETED", "00:06:00"]]


def test_a_training_out_of_time_goes_on_with_more_time(study: ClusterStudy) -> None:
    study.write_profile(training_minutes=1, slurm_extra="''")  # the warning would come before the first epoch
    run = study.start(study.member("timed_out"))
    training = study.held_training("timed_out")
    text = run.finish()
    assert f"process {training.pid} received SIGTERM" in text
    assert GOES_ON in study.training_log("timed_out")
    history = study.history("timed_out", "State", "Timelimit", "ReqMem")
    assert history == [["TIMEOUT", "00:01:00", "16000M"], ["COMPLETED", "00:02:00", "32000M"]]


def test_a_preempted_training_writes_its_state_within_the_grace_time(study: ClusterStudy, cluster: Cluster) -> None:
    run = study.start(study.member("preempted"))
    training = study.held_training("preempted")
    both = ["-p", "urgent", "--nodes=2", "--gpus-per-node=1", "--time=1"]
    asked = time.monotonic()
    cluster.call("sbatch", "-A", "lab", *both, "--chdir", str(cluster.folder), "--wrap", "sleep 1")
    wait_until(lambda: ended(training), "the end of the preempted training", GRACE_SECONDS)
    assert time.monotonic() - asked < GRACE_SECONDS
    assert f"process {training.pid} received SIGTERM" in run.finish()
    assert GOES_ON in study.training_log("preempted")


def test_a_training_on_a_lost_node_goes_on_elsewhere(study: ClusterStudy, cluster: Cluster) -> None:
    run = study.start(study.member("node_lost"))
    training = study.held_training("node_lost")
    time.sleep(31)  # a state is due every 30 seconds
    training.send_signal(signal.SIGCONT)
    state = study.results / "state/node_lost.pt"
    wait_until(state.is_file, "a state file")
    training.send_signal(signal.SIGSTOP)
    job = study.job_of("node_lost")
    node = study.node_of(job)
    assert node in GPU_NODES
    cluster.crash_node(node)
    wait_until(lambda: ended(training), "the end of all that ran on the node", 5)
    # SLURM waits two minutes before it starts a requeued job; the test does not.
    now = ["scontrol", "update", f"JobId={job}", "StartTime=now"]
    wait_until(lambda: cluster.call(*now, check=False) is not None, "requeue")
    run.finish()
    cluster.start_node(node)
    assert GOES_ON in study.training_log("node_lost")
    history = study.history("node_lost", "JobIDRaw", "State", "NodeList")
    assert [row[:2] for row in history] == [[job, "NODE_FAIL"], [job, "COMPLETED"]]
    assert [row[2] for row in history] == [node, *(set(GPU_NODES) - {node})]


def test_a_restarted_controller_loses_nothing(study: ClusterStudy, cluster: Cluster) -> None:
    run = study.start(study.member("controller_restarted"))
    training = study.held_training("controller_restarted")
    cluster.stop_controller()
    training.send_signal(signal.SIGCONT)
    time.sleep(20)  # the training ends and Snakemake asks in vain meanwhile
    assert run.process.poll() is None
    cluster.start_controller()
    run.finish()
    assert [state for (state,) in study.history("controller_restarted", "State")] == ["COMPLETED"]


def test_a_killed_snakemake_is_started_again_after_its_orphans_were_cancelled(
    study: ClusterStudy, cluster: Cluster
) -> None:
    run = study.start(study.member("orphaned"))
    training = study.held_training("orphaned")
    run.process.kill()
    run.process.wait()
    refused = study.start(study.member("orphaned"))
    assert refused.process.wait(60) != 0
    assert "LockException" in refused.text()
    orphans = [
        line.split()[0]
        for line in (cluster.call("squeue", "-h", "-o", "%i %j") or "").splitlines()
        if line.split()[1].startswith("heterodox_")
    ]
    assert orphans == [study.job_of("orphaned")]
    cluster.call("scancel", *orphans)
    wait_until(lambda: ended(training), "the end of the orphan")
    assert "received SIGTERM" in study.training_log("orphaned")
    study.snakemake("--unlock")
    study.start(study.member("orphaned")).finish()
    assert GOES_ON in study.training_log("orphaned")


def test_afterwards_all_tables_are_those_of_an_undisturbed_run(
    study: ClusterStudy, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert {path.stem for path in (study.results / "members").glob("*.safetensors")} == set(FAULTS)
    study.start("tables").finish()
    assert not list((study.results / "state").glob("*.pt"))
    undisturbed = Checkout(tmp_path_factory.mktemp("undisturbed") / "checkout")
    shutil.copy2(study.folder / "config.yaml", undisturbed.folder / "config.yaml")
    undisturbed.snakemake("tables", "--quiet", "progress")
    tables = sorted(path.name for path in (study.results / "tables").glob("*.csv"))
    assert {"members.csv", "ensembles.csv", "trends.csv", "claims.csv"} <= set(tables)
    for name in tables:
        expected = pd.read_csv(undisturbed.folder / "results/faults/tables" / name)
        pd.testing.assert_frame_equal(pd.read_csv(study.results / "tables" / name), expected, check_exact=True)
    for member in FAULTS:
        weights = f"results/faults/members/{member}.safetensors"
        assert (study.folder / weights).read_bytes() == (undisturbed.folder / weights).read_bytes()
