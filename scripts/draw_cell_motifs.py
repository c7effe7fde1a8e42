"""Draw the front of cells once per motif."""

from pathlib import Path

from heterodox import command
from heterodox.figures import cell_motifs, style
from heterodox.storage.tables import read_table
from heterodox.tables import cell_searches


def draw_cell_motifs(spec: dict, history: Path, correlations: Path, figure: Path) -> None:
    """Draw the motifs of cell_motif_correlations.csv, of all sizes or of the one in the spec's wildcard `size`."""
    front = cell_searches.front_of(read_table(history, cell_searches.COLUMNS), spec["config"]["fronts"])
    known = read_table(correlations, ["motif", "kind", "size", "correlation", "salient"])
    size = spec["wildcards"]["size"].rpartition("_")[2]
    panels = cell_searches.motif_panels(front, known, spec["config"]["panels"], int(size) if size else None)
    style.save(cell_motifs.draw(*panels), figure)


if __name__ == "__main__":
    command.run(draw_cell_motifs)
