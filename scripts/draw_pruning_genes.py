"""Draw how often each gene is active over the front."""

from pathlib import Path

from heterodox import command
from heterodox.figures import gene_frequency, style
from heterodox.storage.tables import read_table


def draw_pruning_genes(spec: dict, genes: Path, figure: Path) -> None:
    """Draw a map of all genes and the most frequent ones."""
    style.save(gene_frequency.draw(read_table(genes, gene_frequency.COLUMNS)), figure)


if __name__ == "__main__":
    command.run(draw_pruning_genes)
