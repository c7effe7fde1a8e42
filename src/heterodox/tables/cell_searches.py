"""What searches for cells found: tables of their histories (Carmichael, Moon & Jacobs: Table 1, Figures 2-4, E-H).

A history is the table that a search writes, one row per evaluated cell in the order of asking: generation, genome (the
cell as NAS-Bench-201 writes it), parents (genomes joined by `;`), accuracy and introspectability on the validation
images, both higher = better, and what training it cost.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from heterodox.errors import UserError
from heterodox.metrics.heritability import Parents, ancestors, heritability
from heterodox.metrics.hypervolume import hypervolume, non_dominated_rank, on_front
from heterodox.metrics.motifs import (
    WILD,
    Pattern,
    counted_motifs,
    has_motif,
    most_frequent,
    motif_correlations,
    operation_counts,
    operation_shares,
    places_along_front,
)
from heterodox.networks.cells import CONVOLUTIONS, OPERATIONS, POOLING, from_string
from heterodox.streams import stream
from heterodox.tables.heuristics import mean_interval

OBJECTIVES = ["accuracy", "introspectability"]
NOTE = (
    "Maxima and medians are over all cells that a search evaluated, on validation images; the hypervolume is measured "
    "from introspectability 0 and the accuracy of guessing. `front`: cells on the Pareto front. `recipe`: how each "
    "cell was trained."
)
MOTIF_NOTE = (
    "The most frequent motif of each size over the cells of the first fronts (`fronts`: 1 is the Pareto front alone), "
    "of equal ones at most five. 0: 3x3 convolution, 1: 1x1 convolution, 2: 3x3 average pooling, 3: zeroize, "
    "4: skip; * fits all of them."
)
COLUMNS = ["generation", "genome", "parents", *OBJECTIVES]
# In the order of Table 1; random search is this project's own addition.
SEARCHES = ("regulariser", "single", "multi", "multi_regulariser", "random")
STEERED = ("single", "multi")


def encodings_of(cells: pd.DataFrame) -> np.ndarray:
    """Return the encodings (n, 6) of the cells in the column `genome`."""
    return np.array([from_string(genome) for genome in cells["genome"]], int).reshape(-1, 6)


def objectives_of(cells: pd.DataFrame) -> np.ndarray:
    """Return accuracy and introspectability (n, 2) as floats."""
    return cells[OBJECTIVES].to_numpy(np.float64)


def encoding_words(pattern: Pattern) -> str:
    """Return an encoding or motif as the paper prints it: `[0 * * * 3 *]`."""
    return "[" + " ".join("*" if value == WILD else str(value) for value in pattern) + "]"


def front_of(history: pd.DataFrame, fronts: int = 1) -> pd.DataFrame:
    """Return the cells on the Pareto front, or on the first `fronts` ones, by rising accuracy.

    UserError where no cell has both objectives.
    """
    points = objectives_of(history)
    front = history[(non_dominated_rank(-points) < fronts) & np.isfinite(points).all(axis=1)]
    if front.empty:
        raise UserError("cell search: no evaluated cell has finite objectives; lower the recipe's learning_rate")
    accuracy, introspectability = objectives_of(front).T
    return front.iloc[np.argsort(places_along_front(accuracy, introspectability))].reset_index(drop=True)


def functions_of(cells: pd.DataFrame) -> pd.DataFrame:
    """Return one cell per function (column `key`, where there is one), the first: its isomorphs repeat its values."""
    return cells.drop_duplicates("key") if "key" in cells else cells


def chosen_cells(history: pd.DataFrame, count: int) -> pd.DataFrame:
    """Return `count` cells that become members, by rising accuracy, with the number of their `front` (0: the front).

    Spread evenly along the front, its two ends included; where it is smaller, filled up from the next fronts. Cells
    that are one function (column `key`, where there is one) count once. UserError where there are not so many cells.
    """
    cells = functions_of(history)
    numbers = non_dominated_rank(-objectives_of(cells))
    cells = cells.assign(front=numbers)[np.isfinite(objectives_of(cells)).all(axis=1)]
    if len(cells) < count:
        raise UserError(f"cells.members: {count} cells, but the search evaluated only {len(cells)}; lower it")
    taken: list[pd.DataFrame] = []
    left = count
    for _, front in cells.groupby("front"):
        along = front.iloc[np.argsort(places_along_front(*objectives_of(front).T))]
        kept = along.iloc[np.unique(np.linspace(0, len(along) - 1, min(left, len(along))).round().astype(int))]
        taken.append(kept)
        left -= len(kept)
        if not left:
            break
    chosen = pd.concat(taken)
    return chosen.iloc[np.argsort(places_along_front(*objectives_of(chosen).T))].reset_index(drop=True)


def summarise(histories: Mapping[str, pd.DataFrame], classes: int, recipe: str) -> pd.DataFrame:
    """Return Table 1, one row per search: budget, largest and median objectives of all evaluated cells, hypervolume.

    Hypervolume is measured from (0, 1/classes) in (introspectability, accuracy), in [0, 1 - 1/classes]. `recipe` says
    how each cell was trained, such as `reduced`. Searches that are not steered have no generations.
    """
    rows = []
    for search, history in histories.items():
        accuracy, introspectability = objectives_of(history).T
        rows.append(
            {
                "search": search,
                "recipe": recipe,
                "classes": classes,
                "generations": history["generation"].nunique() if search in STEERED else None,
                "evaluations": len(history),
                "accuracy_max": np.nanmax(accuracy),
                "accuracy_median": np.nanmedian(accuracy),
                "introspectability_max": np.nanmax(introspectability),
                "introspectability_median": np.nanmedian(introspectability),
                "hypervolume": covered(history, classes),
                "front": int(on_front(-objectives_of(history)).sum()),
            }
        )
    return pd.DataFrame(rows).astype({"generations": "Int64"})


def covered(cells: pd.DataFrame, classes: int) -> float:
    """Return the hypervolume of cells from the reference (0, 1/classes) in (introspectability, accuracy)."""
    points = cells[["introspectability", "accuracy"]].to_numpy(np.float64)
    return hypervolume(-points, np.array([0.0, -1 / classes]))  # it minimises


def by_generation(histories: Mapping[str, pd.DataFrame], classes: int) -> pd.DataFrame:
    """Return one row per search and generation: the front of all cells evaluated so far (Appendix H).

    Means of both objectives over the front with 95 % t-intervals, missing for a front of one cell, and hypervolume.
    """
    rows = []
    for search, history in histories.items():
        for generation in sorted(history["generation"].unique()):
            known = history[history["generation"] <= generation]
            front = known[on_front(-objectives_of(known))]
            row: dict[str, object] = {"search": search, "generation": generation, "evaluations": len(known)}
            row |= {"front": len(front), "hypervolume": covered(known, classes)}
            for name in OBJECTIVES:
                value, low, high = mean_interval(front[name].to_numpy(np.float64)) if len(front) else (np.nan,) * 3
                row |= {name: value, f"{name}_low": low, f"{name}_high": high}
            rows.append(row)
    return pd.DataFrame(rows)


def parents_of(history: pd.DataFrame) -> Parents:
    """Return of each row the rows of its parents; UserError where one is not in the history."""
    rows = {genome: row for row, genome in enumerate(history["genome"])}
    names = [[] if pd.isna(text) or not text else str(text).split(";") for text in history["parents"]]
    unknown = {name for own in names for name in own} - rows.keys()
    if unknown:
        raise UserError(f"cell search: the parent {min(unknown)} is not in the history; run the search again")
    return [[rows[name] for name in own] for own in names]


def phylogeny(history: pd.DataFrame) -> pd.DataFrame:
    """Return the history with the descent of one cell of the final front (Figure 3).

    Added are `individual` (the row), `parents` as individuals joined by `;`, `optimal` (on the front of the cells
    evaluated in its own generation), `front` (on the final front), `chosen` (the cell shown: of the final front's
    latest generation, the most accurate) and `ancestor` (of the chosen one).
    """
    parents, points = parents_of(history), objectives_of(history)
    table = history[["generation", "genome", *OBJECTIVES]].reset_index(drop=True)
    table.insert(0, "individual", range(len(table)))
    table["parents"] = [";".join(map(str, own)) for own in parents]
    table["optimal"] = optimal_in_generation(history)
    table["front"] = on_front(-points)
    last = table[table["front"]].sort_values(["generation", "accuracy"]).index[-1]
    table["chosen"] = table.index == last
    table["ancestor"] = table.index.isin(ancestors(int(last), parents))
    return table


def optimal_in_generation(history: pd.DataFrame) -> np.ndarray:
    """Return which cells (n,) lie on the front of the cells evaluated in their own generation."""
    points, generations = objectives_of(history), history["generation"].to_numpy()
    found = np.zeros(len(history), bool)
    for generation in np.unique(generations):
        rows = np.flatnonzero(generations == generation)
        found[rows] = on_front(-points[rows])
    return found


def heritabilities(history: pd.DataFrame, permutations: int, seed: int) -> pd.DataFrame:
    """Return how far offspring resemble their parents beyond chance: in both objectives, and in being Pareto-optimal.

    A cell that took over the result of its function (`reused`) is no offspring here: the value had other parents. One
    row per trait: Pearson's r of offspring and mean of parents, r and its 95 % range with parents exchanged within
    generations, one-sided p, and the number of offspring. Undefined values are missing.
    """
    parents, generations = parents_of(history), history["generation"].to_numpy()
    if "reused" in history:
        parents = [[] if reused else own for reused, own in zip(history["reused"], parents, strict=True)]
    traits = {name: history[name].to_numpy(np.float64) for name in OBJECTIVES}
    traits["optimal"] = optimal_in_generation(history).astype(float)
    rows = [
        {"trait": trait}
        | heritability(
            values, parents, generations, permutations, stream(seed, "heritability of cells", trait)
        )._asdict()
        for trait, values in traits.items()
    ]
    return pd.DataFrame(rows)


def operations(front: pd.DataFrame) -> pd.DataFrame:
    """Return the share of each operation among all edges of the front's cells, the most frequent first (E1 to E3)."""
    shares = operation_shares(encodings_of(front), len(OPERATIONS))
    table = pd.DataFrame({"operation": OPERATIONS, "code": range(len(OPERATIONS)), "share": shares})
    return table.sort_values("share", ascending=False, kind="stable").reset_index(drop=True)


def with_layer_counts(cells: pd.DataFrame) -> pd.DataFrame:
    """Return the cells with their numbers of convolutions and of poolings, 0 to 6 each (Figure 4)."""
    counts = operation_counts(encodings_of(cells), len(OPERATIONS))
    return cells.assign(convolutions=counts[:, list(CONVOLUTIONS)].sum(axis=1), poolings=counts[:, POOLING])


def motifs(front: pd.DataFrame, ties: int = 5) -> pd.DataFrame:
    """Return the most frequent motif of each size over the front's cells, ties up to five (Tables F1 to F3)."""
    rows = [
        {"size": motif.size, "share": motif.share, "support": motif.support, "motif": encoding_words(motif.pattern)}
        for motif in most_frequent(counted_motifs(encodings_of(front)), ties)
    ]
    return pd.DataFrame(rows)


def correlated_motifs(front: pd.DataFrame, least_support: int = 3, least_correlation: float = 0.2) -> pd.DataFrame:
    """Return the motifs and operations that favour one end of the front, the strongest first (Appendix G).

    `motif` is the pattern, or `count of ...` for an operation; `correlation` is signed, positive for accurate cells.
    """
    accuracy, introspectability = objectives_of(front).T
    found = motif_correlations(
        encodings_of(front),
        accuracy,
        introspectability,
        operations=len(OPERATIONS),
        least_support=least_support,
        least_correlation=least_correlation,
    )
    columns = ["motif", "kind", "size", "support", "cells", "correlation", "salient"]
    rows = [
        {
            "motif": encoding_words(each.pattern) if each.pattern else f"count of {OPERATIONS[each.operation]}",
            "kind": "motif" if each.pattern else "operation",
            "size": each.size,
            "support": each.support,
            "cells": len(front),
            "correlation": each.correlation,
            "salient": each.salient,
        }
        for each in found
    ]
    return pd.DataFrame(rows, columns=columns)


def pattern_of(words: str) -> Pattern:
    """Return the pattern that `encoding_words` printed."""
    return tuple(WILD if part == "*" else int(part) for part in words.strip("[]").split())


def all_cells(histories: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the evaluated cells of all searches with the columns `search`, `front` and `rank`.

    `rank` is the number of a cell's front within its search, 0 for the Pareto front; `front` says whether it is that.
    """
    parts = []
    for search, history in histories.items():
        points = objectives_of(history)
        parts.append(history.assign(search=search, front=on_front(-points), rank=non_dominated_rank(-points)))
    return pd.concat(parts, ignore_index=True)


NO_MOTIF = "none of these motifs"


def motif_panels(
    front: pd.DataFrame, correlated: pd.DataFrame, most: int, size: int | None = None
) -> tuple[pd.DataFrame, dict[str, list[bool]], dict[str, float]]:
    """Return the front, which of its cells have each motif, and the motifs' correlations (Figures G3 to G15).

    At most `most` motifs, salient ones first, then the strongest; of one `size`, or of all where it is None. Behind
    them NO_MOTIF stands for the cells without any. Empty where no motif is left.
    """
    motifs_only = correlated[correlated["kind"] == "motif"]
    chosen = motifs_only if size is None else motifs_only[motifs_only["size"] == size]
    chosen = chosen.sort_values("salient", ascending=False, kind="stable").head(most)
    encodings = encodings_of(front)
    holders = {words: has_motif(encodings, pattern_of(words)).tolist() for words in chosen["motif"]}
    if holders:
        holders[NO_MOTIF] = (~np.any(list(holders.values()), axis=0)).tolist()
    return front, holders, dict(zip(chosen["motif"], chosen["correlation"].astype(float), strict=True))
