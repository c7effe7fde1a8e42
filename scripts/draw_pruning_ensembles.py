"""Draw what ensembles of front members gain over the best of them."""

from pathlib import Path

from heterodox import command
from heterodox.figures import front_ensembles, style
from heterodox.storage.tables import read_table


def draw_pruning_ensembles(spec: dict, ensembles: Path, figure: Path) -> None:
    """Draw the gains of every window of quantiles."""
    style.save(front_ensembles.draw(read_table(ensembles, front_ensembles.COLUMNS)), figure)


if __name__ == "__main__":
    command.run(draw_pruning_ensembles)
