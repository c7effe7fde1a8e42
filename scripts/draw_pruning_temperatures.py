"""Draw how well strange images are told by the temperature of ODIN."""

from pathlib import Path

from heterodox import command
from heterodox.figures import style, temperature_ablation
from heterodox.storage.tables import read_table


def draw_pruning_temperatures(spec: dict, ablation: Path, figure: Path) -> None:
    """Draw AUROC against T for each OoD set, beside other scores."""
    style.save(temperature_ablation.draw(read_table(ablation, temperature_ablation.COLUMNS)), figure)


if __name__ == "__main__":
    command.run(draw_pruning_temperatures)
