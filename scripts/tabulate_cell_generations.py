"""Follow the fronts of steered cell searches from generation to generation."""

from pathlib import Path

from heterodox import command
from heterodox.storage.images import ImageFile
from heterodox.storage.tables import read_table, write_table
from heterodox.tables import cell_searches


def tabulate_cell_generations(spec: dict, validation: Path, histories: list[Path], table: Path) -> None:
    """Write cell_generations.csv: the front after each generation, its means with intervals and its hypervolume."""
    names = spec["config"]["searches"]
    known = {name: read_table(path, cell_searches.COLUMNS) for name, path in zip(names, histories, strict=True)}
    with ImageFile(validation) as images:
        write_table(cell_searches.by_generation(known, len(images.classes)), table)


if __name__ == "__main__":
    command.run(tabulate_cell_generations)
