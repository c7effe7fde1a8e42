"""Tell how far the training of each team went, and what its loss costs."""

from pathlib import Path

import pandas as pd

from heterodox import command
from heterodox.storage.members import read_description
from heterodox.storage.tables import write_table
from heterodox.tables.team_training import training_table


def tabulate_team_training(
    spec: dict,
    descriptions: list[Path],
    table: Path,
    benchmarks: list[Path] = [],  # noqa: B006  read only
) -> None:
    """Write team_training.csv from the descriptions of the teams' first members.

    Benchmarks are Snakemake's own, in the order of the descriptions; without them times are missing. Of a training
    that was interrupted they tell the last part alone.
    """
    found = [read_description(path) for path in descriptions]
    seconds = {}
    for description, path in zip(found, benchmarks, strict=bool(benchmarks)):
        seconds[description["team"], int(description["seed"])] = float(pd.read_csv(path, sep="\t")["s"].iloc[0])
    write_table(training_table(found, seconds), table)


if __name__ == "__main__":
    command.run(tabulate_team_training)
