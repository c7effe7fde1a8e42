"""Whether anything but a part itself tells its attribute: position, background, or another attribute."""

from collections.abc import Mapping
from itertools import combinations

import numpy as np
import pandas as pd

from heterodox.metrics.association import cramers_v, rank_association

LEVEL = 0.01  # how often a data set without a leak may be accused, over all tests of a table
COLUMNS = ["attribute", "told_by", "kind", "images", "association", "p", "leaks"]


def leak_table(attributes: Mapping[str, np.ndarray], quantities: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """Return one row per attribute and per other attribute or quantity, with COLUMNS.

    `attributes` int (N,), -1 unknown; `quantities` float (N,), NaN unknown. `association` is Cramer's V or the share of
    the ranks' variance, 0..1. `leaks` says whether p, times the number of tests (Bonferroni), is below LEVEL.
    """
    rows = [
        _row(first, second, "attribute", attributes[first] >= 0, attributes[second] >= 0, attributes, attributes)
        for first, second in combinations(attributes, 2)
    ]
    rows += [
        _row(name, quantity, "quantity", places >= 0, np.isfinite(values), attributes, quantities)
        for name, places in attributes.items()
        for quantity, values in quantities.items()
    ]
    table = pd.DataFrame(rows, columns=COLUMNS[:-1])
    return table.assign(leaks=table["p"] * len(table) < LEVEL)


def _row(
    first: str,
    second: str,
    kind: str,
    known: np.ndarray,
    also_known: np.ndarray,
    attributes: Mapping[str, np.ndarray],
    others: Mapping[str, np.ndarray],
) -> tuple[str, str, str, int, float, float]:
    both = known & also_known
    measure = cramers_v if kind == "attribute" else rank_association
    strength, p = measure(attributes[first][both], others[second][both]) if both.any() else (0.0, 1.0)
    return first, second, kind, int(both.sum()), strength, p


def leaks_words(table: pd.DataFrame) -> str:
    """Return the verdict on a table in one sentence."""
    found = table[table["leaks"]]
    if not len(found):
        return f"None of {len(table)} tests finds a leak at a level of {LEVEL:g} over all of them (Bonferroni)."
    pairs = ", ".join(f"{row.attribute} by {row.told_by}" for row in found.itertuples())
    return f"{len(found)} of {len(table)} tests find a leak: {pairs}."
