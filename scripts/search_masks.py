"""Search pruning masks for accuracy, size and out-of-distribution detection at once; one run."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from heterodox import command
from heterodox.searches.archive import Archive, history_table
from heterodox.searches.evaluators import Evaluator, Together, evaluator_of, fixed_threads
from heterodox.searches.nsga2 import Budget, nsga2, random_search
from heterodox.searches.pruning import OBJECTIVES, MaskEvaluation, Masks, search_features
from heterodox.storage.provenance import fingerprint
from heterodox.storage.tables import write_table
from heterodox.training.recipe import HeadRecipe

KINDS = {"nsga2": nsga2, "random": random_search}


def search_masks(
    spec: dict, train: Path, validation: Path, ood_validation: Path, evaluator: dict, history: Path, state: Path
) -> None:
    """Write every evaluated mask with its objectives; the archive in `state` lets a killed search go on.

    evaluator: kind, workers and gpus of who trains one head at a time, which decide no number; of no use where the spec
    says that a generation's heads are trained `together`.
    """
    config, named = spec["config"], spec["wildcards"]
    recipe = HeadRecipe.from_config(config["head"], "pruning.head")
    evaluation = MaskEvaluation(
        *(train, validation, ood_validation, recipe, config["seed"], int(named["run"]), named["scope"]),
        **config["detection"],
    )
    features = search_features(train, validation, ood_validation)
    problem = Masks(named["scope"], features.feature_count, recipe.hidden)
    budget = Budget(seed=config["seed"], run=int(named["run"]), **config["budget"])
    with (
        _evaluator(evaluation, config["together"], config["threads"], evaluator) as evaluating,
        Archive(state, fingerprint(spec, [train, validation, ood_validation]), OBJECTIVES) as archive,
    ):
        records = KINDS[named["kind"]](problem, evaluating, archive, budget)
        table = history_table(records, OBJECTIVES).drop(columns=["key", "reused"])
        for place, name in enumerate(("scope", "kind", "run")):
            table.insert(place, name, named[name])
        write_table(table, history)
        archive.remove()


@contextmanager
def _evaluator(evaluation: MaskEvaluation, together: bool, threads: int, options: dict) -> Iterator[Evaluator]:
    if not together:
        with evaluator_of(options["kind"], evaluation, options["workers"], threads, options["gpus"]) as one_at_a_time:
            yield one_at_a_time
        return
    with fixed_threads(threads):
        yield Together(evaluation.together)


if __name__ == "__main__":
    command.run(search_masks)
