"""A mask over channels is worth what its cut backbone is, with features extracted and a head trained from scratch."""

from pathlib import Path

import numpy as np
import pytest
import torch

from heterodox.networks import loading
from heterodox.networks.backbones import load_backbone
from heterodox.networks.channel_masks import without_channels
from heterodox.networks.feature_extraction import extract
from heterodox.searches.channel_pruning import ChannelEvaluation, ChannelMasks
from heterodox.searches.mask_names import named_mask
from heterodox.storage.features import read_features
from heterodox.storage.images import ImageFile, write_images
from heterodox.storage.members import write_member
from heterodox.storage.tables import read_table
from heterodox.streams import stream
from heterodox.training.populations import SearchFeatures, evaluate_masks
from heterodox.training.pruning_baselines import whole_mask
from heterodox.training.recipe import HeadRecipe
from tests.programs import run_here

SIZES = {"train": 40, "validation": 20, "ood_validation": 16}
RECIPE = HeadRecipe(hidden=6, learning_rate=0.05, batch_size=10, epochs=3)


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("channels")
    network = loading.build("resnet", (1, 12, 12), 2, seed=1)
    described = {"arch": "resnet", "model": "small", "classes": ["a", "b"], "mean": [0.4], "std": [0.3]}
    write_member(
        folder / "backbone.safetensors", network.state_dict(), described | {"resolution": [12, 12], "channels": 1}
    )
    backbone, identity = load_backbone(folder / "backbone.safetensors")
    for place, (part, count) in enumerate(SIZES.items()):
        images = stream(place, "images").integers(0, 256, (count, 12, 12, 1), dtype=np.uint8)
        labels = np.arange(count) % 2
        images[labels == 1, :6] //= 2
        with write_images(folder / f"{part}.h5", (12, 12, 1), labels, 50 + np.arange(count), ["a", "b"]) as writer:
            writer.append(images)
        rows = np.array([3, 1, 20, 39, 7, 8, 10, 12, 14, 15, 17, 30]) if part == "train" else None
        with ImageFile(folder / f"{part}.h5") as file:
            extract(backbone, identity, file, folder / f"{part}.features.h5", rows)
    return folder


def evaluation_of(folder: Path) -> ChannelEvaluation:
    files = [tuple(folder / f"{part}{ending}" for part in SIZES) for ending in (".features.h5", ".h5")]
    return ChannelEvaluation(folder / "backbone.safetensors", *files, RECIPE, 1, 2, "odin", 1000.0)


def test_an_evaluation_is_that_of_a_study_of_the_cut_backbone(study, tmp_path):
    backbone, identity = load_backbone(study / "backbone.safetensors")
    problem = ChannelMasks(backbone.network)
    genome = problem.repair(problem.sample(stream(1, "test"), 1)[0], stream(2, "test"))
    assert 0 < genome.sum() < 32
    backbone.network = without_channels(backbone.network, genome, "here")
    parts = []
    for part in SIZES:
        before = read_features(study / f"{part}.features.h5")
        with ImageFile(study / f"{part}.h5") as file:
            rows = np.array([list(file.index).index(one) for one in before.index])
            extract(backbone, identity, file, tmp_path / f"{part}.h5", rows, batch_size=7)
        parts.append(read_features(tmp_path / f"{part}.h5"))
        assert np.abs(parts[-1].values - before.values).max() > 1e-3
    mask = whole_mask("features", parts[0].values.shape[1], RECIPE.hidden)
    expected = evaluate_masks(SearchFeatures(*parts), mask, RECIPE, 1, 2)
    found = evaluation_of(study)(genome)
    assert found.objectives[0] == pytest.approx(1 - expected.accuracy[0], abs=1e-9)
    assert found.objectives[1] == genome.mean()
    assert found.objectives[2] == pytest.approx(1 - expected.auroc[0], abs=0.02)
    assert evaluation_of(study).together([genome, genome]) == [found, found]


def test_all_channels_are_the_study_itself(study):
    features = SearchFeatures(*(read_features(study / f"{part}.features.h5") for part in SIZES))
    mask = whole_mask("features", features.feature_count, RECIPE.hidden)
    expected = evaluate_masks(features, mask, RECIPE, 1, 2)
    found = evaluation_of(study)(np.ones(32, bool))
    np.testing.assert_allclose(found.objectives, expected.objectives[0], atol=1e-6)


def test_every_layer_keeps_a_channel():
    network = loading.build("resnet", (1, 12, 12), 2, seed=1)
    problem = ChannelMasks(network)
    assert problem.genes == 32
    draws = stream(3, "test")
    for genome in (np.zeros(32, bool), np.arange(32) < 16, np.arange(32) == 20):
        repaired = problem.repair(genome, draws)
        assert repaired[:16].any()
        assert repaired[16:].any()
        assert (repaired >= genome).all()
        without_channels(network, repaired, "here").eval()(torch.rand(1, 1, 12, 12))


def test_a_search_evaluates_its_budget_and_goes_on_after_an_interruption(study, tmp_path, monkeypatch):
    config = {"seed": 1, "head": vars(RECIPE), "detection": {"score": "odin", "temperature": 1000.0}}
    config["budget"] = {"population": 3, "offspring": 3, "evaluations": 5}
    values = {
        "spec": {"wildcards": {"run": "2"}, "config": config, "code": "0"},
        "backbone": study / "backbone.safetensors",
        "features": [study / f"{part}.features.h5" for part in SIZES],
        "images": [study / f"{part}.h5" for part in SIZES],
    }
    run_here("search_channels", {**values, "history": tmp_path / "whole.csv", "state": tmp_path / "whole.jsonl"})
    table = read_table(
        tmp_path / "whole.csv", ["scope", "kind", "run", "genome", "error", "active_share", "auroc_loss"]
    )
    assert table["genome"].nunique() == len(table) == 5
    assert set(table["scope"]) == {"channels"}
    shares = [named_mask(name).mean() for name in table["genome"]]
    np.testing.assert_allclose(table["active_share"], shares)

    evaluate, done = ChannelEvaluation.__call__, []

    def interrupted(self, genome):
        if len(done) == 4:
            raise KeyboardInterrupt
        done.append(genome)
        return evaluate(self, genome)

    monkeypatch.setattr(ChannelEvaluation, "__call__", interrupted)
    paths = {"history": tmp_path / "again.csv", "state": tmp_path / "again.jsonl"}
    with pytest.raises(KeyboardInterrupt):
        run_here("search_channels", values | paths)
    assert not (tmp_path / "again.csv").exists()

    def counted(self, genome):
        done.append(genome)
        return evaluate(self, genome)

    monkeypatch.setattr(ChannelEvaluation, "__call__", counted)
    run_here("search_channels", values | paths)
    assert len(done) == 5
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "whole.csv").read_bytes()
    assert not (tmp_path / "again.jsonl").exists()
