"""Search masks over channels of the backbone's early blocks; one run."""

from pathlib import Path

from heterodox import command
from heterodox.networks.backbones import load_backbone
from heterodox.searches.archive import Archive, history_table
from heterodox.searches.channel_pruning import ChannelEvaluation, ChannelMasks
from heterodox.searches.evaluators import Serial
from heterodox.searches.nsga2 import Budget, nsga2
from heterodox.searches.pruning import OBJECTIVES
from heterodox.storage.members import description_path
from heterodox.storage.provenance import fingerprint
from heterodox.storage.tables import write_table
from heterodox.training.recipe import HeadRecipe


def search_channels(
    spec: dict, backbone: Path, features: list[Path], images: list[Path], history: Path, state: Path
) -> None:
    """Write every evaluated mask with its objectives; the archive in `state` lets a killed search go on.

    `features` and `images` are those of the training, validation and OoD validation set.
    """
    config, run = spec["config"], int(spec["wildcards"]["run"])
    recipe = HeadRecipe.from_config(config["head"], "pruning.head")
    evaluation = ChannelEvaluation(
        *(backbone, tuple(features), tuple(images), recipe, config["seed"], run), **config["detection"]
    )
    problem = ChannelMasks(load_backbone(backbone)[0].network)
    budget = Budget(seed=config["seed"], run=run, **config["budget"])
    owner = fingerprint(spec, [backbone, description_path(backbone), *features, *images])
    with Archive(state, owner, OBJECTIVES) as archive:
        table = history_table(nsga2(problem, Serial(evaluation), archive, budget), OBJECTIVES)
        table = table.drop(columns=["key", "reused"])
        for place, (name, value) in enumerate({"scope": "channels", "kind": "nsga2", "run": run}.items()):
            table.insert(place, name, value)
        write_table(table, history)
        archive.remove()


if __name__ == "__main__":
    command.run(search_channels)
