"""Tables of cell searches, against counts by hand, pymoo and slow obvious versions."""

import numpy as np
import pandas as pd
import pytest
from pymoo.indicators.hv import HV

from heterodox.errors import UserError
from heterodox.networks.cells import to_string
from heterodox.tables import cell_searches as searches
from tests.figures.cells import history as invented


def history() -> pd.DataFrame:
    return invented(generations=4)


def by_hand() -> pd.DataFrame:
    cells = [to_string(encoding) for encoding in ([0] * 6, [1] * 6, [2] * 6, [4] * 6, [0, 1, 2, 0, 1, 2])]
    return pd.DataFrame(
        {
            "generation": [0, 0, 1, 1, 2],
            "genome": cells,
            "parents": ["", "", f"{cells[0]};{cells[1]}", f"{cells[1]};{cells[1]}", f"{cells[2]};{cells[0]}"],
            "accuracy": [0.8, 0.6, 0.9, 0.2, 0.7],
            "introspectability": [0.2, 0.3, 0.1, 0.25, 0.3],
        }
    )


def test_table_1_by_hand() -> None:
    table = searches.summarise({"multi": by_hand(), "random": by_hand().iloc[:2]}, 10, "reduced")
    row = table.iloc[0]
    assert (row["generations"], row["evaluations"], row["recipe"], row["front"]) == (3, 5, "reduced", 3)
    assert row[["accuracy_max", "accuracy_median"]].tolist() == pytest.approx([0.9, 0.7])
    assert row[["introspectability_max", "introspectability_median"]].tolist() == pytest.approx([0.3, 0.25])
    # Three steps: to 0.1 of height 0.8, to 0.2 of 0.7, to 0.3 of 0.6.
    assert row["hypervolume"] == pytest.approx(0.1 * 0.8 + 0.1 * 0.7 + 0.1 * 0.6)
    assert pd.isna(table["generations"].iloc[1])


def test_hypervolume_is_pymoos_and_drops_what_only_guesses() -> None:
    cells = history()
    cells.loc[3, ["accuracy", "introspectability"]] = [0.09, 0.99]  # useless, and far out
    kept = cells[cells["accuracy"] > 0.1]
    points = np.column_stack([-kept["introspectability"], -kept["accuracy"]])
    assert searches.covered(cells, 10) == pytest.approx(HV(ref_point=np.array([0.0, -0.1]))(points))


def test_the_front_is_sorted_and_nothing_beats_it() -> None:
    cells = history()
    front = searches.front_of(cells)
    assert front["accuracy"].is_monotonic_increasing
    assert front["introspectability"].is_monotonic_decreasing
    for _, cell in cells.iterrows():
        better = (cells["accuracy"] >= cell["accuracy"]) & (cells["introspectability"] >= cell["introspectability"])
        assert (better.sum() == 1) == (cell["genome"] in set(front["genome"]))


def test_the_front_per_generation_is_that_of_all_cells_so_far() -> None:
    cells = history()
    table = searches.by_generation({"multi": cells}, 10)
    for number, row in enumerate(table.itertuples()):
        front = searches.front_of(cells[cells["generation"] <= number])
        assert row.front == len(front)
        assert row.accuracy == pytest.approx(front["accuracy"].mean())
        assert row.evaluations == 8 * (number + 1)
    assert table["hypervolume"].is_monotonic_increasing


def test_members_are_spread_over_the_front_and_filled_up_from_the_next_ones() -> None:
    cells = history()
    front = searches.front_of(cells)
    few = searches.chosen_cells(cells, 2)
    assert few["genome"].tolist() == front["genome"].iloc[[0, -1]].tolist()
    count = len(front) + 2
    more = searches.chosen_cells(cells, count)
    assert set(front["genome"]) < set(more["genome"])
    assert sorted(more["front"]) == [0] * len(front) + [1, 1]
    assert more["accuracy"].is_monotonic_increasing
    with pytest.raises(UserError, match="evaluated only 32"):
        searches.chosen_cells(cells, 33)
    assert len(searches.chosen_cells(cells.assign(key=[0, *range(31)]), 31)) == 31


def test_phylogeny_by_hand() -> None:
    table = searches.phylogeny(by_hand())
    assert table["optimal"].tolist() == [True, True, True, True, True]
    assert table["front"].tolist() == [True, False, True, False, True]
    assert table["chosen"].tolist() == [False] * 4 + [True]
    assert table["ancestor"].tolist() == [True, True, True, False, False]
    assert table["parents"].tolist() == ["", "", "0;1", "1;1", "2;0"]


def test_what_is_optimal_is_so_within_its_generation() -> None:
    cells = history()
    marks = searches.optimal_in_generation(cells)
    for number in range(4):
        own = cells[cells["generation"] == number]
        assert set(own["genome"][marks[own.index]]) == set(searches.front_of(own)["genome"])


def test_a_lost_parent_is_one_line() -> None:
    cells = history().iloc[1:]
    with pytest.raises(UserError, match="not in the history"):
        searches.parents_of(cells)


def test_heritability_has_a_row_per_trait_and_comes_out_the_same_again() -> None:
    table = searches.heritabilities(history(), 50, 1)
    assert table["trait"].tolist() == ["accuracy", "introspectability", "optimal"]
    assert (table["offspring"] == 24).all()
    pd.testing.assert_frame_equal(table, searches.heritabilities(history(), 50, 1))


def test_results_taken_over_are_nobodys_offspring() -> None:
    cells = history()
    reused = cells.index >= len(cells) - 3
    found = searches.heritabilities(cells.assign(reused=reused), 50, 1)
    without = searches.heritabilities(cells[~reused], 50, 1)
    assert (found["offspring"] == without["offspring"]).all()
    assert found["correlation"].tolist()[:2] == pytest.approx(without["correlation"].tolist()[:2])


def test_layers_operations_and_motifs_of_the_front() -> None:
    front = by_hand()
    counts = searches.with_layer_counts(front)
    assert counts["convolutions"].tolist() == [6, 6, 0, 0, 4]
    assert counts["poolings"].tolist() == [0, 0, 6, 0, 2]
    operations = searches.operations(front)
    shares = dict(zip(operations["operation"], operations["share"], strict=True))
    assert shares["nor_conv_3x3"] == pytest.approx(8 / 30)
    assert shares["none"] == 0
    assert operations["share"].is_monotonic_decreasing
    top = searches.motifs(front)
    assert top.loc[top["size"] == 1, "motif"].iloc[0] == "[0 * * * * *]"
    assert top["size"].tolist() == sorted(top["size"])
    found = searches.correlated_motifs(searches.front_of(history()), least_support=2)
    assert (found["correlation"].abs() >= 0.2).all()
    assert (found["support"] >= 2).all()
    assert "count of nor_conv_3x3" in set(found["motif"])


def test_words_of_a_pattern_are_read_back() -> None:
    assert searches.pattern_of("[0 * 2 * 3 *]") == (0, -1, 2, -1, 3, -1)
    assert searches.encoding_words((0, -1, 2, -1, 3, -1)) == "[0 * 2 * 3 *]"


def test_several_fronts_are_peeled_one_after_the_other() -> None:
    cells = history()
    first, both = searches.front_of(cells), searches.front_of(cells, 2)
    rest = searches.front_of(cells[~cells["genome"].isin(first["genome"])])
    assert sorted(both["genome"]) == sorted([*first["genome"], *rest["genome"]])
    ranks = searches.all_cells({"multi": cells}).set_index("genome")["rank"]
    assert (ranks[first["genome"]] == 0).all()
    assert (ranks[rest["genome"]] == 1).all()
