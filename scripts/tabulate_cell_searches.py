"""Put all cell searches beside each other."""

from pathlib import Path

from heterodox import command
from heterodox.storage.atomic import write_text
from heterodox.storage.images import ImageFile
from heterodox.storage.tables import read_table, write_table
from heterodox.tables import cell_searches
from heterodox.tables.pages import page as page_of


def tabulate_cell_searches(
    spec: dict, validation: Path, histories: list[Path], table: Path, cells: Path, page: Path
) -> None:
    """Write cell_searches.csv (Table 1) with its page, and cell_evaluations.csv, all cells of all searches."""
    config = spec["config"]
    known = {
        name: read_table(path, cell_searches.COLUMNS) for name, path in zip(config["searches"], histories, strict=True)
    }
    with ImageFile(validation) as images:
        found = cell_searches.summarise(known, len(images.classes), config["label"])
    write_table(found, table)
    write_table(cell_searches.with_layer_counts(cell_searches.all_cells(known)), cells)
    write_text(page, page_of(found, "Cell searches", cell_searches.NOTE))


if __name__ == "__main__":
    command.run(tabulate_cell_searches)
