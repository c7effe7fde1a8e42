"""Draw how alike the layers of the members of several teams are."""

from pathlib import Path

import pandas as pd

from heterodox import command
from heterodox.figures import similarity_maps, style
from heterodox.figures.teams import COLUMNS, teams_of
from heterodox.storage.tables import read_table
from heterodox.tables import similarities as pairs


def draw_similarity_maps(spec: dict, similarities: list[Path], scores: list[Path], figure: Path) -> None:
    """Draw the spec's `teams`, each a title and its members, from the tables of their pairs."""
    config = spec["config"]
    measured = [read_table(path, pairs.COLUMNS) for path in similarities]
    teams = teams_of(config["teams"], [read_table(path, COLUMNS) for path in scores], config["shift"])
    style.save(similarity_maps.draw(pd.concat(measured, ignore_index=True), teams), figure)


if __name__ == "__main__":
    command.run(draw_similarity_maps)
