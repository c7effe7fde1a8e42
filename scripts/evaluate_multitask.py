"""Measure each head of the multi-task networks on held-out images."""

from pathlib import Path

from heterodox import command
from heterodox.networks.loading import available_device
from heterodox.networks.multitask import load_multitasks
from heterodox.storage.atomic import write_text
from heterodox.storage.tables import write_table
from heterodox.tables import pages
from heterodox.training.multitask import heads_table, read_for_tasks


def evaluate_multitask(spec: dict, weights: Path, images: Path, table: Path, page: Path) -> None:
    """Write the accuracy of each head beside that of the commonest answer, and its page."""
    device = available_device()
    stored = load_multitasks(weights, device)
    heads = heads_table(stored, read_for_tasks(images, stored.tasks, device))
    write_table(heads, table)
    note = (
        f"Shares of right answers on held-out images, mean of {len(stored.networks)} networks; baseline: the commonest."
    )
    write_text(page, pages.page(heads, "Heads of the multi-task networks", note))


if __name__ == "__main__":
    command.run(evaluate_multitask)
