"""Print what a study found, one line per pool and shift."""

from pathlib import Path

from heterodox import command
from heterodox.storage.tables import read_table
from heterodox.tables import summaries


def summarise_study(members: Path, ensembles: Path) -> None:
    """Print the best member, the best ensemble and the share of ensembles above their best member."""
    singles = read_table(members, ["member", "shift", "top1"])
    scores = read_table(ensembles, ["pool", "shift", "consensus", "ensemble", "accuracy", "improvement"])
    print(summaries.as_text(summaries.best_per_shift(singles, scores)))


if __name__ == "__main__":
    command.run(summarise_study)
