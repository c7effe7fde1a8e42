"""The tables of the explanation paper: what it printed, and ours in the same shape.

Pazzani, Soltani, Kumar, Alipour & Ahamed, "Improving explanations of image classifiers: ensembles and multitask
learning". Every number here is printed there; tables 3 and 4 evaluate on PartImageNet, tables 5 and 6 on ISIC-2018.
"""

from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd

from heterodox.tables.localisation import pick


class Printed(NamedTuple):
    """A row of the paper: single networks, then the ensemble (Table 7: K-fold, then bagging)."""

    individual: float
    ensemble: float
    bagging: float | None = None


class PaperTable(NamedTuple):
    """A table of the paper: its title, our metrics in its order, and its rows by method and metric."""

    title: str
    metrics: tuple[str, ...]
    rows: dict[tuple[str, str], Printed]


def _table(title: str, metric: str, **rows: tuple[float, ...]) -> PaperTable:
    return PaperTable(title, (metric,), {(method, metric): Printed(*values) for method, values in rows.items()})


BILL = "Distance of the centre of mass from the bill"
TABLES = {
    "table_1": _table(
        f"{BILL}, VGG",
        "distance",
        grad_cam=(0.395, 0.328),
        input_x_gradient=(0.331, 0.320),
        gradient_shap=(0.346, 0.334),
        integrated_gradients=(0.346, 0.334),
        saliency=(0.328, 0.322),
    ),
    "table_2": _table(
        f"{BILL}, ResNet",
        "distance",
        grad_cam=(0.236, 0.216),
        input_x_gradient=(0.315, 0.300),
        gradient_shap=(0.320, 0.309),
        integrated_gradients=(0.330, 0.313),
        saliency=(0.313, 0.309),
    ),
    "table_3": _table(
        "Correlation with the wing, birds of another source",
        "correlation",
        grad_cam=(0.207, 0.256),
        input_x_gradient=(0.263, 0.324),
        gradient_shap=(0.263, 0.315),
        integrated_gradients=(0.265, 0.312),
        saliency=(0.218, 0.337),
    ),
    "table_4": _table(
        "Distance of the centre of mass from the wing, birds of another source",
        "distance",
        grad_cam=(0.157, 0.142),
        input_x_gradient=(0.153, 0.145),
        gradient_shap=(0.152, 0.146),
        integrated_gradients=(0.152, 0.146),
        saliency=(0.158, 0.147),
    ),
    "table_5": _table(
        "Intersection over union with several marks",
        "iou",
        grad_cam=(0.17, 0.19),
        integrated_gradients=(0.04, 0.05),
        saliency=(0.03, 0.04),
        lime=(0.11, 0.13),
    ),
    "table_6": PaperTable(
        "Intersection and union with several marks, in pixels",
        ("intersection", "union"),
        {
            ("grad_cam", "intersection"): Printed(1344.82, 1668.59),
            ("grad_cam", "union"): Printed(7968.59, 8602.46),
            ("lime", "intersection"): Printed(904.44, 999.31),
            ("lime", "union"): Printed(8262.70, 7897.76),
            ("integrated_gradients", "intersection"): Printed(95.20, 118.46),
            ("integrated_gradients", "union"): Printed(3470.67, 3463.11),
            ("saliency", "intersection"): Printed(150.01, 174.93),
            ("saliency", "union"): Printed(3574.14, 3556.70),
        },
    ),
    "table_7": _table(
        f"{BILL}: one network trained on all images, and ensembles made by leaving buckets out and by bagging",
        "distance",
        guided_grad_cam=(0.169, 0.153, 0.157),
        grad_cam=(0.297, 0.273, 0.277),
        integrated_gradients=(0.278, 0.217, 0.219),
        saliency=(0.280, 0.222, 0.225),
        input_x_gradient=(0.293, 0.241, 0.243),
        gradient_shap=(0.278, 0.218, 0.219),
    ),
}
LEAVE_OUT, BAGGING = "leave_one_bucket_out", "bagging"
# What stands in a table beside the average: not the baselines, which are columns, nor the members, who are Ind-Avg.
HIDDEN = ("member", "centre", "random")
RESCALING = ("not_rescaled", "rescaled")  # the average with its range treated the other way
RESCALING_TABLES = ("table_5", "table_6")


def family(method: str) -> str:
    """Return a method's name without its number of steps."""
    return method.partition("-")[0]


def printed_for(name: str, method: str, metric: str, explained: str) -> tuple[float | None, float | None]:
    """Return Ind-Avg and Ens-Avg that the paper prints for a row of ours; None where it has no such row."""
    row = TABLES[name].rows.get((family(method), metric))
    if row is None:
        return None, None
    ensemble = {"mean": row.ensemble, LEAVE_OUT: row.ensemble, BAGGING: row.bagging}.get(explained)
    return row.individual, ensemble


def paper_table(name: str, table: pd.DataFrame, member_sets: list[str], average: str = "mean") -> pd.DataFrame:
    """Return one of TABLES in our numbers from the rows of `localisation.summaries`, baselines and paper beside them.

    Rows are the average, the control `draws` and, where there are any, other averages and ensembles explained as one
    network; in tables 5 and 6 also the average whose range is not scaled again (or is, where the others' are not).
    """
    own = pick(table, member_sets, TABLES[name].metrics)
    baselines = own.pivot_table(index=["member_set", "method", "metric"], columns="explained", values="value")
    left_out = {*HIDDEN, *([] if name in RESCALING_TABLES else RESCALING)}
    shown = own[~own["explained"].isin(left_out)]
    columns = [
        "member_set",
        "method",
        "metric",
        "explained",
        "individual",
        "value",
        "stars",
        "difference",
        "low",
        "high",
    ]
    columns += ["relative", "relative_low", "relative_high", "t_p", "wilcoxon_p", "effect_size", "n", "images"]
    columns += ["not_counted", "massless", "empty_masks"]
    result = shown[columns].rename(columns={"individual": "ind_avg", "value": "ens_avg"})
    keys = list(zip(result["member_set"], result["method"], result["metric"], strict=True))
    for baseline in ("centre", "random"):
        result[baseline] = [baselines[baseline].get(key) for key in keys]
    printed = [
        printed_for(name, row.method, row.metric, "mean" if row.explained == average else row.explained)
        for row in result.itertuples()
    ]
    result["paper_ind_avg"], result["paper_ens_avg"] = ([pair[place] for pair in printed] for place in (0, 1))
    return result.reset_index(drop=True)


def sets_of(tables: Mapping[str, object]) -> dict[str, list[str]]:
    """Return the member sets of each table but the seventh, from the configuration's `tables`; Table 6 is Table 5's."""
    found: dict[str, list[str]] = {}
    for name, entry in tables.items():
        if name != "table_7" and entry:
            found[name] = list(entry) if isinstance(entry, list) else [str(entry)]
    if "table_5" in found:
        found["table_6"] = found["table_5"]
    return dict(sorted(found.items()))
