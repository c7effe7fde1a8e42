"""One set of versions: the lock, the conda environment, what is installed, and what the library says it needs."""

import re
import tomllib
from importlib.metadata import version
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
PINS = dict(re.findall(r"^([A-Za-z0-9_.-]+)==(\S+)$", (ROOT / "envs/requirements.txt").read_text(), re.MULTILINE))


def test_every_line_of_the_lock_is_a_pin() -> None:
    lines = [line for line in (ROOT / "envs/requirements.txt").read_text().splitlines() if line and line[0] != "#"]
    assert len(lines) == len(PINS)


def test_conda_and_lock_name_the_same_versions() -> None:
    environment = yaml.safe_load((ROOT / "envs/heterodox.yaml").read_text())
    conda = dict(line.split("==") for line in environment["dependencies"][-1]["pip"])
    assert {name: PINS[name] for name in conda} == conda
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert set(project["dependencies"]) <= set(conda)


def test_what_runs_here_is_what_is_pinned() -> None:
    for name in ("torch", "timm", "captum", "snakemake", "numpy", "h5py", "pandas", "matplotlib"):
        assert version(name).partition("+")[0] == PINS[name]
