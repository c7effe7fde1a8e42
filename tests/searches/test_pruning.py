"""Masks as genomes: how they are drawn, bred, repaired and evaluated, and a search that is killed."""

import signal
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from heterodox.errors import UserError
from heterodox.searches.archive import Archive
from heterodox.searches.evaluators import Serial, Together
from heterodox.searches.fronts import recipe_agreement
from heterodox.searches.mask_names import mask_name, named_mask
from heterodox.searches.nsga2 import Budget, nsga2
from heterodox.searches.pruning import OBJECTIVES, MaskEvaluation, Masks, search_features
from heterodox.streams import stream
from heterodox.training.recipe import HeadRecipe
from tests.programs import run_here, started
from tests.searches.pruning_study import DETECTION, FEATURES, HEAD, write_feature_files

COUNT = 4000


class Space:
    """What pymoo's operators ask of a problem."""

    def __init__(self, genes: int) -> None:
        self.n_var, self.xl, self.xu = genes, np.zeros(genes), np.ones(genes)


def populated(genomes: np.ndarray):
    from pymoo.core.population import Population

    return Population.new("X", genomes)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return write_feature_files(tmp_path_factory.mktemp("features"))


@pytest.fixture(scope="module")
def evaluation(files: dict[str, Path]) -> MaskEvaluation:
    parts = (files[name] for name in ("train", "validation", "ood_validation"))
    return MaskEvaluation(*parts, HeadRecipe.from_config(HEAD), 1, 1, "features", **DETECTION)


@pytest.mark.parametrize(("scope", "genes"), [("features", 50), ("units", 10), ("both", 60)])
def test_a_scope_has_its_genes(scope: str, genes: int) -> None:
    assert Masks(scope, 50, 10).sample(stream(1, "t"), 7).shape == (7, genes)


def test_densities_of_the_first_population_are_uniform() -> None:
    shares = Masks("features", 400, 10).sample(stream(1, "draws"), COUNT).mean(axis=1)
    counts, _ = np.histogram(shares, bins=10, range=(0, 1))
    assert abs(counts - COUNT / 10).max() < 4 * np.sqrt(COUNT / 10)  # four standard deviations of a count
    assert abs(shares.mean() - 0.5) < 0.02


def test_mutation_flips_each_bit_with_one_in_genes() -> None:
    masks = Masks("features", 50, 10)
    before = stream(2, "draws").random((COUNT, 50)) < 0.5
    after = masks.mutation.do(Space(50), populated(before.copy()), random_state=stream(3, "flips")).get("X")
    flips = (before != after).sum(axis=1)
    assert abs(flips.mean() - 1) < 0.06  # Binomial(50, 1/50): mean 1, standard deviation 0.99 / sqrt(4000)
    assert abs((flips == 0).mean() - (49 / 50) ** 50) < 0.03
    by_gene = (before != after).mean(axis=0)
    assert abs(by_gene - 1 / 50).max() < 0.012


def test_crossover_takes_every_pair_and_each_gene_of_either_parent_with_one_half() -> None:
    masks = Masks("features", 50, 10)
    pairs = populated(np.array([np.zeros(50, bool), np.ones(50, bool)]))[[[0, 1]] * (COUNT // 2)]
    children = masks.crossover.do(Space(50), pairs, random_state=stream(4, "swaps")).get("X")
    first, second = np.split(children, 2)
    assert (first ^ second).all()  # what one child has not, the other has
    share = first.mean(axis=1)
    assert abs(share.mean() - 0.5) < 0.01
    assert 0.05 < share.std() < 0.09  # sqrt(0.25 / 50) = 0.071: gene by gene, not in blocks
    assert ((share > 0) & (share < 1)).all()


def test_an_empty_mask_gets_one_gene_each_equally_often() -> None:
    masks = Masks("features", 8, 4)
    empty = np.zeros(8, bool)
    repaired = np.array([masks.repair(empty, stream(place, "repair")) for place in range(1600)])
    assert (repaired.sum(axis=1) == 1).all()
    assert abs(repaired.sum(axis=0) - 200).max() < 4 * np.sqrt(200)
    assert not empty.any()


def test_with_both_kinds_of_genes_each_kind_is_repaired() -> None:
    masks = Masks("both", 8, 4)
    only_units = np.r_[np.zeros(8, bool), np.ones(4, bool)]
    repaired = masks.repair(only_units, stream(1, "repair"))
    assert repaired[:8].sum() == 1
    assert repaired[8:].all()
    whole = np.ones(12, bool)
    assert masks.repair(whole, stream(1, "repair")) is whole


@pytest.mark.parametrize("genes", [1, 7, 8, 9, 130])
def test_names_tell_masks_apart_and_come_back(genes: int) -> None:
    masks = np.unique(stream(1, "names", genes).random((40, genes)) < 0.5, axis=0)
    names = [mask_name(mask) for mask in masks]
    assert len(set(names)) == len(masks)
    for name, mask in zip(names, masks, strict=True):
        np.testing.assert_array_equal(named_mask(name), mask)


def test_a_name_by_hand() -> None:
    assert mask_name(np.array([1, 0, 1, 0, 0, 0, 0, 1, 1], bool)) == "9:a180"


def searched(evaluator, folder: Path) -> list:
    with Archive(folder / "state", "mine", OBJECTIVES) as archive:
        return nsga2(Masks("features", FEATURES, HEAD["hidden"]), evaluator, archive, Budget(6, 6, 18, seed=1, run=1))


def test_the_golden_run(evaluation: MaskEvaluation, tmp_path: Path) -> None:
    """Names and sizes are exact everywhere; accuracies are counts of 60 images and hold unless training changes."""
    history = searched(Together(evaluation.together), tmp_path)
    assert [record.name for record in history[:2]] == ["16:ebdf", "16:2420"]
    assert [record.name for record in history[-2:]] == ["16:c879", "16:2396"]
    wrong = [27, 38, 32, 32, 44, 35, 34, 29, 41, 39, 32, 30, 31, 30, 38, 29, 33, 42]
    assert [round(60 * record.objectives[0]) for record in history] == wrong


def test_masks_one_at_a_time_are_worth_what_they_are_together(evaluation: MaskEvaluation, tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    together = searched(Together(evaluation.together), tmp_path)
    one = searched(Serial(evaluation), tmp_path / "one")
    assert [record.name for record in one] == [record.name for record in together]
    first, second = ([record.objectives for record in history] for history in (one, together))
    np.testing.assert_allclose(first, second, atol=1e-6)


def test_objectives_are_error_share_and_auroc_loss(evaluation: MaskEvaluation) -> None:
    mask = np.arange(FEATURES) < 6
    found = evaluation(mask)
    features = search_features(evaluation.train, evaluation.validation, evaluation.ood_validation)
    from sklearn.metrics import roc_auc_score

    from heterodox.training.populations import train_heads

    (head,) = train_heads(features.train, features.validation, mask[None], evaluation.recipe, 1)
    inside, outside = (head.head.logits(part.values) for part in (features.validation, features.ood_validation))
    assert found.objectives[0] == pytest.approx(1 - (inside.argmax(1) == features.validation.labels).mean())
    assert found.objectives[1] == 6 / FEATURES
    # At T = 1000 ODIN ranks as the largest logit minus the mean of all.
    scores = [(logits.astype(float).max(1) - logits.astype(float).mean(1)) for logits in (inside, outside)]
    truth = np.r_[np.ones(len(scores[0])), np.zeros(len(scores[1]))]
    assert found.objectives[2] == pytest.approx(1 - roc_auc_score(truth, np.concatenate(scores)), abs=2e-3)


def spec(**changes) -> dict:
    budget = {"population": 6, "offspring": 6, "evaluations": 30} | changes.pop("budget", {})
    config = {"seed": 1, "head": HEAD, "detection": DETECTION, "together": True, "threads": 1}
    config |= changes | {"budget": budget}
    wildcards = {"scope": "features", "kind": "nsga2", "run": "1"}
    return {"wildcards": wildcards, "config": config, "code": "0"}


def values(files: dict[str, Path], history: Path, state: Path, **changes) -> dict:
    """Return what the script is called with."""
    parts = {name: files[name] for name in ("train", "validation", "ood_validation")}
    evaluator = {"kind": "serial", "workers": 1, "gpus": 0} | changes.pop("evaluator", {})
    return {"spec": spec(**changes), "evaluator": evaluator, "history": history, "state": state, **parts}


def test_processes_beside_the_job_find_the_same(files: dict[str, Path], tmp_path: Path) -> None:
    budget = {"evaluations": 8}
    for name in ("serial", "processes"):
        changes = {"budget": budget, "together": False, "evaluator": {"kind": name, "workers": 2}}
        run_here("search_masks", values(files, tmp_path / f"{name}.csv", tmp_path / "state", **changes))
    assert (tmp_path / "processes.csv").read_bytes() == (tmp_path / "serial.csv").read_bytes()


def commits(state: Path) -> int:
    return max(0, state.read_bytes().count(b"\n") - 1) if state.exists() else 0


def test_a_killed_search_ends_with_the_same_bytes(files: dict[str, Path], tmp_path: Path) -> None:
    slow = {"head": HEAD | {"epochs": 40, "patience": 40}}  # so that the kill meets it at work
    run_here("search_masks", values(files, tmp_path / "whole.csv", tmp_path / "whole.state", **slow))
    state = tmp_path / "cut.state"
    for wanted in (1, 3):
        process = started("search_masks", values(files, tmp_path / "cut.csv", state, **slow), tmp_path / "log")
        while commits(state) < wanted and process.poll() is None:
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        assert process.wait(60) == -signal.SIGKILL
        assert wanted <= commits(state) < 5
        assert not (tmp_path / "cut.csv").exists()
    run_here("search_masks", values(files, tmp_path / "cut.csv", state, **slow))
    assert (tmp_path / "cut.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()
    assert not state.exists()
    table = pd.read_csv(tmp_path / "whole.csv")
    assert len(table) == table["genome"].nunique() == 30


def test_a_state_of_another_configuration_is_one_line(files: dict[str, Path], tmp_path: Path) -> None:
    state = tmp_path / "run.state"
    Archive(state, "another", OBJECTIVES).__exit__()
    with pytest.raises(UserError, match=r"run\.state: state of a search with another configuration") as caught:
        run_here("search_masks", values(files, tmp_path / "history.csv", state))
    assert "\n" not in str(caught.value)


def test_features_of_another_backbone_are_refused(files: dict[str, Path], tmp_path: Path) -> None:
    other = write_feature_files(tmp_path, digest="another")
    with pytest.raises(UserError, match="another backbone"):
        search_features(files["train"], files["validation"], other["ood_validation"])


def test_the_interval_of_the_recipes_agreement_is_drawn_with_the_studys_seed(
    files: dict[str, Path], tmp_path: Path
) -> None:
    masks = stream(3, "masks").random((12, FEATURES)) < 0.5
    columns = {"genome": [mask_name(mask) for mask in masks], "run": 1, "error": stream(3, "errors").random(12)}
    history = pd.DataFrame({**columns, "active_share": 0.5, "auroc_loss": stream(3, "losses").random(12), "epochs": 2})
    history.to_csv(tmp_path / "history.csv", index=False)
    config = {"seed": 7, "scope": "features", "head": HEAD, "detection": DETECTION}
    config |= {"full_head": HEAD | {"epochs": 2}, "candidates": 12}
    parts = {name: files[name] for name in ("train", "validation", "ood_validation")}
    written = {"masks": tmp_path / "masks.csv", "table": tmp_path / "table.csv"}
    job = {"spec": {"wildcards": {}, "config": config, "code": "0"}, "history": tmp_path / "history.csv"}
    run_here("compare_recipes", job | parts | written)
    found = pd.read_csv(written["masks"])
    full = found[[f"full_{name}" for name in OBJECTIVES]].set_axis(list(OBJECTIVES), axis=1)
    expected, other = (recipe_agreement(history, full, seed) for seed in (7, 0))
    table = pd.read_csv(written["table"])
    pd.testing.assert_frame_equal(table, expected)
    assert not table[["low", "high"]].equals(other[["low", "high"]])
