"""What a user can get wrong in a profile ends with the reason in one line, and nothing half-written."""

import pytest

from tests.slurm.cluster import Cluster
from tests.slurm.conftest import ClusterStudy
from tests.slurm.test_faults import STUDY


@pytest.fixture(scope="module")
def study(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> ClusterStudy:
    """Return a study whose images are prepared."""
    made = ClusterStudy(tmp_path_factory.mktemp("bad") / "checkout", cluster, STUDY)
    made.snakemake("results/faults/data/train.h5", "--quiet", "progress")
    return made


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"gpu_partition": "nowhere"}, "invalid partition specified: nowhere"),
        ({"gpu_partition": "cpu"}, "Requested node configuration is not available"),
        ({"account": "nobody"}, "The given account nobody appears to be invalid. Available accounts:"),
        ({"training_minutes": 100000}, "Requested time limit is invalid"),
    ],
    ids=["unknown partition", "no GPU there", "account refused", "more time than the partition gives"],
)
def test_the_reason_is_given(study: ClusterStudy, variables: dict, reason: str) -> None:
    study.write_profile(**variables)
    before = sorted(path for path in study.results.rglob("*") if path.suffix != ".log")
    run = study.start("--retries", "0", study.member("cancelled"))
    assert run.process.wait(120) != 0
    assert [line for line in run.text().splitlines() if reason in line], run.text()
    assert sorted(path for path in study.results.rglob("*") if path.is_file() and path.suffix != ".log") == [
        path for path in before if path.is_file()
    ]


def test_an_unknown_profile_is_named(study: ClusterStudy) -> None:
    done = study.snakemake("--profile", "elsewhere", "-n", check=False)
    assert done.returncode != 0
    assert "elsewhere" in done.stderr
