"""Draw the centres of mass of members' maps and of their average."""

from pathlib import Path

from heterodox import command
from heterodox.ensembles.localisation import Scoring
from heterodox.ensembles.shown_maps import shown_maps
from heterodox.figures import averaged_maps, style
from heterodox.metrics.localisation import centres_of_mass
from heterodox.storage.annotations import AnnotatedFile
from heterodox.storage.explanations import MapFile


def draw_centres_of_mass(spec: dict, maps: Path, images: Path, figure: Path) -> None:
    """Draw a few cases of a file of maps as the spec's config says."""
    config, scoring = spec["config"], Scoring(**spec["config"]["scoring"])
    with MapFile(maps) as found, AnnotatedFile(images) as pictures:
        shown = shown_maps(found, pictures, config["task"], config["task"]["presence"], scoring, config["images"])
    members, ensemble = (centres_of_mass(values).points for values in (shown.members, shown.average))
    style.save(averaged_maps.draw_centres(shown.images, members, ensemble, shown.truth.points), figure)


if __name__ == "__main__":
    command.run(draw_centres_of_mass)
