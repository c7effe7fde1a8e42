"""What activations of trained cells are good for: calibration, finding errors, confusion (Figures 7 and 8, Appendix K).

The score of a prediction is 1 - cosine distance between the image's activations and the mean activations of the
predicted class over the training images; that of a label the same with the class that the label names. Higher = surer.
Intervals are percentiles of a bootstrap over the test images.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from heterodox.ensembles.bootstrap import PERCENTILES
from heterodox.errors import UserError
from heterodox.metrics.calibration import bins_of, calibration_trend
from heterodox.metrics.class_means import principal_plane
from heterodox.metrics.confusion import confusion_matrix, folded, pair_correlation
from heterodox.metrics.debugging import accuracy_gains, detection_rates, flipped_labels
from heterodox.metrics.trends import trend
from heterodox.storage.inspections import Inspection, Repair
from heterodox.streams import stream
from heterodox.tables.cell_searches import functions_of

BINS = 50
LEAST = 5  # units below which a bootstrap over them says nothing
FLIPPED = 0.2
PERCENTS = np.arange(0, 51)
LABEL_PERCENTS = np.arange(0, 101)
Inspections = Mapping[str, Inspection]


def activation_score(inspection: Inspection, classes: np.ndarray) -> np.ndarray:
    """Return 1 - distance of each image to the mean of the class given for it (N,)."""
    return 1 - inspection.distances[np.arange(len(classes)), classes]


def softmax_score(inspection: Inspection) -> np.ndarray:
    """Return the probability of the predicted class (N,)."""
    shifted = inspection.logits.astype(np.float64)
    shifted = np.exp(shifted - shifted.max(axis=1, keepdims=True))
    return shifted.max(axis=1) / shifted.sum(axis=1)


def resampled(
    statistic: Callable[[np.ndarray], np.ndarray], count: int, replicates: int, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return the 2.5 and 97.5 percentiles of a statistic of image rows drawn again; replicates with NaN left out.

    statistic: rows (count,) to values (...); the bounds have the values' shape, NaN where no replicate is defined.
    """
    drawn = np.array([statistic(generator.integers(0, count, count)) for _ in range(replicates)], float)
    bounds = np.full((2, *drawn.shape[1:]), np.nan)
    known = np.isfinite(drawn)
    some = known.any(axis=0)
    if some.any():
        bounds[:, some] = np.nanpercentile(np.where(known, drawn, np.nan)[:, some], PERCENTILES, axis=0)
    return bounds[0], bounds[1]


def calibration(inspections: Inspections, replicates: int, seed: int) -> pd.DataFrame:
    """Return one row per member, score and kind of bins: Pearson's and Spearman's r of score and accuracy (Figure 7).

    score: `activations` or `softmax`; bins: 50 over `unit` (0..1, the paper's probabilities) or over the `observed`
    scores, which distances of a narrow range need; filled_bins: how many of them hold predictions. Both r are missing
    where fewer than `metrics.calibration.LEAST_BINS` do. Intervals lie low, and a value may stand above its own: images
    drawn again make the bins noisier than they are.
    """
    rows = []
    for member, one in inspections.items():
        scores = {"activations": activation_score(one, one.predictions), "softmax": softmax_score(one)}
        for name, score in scores.items():
            for bins in ("unit", "observed"):
                rows.append(_calibration_row(one, name, score, bins, replicates, seed))
                rows[-1] = {"member": member, **rows[-1]}
    return pd.DataFrame(rows)


def _calibration_row(
    one: Inspection, name: str, score: np.ndarray, bins: str, replicates: int, seed: int
) -> dict[str, object]:
    def statistic(rows: np.ndarray) -> np.ndarray:
        return np.array(calibration_trend(score[rows], one.correct[rows], BINS, bins == "observed")[1:])

    generator = stream(seed, "bootstrap of calibration", one.member, name, bins)
    low, high = resampled(statistic, len(score), replicates, generator)
    pearson, spearman = statistic(np.arange(len(score)))
    return {
        "genome": one.genome,
        "accuracy": one.accuracy,
        "introspectability": one.introspectability,
        "score": name,
        "bins": bins,
        "filled_bins": len(bins_of(score, one.correct, BINS, bins == "observed").centre),
        "images": len(score),
        "test_accuracy": float(one.correct.mean()),
        "pearson": pearson,
        "pearson_low": low[0],
        "pearson_high": high[0],
        "spearman": spearman,
        "spearman_low": low[1],
        "spearman_high": high[1],
    }


def ends(inspections: Inspections) -> dict[str, Inspection]:
    """Return the members of the `highest` and the `lowest` introspectability."""
    ordered = sorted(inspections.values(), key=lambda one: (one.introspectability, one.member))
    return {"highest": ordered[-1], "lowest": ordered[0]}


def title(end: str, one: Inspection) -> str:
    """Return what a figure calls the member at one end of introspectability."""
    words = {"highest": "Most", "lowest": "Least"}[end]
    return f"{words} introspectable: {one.member} ({one.introspectability:.3f}, accuracy {one.accuracy:.1%})"


def plane(one: Inspection) -> tuple[np.ndarray, np.ndarray]:
    """Return the class means in the plane of their largest variance (classes, 2), and its explained shares (2,)."""
    found = principal_plane(one.gram)
    return found.coordinates, found.explained


def class_groups(groups: Mapping[str, Sequence[str]], classes: Sequence[str]) -> dict[str, list[int]]:
    """Return the numbers of the classes in each group; UserError for a name that no class has."""
    for name, members in groups.items():
        for member in members:
            if member not in classes:
                raise UserError(f"config: cells.emphasised.{name}: no class is called {member!r}; correct it")
    return {name: [list(classes).index(member) for member in members] for name, members in groups.items()}


def debugging(inspections: Inspections, replicates: int, seed: int) -> pd.DataFrame:
    """Return both tasks of Figure 8 for the cells of highest and lowest introspectability, by percentile of scores.

    `mispredictions`: accuracy gained by leaving out the lowest-scored predictions. `label_errors`: share of the flipped
    test labels, 20 %, among the lowest-scored labels. Shares with 95 % intervals over images.
    """
    rows: list[dict[str, object]] = []
    for cell, one in ends(inspections).items():
        for task, percents, statistic in debugging_tasks(one, seed):
            generator = stream(seed, "bootstrap of debugging", one.member, task)
            low, high = resampled(statistic, len(one.labels), replicates, generator)
            values = statistic(np.arange(len(one.labels)))
            known = {"task": task, "cell": cell, "member": one.member, "introspectability": one.introspectability}
            rows += [
                {**known, "percentile": percent, "value": value, "low": below, "high": above}
                for percent, value, below, above in zip(percents, values, low, high, strict=True)
            ]
    return pd.DataFrame(rows)


Task = tuple[str, np.ndarray, Callable[[np.ndarray], np.ndarray]]


def debugging_tasks(one: Inspection, seed: int) -> list[Task]:
    """Return both tasks with their percentiles and what they measure of rows of images.

    The flipped labels are the same for all cells: they are drawn for the images, not for the cell.
    """
    score = activation_score(one, one.predictions)
    given = flipped_labels(one.labels, len(one.classes), FLIPPED, stream(seed, "flipped labels"))
    label_score, flawed = activation_score(one, given), given != one.labels
    return [
        ("mispredictions", PERCENTS, lambda rows: accuracy_gains(score[rows], one.correct[rows], PERCENTS)),
        ("label_errors", LABEL_PERCENTS, lambda rows: detection_rates(label_score[rows], flawed[rows], LABEL_PERCENTS)),
    ]


def confusion(inspections: Inspections, replicates: int, seed: int) -> pd.DataFrame:
    """Return how negated distances of class means follow the folded confusion of test images, per member (Appendix K).

    `diagonal` says whether a class's own pair counts, as a reading of the paper allows: its distance 0 and its many
    recognised images make the correlation high for whatever recognises anything.
    """
    rows = []
    for member, one in inspections.items():
        for diagonal in (False, True):

            def statistic(images: np.ndarray, one: Inspection = one, diagonal: bool = diagonal) -> np.ndarray:
                matrix = confusion_matrix(one.labels[images], one.predictions[images], len(one.classes))
                return np.array(pair_correlation(one.pair_distances, matrix, diagonal)[1:])

            generator = stream(seed, "bootstrap of confusion", member)
            low, high = resampled(statistic, len(one.labels), replicates, generator)
            pearson, spearman = statistic(np.arange(len(one.labels)))
            known = {"member": member, "accuracy": one.accuracy, "introspectability": one.introspectability}
            known |= {"diagonal": diagonal, "pairs": len(one.classes) * (len(one.classes) - 1) // 2}
            rows.append(
                known
                | {"pearson": pearson, "pearson_low": low[0], "pearson_high": high[0]}
                | {"spearman": spearman, "spearman_low": low[1], "spearman_high": high[1]}
            )
    return pd.DataFrame(rows)


COST_COLUMNS = ["accuracy", "introspectability", "training_accuracy", "parameters", "images_per_second"]
COSTS = ("generalisation_error", "parameters", "images_per_second")


def with_generalisation_error(history: pd.DataFrame) -> pd.DataFrame:
    """Return the cells with training minus validation accuracy, a share."""
    return history.assign(generalisation_error=history["training_accuracy"] - history["accuracy"])


def costs(history: pd.DataFrame, replicates: int, seed: int) -> pd.DataFrame:
    """Return Spearman's r of each cost and each objective over all evaluated cells (Figures J4 to J6).

    Cells that are one function count once. Intervals are percentiles of a bootstrap over cells.
    """
    cells = with_generalisation_error(functions_of(history))
    rows = []
    for cost in COSTS:
        for objective in ("accuracy", "introspectability"):
            known = cells[[cost, objective]].dropna().to_numpy(np.float64)
            rows.append({"cost": cost, "objective": objective, **rank_correlation(known, replicates, seed, cost)})
    return pd.DataFrame(rows)


def rank_correlation(pairs: np.ndarray, replicates: int, seed: int, purpose: str) -> dict[str, object]:
    """Return Spearman's r of the two columns of pairs (n, 2) with its 95 % interval over rows, and n.

    No interval below LEAST rows.
    """

    def statistic(rows: np.ndarray) -> np.ndarray:
        return np.array(trend(pairs[rows, 0], pairs[rows, 1]).spearman)

    generator = stream(seed, "bootstrap of a rank correlation", purpose)
    low, high = resampled(statistic, len(pairs), replicates, generator) if len(pairs) >= LEAST else (np.nan, np.nan)
    value = float(statistic(np.arange(len(pairs)))) if len(pairs) > 1 else float("nan")
    return {"spearman": value, "low": float(low), "high": float(high), "n": len(pairs)}


def repair_table(repair: Repair) -> pd.DataFrame:
    """Return one row per trial: test accuracy, images of the pair taken for each other, and its distance, each before
    and after, and the changes (Appendix K)."""
    low, high = repair.pair
    classes = len(repair.classes)
    before = confusion_matrix(repair.labels, repair.predictions, classes)
    rows = []
    for trial, (predictions, distances) in enumerate(
        zip(repair.repaired_predictions, repair.repaired_distances, strict=True), 1
    ):
        after = confusion_matrix(repair.labels, predictions, classes)
        accuracies = [float((each == repair.labels).mean()) for each in (repair.predictions, predictions)]
        confused = [int(matrix[low, high] + matrix[high, low]) for matrix in (before, after)]
        apart = [float(matrix[low, high]) for matrix in (repair.distances, distances)]
        row: dict[str, object] = {"member": repair.member, "trial": trial, "images": len(repair.labels)}
        row |= {"first": repair.classes[low], "second": repair.classes[high]}
        for name, (old, new) in (("accuracy", accuracies), ("confused", confused), ("distance", apart)):
            row |= {f"{name}_before": old, f"{name}_after": new, f"{name}_change": new - old}
        rows.append(row)
    return pd.DataFrame(rows)


def repair_matrices(
    repair: Repair,
) -> tuple[list[np.ndarray], list[np.ndarray], tuple[int, int], tuple[str, ...]]:
    """Return distances and folded confusion before and after the first trial, the pair, and the classes."""
    confusions = [
        folded(confusion_matrix(repair.labels, predictions, len(repair.classes)))
        for predictions in (repair.predictions, repair.repaired_predictions[0])
    ]
    return [repair.distances, repair.repaired_distances[0]], confusions, repair.pair, repair.classes
