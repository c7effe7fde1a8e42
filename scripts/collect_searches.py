"""Join the histories of all runs of a pruning search and take the masks that nothing dominates."""

from pathlib import Path

import pandas as pd

from heterodox import command
from heterodox.searches.fronts import OBJECTIVES, front_table
from heterodox.storage.tables import read_table, write_table


def collect_searches(spec: dict, histories: list[Path], evaluations: Path, front: Path) -> None:
    """Write all evaluated masks, and the fronts of the study's own scope."""
    config = spec["config"]
    table = pd.concat([read_table(path, ["scope", "kind", "run", *OBJECTIVES]) for path in histories])
    own = table[(table["scope"] == config["scope"]) & (table["kind"] == "nsga2")]
    write_table(front_table(own, config["members"]).assign(recipe=config["recipe"]), front)
    write_table(table.assign(recipe=config["recipe"]), evaluations)


if __name__ == "__main__":
    command.run(collect_searches)
