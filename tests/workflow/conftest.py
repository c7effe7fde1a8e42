"""A copied checkout, and a study in it that Snakemake believes finished, so that dry runs can be asked."""

import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent.parent
PARTS = ["Snakefile", "config.yaml", "configs", "workflow", "envs", "scripts", "src", "resources"]


class Checkout:
    """A copy of the project's files in which a test may change anything."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        for part in PARTS:
            source, target = ROOT / part, folder / part
            if source.is_dir():
                shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(source, target)
        (folder / "profiles").symlink_to("workflow/profiles")

    def snakemake(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run Snakemake in the copy; its library is the copied one."""
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            [sys.executable, "-m", "snakemake", *arguments],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if check and done.returncode:
            raise AssertionError(done.stdout + done.stderr)
        return done

    def planned(self, *arguments: str) -> Counter[str]:
        """Return how many jobs of each rule a dry run plans."""
        done = self.snakemake("--dry-run", *arguments)
        lines = (done.stdout + done.stderr).splitlines()
        if "Job stats:" not in lines:
            assert any(line.startswith("Nothing to be done") for line in lines), done.stdout + done.stderr
            return Counter()
        start = lines.index("Job stats:") + 3  # behind the heading and its underline
        stop = next(row for row in range(start, len(lines)) if lines[row].startswith("total "))
        return Counter({name: int(count) for name, count in (line.split() for line in lines[start:stop])})

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace a text that must stand exactly once in a file of the copy."""
        path = self.folder / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{file}: {old!r} stands there {text.count(old)} times"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def finish(self, *arguments: str) -> None:
        """Make Snakemake believe that every output exists and is up to date."""
        summary = self.snakemake("--summary", *arguments).stdout.splitlines()
        start = next(row for row, line in enumerate(summary) if line.startswith("output_file\t"))
        for line in summary[start + 1 :]:
            output = self.folder / line.split("\t")[0]
            if output.suffix:
                output.parent.mkdir(parents=True, exist_ok=True)
                output.touch()
            else:  # a folder of pictures
                output.mkdir(parents=True, exist_ok=True)
        self.snakemake("--touch", "--forceall", *arguments)  # or jobs with newer outputs stay unrecorded


def make_image_folder(folder: Path, classes: list[str], images: int) -> None:
    for label, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for number in range(images):
            pixels = np.full((300, 280, 3), 20 * label + number, np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number}.png")


def add_made_images(checkout: Checkout) -> None:
    """Put the data and weights into a checkout that configs/imagenet.yaml expects to find, a few images of each."""
    classes = ["n01440764", "n01443537", "n01484850"]
    make_image_folder(checkout.folder / "data/imagenet/train", classes, 4)
    make_image_folder(checkout.folder / "data/imagenet/val", classes, 2)
    make_image_folder(checkout.folder / "data/imagenetv2-matched-frequency-format-val", ["0", "1", "2"], 2)
    weights = checkout.folder / "weights/dino_resnet50.safetensors"
    weights.parent.mkdir()
    weights.touch()


def grown_study(members: int, severities: int) -> dict[str, Any]:
    """Return the default resilience study with so many members, twins of its networks, and severities a corruption."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    networks = [entry["arch"] for entry in config["members"].values() if entry.get("recipe") == "cnn"]
    config["members"] = {
        f"member_{seed}": {"arch": networks[seed % len(networks)], "recipe": "cnn", "seed": seed}
        for seed in range(members)
    }
    config["corruptions"] = {name: [1.0 + level for level in range(severities)] for name in config["corruptions"]}
    config["pools"] = {"first": {"members": list(config["members"])[:14], "k": 3}}
    for section in (
        "figures",
        "teams",
        "sweeps",
        "supernetwork",
        "method_agreement",
        "pruning",
        "cells",
        "explanation_study",
    ):
        del config[section]
    return config


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """Return a fresh copy of the project."""
    return Checkout(tmp_path / "checkout")


@pytest.fixture(scope="session")
def finished_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy whose default study counts as finished; made once."""
    made = Checkout(tmp_path_factory.mktemp("finished") / "checkout")
    made.finish("all")
    return made.folder


@pytest.fixture
def finished(finished_template: Path, tmp_path: Path) -> Checkout:
    """Return a copy of the finished study that the test may change."""
    folder = tmp_path / "checkout"
    shutil.copytree(finished_template, folder, symlinks=True)
    copy = Checkout.__new__(Checkout)
    copy.folder = folder
    return copy
