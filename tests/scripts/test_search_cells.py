"""A cell search as a program: goes on after SIGKILL, and finds the same with processes and with Ray."""

import json
import signal
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from heterodox.storage.tables import read_table
from tests.programs import run_here, started

ROOT = Path(__file__).resolve().parent.parent.parent
SPEC = {
    "wildcards": {"search": "multi"},
    "code": "test",
    "config": {
        "dataset": "tiny",
        "seed": 1,
        "space": {"cells_per_stack": 1, "width": 2},
        "recipe": {"epochs": 1, "batch_size": 20, "threads": 1},
        "images": {"train": 40, "validation": 40},
        "introspectability": {
            "layers": ["convolutions", "activations"],
            "classes": "true",
            "wordnet": False,
            "wordnet_folder": "none",
            "wordnet_synsets": "none",
        },
        "search": {"population": 4, "evaluations": 10, "duplicates": "canonical"},
        "regularisation": 0.0,
    },
}
# What the clock says of one training is no result.
TIMINGS = ["seconds", "processor_seconds", "images_per_second"]


def values(folder: Path, name: str, kind: str, workers: int = 1, spec: dict[str, Any] = SPEC) -> dict[str, Any]:
    data = ROOT / "resources/fashion_mnist_small"
    return {
        "spec": spec,
        "train": data / "train.h5",
        "validation": data / "validation.h5",
        "front": [],
        "evaluator": {"kind": kind, "workers": workers, "gpus": 0},
        "history": folder / f"{name}.csv",
        "state": folder / f"{name}.jsonl",
    }


def as_options(options: dict[str, Any]) -> dict[str, Any]:
    return options | {"evaluator": json.dumps(options["evaluator"])}


def found(folder: Path, name: str) -> pd.DataFrame:
    return read_table(folder / f"{name}.csv").drop(columns=TIMINGS)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    folder = tmp_path_factory.mktemp("serial")
    run_here("search_cells", values(folder, "serial", "serial"))
    assert not (folder / "serial.jsonl").exists()
    return found(folder, "serial")


@pytest.mark.parametrize(("kind", "workers"), [("serial", 1), ("processes", 2)])
def test_a_killed_search_goes_on_and_ends_with_the_same_history(
    whole: pd.DataFrame, tmp_path: Path, kind: str, workers: int
) -> None:
    """Two workers end in any order, so a kill may leave a later cell in the archive without the one before it."""
    options = values(tmp_path, "killed", kind, workers)
    process = started("search_cells", as_options(options), tmp_path / "log")
    # Killed in its second generation.
    while not options["state"].exists() or options["state"].read_text().count("\n") < 7:
        assert process.poll() is None, (tmp_path / "log").read_text()
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not options["history"].exists()
    run_here("search_cells", options)
    pd.testing.assert_frame_equal(found(tmp_path, "killed"), whole)


def test_ray_finds_what_this_process_finds(whole: pd.DataFrame, tmp_path: Path) -> None:
    process = started("search_cells", as_options(values(tmp_path, "ray", "ray", workers=2)), tmp_path / "log")
    assert process.wait(timeout=300) == 0, (tmp_path / "log").read_text()
    pd.testing.assert_frame_equal(found(tmp_path, "ray"), whole)


def test_a_class_without_synset_ends_before_anything_is_trained(tmp_path: Path) -> None:
    measured = SPEC["config"]["introspectability"] | {"wordnet": True, "wordnet_synsets": str(tmp_path)}
    (tmp_path / "map.csv").write_text("class,synset\nTrouser,trouser.n.01\n")
    spec = SPEC | {"config": SPEC["config"] | {"introspectability": measured}}
    process = started("search_cells", as_options(values(tmp_path, "a", "serial", spec=spec)), tmp_path / "log")
    assert process.wait(timeout=120) == 1
    lines = (tmp_path / "log").read_text().splitlines()
    assert lines == [line for line in lines if line.startswith("error: ") and "has a synset for class" in line]
    assert not (tmp_path / "a.jsonl").exists()


def test_missing_wordnet_is_one_line_that_says_how_to_get_it(tmp_path: Path) -> None:
    measured = SPEC["config"]["introspectability"] | {"wordnet": True, "wordnet_folder": str(tmp_path)}
    measured |= {"wordnet_synsets": str(ROOT / "resources/synsets")}
    spec = SPEC | {"config": SPEC["config"] | {"introspectability": measured}}
    process = started("search_cells", as_options(values(tmp_path, "a", "serial", spec=spec)), tmp_path / "log")
    assert process.wait(timeout=120) == 1
    (line,) = (tmp_path / "log").read_text().splitlines()
    assert line.startswith("error: ")
    assert "wordnet-base" in line
