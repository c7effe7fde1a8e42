"""Score averages of one, two, ... all members of a set against the masks."""

from pathlib import Path

from heterodox import command
from heterodox.ensembles.localisation import Scoring, score_sizes
from heterodox.storage.annotations import AnnotatedFile
from heterodox.storage.explanations import MapFile
from heterodox.storage.tables import write_table


def score_ensemble_sizes(spec: dict, maps: Path, images: Path, scores: Path) -> None:
    """Write the mean IoU by the number of averaged members, over `subsets` random orders of them."""
    config = spec["config"]
    with MapFile(maps) as members, AnnotatedFile(images) as pictures:
        task, scoring = config["task"], Scoring(**config["scoring"])
        table = score_sizes(members, pictures, task, task["presence"], scoring, config["subsets"])
    table.insert(0, "member_set", spec["wildcards"]["member_set"])
    table.insert(1, "method", spec["wildcards"]["method"])
    write_table(table, scores)


if __name__ == "__main__":
    command.run(score_ensemble_sizes)
