"""Draw the accuracy of teams by heuristic on every shift."""

from pathlib import Path

from heterodox import command
from heterodox.figures import heuristics as figure_of_heuristics
from heterodox.figures import style
from heterodox.storage.tables import read_table
from heterodox.tables import heuristics


def draw_heuristics(spec: dict, teams: Path, figure: Path) -> None:
    """Draw the `teams` that the spec's config names (null: all) from teams.csv, averaged over seeds."""
    known, shown = read_table(teams, heuristics.COLUMNS), spec["config"].get("teams")
    known = known if shown is None else known[known["team"].isin(shown)]
    seeds = heuristics.with_heuristics(known)
    style.save(figure_of_heuristics.draw(heuristics.summarise(known), seeds), figure)


if __name__ == "__main__":
    command.run(draw_heuristics)
