"""Show where the most frequent features of the front look, beside the unpruned network."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch

from heterodox import command
from heterodox.explain.pruned_features import feature_grad_cam
from heterodox.metrics.map_correlation import map_correlation
from heterodox.networks.backbones import load_backbone
from heterodox.networks.loading import available_device
from heterodox.searches.pruning import search_features
from heterodox.storage.arrays import write_arrays
from heterodox.storage.features import check_backbone
from heterodox.storage.images import ImageFile
from heterodox.storage.tables import read_table, write_table
from heterodox.streams import stream
from heterodox.training.images import pixels
from heterodox.training.populations import train_heads
from heterodox.training.pruning_baselines import whole_mask
from heterodox.training.recipe import HeadRecipe

DRAWS = 20  # sets of random features: one alone may agree well or badly by chance


def explain_front_heads(
    spec: dict,
    backbone: Path,
    train: Path,
    validation: Path,
    ood_validation: Path,
    images: Path,
    genes: Path,
    maps: Path,
    table: Path,
) -> None:
    """Write Grad-CAM maps of the unpruned network on test images: by all features, by the front's top ones, by chance.

    The last are as many features drawn at random, 20 times: what any part of the features would show. The table has the
    correlation of the top ones' map with that of all, `top`, and of each random set's, `random_01` and so on, missing
    where a map is constant; the maps are those of the first random set. Both are empty where genes are no features.
    """
    config, device = spec["config"], available_device()
    frequent = read_table(genes, ["gene", "kind", "top"])
    top = frequent[(frequent["kind"] == "feature") & frequent["top"]]["gene"].tolist()
    if not top:
        write_table(pd.DataFrame(columns=["index", "label", "top", *control_names()]), table)
        write_arrays(maps, {name: np.zeros(0, np.float32) for name in ("images", "labels", "all", "top", "random")})
        return
    features = search_features(train, validation, ood_validation)
    member, identity = load_backbone(backbone, device)
    check_backbone(features.train, identity, str(backbone))
    recipe = HeadRecipe.from_config(config["head"], "pruning.head")
    mask = whole_mask("features", features.feature_count, recipe.hidden)
    (unpruned,) = train_heads(features.train, features.validation, mask, recipe, config["seed"])
    head = unpruned.head.module().to(device)
    with ImageFile(images) as file:
        chosen = one_per_class(file.labels, config["measured"], config["seed"])
        shown, labels = file.at(chosen), file.labels[chosen]
        index = file.index[chosen]
    seen = pixels(torch.from_numpy(shown).to(device))
    drawn = dict(zip(control_names(), control_features(features.feature_count, len(top), config["seed"]), strict=True))
    found = {
        name: feature_grad_cam(member, head, seen, which).float().cpu().numpy()
        for name, which in {"all": None, "top": top, **drawn}.items()
    }
    agreement = {name: map_correlation(found["all"], found[name]) for name in ("top", *drawn)}
    write_table(pd.DataFrame({"index": index, "label": labels, **agreement}), table)
    first = {"images": shown, "labels": labels, "all": found["all"], "top": found["top"]}
    first["random"] = found[next(iter(drawn))]
    write_arrays(maps, {name: values[: config["images"]] for name, values in first.items()})


def control_names() -> list[str]:
    """Return what columns of random sets of features are called."""
    return [f"random_{draw:02d}" for draw in range(1, DRAWS + 1)]


def control_features(features: int, count: int, seed: int) -> list[list[int]]:
    """Return random sets of `count` features, each drawn by its own number."""
    draws = range(1, DRAWS + 1)
    return [stream(seed, "control features", draw).choice(features, count, replace=False).tolist() for draw in draws]


def one_per_class(labels: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Return rows of `count` images, one of every class first, then any."""
    order = stream(seed, "shown images").permutation(len(labels))
    _, first = np.unique(labels[order], return_index=True)
    rest = np.setdiff1d(np.arange(len(order)), first)
    return order[np.concatenate([first, rest])[:count]]


if __name__ == "__main__":
    command.run(explain_front_heads)
