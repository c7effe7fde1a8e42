"""Train random cells by the recipe of a search, and longer on more images."""

from pathlib import Path

import pandas as pd

from heterodox import command
from heterodox.searches.archive import Archive
from heterodox.searches.cells import OBJECTIVES, CellProblem, CellTraining, cell_history, run_search
from heterodox.searches.evaluators import evaluator_of
from heterodox.searches.nsga2 import Budget
from heterodox.storage.provenance import fingerprint
from heterodox.storage.tables import write_table


def compare_cell_recipes(spec: dict, train: Path, validation: Path, evaluator: dict, table: Path, state: Path) -> None:
    """Write what both recipes say of the same random cells, one row per cell and recipe (`search` and `longer`).

    `state` is a folder with the history of each, so that a killed job goes on.
    """
    config = spec["config"]
    comparison, searching = config["comparison"], CellTraining.from_config(config, train, validation)
    longer = searching.changed({"train": comparison["train"]}, epochs=comparison["epochs"])
    count, threads = comparison["candidates"], config["recipe"]["threads"]
    parts, archives = [], []
    for recipe, training in (("search", searching), ("longer", longer)):
        with (
            evaluator_of(evaluator["kind"], training, evaluator["workers"], threads, evaluator["gpus"]) as evaluating,
            Archive(state / f"{recipe}.jsonl", fingerprint(spec, [train, validation]), OBJECTIVES) as archive,
        ):
            budget = Budget(count, count, count, config["seed"])
            records = run_search("random", CellProblem(), evaluating, archive, budget)
            parts.append(cell_history(records).assign(recipe=recipe))
            archives.append(archive)
    write_table(pd.concat(parts, ignore_index=True), table)
    for archive in archives:
        archive.remove()


if __name__ == "__main__":
    command.run(compare_cell_recipes)
