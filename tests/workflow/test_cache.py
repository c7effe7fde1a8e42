"""One cache for several checkouts: what is made once is made for all, at the same time and after a kill too."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import h5py
import pytest
import yaml

from tests.workflow.conftest import Checkout

TABLES = ["results/tiny/tables/members.csv"]
SPLITS = ("train", "validation", "test")
# What train_member and prepare_data write; their logs tell who ran them.
TRAINED = [f"results/tiny/members/{name}" for name in ("resnet.safetensors", "squeezenet.safetensors")]
STUDY = {
    "dataset": "tiny",
    "seed": 1,
    "data": {
        "source": "embedded",
        "name": "fashion_mnist_small",
        "most": {"train": 60, "validation": 20, "test": 40},
    },
    "corruptions": {},
    "recipes": {"short": {"epochs": 1, "batch_size": 30}},
    "members": {name: {"arch": name, "recipe": "short"} for name in ("resnet", "squeezenet")},
    "pools": {"both": {"members": ["resnet", "squeezenet"], "k": 2}},
}
# Lets both checkouts prepare the data before either may store them.
BARRIER = """
    import os, time
    from pathlib import Path

    Path(os.environ["BARRIER"], str(os.getpid())).touch()
    while len(os.listdir(os.environ["BARRIER"])) < 2:
        time.sleep(0.05)
"""
# Snakemake, ended by SIGKILL after it moved as many files as the first argument says on their way into the cache.
KILLED_WHILE_STORING = """
import os, shutil, signal, sys
import snakemake.caching.local
from snakemake.cli import main

left = int(sys.argv.pop(1))

class Moves:
    def __getattr__(self, name):
        return getattr(shutil, name)

    def move(self, *arguments, **options):
        global left
        shutil.move(*arguments, **options)
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

snakemake.caching.local.shutil = Moves()
main(sys.argv[1:])
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with an empty cache and a repository of a tiny study that waits for a second checkout."""
    made = tmp_path_factory.mktemp("shared")
    (made / "cache").mkdir()
    (made / "barrier").mkdir()
    origin = Checkout(made / "origin")
    origin.edit("scripts/prepare_data.py", "    command.run(prepare_data)", f"{BARRIER}    command.run(prepare_data)")
    (origin.folder / "config.yaml").write_text(yaml.safe_dump(STUDY, sort_keys=False), encoding="utf-8")
    identity = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
    for words in (["init", "--quiet"], ["add", "."], [*identity, "commit", "--quiet", "--message", "A tiny study"]):
        subprocess.run(["git", *words], cwd=origin.folder, check=True)
    return made


def clone(folder: Path, name: str) -> Checkout:
    subprocess.run(["git", "clone", "--quiet", "origin", name], cwd=folder, check=True)
    checkout = Checkout.__new__(Checkout)
    checkout.folder = folder / name
    return checkout


@pytest.fixture(scope="module", autouse=True)
def cache(folder: Path) -> Path:
    """Return the cache that every Snakemake of this file shares."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SNAKEMAKE_OUTPUT_CACHE", str(folder / "cache"))
        patch.setenv("OMP_NUM_THREADS", "1")
        patch.setenv("BARRIER", str(folder / "barrier"))
        yield folder / "cache"


@pytest.fixture(scope="module")
def pair(folder: Path, cache: Path) -> list[tuple[Checkout, int, str]]:
    """Return two checkouts that ran the study at the same time, with Snakemake's exit code and output."""
    checkouts = [clone(folder, name) for name in ("left", "right")]
    running = []
    for checkout in checkouts:
        command = [sys.executable, "-m", "snakemake", *TABLES, "--cores", "1"]
        running.append(
            subprocess.Popen(command, cwd=checkout.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        )
    said = [process.communicate(timeout=300)[0] for process in running]
    return [
        (checkout, process.returncode, text) for checkout, process, text in zip(checkouts, running, said, strict=True)
    ]


def read(checkout: Checkout, files: list[str]) -> list[bytes]:
    return [(checkout.folder / file).read_bytes() for file in files]


def who_trained(checkout: Checkout) -> list[bool]:
    """Return for each member whether this checkout trained it; Snakemake leaves the log of a cached job empty."""
    logs = [f"results/tiny/logs/train_member/{Path(file).stem}.log" for file in TRAINED]
    return [b"epoch" in text for text in read(checkout, logs)]


def test_two_checkouts_at_once_damage_nothing(pair: list[tuple[Checkout, int, str]], cache: Path) -> None:
    for _, code, text in pair:
        assert code == 0, text
        assert "Moving output file results/tiny/data/train.h5 to cache" in text  # both stored the same entry
    left, right = (checkout for checkout, _, _ in pair)
    assert all(any(each) for each in zip(who_trained(left), who_trained(right), strict=True))
    assert read(left, TABLES + TRAINED) == read(right, TABLES + TRAINED)
    for checkout in (left, right):
        assert all((checkout.folder / file).resolve().parent == cache for file in TRAINED)
        assert "Nothing to be done" in checkout.snakemake(*TABLES).stderr
    # 3 splits, 2 weights and 2 descriptions, 2 dumps; no temporary folder is left and every HDF5 file is whole.
    assert len(list(cache.iterdir())) == 9
    for file in cache.glob("*.h5"):
        with h5py.File(file) as content:
            assert len(content["labels"][:]) == len(content["index"][:]) > 0


def test_a_later_checkout_trains_nothing(pair: list[tuple[Checkout, int, str]], folder: Path, cache: Path) -> None:
    later = clone(folder, "later")
    entries = {file: file.stat().st_mtime_ns for file in cache.iterdir()}
    later.snakemake(*TABLES)
    assert who_trained(later) == [False, False]
    assert read(later, TABLES + TRAINED) == read(pair[0][0], TABLES + TRAINED)
    assert {file: file.stat().st_mtime_ns for file in cache.iterdir()} == entries


def test_a_kill_while_storing_leaves_no_half_entry(
    pair: list[tuple[Checkout, int, str]], folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of three files is in the cache, the second on its way: this checkout and another one finish all the same."""
    cache = tmp_path
    monkeypatch.setenv("SNAKEMAKE_OUTPUT_CACHE", str(cache))
    files = [f"results/tiny/data/{split}.h5" for split in SPLITS]
    killed, other = clone(folder, "killed"), clone(folder, "other")
    command = [sys.executable, "-c", KILLED_WHILE_STORING, "3", *files, "--cores", "1"]
    done = subprocess.run(command, cwd=killed.folder, env=os.environ, capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(list(cache.glob("*.h5"))) == 1
    other.snakemake(*files)
    killed.snakemake("--unlock")
    killed.snakemake(*files)
    made = read(pair[0][0], files)
    assert read(other, files) == read(killed, files) == made
    assert sorted(file.read_bytes() for file in cache.glob("*.h5")) == sorted(made)
    assert [file.name[:3] for file in cache.iterdir() if file.is_dir()] == ["tmp"]  # the only trace of the kill
