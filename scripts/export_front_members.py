"""Hand masks of the front over as ordinary members: backbone and pruned head in one network."""

from pathlib import Path

import numpy as np

from heterodox import command
from heterodox.networks.backbones import exported, exported_model, load_backbone
from heterodox.networks.loading import parameter_count
from heterodox.searches.mask_names import named_mask
from heterodox.searches.pruning import search_features
from heterodox.storage.features import check_backbone, read_features
from heterodox.storage.members import read_description, write_member
from heterodox.storage.provenance import versions
from heterodox.storage.tables import read_table
from heterodox.training.front_heads import HeadStudy, front_heads
from heterodox.training.recipe import HeadRecipe


def export_front_members(
    spec: dict, backbone: Path, train: Path, validation: Path, ood_validation: Path, front: Path, weights: list[Path]
) -> None:
    """Train the named masks of the front again and write each as a member, `weights` in the order of their names."""
    config = spec["config"]
    features = search_features(train, validation, ood_validation)
    network, identity = load_backbone(backbone)
    check_backbone(features.train, identity, str(backbone))
    described = read_description(backbone)
    recipe = HeadRecipe.from_config(config["head"], "pruning.head")
    # Nothing is measured on test images here; the validation images stand in their places.
    study = HeadStudy(
        features,
        *(read_features(path, features.train) for path in (validation, ood_validation)),
        *(recipe, config["seed"], config["scope"]),
        **config["detection"],
    )
    table = read_table(front, ["member", "run", "genome"])
    table = table[table["member"].notna()].sort_values("member")
    masks, runs = np.array([named_mask(name) for name in table["genome"]]), table["run"].tolist()
    for path, member, run, mask, trained in zip(
        weights, table["member"], runs, masks, front_heads(study, masks, runs), strict=True
    ):
        whole = exported(network, trained.head)
        row = study.row("front", run, mask, trained)
        entry = {key: described[key] for key in ("classes", "mean", "std", "resolution", "channels")}
        entry |= {"member": member, "arch": "pruned_head", "model": exported_model(identity, trained.head)}
        entry |= {"parameters": parameter_count(whole.network), "dataset": config["dataset"], "seed": config["seed"]}
        entry |= {"run": run, "active_share": row["active_share"], "epochs": trained.epochs}
        entry |= {"validation_accuracy": row["accuracy"], "validation_auroc": row["auroc"]}
        entry |= {"versions": versions("heterodox", "timm", "torch")}
        write_member(path, whole.network.state_dict(), entry)


if __name__ == "__main__":
    command.run(export_front_members)
