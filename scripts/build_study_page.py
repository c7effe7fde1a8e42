"""Build the page of one user study from its stimuli."""

from pathlib import Path

from heterodox import command
from heterodox.storage.atomic import write_text
from heterodox.storage.tables import read_table
from heterodox.user_study import pages
from heterodox.user_study.trials import MANIFEST


def build_study_page(spec: dict, manifest: Path, stimuli: Path, parts: list[Path], page: Path) -> None:
    """Write a page that needs nothing else; `stimuli` is the folder of the manifest's pictures."""
    config = spec["config"]
    table = read_table(manifest, MANIFEST).astype(str)
    study = pages.study_of(
        table.where(table != "nan", ""),
        spec["wildcards"]["study"],
        lambda name: pages.picture_uri(stimuli / name),
        config["seed"],
        config["welcome"],
        config["break_seconds"],
    )
    write_text(page, pages.page(study, {part.name: part.read_text(encoding="utf-8") for part in parts}))


if __name__ == "__main__":
    command.run(build_study_page)
