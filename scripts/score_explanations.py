"""Score every map of a member set against what people marked."""

from pathlib import Path

import pandas as pd

from heterodox import command
from heterodox.ensembles.localisation import Scoring, score
from heterodox.storage.annotations import AnnotatedFile
from heterodox.storage.explanations import MapFile
from heterodox.storage.tables import write_table


def score_explanations(spec: dict, maps: list[Path], images: Path, scores: Path) -> None:
    """Score members' maps, their averages, the controls and the baselines; one file of maps for each method."""
    config, tables = spec["config"], []
    with AnnotatedFile(images) as pictures:
        for path in maps:
            with MapFile(path) as file:
                task, scoring = config["task"], Scoring(**config["scoring"])
                tables.append(score(file, pictures, task, task["presence"], scoring))
            tables[-1].insert(0, "member_set", spec["wildcards"]["member_set"])
            tables[-1].insert(1, "method", path.stem)
    write_table(pd.concat(tables, ignore_index=True), scores)


if __name__ == "__main__":
    command.run(score_explanations)
