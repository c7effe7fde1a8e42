"""The whole cell study on a handful of cells, job by job in this process, and what can be wrong in its section."""

import contextlib
import runpy
import shlex
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from heterodox.searches.cells import CONNECTED_ENCODINGS, CONNECTED_FUNCTIONS
from heterodox.storage.dumps import DumpFile
from heterodox.storage.inspections import read_inspection
from heterodox.storage.members import read_description
from heterodox.tables import cell_searches
from tests.workflow.conftest import ROOT, Checkout
from tests.workflow.test_rules import study_of
from workflow import cell_study, configuration

SMOKE = ROOT / "tests/smoke/cells.yaml"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the results of the smoke study, every job run as Snakemake would call it, but in this process."""
    checkout = Checkout(tmp_path_factory.mktemp("cells") / "checkout")
    jobs = [job for job in study_of("cells", str(SMOKE), checkout.folder)["jobs"] if job["shell"]]
    with contextlib.chdir(checkout.folder):
        while jobs:
            ready = [job for job in jobs if all(Path(file).exists() for file in job["inputs"])]
            assert ready, [job["rule"] for job in jobs]
            for job in ready:
                run(job)
                missing = [file for file in job["outputs"] if not Path(file).is_file()]
                assert not missing, (job["rule"], missing)
            jobs = [job for job in jobs if job not in ready]
    return checkout.folder / "results/smoke_cells"


def run(job: dict[str, Any]) -> None:
    words = shlex.split(job["command"].rpartition(" > ")[0])
    assert words[0] == "python"
    before = sys.argv
    sys.argv = words[1:]
    try:
        runpy.run_path(words[1], run_name="__main__")
    finally:
        sys.argv = before


def table(folder: Path, name: str) -> pd.DataFrame:
    return pd.read_csv(folder / f"tables/{name}.csv")


def test_every_search_has_its_budget_and_table_1_tells_it(folder: Path) -> None:
    found = table(folder, "cell_searches").set_index("search")
    assert list(found.index) == list(cell_searches.SEARCHES)
    assert found["evaluations"].drop("multi_regulariser").tolist() == [4, 8, 8, 8]
    assert found.loc["multi_regulariser", "evaluations"] == found.loc["multi", "front"]
    assert found["generations"].fillna(0).tolist() == [0, 2, 2, 0, 0]
    assert (found["recipe"] == "smoke").all()


def test_the_front_trained_with_the_regulariser_is_that_of_the_search(folder: Path) -> None:
    history = {name: pd.read_csv(folder / f"cells/searches/{name}.csv") for name in ("multi", "multi_regulariser")}
    front = cell_searches.front_of(history["multi"])
    assert set(front["genome"]) == set(history["multi_regulariser"]["genome"])
    joined = front.merge(history["multi_regulariser"], on="genome", suffixes=("", "_regularised"))
    assert (joined["introspectability"] != joined["introspectability_regularised"]).all()


def test_all_searches_begin_with_the_same_cells(folder: Path) -> None:
    first = [
        pd.read_csv(folder / f"cells/searches/{name}.csv")["genome"].head(4).tolist()
        for name in ("multi", "single", "random", "regulariser")
    ]
    assert all(genomes == first[0] for genomes in first)


def test_cells_of_the_front_are_members_that_repeat_their_evaluation(folder: Path) -> None:
    history = pd.read_csv(folder / "cells/searches/multi.csv").set_index("genome")
    for place in (1, 2, 3):
        described = read_description(folder / f"members/cell_{place:02d}.safetensors")
        evaluated = history.loc[described["genome"]]
        assert described["member"] == f"cell_{place:02d}"
        assert described["accuracy"] == evaluated["accuracy"]
        assert described["objective"] == pytest.approx(evaluated["introspectability"], rel=1e-12)
        with DumpFile(folder / f"dumps/cell_{place:02d}/lines-1.6.h5") as dump:
            assert len(dump) == 200


def test_inspections_agree_with_dumps_and_descriptions(folder: Path) -> None:
    one = read_inspection(folder / "cells/inspections/cell_02.h5")
    described = read_description(folder / "members/cell_02.safetensors")
    assert one.introspectability == described["objective"]
    pairs = one.pair_distances[[row for row in range(10) for _ in range(row)], [c for r in range(10) for c in range(r)]]
    assert pairs.mean() == pytest.approx(described["objective"], rel=1e-6)
    with DumpFile(folder / "dumps/cell_02/clean.h5") as dump:
        assert (dump.logits().argmax(1) == one.predictions).mean() > 0.99  # both in float32, in batches of other sizes
    assert one.blocks == (
        "stem", "stack 1 cell 1", "reduction 1", "stack 2 cell 1", "reduction 2", "stack 3 cell 1", "output"
    ) or set(one.blocks) <= {
        "stem", "stack 1 cell 1", "reduction 1", "stack 2 cell 1", "reduction 2", "stack 3 cell 1", "output"
    }  # fmt: skip


def test_repair_names_the_closest_pair_and_has_a_row_per_trial(folder: Path) -> None:
    rows = table(folder, "cell_repair")
    assert len(rows) == 2
    one = read_inspection(folder / f"cells/inspections/{rows['member'].iloc[0]}.h5")
    low, high = (one.classes.index(rows[name].iloc[0]) for name in ("first", "second"))
    assert one.pair_distances[low, high] == min(
        one.pair_distances[i, j] for i in range(10) for j in range(10) if i != j
    )
    assert rows["distance_before"].iloc[0] == pytest.approx(one.pair_distances[low, high])
    assert rows["distance_after"].nunique() == 2


def test_wide_cells_and_recipes(folder: Path) -> None:
    history = pd.read_csv(folder / "cells/searches/multi.csv")
    wide = read_description(folder / "cells/wide.safetensors")
    assert wide["genome"] == history.loc[history["accuracy"].idxmax(), "genome"]
    assert wide["model"].endswith("cells=1 width=8")
    own = table(folder, "wide_cell").iloc[-1]
    assert own["error"] == pytest.approx(1 - wide["test_accuracy"])
    recipes = pd.read_csv(folder / "cells/recipes.csv")
    assert recipes.groupby("recipe")["genome"].nunique().to_dict() == {"longer": 4, "search": 4}
    random = pd.read_csv(folder / "cells/searches/random.csv").set_index("genome")
    searched = recipes[recipes["recipe"] == "search"].set_index("genome")
    assert (searched["accuracy"] == random["accuracy"].reindex(searched.index)).all()


def test_every_claim_has_a_verdict(folder: Path) -> None:
    claims = table(folder, "cell_claims")
    assert len(claims) == 29
    assert claims["id"].is_unique
    assert set(claims["verdict"]) <= {"agrees", "differs", "undecided", "not measured"}
    # Four and eight cells decide little: no interval may pretend otherwise.
    of_cells = claims["quantity"].str.contains("over the front") & (claims["n"] < 5)
    assert of_cells.any()
    assert (claims.loc[of_cells & ~claims["id"].str.startswith("common"), "verdict"] == "undecided").all()


def test_nothing_is_left_in_the_state_folder(folder: Path) -> None:
    assert [path for path in (folder / "state").rglob("*") if path.is_file()] == []


def section(**changes: Any) -> dict[str, Any]:
    config = yaml.safe_load(SMOKE.read_text(encoding="utf-8"))
    for key, value in changes.items():
        where = config["cells"]
        *path, last = key.split("__")
        for step in path:
            where = where.setdefault(step, {})
        where[last] = value
    return config


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"search__population": 9}, "config: cells.search: 8 evaluations do not fill a population of 9"),
        ({"search__evaluations": 6000}, "config: cells.search.evaluations: 6000 are more than the 5043 cells"),
        ({"regulariser__evaluations": 6000}, "config: cells.regulariser.evaluations: 6000 are more than"),
        (
            {"recipe_comparison__candidates": 6000, "search__duplicates": "encoding"},
            "config: cells.recipe_comparison.candidates: 6000 are more than the 5043 cells",
        ),
        ({"members__count": 9}, "config: cells.members.count: only 8 cells are evaluated"),
        ({"members__k": 4}, "config: cells.members: 3 cells cannot form ensembles of k = 4"),
        ({"evaluator__gpus": 0.5}, "config: cells.evaluator.gpus: only kind ray"),
        ({"evaluator__kind": "dask"}, "config: cells.evaluator.kind"),
        ({"recipe__epoch": 3}, "config: cells.recipe: unknown key 'epoch'"),
        ({"wide__factor": 0}, "config: cells.wide.factor"),
        ({"introspectability__layers": ["linear"]}, "config: cells.introspectability.layers.0"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_fault_is_one_line(changes: dict[str, Any], words: str) -> None:
    faults = configuration.complete(section(**changes))
    assert len(faults) == 1
    assert faults[0].startswith(words)


def test_the_pool_of_cells_keeps_its_name() -> None:
    config = section()
    config["members"] = {"cell_01": {"arch": "vgg", "recipe": "a"}, "b": {"arch": "vgg", "recipe": "a"}}
    config["recipes"] = {"a": {}}
    config["pools"] = {"cells": {"members": ["cell_01", "b"], "k": 2}}
    faults = configuration.complete(config)
    assert any("pools.cells: this name is taken" in fault for fault in faults)
    assert any("members.cell_01: this name belongs to" in fault for fault in faults)


def test_the_space_is_as_large_as_the_library_says() -> None:
    assert cell_study.SPACE == {"canonical": CONNECTED_FUNCTIONS, "encoding": CONNECTED_ENCODINGS}


def jobs_with(path: Path, **changes: Any) -> dict[str, dict[str, Any]]:
    path.write_text(yaml.safe_dump(section(**changes)), encoding="utf-8")
    return {" ".join([job["rule"], *job["outputs"]]): job for job in study_of("cells", str(path))["jobs"]}


def test_who_evaluates_starts_nothing_anew(tmp_path: Path) -> None:
    found = [
        jobs_with(tmp_path / "study.yaml", evaluator=evaluator)
        for evaluator in ({"kind": "serial"}, {"kind": "ray", "workers": 3})
    ]
    assert found[0].keys() == found[1].keys()
    assert all(job["recorded"] == found[1][name]["recorded"] for name, job in found[0].items())
    search = "search_cells results/smoke_cells/cells/searches/multi.csv"
    assert any(text.startswith('{"code"') for text in found[0][search]["recorded"])
    assert found[0][search]["command"].startswith("python scripts/search_cells.py")
    assert found[1][search]["command"].startswith("python scripts/on_ray.py -- python scripts/search_cells.py")


def test_a_search_runs_again_for_its_own_settings_alone(tmp_path: Path) -> None:
    found = [
        {
            job["wildcards"]["search"]: job["recorded"]
            for job in jobs_with(tmp_path / "study.yaml", **changes).values()
            if job["rule"] == "search_cells"
        }
        for changes in ({}, {"regulariser__evaluations": 5}, {"search__evaluations": 9}, {"regulariser__weight": 0.4})
    ]
    changed = [{name for name, recorded in jobs.items() if recorded != found[0][name]} for jobs in found[1:]]
    assert changed == [{"regulariser"}, {"multi", "single", "random"}, {"regulariser", "multi_regulariser"}]


def test_fewer_members_are_chosen_and_trained_anew(tmp_path: Path) -> None:
    specs = []
    for count in (4, 3):
        jobs = jobs_with(tmp_path / "study.yaml", members__count=count)
        specs += [job["recorded"][0] for job in jobs.values() if job["rule"] == "train_cells"]
    assert specs[0] != specs[1]
    assert all(spec.startswith('{"code"') for spec in specs)
