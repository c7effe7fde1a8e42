"""The claims of the explanation paper: every row of its Tables 1 to 7 by direction and by size, and what its text adds.

A row's direction is the sign of the paper's difference of ensemble and single networks. Its size is the difference as a
share of the single networks' score, so that other data and networks can be compared: it is met between half and twice
the paper's share.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from heterodox.tables.claims import ABOVE, BELOW, Claim, Finding, NotMeasuredError, Quantity, Range
from heterodox.tables.explanation_paper import BAGGING, LEAVE_OUT, TABLES, family

SECTIONS = {
    "table_1": "5.1",
    "table_2": "5.1",
    "table_3": "5.1",
    "table_4": "5.1",
    "table_5": "5.2",
    "table_6": "5.3",
    "table_7": "5.4",
}
METRIC_WORDS = {"iou": "intersection over union", "distance": "distance of the centre of mass"}
METHOD_WORDS = {
    "grad_cam": "Grad-CAM",
    "guided_grad_cam": "Guided Grad-CAM",
    "input_x_gradient": "input times gradient",
    "gradient_shap": "gradient SHAP",
    "integrated_gradients": "integrated gradients",
    "saliency": "saliency",
    "lime": "LIME",
}
SIZE_FACTOR = 2.0


@dataclass(frozen=True)
class Study:
    """The study's tables by name: `table_1` ... `table_7` and `answers`, those that it has.

    `sets` are the member sets of each table but the seventh, `average` what stands for the ensemble there.
    """

    tables: Mapping[str, pd.DataFrame]
    sets: Mapping[str, Sequence[str]]
    average: str = "mean"

    def row(self, name: str, member_set: str | None, method: str, metric: str, explained: str) -> pd.Series:
        """Return one row of a table of the paper in our numbers; NotMeasuredError where there is none."""
        if name not in self.tables:
            raise NotMeasuredError(f"the study has no {name}.csv")
        table = self.tables[name]
        same = (table["method"].map(family) == method) & (table["metric"] == metric) & (table["explained"] == explained)
        found = table[same & ((table["member_set"] == member_set) | (member_set is None))]
        if found.empty:
            raise NotMeasuredError(f"{name}.csv has no row for {method}, {metric}, {explained}")
        return found.iloc[0]


def row_finding(row: pd.Series, share: bool) -> Finding:
    """Return the difference of ensemble and single members, or its share of the single members' score."""
    unit = f"cases, {row['not_counted']} not counted"
    if not share:
        return Finding(row["difference"], row["low"], row["high"], int(row["n"]), unit)
    return Finding(row["relative"], row["relative_low"], row["relative_high"], int(row["n"]), unit)


def paper_claims(study: Study) -> Iterator[Claim]:
    """Yield two claims for every row that the paper prints, for every member set that answers its table."""
    for name, table in TABLES.items():
        kinds = (LEAVE_OUT, BAGGING) if name == "table_7" else (study.average,)
        for member_set in study.sets.get(name, [None]):
            for method, metric in table.rows:
                for kind in kinds:
                    yield from _row_claims(name, member_set, method, metric, kind)


def _row_claims(name: str, member_set: str | None, method: str, metric: str, kind: str) -> Iterator[Claim]:
    printed = TABLES[name].rows[method, metric]
    after = printed.bagging if kind == BAGGING and printed.bagging is not None else printed.ensemble
    share = (after - printed.individual) / printed.individual
    question = f"{name.replace('_', ' ').capitalize()}: {TABLES[name].title}"
    place = f"{SECTIONS[name]}, {name.replace('_', ' ').capitalize()}"
    how = {LEAVE_OUT: "leaving one bucket out", BAGGING: "bagging"}.get(kind, "averaging the members' maps")
    words = METRIC_WORDS.get(metric, metric)
    of_set = f", {member_set}" if member_set else ""
    identity = "-".join(filter(None, [name, member_set, method, metric, kind if name == "table_7" else None]))
    verb = "raises" if share > 0 else "lowers"
    text = f"{METHOD_WORDS[method]}: {how} {verb} the {words}"
    said = f"{printed.individual:g} to {after:g} ({share:+.1%})"

    def find(study: Study, as_share: bool) -> Finding:
        return row_finding(study.row(name, member_set, method, metric, kind), as_share)

    yield Claim(
        f"{identity}-direction",
        question,
        place,
        text,
        said,
        ABOVE if share > 0 else BELOW,
        Quantity(f"difference of {words}{of_set}", lambda study: find(study, False)),
    )
    yield Claim(
        f"{identity}-size",
        question,
        place,
        f"{text} by about {abs(share):.0%} (between half and twice that)",
        said,
        Range(*sorted((share / SIZE_FACTOR, share * SIZE_FACTOR))),
        Quantity(f"difference as a share{of_set}", lambda study: find(study, True)),
    )


def gain_with_size(method: str) -> Claim:
    """Return the claim of Figure 5 for one method."""

    def find(study: Study) -> Finding:
        # The curve's first and last points over all cases, which Table 5 has with an interval over images.
        member_set = study.sets.get("table_5", [None])[0]
        return row_finding(study.row("table_5", member_set, method, "iou", study.average), False)

    return Claim(
        f"figure_5-{method}",
        "Figure 5: the size of the ensemble",
        "5.5, Figure 5",
        f"{METHOD_WORDS[method]}: the intersection over union rises with the number of members",
        "tends to increase, then levels off",
        ABOVE,
        Quantity("IoU of all members' average minus that of one member", find),
    )


def _answers(study: Study) -> Finding:
    member_sets = study.sets.get("table_5")
    if "answers" not in study.tables or not member_sets:
        raise NotMeasuredError("the study has no answers of the members of Table 5")
    table = study.tables["answers"].set_index("member_set")
    if member_sets[0] not in table.index:
        raise NotMeasuredError(f"answers.csv has no row for {member_sets[0]}, which is evaluated on another source")
    row = table.loc[member_sets[0]]
    unit = f"images; {row['auc_of_members']:.3f} to {row['auc_of_ensemble']:.3f}, p = {row['t_p']:.2g} over members"
    return Finding(row["auc_difference"], row["low"], row["high"], int(row["images"]), unit)


def over_draws(name: str, method: str) -> Claim:
    """Return a claim of ours, the control: members' maps gain more than draws of one member's map."""

    def find(study: Study) -> Finding:
        member_set = study.sets.get(name, [None])[0]
        metric = TABLES[name].metrics[0]
        both = [study.row(name, member_set, method, metric, kind) for kind in (study.average, "draws")]
        ensemble, draws = (row_finding(row, False) for row in both)
        low, high = ensemble.low - draws.high, ensemble.high - draws.low
        return Finding(ensemble.value - draws.value, low, high, ensemble.n, "cases; the widest interval of the two")

    metric = TABLES[name].metrics[0]
    return Claim(
        f"control-{name}-{method}",
        "Control (not in the paper): is it the members, or averaging noise away?",
        "-",
        f"{METHOD_WORDS[method]}, {name.replace('_', ' ').capitalize()}: averaging members gains more than averaging "
        "draws of one member",
        "not in the paper",
        BELOW if metric == "distance" else ABOVE,
        Quantity(f"{METRIC_WORDS.get(metric, metric)} gained by averaging members minus that by draws", find),
    )


def claims(study: Study) -> list[Claim]:
    """Return all claims in the order of the paper, and the control last."""
    answers = Claim(
        "auc",
        "Section 5.2: are answers better too?",
        "5.2",
        "The ensemble's area under the ROC curve is larger than its members'",
        "0.82 to 0.86, p = 0.03",
        ABOVE,
        Quantity("area under the ROC curve of the ensemble minus that of members", _answers),
    )
    curves = [gain_with_size(method) for method, _ in TABLES["table_5"].rows]
    controls = [
        over_draws("table_1", "gradient_shap"),
        over_draws("table_2", "gradient_shap"),
        over_draws("table_5", "lime"),
    ]
    return [*paper_claims(study), answers, *curves, *controls]


def with_baselines(found: pd.DataFrame, study: Study) -> pd.DataFrame:
    """Return the claims' table with the two baselines and both scores beside each row of the paper's tables."""
    beside = {}
    for claim in paper_claims(study):
        name, rest = claim.id.split("-", 1)
        for row in study.tables.get(name, pd.DataFrame()).itertuples():
            parts = [row.member_set if study.sets.get(name) else None, family(row.method), row.metric]
            own = "-".join(filter(None, [*parts, row.explained if name == "table_7" else None]))
            wanted = name == "table_7" or row.explained == study.average
            if wanted and rest.rsplit("-", 1)[0] == own:
                beside[claim.id] = (row.ind_avg, row.ens_avg, row.centre, row.random)
    columns = ["ind_avg", "ens_avg", "centre", "random"]
    numbers = (
        pd.DataFrame.from_dict(beside, orient="index", columns=columns).reindex(found["id"]).reset_index(drop=True)
    )
    return pd.concat([found, numbers], axis=1)


def said_with_baselines(found: pd.DataFrame) -> pd.DataFrame:
    """Return the table with scores and baselines in the words of the quantity, for a page."""
    words = [
        f"{row.quantity}; single {row.ind_avg:.4g}, ensemble {row.ens_avg:.4g}, centre {row.centre:.4g}, "
        f"random map {row.random:.4g}"
        if pd.notna(row.ind_avg)
        else row.quantity
        for row in found.itertuples()
    ]
    return found.assign(quantity=words)
