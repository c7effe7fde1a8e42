"""Put the pruned members' accuracy on every shift beside what the search knew of them."""

from pathlib import Path

import pandas as pd

from heterodox import command
from heterodox.storage.dumps import open_dumps
from heterodox.storage.tables import read_table, write_table
from heterodox.tables import pruned_members, summaries


def tabulate_pruned_members(
    spec: dict, dumps: list[Path], heads: Path, parts: list[Path], members: Path, correlations: Path, ensembles: Path
) -> None:
    """Write members by shift, the correlations of robustness with the objectives, and all ensembles of the pool.

    `dumps` stand member by member, each in the order of the config's shifts.
    """
    config = spec["config"]
    names = [(member, shift) for member in config["members"] for shift in config["shifts"]]
    with open_dumps(dumps) as opened:
        accuracies = pd.DataFrame(
            [
                {"member": member, "shift": shift, "accuracy": float((file.logits().argmax(1) == file.labels).mean())}
                for (member, shift), file in zip(names, opened, strict=True)
            ]
        )
    known = read_table(heads, pruned_members.HEAD_COLUMNS)
    table = pruned_members.members_table(accuracies, known)
    write_table(table, members)
    write_table(pruned_members.correlations(table, config["seed"], config["replicates"]), correlations)
    write_table(summaries.collect(parts, ["pool", "shift", "consensus", "ensemble"]), ensembles)


if __name__ == "__main__":
    command.run(tabulate_pruned_members)
