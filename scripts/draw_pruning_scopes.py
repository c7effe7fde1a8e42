"""Draw what it matters which links genes may cut."""

from pathlib import Path

from heterodox import command
from heterodox.figures import scope_ablation, style
from heterodox.storage.tables import read_table


def draw_pruning_scopes(spec: dict, volumes: Path, figure: Path) -> None:
    """Draw how much the searches of every scope dominate."""
    style.save(scope_ablation.draw(read_table(volumes, scope_ablation.COLUMNS), spec["config"]["scopes"]), figure)


if __name__ == "__main__":
    command.run(draw_pruning_scopes)
