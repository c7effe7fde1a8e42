"""Draw what ensembles gain against how their members differ."""

from pathlib import Path

from heterodox import command
from heterodox.figures import improvement_by_diversity, style, trend_panels
from heterodox.storage.tables import read_table


def draw_improvement_by_diversity(spec: dict, ensembles: Path, trends: Path, figure: Path) -> None:
    """Draw the ensembles of the pool, shift and consensus that the spec's wildcards name."""
    scores = read_table(ensembles, trend_panels.ENSEMBLE_COLUMNS)
    lines = read_table(trends, trend_panels.TREND_COLUMNS)
    pool, shift, consensus = (spec["wildcards"][name] for name in ("pool", "shift", "consensus"))
    style.save(improvement_by_diversity.draw(scores, lines, pool, shift, consensus), figure)


if __name__ == "__main__":
    command.run(draw_improvement_by_diversity)
