"""Score averages of one, two, ... all members of a set against the masks."""

from pathlib import Path

import pandas as pd

from heterodox import command
from heterodox.ensembles.localisation import Scoring, score_sizes
from heterodox.storage.annotations import AnnotatedFile
from heterodox.storage.explanations import MapFile
from heterodox.storage.tables import write_table


def score_ensemble_sizes(spec: dict, maps: list[Path], images: Path, scores: Path) -> None:
    """Write the mean IoU by the number of averaged members, over `subsets` random orders; a file of maps per method."""
    config, tables = spec["config"], []
    with AnnotatedFile(images) as pictures:
        for path in maps:
            with MapFile(path) as members:
                task, scoring = config["task"], Scoring(**config["scoring"])
                tables.append(score_sizes(members, pictures, task, task["presence"], scoring, config["subsets"]))
            tables[-1].insert(0, "member_set", spec["wildcards"]["member_set"])
            tables[-1].insert(1, "method", path.stem)
    write_table(pd.concat(tables, ignore_index=True), scores)


if __name__ == "__main__":
    command.run(score_ensemble_sizes)
