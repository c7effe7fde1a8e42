"""Draw what cells cost against both objectives."""

from pathlib import Path

from heterodox import command
from heterodox.figures import cell_costs, style
from heterodox.storage.tables import read_table
from heterodox.tables import cell_inspections


def draw_cell_costs(spec: dict, history: Path, correlations: Path, figure: Path) -> None:
    """Draw every evaluated cell with the correlations of cell_costs.csv."""
    known = cell_inspections.with_generalisation_error(read_table(history, cell_inspections.COST_COLUMNS))
    style.save(cell_costs.draw(known, read_table(correlations, ["cost", "objective", "spearman"])), figure)


if __name__ == "__main__":
    command.run(draw_cell_costs)
