"""Sum up how alike members' layers are, by team, pair and depth."""

from itertools import combinations
from pathlib import Path

import pandas as pd

from heterodox import command
from heterodox.storage.atomic import write_text
from heterodox.storage.tables import read_table, write_table
from heterodox.tables import pages
from heterodox.tables.similarities import COLUMNS, similarity_by_depth

NOTE = "Mean CKA over the layers of two members in the first, middle and last third of their depth; 1 = alike."


def tabulate_similarity(spec: dict, similarities: list[Path], table: Path, page: Path) -> None:
    """Write similarity.csv and its page: the pairs of the spec's `teams`, each a title and its members, by depth."""
    pairs = [(team["title"], *pair) for team in spec["config"]["teams"] for pair in combinations(team["members"], 2)]
    measured = pd.concat([read_table(path, COLUMNS) for path in similarities], ignore_index=True)
    result = pd.DataFrame(pairs, columns=["team", "first", "second"]).merge(similarity_by_depth(measured))
    write_table(result, table)
    write_text(page, pages.page(result, "Similarity of layers", NOTE))


if __name__ == "__main__":
    command.run(tabulate_similarity)
