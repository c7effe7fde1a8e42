"""Test whether position, background or another attribute tells an attribute of the synthetic birds."""

import logging
from pathlib import Path

from heterodox import command
from heterodox.datasets.annotated.surroundings import surroundings
from heterodox.datasets.birds.traits import VALUES
from heterodox.storage.annotations import AnnotatedFile
from heterodox.storage.atomic import write_text
from heterodox.storage.tables import write_table
from heterodox.tables import pages
from heterodox.tables.leaks import leak_table, leaks_words


def tabulate_leaks(spec: dict, images: Path, table: Path, page: Path) -> None:
    """Write leaks.csv and its page, of the `attributes` of the spec's config, or of all that are drawn."""
    with AnnotatedFile(images) as file:
        names = spec["config"]["attributes"] or [name for name in VALUES if name in file.values]
        attributes = {name: file.attribute(name) for name in names}
        drawn = {name: values for name, values in file.parameters().items() if values.ndim == 1}
        result = leak_table(attributes, drawn | surroundings(file))
    verdict = leaks_words(result)
    logging.info("%s: %s", images, verdict)
    write_table(result, table)
    write_text(page, pages.page(result, "Leaks", verdict))


if __name__ == "__main__":
    command.run(tabulate_leaks)
