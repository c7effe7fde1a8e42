"""The sizing table: jobs, bytes and hours of a small study, worked out by hand, and what it refuses."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from heterodox.networks.loading import build
from tests.workflow.conftest import Checkout
from workflow import sizing

STUDY = {
    "dataset": "sized",
    "data": {"source": "image_folder", "folder": "nowhere", "resize": 120, "crop": 100, "validation": 20_000},
    "corruptions": {"lines": [1.6]},
    "recipes": {"short": {"epochs": 1}},
    "members": {name: {"arch": "resnet", "recipe": "short"} for name in ("first", "second")},
    "pools": {"both": {"members": ["first", "second"], "k": 2}},
}
PROFILE = {
    "executor": "slurm",
    "jobs": 2,
    "default-resources": {"runtime": "30 * attempt", "mem_mb": "2000 * attempt"},
    "set-resources": {"train_member": {"gpu": 1, "runtime": "90 * attempt", "mem_mb": "12500 * attempt"}},
}
SAID = ["--train", "1000000", "--images", "100000", "--classes", "10"]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Return a checkout with a study of image folders that are not there, and a profile."""
    made = Checkout(tmp_path_factory.mktemp("sizing") / "checkout")
    (made.folder / "config.yaml").write_text(yaml.safe_dump(STUDY, sort_keys=False), encoding="utf-8")
    (made.folder / "cluster").mkdir()
    (made.folder / "cluster/config.yaml").write_text(yaml.safe_dump(PROFILE), encoding="utf-8")
    return made


def size(checkout: Checkout, *arguments: str, profile: str = "cluster") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "workflow/sizing.py", "--profile", profile, *arguments]
    return subprocess.run(command, cwd=checkout.folder, capture_output=True, text=True, check=False)


def test_the_table_is_what_one_works_out_by_hand(checkout: Checkout) -> None:
    done = size(checkout, *SAID)
    assert done.returncode == 0, done.stderr
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in done.stdout.splitlines() if line[:1] == "|"]
    found = {cells[0].strip("`*"): cells[1:] for cells in rows}
    # An image takes 100 * 100 * 3 bytes and 16 for label and index; 1,100,000 images in all.
    assert found["prepare_data"] == ["1", "33.02", "CPU", "2", "30", "0.5"]
    # The same for 100,000 test images, and four numbers of 8 bytes that lines draw for each.
    assert found["corrupt_images"] == ["1", "3.00", "CPU", "2", "30", "0.5"]
    # Ten logits of 4 bytes, label and index, a map of 30,000 values of 2 bytes and its scale: 60,060 bytes an image.
    assert found["dump_member"] == ["4", "24.02", "GPU", "2", "30", "2.0"]  # the rule itself wants a GPU
    assert found["train_member"] == ["2", "< 0.01", "GPU", "12.5", "90", "3.0"]
    assert found["score_ensembles"] == ["2", "-", "CPU", "2", "30", "1.0"]
    jobs = sum(int(cells[0]) for cells in found.values() if cells[0].isdecimal())
    assert found["all"][:2] == [f"**{jobs}**", "**60.05**"]
    assert list(found)[2:6] == ["prepare_data", "corrupt_images", "train_member", "dump_member"]
    assert "980,000 train, 100,000 test, 20,000 validation" in done.stdout
    assert "at most 5.0 GPU hours" in done.stdout


def test_weights_are_counted_as_the_network_holds_them(checkout: Checkout) -> None:
    jobs = sizing.jobs_of(checkout.snakemake("-n", "-p", "--profile", "cluster").stdout)
    training = next(job for job in jobs if job.rule == "train_member")
    tensors = build("resnet", (3, 100, 100), 10).state_dict().values()
    bytes_of_values = 4 * sum(tensor.numel() for tensor in tensors)
    found = sizing.Sizes(jobs, sizing.Counts(1000_000, 100_000, 10)).of(training)
    assert bytes_of_values < found < 1.02 * bytes_of_values


@pytest.mark.parametrize(
    ("arguments", "profile", "said"),
    [
        ([], "cluster", "nowhere: there is no such folder"),
        ([], "cluster", "--train, --images and --classes"),
        (["--images", "100000", "--classes", "10"], "cluster", "give --train, --images and --classes together"),
        (SAID, "nowhere", "nowhere: there is no profile here"),
        ([*SAID, "--configfile", "faulty.yaml"], "cluster", "config: members.first.recipe: 'long' is not in recipes"),
        (["--images", "0"], "cluster", "'0' is no number of at least 1"),
        ([*SAID, "--configfile", "default.yaml"], "cluster", "are for image folders"),
    ],
)
def test_what_cannot_be_sized_is_one_line(checkout: Checkout, arguments: list[str], profile: str, said: str) -> None:
    faulty = STUDY | {"members": {name: {"arch": "resnet", "recipe": "long"} for name in ("first", "second")}}
    (checkout.folder / "faulty.yaml").write_text(yaml.safe_dump(faulty), encoding="utf-8")
    default = STUDY | {"data": {"source": "embedded", "name": "fashion_mnist_small"}}
    (checkout.folder / "default.yaml").write_text(yaml.safe_dump(default), encoding="utf-8")
    done = size(checkout, *arguments, profile=profile)
    assert done.returncode != 0
    assert done.stdout == ""
    lines = [line for line in done.stderr.splitlines() if "error:" in line]
    assert len(lines) == 1, done.stderr
    assert said in lines[0]
    assert "Traceback" not in done.stderr


def test_the_shipped_profile_sizes_the_default_study() -> None:
    root = Path(__file__).resolve().parent.parent.parent
    done = subprocess.run([sys.executable, "workflow/sizing.py"], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    dumps = next(line for line in done.stdout.splitlines() if "`dump_member`" in line)
    assert dumps.startswith("| `dump_member` | 70 | ")
    assert "| GPU |" in dumps
