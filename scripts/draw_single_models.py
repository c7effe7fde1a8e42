"""Draw every member's accuracy with its class, approach and size."""

from pathlib import Path

from heterodox import command
from heterodox.figures import single_models, style
from heterodox.storage.tables import read_table


def draw_single_models(spec: dict, members: Path, figure: Path) -> None:
    """Draw members.csv; the spec's config names the `members` shown (null: all) and the `shift` (null: clean alone)."""
    table, shown = read_table(members, single_models.COLUMNS), spec["config"].get("members")
    if shown is not None:
        table = table[table["member"].isin(shown)]
    style.save(single_models.draw(table, spec["config"].get("shift")), figure)


if __name__ == "__main__":
    command.run(draw_single_models)
