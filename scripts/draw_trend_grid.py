"""Draw improvement against diversity and accuracy on all shifts."""

from pathlib import Path

from heterodox import command
from heterodox.figures import style, trend_grid, trend_panels
from heterodox.storage.tables import read_table


def draw_trend_grid(spec: dict, ensembles: Path, trends: Path, figure: Path) -> None:
    """Draw the pool and consensus of the spec's wildcards, one column per shift of the spec's config but clean."""
    scores = read_table(ensembles, trend_panels.ENSEMBLE_COLUMNS)
    lines = read_table(trends, trend_panels.TREND_COLUMNS)
    pool, consensus = spec["wildcards"]["pool"], spec["wildcards"]["consensus"]
    shifts = [shift for shift in spec["config"]["shifts"] if shift != "clean"] or ["clean"]
    style.save(trend_grid.draw(scores, lines, pool, consensus, shifts), figure)


if __name__ == "__main__":
    command.run(draw_trend_grid)
