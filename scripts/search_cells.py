"""Search cells for accuracy and introspectability, or train those of a baseline."""

from pathlib import Path

from heterodox import command
from heterodox.searches.archive import Archive
from heterodox.searches.cells import OBJECTIVES, CellProblem, CellTraining, cell_history, run_search
from heterodox.searches.evaluators import evaluator_of
from heterodox.searches.nsga2 import Budget
from heterodox.storage.provenance import fingerprint
from heterodox.storage.tables import read_table, write_table
from heterodox.tables import cell_searches


def search_cells(
    spec: dict, train: Path, validation: Path, front: list[Path], evaluator: dict, history: Path, state: Path
) -> None:
    """Run the search in the spec's wildcard; `front` is the history whose front is trained again, if it is one.

    evaluator: kind, workers and gpus, which decide no number. A killed search goes on from `state`.
    """
    config, search = spec["config"], spec["wildcards"]["search"]
    settings, training = config["search"], CellTraining.from_config(config, train, validation)
    training.check()
    if config["regularisation"]:
        training = training.changed(regularisation=config["regularisation"])
    names = [name for path in front for name in cell_searches.front_of(read_table(path))["genome"]]
    population = settings.get("population", len(names))
    budget = Budget(population, population, settings.get("evaluations", len(names)), config["seed"])
    threads = config["recipe"]["threads"]
    with (
        evaluator_of(evaluator["kind"], training, evaluator["workers"], threads, evaluator["gpus"]) as evaluating,
        Archive(state, fingerprint(spec, [train, validation, *front]), OBJECTIVES) as archive,
    ):
        records = run_search(search, CellProblem(settings["duplicates"]), evaluating, archive, budget, names)
        write_table(cell_history(records), history)
        archive.remove()


if __name__ == "__main__":
    command.run(search_cells)
