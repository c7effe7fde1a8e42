"""Draw where the members of several teams look on the same test images."""

from pathlib import Path

import numpy as np

from heterodox import command
from heterodox.ensembles.exhibits import answers, check_images, choose_images, read_maps
from heterodox.figures import attribution_maps, style
from heterodox.figures.saliency_maps import MemberMaps
from heterodox.figures.teams import COLUMNS, teams_of
from heterodox.storage.dumps import open_dumps
from heterodox.storage.images import ImageFile
from heterodox.storage.tables import read_table


def draw_attribution_maps(spec: dict, images: Path, dumps: list[Path], scores: list[Path], figure: Path) -> None:
    """Draw the spec's `teams`, each a title and its members, by its explanation `method`.

    The dumps come team by team, member by member, on the same images; the scores are ensembles.csv and teams.csv.
    """
    config = spec["config"]
    teams = teams_of(config["teams"], [read_table(path, COLUMNS) for path in scores], config["shift"])
    with ImageFile(images) as pictures, open_dumps(dumps) as opened:
        check_images(opened[0], pictures)
        predictions = np.stack([answers(dump) for dump in opened])
        rows = choose_images(opened[0].labels, predictions)
        names = [name for team in teams for name in team.members]
        maps = {
            name: MemberMaps(name, read_maps(dump, config["method"], rows), predicted[rows])
            for name, dump, predicted in zip(names, opened, predictions, strict=True)
        }
        blocks = [(team, [maps[name] for name in team.members]) for team in teams]
        shown = pictures.at(rows), pictures.labels[rows], pictures.classes
        style.save(attribution_maps.draw(*shown, blocks), figure)


if __name__ == "__main__":
    command.run(draw_attribution_maps)
