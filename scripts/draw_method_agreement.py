"""Draw how diverse several methods of explanation find the same pairs of members."""

from pathlib import Path

from heterodox import command
from heterodox.figures import method_agreement, style
from heterodox.storage.tables import read_table


def draw_method_agreement(spec: dict, pairs: Path, table: Path, figure: Path) -> None:
    """Draw method_pairs.csv with the mean correlation of method_agreement.csv."""
    shown = read_table(pairs, method_agreement.COLUMNS), read_table(table, method_agreement.AGREEMENT_COLUMNS)
    style.save(method_agreement.draw(*shown), figure)


if __name__ == "__main__":
    command.run(draw_method_agreement)
