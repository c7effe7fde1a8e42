"""Draw averaged maps beside maps of the ensemble explained as one network, and how both score."""

from pathlib import Path

import pandas as pd

from heterodox import command
from heterodox.ensembles.localisation import Scoring
from heterodox.ensembles.shown_maps import shown_maps
from heterodox.figures import averaged_maps, style
from heterodox.storage.annotations import AnnotatedFile
from heterodox.storage.explanations import MapFile
from heterodox.storage.tables import read_table

METRIC, NAME = "distance", "Distance of the centre\nof mass (diagonals)"
WRAPPED = {"mean_probability": "mean probability", "mean_logit": "mean logit"}


def draw_explained_ensembles(spec: dict, maps: list[Path], images: Path, table: Path, figure: Path) -> None:
    """Draw the maps of the first method whose gradients reach the pixels, and the scores of all methods."""
    config, scoring = spec["config"], Scoring(**spec["config"]["scoring"])
    shown_path = next((path for path in maps if path.stem == "saliency"), maps[0])
    with MapFile(shown_path) as found, AnnotatedFile(images) as pictures:
        shown = shown_maps(found, pictures, config["task"], config["task"]["presence"], scoring, config["images"])
    scores = scores_of(read_table(table), config["member_set"], {scoring.average: "average of maps", **WRAPPED})
    drawn = averaged_maps.draw_wrapped(shown.images, shown.truth.masks, shown.average, shown.others, scores, NAME)
    style.save(drawn, figure)


def scores_of(
    table: pd.DataFrame, member_set: str, kinds: dict[str, str]
) -> dict[str, dict[str, tuple[float, float, float]]]:
    """Return by method and kind of map the mean score with an interval, that of its difference from single members.

    kinds: what the figure calls the values of the column `explained`.
    """
    rows = table[(table["member_set"] == member_set) & (table["metric"] == METRIC) & table["explained"].isin(kinds)]
    found: dict[str, dict[str, tuple[float, float, float]]] = {}
    for row in rows.itertuples():
        own = found.setdefault(str(row.method), {"single members": (row.individual,) * 3})
        own[kinds[str(row.explained)]] = (row.value, row.individual + row.low, row.individual + row.high)
    return found


if __name__ == "__main__":
    command.run(draw_explained_ensembles)
