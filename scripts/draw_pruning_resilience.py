"""Draw whether pruned networks that tell strange images also bear corrupted ones."""

from pathlib import Path

from heterodox import command
from heterodox.figures import pruned_resilience, style
from heterodox.storage.tables import read_table


def draw_pruning_resilience(spec: dict, members: Path, correlations: Path, figure: Path) -> None:
    """Draw accuracy lost against AUROC on every corruption."""
    table = read_table(members, pruned_resilience.COLUMNS)
    style.save(pruned_resilience.draw(table, read_table(correlations, pruned_resilience.CORRELATION_COLUMNS)), figure)


if __name__ == "__main__":
    command.run(draw_pruning_resilience)
