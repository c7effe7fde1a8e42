"""Ask what predicts how cells and their ensembles bear corruption."""

from contextlib import ExitStack
from pathlib import Path

from heterodox import command
from heterodox.storage.dumps import DumpFile
from heterodox.storage.members import read_description
from heterodox.storage.tables import read_table, write_table
from heterodox.tables import cell_resilience


def tabulate_cell_resilience(
    spec: dict,
    descriptions: list[Path],
    dumps: list[Path],
    scores: list[Path],
    members: Path,
    ensembles: Path,
    table: Path,
) -> None:
    """Write one row per cell, one per ensemble (means over the corruptions), and what correlates with what."""
    config = spec["config"]
    described = [read_description(path) for path in descriptions]
    with ExitStack() as stack:
        opened = [stack.enter_context(DumpFile(path)) for path in dumps]
        single = cell_resilience.member_rows(described, opened, len(config["shifts"]))
    together = cell_resilience.ensemble_rows([read_table(path) for path in scores], single)
    write_table(single, members)
    write_table(together, ensembles)
    write_table(cell_resilience.correlations(single, together, config["replicates"], config["seed"]), table)


if __name__ == "__main__":
    command.run(tabulate_cell_resilience)
