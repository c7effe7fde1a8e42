"""Figures of the cell study: what they show is what the tables say, legibly."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from heterodox.errors import UserError
from heterodox.figures import (
    cell_calibration,
    cell_confusion,
    cell_costs,
    cell_debugging,
    cell_fronts,
    cell_generations,
    cell_heat_maps,
    cell_layers,
    cell_motifs,
    cell_phylogeny,
    cell_planes,
    cell_resilience,
)
from heterodox.metrics.class_means import principal_plane
from heterodox.metrics.confusion import confusion_matrix, folded
from heterodox.tables import cell_inspections, cell_searches
from tests.figures.cells import CLASSES, histories, history, inspections
from tests.figures.study import all_words, misplaced_texts

HISTORIES, CELLS = histories(), inspections()
TWO = {name: HISTORIES[name] for name in ("single", "multi")}


def points() -> pd.DataFrame:
    return cell_searches.all_cells(HISTORIES)


def fronts() -> Figure:
    return cell_fronts.draw(points(), cell_searches.summarise(HISTORIES, 10, "reduced"), 10)


def generations() -> Figure:
    return cell_generations.draw(cell_searches.by_generation(TWO, 10))


def phylogeny() -> Figure:
    return cell_phylogeny.draw(cell_searches.phylogeny(history()), cell_searches.heritabilities(history(), 20, 1))


def layers() -> Figure:
    cells = points()
    return cell_layers.draw(cell_searches.with_layer_counts(cells[cells["search"] == "multi"]))


def motifs() -> Figure:
    front = cell_searches.front_of(pd.concat(HISTORIES.values()))
    return cell_motifs.draw(*cell_searches.motif_panels(front, cell_searches.correlated_motifs(front, 2), 14))


def calibration() -> Figure:
    table = cell_inspections.calibration(CELLS, 20, 1)
    return cell_calibration.draw(table[table["bins"] == "unit"])


def debugging() -> Figure:
    return cell_debugging.draw(cell_inspections.debugging(CELLS, 20, 1))


def confusion() -> Figure:
    one = CELLS["cell_02"]
    matrix = folded(confusion_matrix(one.labels, one.predictions, 10))
    return cell_confusion.draw([one.pair_distances] * 2, [matrix] * 2, (2, 6), CLASSES)


def heat_maps() -> Figure:
    return cell_heat_maps.draw({name: (one.blocks, one.heat) for name, one in list(CELLS.items())[:2]}, CLASSES)


def planes() -> Figure:
    shown = {name: tuple(principal_plane(one.gram)) for name, one in list(CELLS.items())[:2]}
    return cell_planes.draw(shown, CLASSES, {"Upper body": [0, 2, 4, 6]})


def costs() -> Figure:
    return cell_costs.draw(
        cell_inspections.with_generalisation_error(history()), cell_inspections.costs(history(), 20, 1)
    )


def resilience() -> Figure:
    generator = np.random.default_rng(0)
    members = pd.DataFrame(
        {
            "member": list("abcdefgh"),
            "introspectability": np.linspace(0.1, 0.3, 8),
            "clean_accuracy": 0.8,
            "shifted_accuracy": generator.uniform(0.4, 0.6, 8),
        }
    )
    ensembles = pd.DataFrame(
        generator.uniform(0.1, 0.3, (56, 3)), columns=["introspectability", "disagreement", "improvement"]
    )
    rows = [("lost", "introspectability"), ("improvement", "introspectability"), ("improvement", "disagreement")]
    found = [{"of": a, "with": b, "spearman": -0.21, "low": -0.5, "high": 0.1} for a, b in rows]
    return cell_resilience.draw(members, ensembles, pd.DataFrame(found))


FIGURES = [
    fronts, generations, phylogeny, layers, motifs, calibration, debugging, confusion, heat_maps, planes, costs,
    resilience,
]  # fmt: skip


@pytest.mark.parametrize("draw", FIGURES, ids=lambda draw: draw.__name__)
def test_texts_are_legible(draw) -> None:
    assert misplaced_texts(draw()) == []


def test_each_search_has_its_hypervolume_and_its_own_cells() -> None:
    figure = fronts()
    table = cell_searches.summarise(HISTORIES, 10, "reduced").set_index("search")
    for axes, (name, cells) in zip(figure.axes, HISTORIES.items(), strict=False):
        assert f"hypervolume {table.loc[name, 'hypervolume']:.3f}, {len(cells)} cells" in axes.get_title(loc="left")
        marked = axes.lines[-1]
        front = cell_searches.front_of(cells)
        assert sorted(marked.get_ydata()) == pytest.approx(sorted(front["accuracy"] * 100))


def test_the_shaded_area_is_the_hypervolume() -> None:
    """The area of the shaded polygon, by the shoelace formula, against the table."""
    figure = fronts()
    path = figure.axes[2].collections[0].get_paths()[0].vertices[:-1]
    x, y = path[:, 0], path[:, 1] / 100
    area = abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2
    assert area == pytest.approx(cell_searches.covered(HISTORIES["multi"], 10))


def test_a_front_of_one_cell_has_no_band() -> None:
    alone = history().iloc[:1]
    words = all_words(cell_generations.draw(cell_searches.by_generation({"multi": alone}, 10)))
    assert "Multi-objective" in words


def test_the_descent_is_drawn_from_parent_to_child() -> None:
    table = cell_searches.phylogeny(history())
    lines = phylogeny().axes[0].collections[1].get_segments()
    family = table[table["ancestor"] | table["chosen"]]
    expected = sum(len(text.split(";")) for text in family["parents"] if text)
    assert len(lines) == expected
    heights = set(np.round(table["accuracy"] * 100, 9))
    assert all(np.round(end[1], 9) in heights for line in lines for end in line)


def test_layers_are_coloured_by_their_counts() -> None:
    cells = points()
    cells = cell_searches.with_layer_counts(cells[cells["search"] == "multi"])
    shown = layers().axes[0].collections[0]
    assert shown.get_array().tolist() == cells["convolutions"].tolist()


def test_motifs_have_a_panel_each_and_one_for_cells_without_any() -> None:
    front = cell_searches.front_of(pd.concat(HISTORIES.values()))
    cells, holders, correlations = cell_searches.motif_panels(front, cell_searches.correlated_motifs(front, 2), 5)
    assert list(holders)[-1] == cell_motifs.NONE
    assert len(holders) == 6
    for row, has in enumerate(zip(*holders.values(), strict=True)):
        assert has[-1] == (not any(has[:-1])), row
    figure = cell_motifs.draw(cells, holders, correlations)
    axes = figure.axes[0]
    motif = next(iter(holders))
    assert len(axes.lines[1].get_xdata()) == sum(holders[motif])
    assert motif in axes.get_title(loc="left")


def test_no_motif_is_said_so() -> None:
    assert "No motif" in all_words(cell_motifs.draw(history(), {}, {}))


def test_calibration_shows_both_scores_by_rising_introspectability() -> None:
    table = cell_inspections.calibration(CELLS, 20, 1)
    figure = cell_calibration.draw(table[table["bins"] == "unit"])
    known = table[(table["bins"] == "unit") & (table["score"] == "activations")]
    assert figure.axes[0].lines[0].get_ydata().tolist() == pytest.approx(known["pearson"].tolist())
    assert {"Activations", "Softmax"} <= set(all_words(figure).splitlines())


def test_empty_tables_are_one_line() -> None:
    with pytest.raises(UserError, match="run the search again"):
        cell_generations.draw(pd.DataFrame())
    with pytest.raises(UserError, match="fewer than five bins"):
        cell_calibration.draw(pd.DataFrame({"pearson": [np.nan], "spearman": [np.nan]}))
