"""What a run of the cell study found, asked for one statistic at a time: the measurements behind its claims."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from heterodox.metrics.hypervolume import hypervolume
from heterodox.metrics.trends import trend
from heterodox.streams import stream
from heterodox.tables.cell_inspections import LEAST
from heterodox.tables.cell_searches import functions_of
from heterodox.tables.claims import Finding, NotMeasuredError, Quantity, minus
from heterodox.tables.heuristics import mean_interval
from heterodox.tables.members import binomial_interval

Statistic = Callable[[pd.DataFrame], float]


@dataclass(frozen=True)
class CellStudy:
    """The tables of one study by file name, and how often the bootstrap draws with which seed.

    `fronts` says how many fronts of the search stand for the front where its few cells would decide nothing.
    """

    tables: Mapping[str, pd.DataFrame]
    fronts: int = 1
    seed: int = 1
    replicates: int = 1000

    @property
    def front(self) -> str:
        """Return the unit of claims about the front: what stands for it here."""
        return "cells of the front" if self.fronts == 1 else f"cells of the first {self.fronts} fronts"

    def rows(self, name: str, **values: object) -> pd.DataFrame:
        """Return the rows of a table with these values; NotMeasuredError where there are none."""
        if name not in self.tables:
            raise NotMeasuredError(f"the study has no {name}.csv")
        table = self.tables[name]
        for column, value in values.items():
            table = table[table[column] == value]
        if table.empty:
            raise NotMeasuredError(f"{name}.csv has no row for {', '.join(f'{c} {v}' for c, v in values.items())}")
        return table

    def drawn(self, rows: pd.DataFrame, statistic: Statistic, *purpose: str) -> np.ndarray:
        """Return a statistic of the rows drawn again with replacement, once per replicate."""
        generator = stream(self.seed, "bootstrap of a claim", *purpose)
        picks = generator.integers(0, len(rows), (self.replicates, len(rows)))
        return np.array([statistic(rows.iloc[pick]) for pick in picks])

    def found(self, rows: pd.DataFrame, statistic: Statistic, unit: str, *purpose: str) -> Finding:
        """Return a statistic of the rows with the 95 % percentile interval of the bootstrap over them.

        No interval below LEAST rows, nor where most replicates are undefined.
        """
        drawn = self.drawn(rows, statistic, *purpose) if len(rows) >= LEAST else np.array([])
        known = drawn[np.isfinite(drawn)]
        low, high = np.percentile(known, [2.5, 97.5]) if len(known) > self.replicates / 2 else (np.nan, np.nan)
        return Finding(statistic(rows), float(low), float(high), len(rows), unit)


STATISTICS: dict[str, Callable[[pd.DataFrame, float], float]] = {
    "hypervolume": lambda cells, floor: hypervolume(
        -cells[["introspectability", "accuracy"]].to_numpy(np.float64), np.array([0.0, -floor])
    ),
    "largest introspectability": lambda cells, floor: float(np.nanmax(cells["introspectability"])),
    "median introspectability": lambda cells, floor: float(np.nanmedian(cells["introspectability"])),
    "largest accuracy": lambda cells, floor: float(np.nanmax(cells["accuracy"])),
    "median accuracy": lambda cells, floor: float(np.nanmedian(cells["accuracy"])),
}
# What the best few cells decide: cells drawn again never exceed them, so a bootstrap would not keep its 95 %.
EXTREMES = ("hypervolume", "largest introspectability", "largest accuracy")


def compared_searches(first: str, second: str, statistic: str) -> Quantity:
    """Return how to find by how much a statistic of all evaluated cells of one search exceeds that of another.

    No interval for EXTREMES: of one run per search nothing says how far another would get.
    """

    def part(study: CellStudy, name: str, floor: float) -> Finding:
        cells, unit = study.rows("cell_evaluations", search=name), f"cells of {name}"
        if statistic in EXTREMES:
            return Finding(STATISTICS[statistic](cells, floor), np.nan, np.nan, len(cells), unit)
        return study.found(cells, lambda rows: STATISTICS[statistic](rows, floor), unit, statistic, name)

    def find(study: CellStudy) -> Finding:
        floor = 1 / float(study.rows("cell_searches")["classes"].iloc[0])
        return minus(*(part(study, name, floor) for name in (first, second)))

    told = "one run each, no interval" if statistic in EXTREMES else "intervals over evaluated cells of one run"
    return Quantity(f"{statistic}: {first} minus {second}, {told}", find)


def correlation_of_cells(x: str, y: str, front: bool) -> Quantity:
    """Return how to find Spearman's r of two columns over the cells of the multi-objective search."""

    def find(study: CellStudy) -> Finding:
        cells = study.rows("cell_evaluations", search="multi")
        cells = cells[cells["rank"] < study.fronts] if front else functions_of(cells)
        cells = cells.dropna(subset=[x, y])
        return study.found(
            cells,
            lambda rows: trend(rows[x].to_numpy(np.float64), rows[y].to_numpy(np.float64)).spearman,
            study.front if front else "cells",
            x,
            y,
        )

    return Quantity(f"Spearman's r of {x} and {y} over {'the front' if front else 'all evaluated cells'}", find)


def heritability(trait: str) -> Quantity:
    """Return how to find by how much offspring resemble their parents more than chance has it."""

    def find(study: CellStudy) -> Finding:
        row = study.rows("cell_heritability", trait=trait).iloc[0]
        r = float(row["correlation"])
        return Finding(
            r - row["chance"], r - row["chance_high"], r - row["chance_low"], int(row["offspring"]), "offspring"
        )

    return Quantity(f"r of {trait} of offspring and parents, minus that with parents exchanged", find)


def cost(name: str, objective: str) -> Quantity:
    """Return how to find Spearman's r of a cost and an objective over all evaluated cells."""

    def find(study: CellStudy) -> Finding:
        row = study.rows("cell_costs", cost=name, objective=objective).iloc[0]
        return Finding(float(row["spearman"]), float(row["low"]), float(row["high"]), int(row["n"]), "cells")

    return Quantity(f"Spearman's r of {name} and {objective} over all evaluated cells", find)


def operation_lead() -> Quantity:
    """Return how to find the share of 3x3 convolutions minus that of the next operation, over the front's edges."""
    names = ["conv_3x3", "conv_1x1", "avg_pool", "none~", "skip_connect"]

    def lead(cells: pd.DataFrame) -> float:
        counts = [sum(genome.count(name) for genome in cells["genome"]) for name in names]
        return float(counts[0] - max(counts[1:])) / max(1, sum(counts))

    def find(study: CellStudy) -> Finding:
        cells = study.rows("cell_evaluations", search="multi")
        return study.found(cells[cells["rank"] < study.fronts], lead, study.front, "operation lead")

    return Quantity("share of 3x3 convolutions minus the next operation's, over the front", find)


def motif_share(size: int) -> Quantity:
    """Return how to find the share of the front that has the most frequent motif of a size; Wilson's interval."""

    def find(study: CellStudy) -> Finding:
        row = study.rows("cell_motifs", size=size).iloc[0]
        n = round(row["support"] / row["share"])
        return Finding(float(row["share"]), *binomial_interval(float(row["share"]), n), n, study.front)

    return Quantity(f"share of the front with the most frequent motif of size {size}", find)


def calibration_by_introspectability() -> Quantity:
    """Return how to find Spearman's r of introspectability and calibration by activations over members."""

    def find(study: CellStudy) -> Finding:
        rows = study.rows("cell_calibration", score="activations", bins="unit").dropna(subset=["pearson"])
        return study.found(
            rows,
            lambda cells: (
                trend(cells["introspectability"].to_numpy(np.float64), cells["pearson"].to_numpy(np.float64)).spearman
            ),
            "members",
            "calibration",
        )

    return Quantity("Spearman's r of introspectability and Pearson's r of calibration by activations", find)


def calibration_lead(threshold: float) -> Quantity:
    """Return how to find by how much activations beat softmax among members above an introspectability."""

    def find(study: CellStudy) -> Finding:
        table = study.rows("cell_calibration", bins="unit")
        wide = table.pivot(index="member", columns="score", values="pearson")
        known = table.drop_duplicates("member").set_index("member")["introspectability"]
        lead = (wide["activations"] - wide["softmax"])[known > threshold].dropna()
        if lead.empty:
            raise NotMeasuredError(f"no member has an introspectability above {threshold}")
        return Finding(*mean_interval(lead.to_numpy(np.float64)), len(lead), "members")

    return Quantity(f"Pearson's r of calibration, activations minus softmax, members above {threshold}", find)


def debugging_lead(task: str, percentile: int) -> Quantity:
    """Return how to find by how much the most introspectable member beats the least at a percentile of scores."""

    def find(study: CellStudy) -> Finding:
        parts = []
        for cell in ("highest", "lowest"):
            row = study.rows("cell_debugging", task=task, cell=cell, percentile=percentile).iloc[0]
            parts.append(Finding(float(row["value"]), float(row["low"]), float(row["high"]), 1, f"{cell} cell"))
        return minus(*parts)

    return Quantity(
        f"{task} found in the lowest {percentile} % of scores: highest minus lowest introspectability", find
    )


def confusion(end: str | None) -> Quantity:
    """Return how to find Pearson's r of negated distances and confusion: the highest minus the lowest member, or the
    mean over members where `end` is None."""

    def find(study: CellStudy) -> Finding:
        rows = study.rows("cell_confusion", diagonal=False).sort_values("introspectability")
        if end is None:
            known = rows["pearson"].dropna().to_numpy(np.float64)
            if not len(known):
                raise NotMeasuredError("cell_confusion.csv: no member has a defined correlation")
            return Finding(*mean_interval(known), len(known), "members")
        parts = [
            Finding(float(row["pearson"]), float(row["pearson_low"]), float(row["pearson_high"]), 1, "cell")
            for row in (rows.iloc[-1], rows.iloc[0])
        ]
        return minus(*parts)

    words = "mean over members" if end is None else "most minus least introspectable member"
    return Quantity(f"Pearson's r of negated distances and folded confusion over pairs of classes, {words}", find)


def repaired(name: str) -> Quantity:
    """Return how to find the mean change of a quantity by the repair over its trials."""

    def find(study: CellStudy) -> Finding:
        changes = study.rows("cell_repair")[f"{name}_change"].to_numpy(np.float64)
        return Finding(*mean_interval(changes), len(changes), "trials")

    return Quantity(f"change of {name} by the repair, mean over trials", find)
