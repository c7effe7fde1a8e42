"""The pruning study's first stages as the rules call them, on few and small images."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import average_precision_score, roc_auc_score

from heterodox.errors import UserError
from heterodox.metrics.detection import odin
from heterodox.networks import loading
from heterodox.networks.backbones import exported, load_backbone
from heterodox.storage.arrays import read_arrays, write_arrays
from heterodox.storage.features import FeatureFile, read_features, write_features
from heterodox.storage.images import ImageFile, write_images
from heterodox.storage.tables import read_table, write_table
from heterodox.training.populations import train_heads
from heterodox.training.pruning_baselines import whole_mask
from heterodox.training.recipe import HeadRecipe
from tests.programs import run_here

CLASSES = ["cat", "dog", "car", "bus"]
HEAD = {"hidden": 8, "learning_rate": 0.05, "batch_size": 16, "epochs": 4, "patience": 2}
PARTS = ["train", "validation", "test", "ood_validation", "ood_test"]


def write(path: Path, count: int, seed: int) -> Path:
    draw, labels = np.random.default_rng(seed), np.arange(count) % 4
    images = draw.integers(0, 120, (count, 28, 28, 1))
    for row, label in enumerate(labels):
        images[row, 7 * label : 7 * label + 7] += 130
    with write_images(path, (28, 28, 1), labels, 1000 * seed + np.arange(count), CLASSES) as writer:
        writer.append(images.astype(np.uint8))
    return path


def spec(config: dict[str, Any], **wildcards: str) -> dict[str, Any]:
    return {"wildcards": wildcards, "config": {"dataset": "toy", "seed": 1, **config}, "code": "0"}


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    """Run all stages but the last, each once."""
    folder = tmp_path_factory.mktemp("study")
    sizes = {"train": 160, "validation": 60, "test": 60}
    sources = {part: write(folder / f"{part}.h5", count, place) for place, (part, count) in enumerate(sizes.items(), 1)}
    config = {"held_out": ["bus"], "ood": {"digits": {"source": "digits"}}}
    config |= {"ood_images": {"validation": 10, "test": 12}, "data": {"resize": None, "crop": None}}
    targets = {part: folder / "data" / f"{part}.h5" for part in PARTS}
    outputs = {(part if part.startswith("ood") else f"known_{part}"): path for part, path in targets.items()}
    run_here("prepare_pruning_data", {"spec": spec(config), **sources, **outputs})
    member = {"arch": "vgg", "model": "small", "pretrained": False}
    run_here(
        "train_pruning_backbone",
        {
            "spec": spec({"member": member, "recipe": {"epochs": 1, "batch_size": 30}}, member="backbone"),
            "train": targets["train"],
            "validation": targets["validation"],
            "backbone": folder / "backbone.safetensors",
            "state": folder / "state.pt",
        },
    )
    for part, images in targets.items():
        run_here(
            "extract_features",
            {
                "spec": spec({"most": 90 if part == "train" else None}, part=part),
                "backbone": folder / "backbone.safetensors",
                "images": images,
                "features": folder / "features" / f"{part}.h5",
                "state": folder / "state" / f"{part}.h5",
            },
        )
    return folder


def ablation(study: Path, table: Path, **changes: Path) -> None:
    settings = {"runs": 2, "head": HEAD, "temperature": 1000.0, "temperatures": [1, 1000], "epsilons": [0.0, 0.01]}
    paths = {part: changes.get(part, study / "features" / f"{part}.h5") for part in PARTS}
    run_here(
        "ablate_detection",
        {
            "spec": spec(settings),
            "backbone": changes.get("backbone", study / "backbone.safetensors"),
            "train": paths["train"],
            "known": [paths["validation"], paths["test"]],
            "ood": [paths["ood_validation"], paths["ood_test"]],
            "images": [study / "data" / f"{part}.h5" for part in PARTS[1:]],
            "table": table,
        },
    )


def test_heads_learn_from_some_images_of_every_class_and_nothing_held_out(study):
    with ImageFile(study / "data" / "train.h5") as images, FeatureFile(study / "features" / "train.h5") as features:
        assert images.classes == features.classes == CLASSES[:3]
        assert np.bincount(features.labels).tolist() == [30] * 3
        of_image = dict(zip(images.index.tolist(), images.labels.tolist(), strict=True))
        assert [of_image[one] for one in features.index.tolist()] == features.labels.tolist()
    assert not list((study / "state").iterdir())


def test_the_ablation_is_what_the_whole_network_says_of_the_images(study, tmp_path):
    ablation(study, tmp_path / "table.csv")
    table = read_table(tmp_path / "table.csv")
    train, validation = (read_features(study / "features" / f"{part}.h5") for part in PARTS[:2])
    recipe = HeadRecipe.from_config(HEAD)
    mask = whole_mask("features", train.values.shape[1], recipe.hidden)
    (head,) = train_heads(train, validation, mask, recipe, seed=1, run=2)
    network = exported(load_backbone(study / "backbone.safetensors")[0], head.head)
    scores, labels = [], []
    for part, inside in (("test", 1), ("ood_test", 0)):
        with ImageFile(study / "data" / f"{part}.h5") as file, torch.no_grad():
            scores.append(odin(network(torch.from_numpy(file.images()).permute(0, 3, 1, 2) / 255).numpy()))
        labels.append(np.full(len(scores[-1]), inside))
    values, truth = np.concatenate(scores), np.concatenate(labels)
    row = table[(table["run"] == 2) & (table["part"] == "test") & (table["temperature"] == 1000)].iloc[0]
    assert (row["ood"], row["epsilon"], row["images"]) == ("all", 0, 24)
    assert row["auroc"] == pytest.approx(roc_auc_score(truth, values), abs=1e-3)
    assert row["aupr"] == pytest.approx(average_precision_score(truth, values), abs=1e-3)
    # Per run and part: ODIN at two temperatures, three other scores, one perturbation, each for all and for two sets.
    assert len(table) == 2 * 2 * 6 * 3
    assert table.groupby("ood").size().to_dict() == {"all": 24, "digits": 24, "held_out": 24}


def test_features_of_another_backbone_are_one_line(study, tmp_path):
    found = read_features(study / "features" / "ood_test.h5")
    other = replace(found.backbone, digest="0" * 32)
    with write_features(tmp_path / "ood_test.h5", found.labels, found.index, list(found.classes), other) as writer:
        writer.append(found.values)
    with pytest.raises(UserError, match=r"ood_test.h5: features of another backbone \(vgg small, .*run again$"):
        ablation(study, tmp_path / "table.csv", ood_test=tmp_path / "ood_test.h5")
    assert not (tmp_path / "table.csv").exists()


def test_other_scopes_are_shown_for_as_many_evaluations_as_channels_had(study, tmp_path):
    values = {"error": [0.5, 0.3, 0.4], "active_share": [0.5, 0.6, 0.2], "auroc_loss": [0.2, 0.1, 0.3]}
    history = pd.DataFrame({"scope": "channels", "run": 2, "generation": 0, "order": range(3), **values})
    curve = {"scope": "units", "kind": ["nsga2"] * 5 + ["random"] * 5, "run": 1}
    curve |= {"evaluations": [*range(1, 6)] * 2, "hypervolume": np.linspace(0.1, 0.3, 10)}
    write_table(history, tmp_path / "history.csv")
    write_table(pd.DataFrame(curve), tmp_path / "curves.csv")
    paths = {"histories": [tmp_path / "history.csv"], "curves": tmp_path / "curves.csv"}
    paths |= {"train": study / "features" / "train.h5", "table": tmp_path / "table.csv"}
    run_here("score_channels", {"spec": spec({}), **paths})
    table = read_table(tmp_path / "table.csv")
    assert table["scope"].tolist() == ["units"] * 3 + ["channels"] * 3
    # Of three classes, chance errs in two thirds: the first mask's box, then what the second adds to it.
    first = (2 / 3 - 0.5) * 0.5 * 0.3
    second = (2 / 3 - 0.3) * 0.4 * 0.4 - (2 / 3 - 0.5) * 0.4 * 0.3
    assert table["hypervolume"].tolist()[3:5] == pytest.approx([first, first + second])


def test_a_backbone_made_elsewhere_brings_its_own_classes_and_preprocessing(tmp_path):
    network = loading.build("resnet", (3, 32, 32), 11, "resnet10t", seed=4)
    headless = {name: tensor for name, tensor in network.state_dict().items() if not name.startswith("fc.")}
    state = headless | {name: torch.zeros(3, *shape) for name, shape in (("fc.weight", (512,)), ("fc.bias", ()))}
    torch.save(state, tmp_path / "theirs.pt")
    with write_images(tmp_path / "validation.h5", (32, 32, 3), np.arange(6) % 3, np.arange(6), ["a", "b", "c"]) as file:
        file.append(np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), dtype=np.uint8))
    member = {"arch": "resnet", "model": "resnet10t", "pretrained": str(tmp_path / "theirs.pt")}
    paths = {"validation": tmp_path / "validation.h5", "backbone": tmp_path / "backbone.safetensors"}
    run_here("fetch_pruning_backbone", {"spec": spec({"member": member}, member="backbone"), **paths})
    backbone, identity = load_backbone(tmp_path / "backbone.safetensors")
    assert (identity.arch, identity.model) == ("resnet", "resnet10t")
    size = network.pretrained_cfg["input_size"][-1]
    assert backbone.resolution == (size, size)
    assert backbone.mean.flatten().tolist() == pytest.approx(network.pretrained_cfg["mean"])
    pixels = torch.rand(2, 3, size, size)
    with torch.no_grad():
        expected = loading.features(network.eval(), backbone.normalised(pixels))
        torch.testing.assert_close(backbone(pixels), expected, rtol=1e-4, atol=1e-5)


def explained(study: Path, folder: Path, kind: str) -> pd.DataFrame:
    """Return the table of maps where the top genes are of this kind, and check that the maps can be read."""
    write_table(pd.DataFrame({"gene": range(4), "kind": kind, "top": [True, False, True, True]}), folder / "genes.csv")
    parts = {part: study / "features" / f"{part}.h5" for part in ("train", "validation", "ood_validation")}
    written = {"maps": folder / "maps.safetensors", "table": folder / "table.csv"}
    shown = {"images": study / "data" / "test.h5", "genes": folder / "genes.csv"}
    config = spec({"head": HEAD, "images": 2, "measured": 6})
    paths = {"backbone": study / "backbone.safetensors"} | parts | shown | written
    run_here("explain_front_heads", {"spec": config, **paths})
    return read_table(folder / "table.csv", ["index", "label", "top", "random_01", "random_20"])


def test_maps_of_the_top_features_have_twenty_random_controls(study, tmp_path):
    table = explained(study, tmp_path, "feature")
    maps = read_arrays(tmp_path / "maps.safetensors", "all", "top", "random", "images")
    assert len(table) == 6
    assert maps["images"].shape[0] == 2
    for name, column in (("top", "top"), ("random", "random_01")):
        for row in range(2):
            first, second = maps["all"][row].ravel(), maps[name][row].ravel()
            if first.std() == 0 or second.std() == 0:
                assert np.isnan(table[column][row])
            else:
                assert table[column][row] == pytest.approx(np.corrcoef(first, second)[0, 1], abs=1e-4)
    controls = table.filter(like="random_")
    assert controls.shape[1] == 20
    assert len(controls.T.drop_duplicates()) > 10  # sets of their own, not one again and again


def test_genes_that_are_units_have_no_maps(study, tmp_path):
    assert explained(study, tmp_path, "unit").empty
    assert read_arrays(tmp_path / "maps.safetensors", "images")["images"].size == 0


def test_ensembles_are_of_the_merged_front_and_gains_of_every_runs_own(tmp_path: Path) -> None:
    """Two heads are dominated by another run's; windows over the others are those of a study without them."""
    generator = np.random.default_rng(3)
    ranks = np.array([0, 1, 0, 0, 1, 0])
    heads = pd.DataFrame({"kind": "front", "run": [1, 1, 1, 2, 2, 2], "place": range(6), "rank": ranks})
    heads = heads.assign(accuracy=np.linspace(0.5, 0.9, 6), auroc=np.linspace(0.9, 0.5, 6))
    arrays = {"known": generator.normal(size=(6, 30, 3)), "unknown": generator.normal(size=(6, 20, 3))}
    arrays |= {f"unpruned_{name}": values[:2] for name, values in list(arrays.items())}
    arrays |= {"labels": generator.integers(0, 3, 30), "index": np.arange(30)}
    job = spec(
        {
            "windows": [[0, 70], [40, 100]],
            "detection": {"score": "odin", "temperature": 1000.0},
            "recipe": "full",
            "replicates": 50,
        }
    )
    found = {}
    for name, kept in (("all", np.arange(6)), ("merged", np.flatnonzero(ranks == 0))):
        folder = tmp_path / name
        write_table(heads.iloc[kept], folder / "heads.csv")
        own = {key: arrays[key][kept] for key in ("known", "unknown")}
        write_arrays(folder / "logits.safetensors", arrays | own)
        files = {"heads": folder / "heads.csv", "logits": folder / "logits.safetensors"}
        targets = {"ensembles": folder / "ensembles.csv", "gains": folder / "gains.csv"}
        run_here("score_front_ensembles", {"spec": job, **files, **targets})
        found[name] = {key: pd.read_csv(path) for key, path in targets.items()}
    pd.testing.assert_frame_equal(found["all"]["ensembles"], found["merged"]["ensembles"])
    assert found["all"]["ensembles"]["members"].max() == 3
    assert found["all"]["gains"].set_index(["measure", "run"])["place"].to_dict()[("accuracy", 1)] == 2
