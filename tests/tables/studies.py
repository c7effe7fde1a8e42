"""A small invented study with every table that a claim asks for."""

from itertools import combinations

import numpy as np
import pandas as pd

from heterodox.ensembles.bootstrap import COMPARED_METRICS, COMPARED_STATISTICS, LEVELS, METRICS
from heterodox.ensembles.difficulty import STATISTICS
from heterodox.tables.resilience_study import Study

SHIFTS = ["clean", "v2", "lines-1.6", "fog-1.0"]
CORRUPTIONS = SHIFTS[2:]
MEMBERS = ["a", "b", "c", "d", "e"]
POOLS = ("mixed", "subnets")


def with_interval(value: float, name: str = "value", half: float = 0.1) -> dict[str, float]:
    prefix = "" if name in ("value", "difference") else f"{name}_"
    return {name: value, f"{prefix}low": value - half, f"{prefix}high": value + 2 * half}


def ensembles_table() -> pd.DataFrame:
    draw = np.random.default_rng(5)
    rows = [
        {"pool": "mixed", "shift": shift, "consensus": "mean_logit", "ensemble": "+".join(names)}
        | {"accuracy": draw.uniform(0.6, 0.9), "attribution_diversity": draw.uniform(0.2, 0.4)}
        | {"equitability_correct": draw.uniform(0, 0.2), "equitability_incorrect": draw.uniform(0.3, 0.6)}
        for shift in SHIFTS
        for names in combinations(MEMBERS, 3)
    ]
    return pd.DataFrame(rows)


def teams_table(seeds=(1, 2, 3)) -> pd.DataFrame:
    draw = np.random.default_rng(6)
    kinds = [("independent", None, None), ("balanced", None, 0.2), ("attribution", None, 0.001)]
    kinds += [("gncl", name, 0.2) for name in ("mean_logit", "mean_probability", "median_logit", "majority_vote")]
    kinds += [("masked_gncl", "mean_logit", 0.2), ("gncl", "mean_logit", 0.9)]
    rows = [
        {"team": f"{loss}-{consensus}-{strength}", "seed": seed, "loss": loss, "penalty_consensus": consensus}
        | {"lambda": strength, "shift": shift, "consensus": "mean_logit", "accuracy": draw.uniform(0.6, 0.8)}
        | {"equitability_correct": draw.uniform(0, 0.2), "equitability_incorrect": draw.uniform(0.3, 0.6)}
        | {"attribution_diversity": draw.uniform(0.2, 0.4)}
        for loss, consensus, strength in kinds
        for seed in seeds
        for shift in SHIFTS
    ]
    return pd.DataFrame(rows)


def trends_tables() -> dict[str, pd.DataFrame]:
    draw = np.random.default_rng(7)
    trends, comparisons = [], []
    for pool in POOLS:
        for shift in SHIFTS:
            place = {"pool": pool, "shift": shift}
            for consensus in ("mean_logit", "majority_vote"):
                own = place | {"consensus": consensus, "n": 10}
                trends += [own | {"metric": m} | with_interval(draw.uniform(-1, 1), "pearson") for m in METRICS]
                levels = [own | {"statistic": name, "first": None, "second": None} for name in LEVELS]
                pairs = [
                    own | {"statistic": name, "first": first, "second": second}
                    for name in COMPARED_STATISTICS
                    for first, second in COMPARED_METRICS
                ]
                comparisons += [row | with_interval(draw.uniform(-1, 1)) for row in levels + pairs]
            names = {"consensus": None, "first": "majority_vote", "second": "mean_logit", "n": 10}
            comparisons += [place | names | {"statistic": s} | with_interval(draw.uniform(-1, 1)) for s in LEVELS]
    return {"trends": pd.DataFrame(trends), "comparisons": pd.DataFrame(comparisons)}


def single_model_tables() -> dict[str, pd.DataFrame]:
    draw = np.random.default_rng(8)
    factors = [("log_parameters", "spearman"), ("class - others", "share")]
    regression = [
        {"shift": shift, "factor": factor, "statistic": statistic, "n": 14} | with_interval(draw.uniform(-1, 1))
        for shift in SHIFTS[1:]
        for factor, statistic in factors
    ]
    pairs = [
        {"comparison": name, "shift": shift, "first": first, "second": None, "pairs": 2}
        | with_interval(draw.uniform(-1, 1), "difference")
        for name in ("smallest_transformer", "self_supervision", "distillation")
        for shift in SHIFTS
        for first in ("x", None)
    ]
    pairs += [
        {"comparison": "shifted_minus_clean", "shift": shift, "first": "a", "second": "a", "pairs": 1}
        | with_interval(-0.2, "difference")
        for shift in SHIFTS[1:]
    ]
    members = [{"member": name, "shift": shift, "images": 500} for name in MEMBERS for shift in SHIFTS]
    tables = {"single_model_regression": regression, "matched_pairs": pairs, "members": members}
    return {name: pd.DataFrame(rows) for name, rows in tables.items()}


def other_tables() -> dict[str, pd.DataFrame]:
    draw = np.random.default_rng(9)
    agreement = [{"first": "x", "second": "y", "pairs": 15} | with_interval(0.1, "pearson")]
    agreement.append({"first": None, "second": None, "pairs": 15, "pearson": 0.99, "low": 0.98, "high": 0.995})
    difficulty = [
        {"shift": shift, "first": "CNN", "second": "ViT", "images": 500}
        | {key: value for name in STATISTICS for key, value in with_interval(0.1, name).items()}
        for shift in SHIFTS
    ]
    similarity = [
        {"team": team, "first": first, "second": second, "part": part, "cka": draw.uniform(0, 1)}
        for team in ("Mixed", "Predictions", "Maps")
        for first, second in combinations("pqr", 2)
        for part in ("first", "middle", "last")
    ]
    training = [
        {
            "sweep": "literal",
            "loss": "attribution",
            "lambda": strength,
            "diverged_epoch": epoch,
            "overhead": 2 + strength,
            "normalise": "none",
            "explained": None,
        }
        for strength, epoch in ((10.0, 2), (1.0, 3), (0.1, 5), (0.01, None))
    ]
    # None is of a sweep with Eq. 8 to the letter: maps normalised, of a few images only, or a team of the study.
    other = {"sweep": "other", "loss": "attribution", "diverged_epoch": 1, "overhead": 90, "normalise": "none"}
    training += [other | {"normalise": "l2"}, other | {"explained": 8}, other | {"sweep": None}]
    training += [
        {"loss": "gncl", "penalty_consensus": "mean_logit", "lambda": strength, "diverged_epoch": epoch}
        | {"team_validation_accuracy": None if epoch else 0.7, "classes": 10}
        for strength, epoch in ((0.2, None), (0.5, None), (1.0, 4), (3.0, 1), (10.0, 1))
    ]
    tables = {"method_agreement": agreement, "difficulty": difficulty, "similarity": similarity}
    return {name: pd.DataFrame(rows) for name, rows in (tables | {"team_training": training}).items()}


def whole_study(**changes) -> Study:
    tables = {"ensembles": ensembles_table(), "teams": teams_table()} | trends_tables()
    tables |= single_model_tables() | other_tables()
    settings = {
        "tables": tables, "shifts": SHIFTS, "corruptions": CORRUPTIONS, "pool": "mixed", "subnetworks": "subnets",
        "exhibits": {"heterogeneous": "Mixed", "prediction": "Predictions", "attribution": "Maps"},
        "heterogeneous_members": ["c", "a", "b"], "replicates": 20, "seed": 4,
        "teams": [name for name in tables["teams"]["team"].unique() if not name.endswith("0.9")],
    }  # fmt: skip
    return Study(**(settings | changes))
