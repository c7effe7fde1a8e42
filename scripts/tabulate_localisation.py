"""Sum up the scores of explanations, and put them into the paper's tables."""

from pathlib import Path

import pandas as pd

from heterodox import command
from heterodox.storage.atomic import write_text
from heterodox.storage.tables import read_table, write_table
from heterodox.tables import pages
from heterodox.tables.explanation_paper import TABLES, paper_table, sets_of
from heterodox.tables.localisation import compared_sets, summaries

NOTE = (
    "Ind-Avg is the mean of single members' scores, Ens-Avg the score of the kind of map under 'explained': 'mean' is "
    "the average of the members' maps, 'draws' the control, the first member with other random draws through the same "
    "steps; Ind-Avg of that row is the first member's own score. 'centre' is a bell in the middle of the image, "
    "'random' noise. Stars: paired t-test over images, ** p < 0.01, **** p < 0.0001. Intervals are bootstrapped over "
    "images. Of all cases those are 'not_counted', on either side, in which a single member or the map beside it has "
    "no score. 'massless' are maps of single members without a centre of mass: the image's centre stands for it. "
    "'empty_masks' are masks of the parts asked for that mark nothing on the images explained; of several parts in "
    "question, those are no cases."
)


def tabulate_localisation(spec: dict, scores: list[Path], table: Path, page: Path, folder: Path) -> None:
    """Write the summaries of all scores, and each table of the paper that the config's `tables` names into `folder`."""
    config = spec["config"]
    every = pd.concat([read_table(path) for path in scores], ignore_index=True)
    how = {"seed": config["seed"], "replicates": config["replicates"]}
    found = summaries(every, **how)
    write_table(found, table)
    write_text(page, pages.page(found, "Explanations against what people mark", NOTE))
    for name, member_sets in sets_of(config["tables"]).items():
        _write(name, paper_table(name, found, member_sets, config["average"]), folder)
    if config["tables"]["table_7"].get("single"):
        others = {name: entry for name, entry in config["tables"]["table_7"].items() if name != "single" and entry}
        single = config["tables"]["table_7"]["single"]
        seven = compared_sets(every, single, others, **how, average=config["average"])
        _write("table_7", paper_table("table_7", seven, [single]), folder)


def _write(name: str, found: pd.DataFrame, folder: Path) -> None:
    write_table(found, folder / f"{name}.csv")
    title = f"{name.replace('_', ' ').capitalize()}: {TABLES[name].title}"
    write_text(folder / f"{name}.html", pages.page(found, title, NOTE))


if __name__ == "__main__":
    command.run(tabulate_localisation)
