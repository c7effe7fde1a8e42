"""Draw what four members say and the average of all."""

from pathlib import Path

from heterodox import command
from heterodox.ensembles.localisation import Scoring
from heterodox.ensembles.shown_maps import shown_maps
from heterodox.figures import averaged_maps, style
from heterodox.storage.annotations import AnnotatedFile
from heterodox.storage.explanations import MapFile


def draw_member_maps(spec: dict, maps: Path, images: Path, figure: Path) -> None:
    """Draw a few cases of a file of maps as the spec's config says."""
    config, scoring = spec["config"], Scoring(**spec["config"]["scoring"])
    with MapFile(maps) as found, AnnotatedFile(images) as pictures:
        shown = shown_maps(found, pictures, config["task"], config["task"]["presence"], scoring, config["images"])
    style.save(averaged_maps.draw_members(shown.images, shown.truth.masks, shown.members, shown.average), figure)


if __name__ == "__main__":
    command.run(draw_member_maps)
