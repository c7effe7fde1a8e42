"""What explains accuracy on a shift, and which members are compared with which."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from heterodox.metrics.regression import shared_out
from heterodox.streams import stream
from heterodox.tables import single_models
from heterodox.tables.single_models import matched_pairs, regress


def members(m=12, classes=("CNN", "ViT", "NAS")) -> pd.DataFrame:
    generator = np.random.default_rng(2)
    clean, size = generator.uniform(0.6, 0.9, m), generator.integers(10_000, 900_000, m)
    kinds = np.array([classes[number % len(classes)] for number in range(m)])
    shifted = clean - 0.3 + 0.1 * (kinds == "ViT") + generator.normal(0, 0.02, m)
    names = [f"m{number}" for number in range(m)]
    shared = {"member": names, "class": kinds, "parameters": size}
    tables = [pd.DataFrame(shared | {"shift": s, "top1": v}) for s, v in (("clean", clean), ("fog-1.0", shifted))]
    return pd.concat(tables, ignore_index=True).sample(frac=1, random_state=1)


def plain_columns(table: pd.DataFrame) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    wide = table.pivot(index=["member", "class", "parameters"], columns="shift", values="top1").reset_index()
    order = table[table["shift"] == "clean"]["member"]
    wide = wide.set_index("member").loc[order].reset_index()
    classes = np.stack([wide["class"] == "NAS", wide["class"] == "ViT"], axis=1).astype(float)
    size = np.log10(wide["parameters"].to_numpy(float))
    return wide["fog-1.0"].to_numpy(), {
        "clean_accuracy": wide["clean"].to_numpy()[:, None],
        "log_parameters": size[:, None],
        "class": classes,
    }


def test_estimates_and_intervals_are_those_of_repeated_members() -> None:
    table = members()
    found = regress(table, "fog-1.0", seed=3, replicates=30).set_index(["factor", "statistic"])
    y, factors = plain_columns(table)
    whole = np.column_stack([np.ones(12), *factors.values()])
    plain = np.linalg.lstsq(whole, y, rcond=None)[0]
    for name, slope in zip(["clean_accuracy", "log_parameters", "class NAS", "class ViT"], plain[1:], strict=True):
        assert found.loc[(name, "coefficient"), "value"] == pytest.approx(slope)
    shares = {name: values[0] for name, values in shared_out(y, factors, np.ones(12)).items()}
    for name, share in shares.items():
        assert found.loc[(name, "share"), "value"] == pytest.approx(share)
    gap = shares["class"] - max(shares["clean_accuracy"], shares["log_parameters"])
    assert found.loc[("class - others", "share"), "value"] == pytest.approx(gap)

    drawn, refused = [], 0
    for replicate in range(30):
        generator = stream(3, "bootstrap single members", replicate)
        while True:
            rows = generator.integers(0, 12, 12)
            distinct = np.unique(whole[rows], axis=0)
            if len(distinct) > 5 and np.linalg.matrix_rank(distinct) == 5:
                break
            refused += 1
        slope = np.linalg.lstsq(whole[rows], y[rows], rcond=None)[0][1]
        drawn.append([slope, spearmanr(factors["log_parameters"][rows, 0], y[rows])[0]])
    low, high = np.percentile(drawn, [2.5, 97.5], axis=0)
    for place, key in enumerate([("clean_accuracy", "coefficient"), ("log_parameters", "spearman")]):
        np.testing.assert_allclose(found.loc[key, ["low", "high"]].to_numpy(float), [low[place], high[place]])
    assert (found["redrawn"] == refused).all()
    assert (found["n"] == 12).all()


def test_one_class_is_no_factor() -> None:
    found = regress(members(classes=("CNN",)), "fog-1.0", seed=1, replicates=5)
    assert set(found["factor"]) == {"all", "clean_accuracy", "log_parameters"}


def test_members_that_are_just_enough_have_values_and_no_interval() -> None:
    """Of six members, with five coefficients, nearly every draw leaves the model undetermined."""
    found = regress(members(6), "fog-1.0", seed=1, replicates=20)
    assert found["value"].notna().all()
    assert found[["low", "high"]].isna().all(axis=None)
    assert (found["redrawn"] > 20).all()


def test_too_few_members_explain_nothing(caplog) -> None:
    found = regress(members(5), "fog-1.0", seed=1, replicates=5)
    assert found.empty
    assert list(found.columns) == single_models.REGRESSION_COLUMNS
    assert "5 members do not determine" in caplog.text


def labelled(*rows: tuple) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["member", "arch", "class", "approach", "parameters"])


def test_pairs_of_the_papers_table() -> None:
    """The comparisons that section 4.1 makes between the rows of Table 1."""
    table = labelled(
        ("dino_resnet50", "resnet", "CNN", "self-supervised", 25.6),
        ("resnet50", "resnet", "CNN", "supervised", 25.6),
        ("resnext50", "resnext", "CNN", "supervised", 25.0),
        ("resnet152", "resnet", "CNN", "supervised", 60.2),
        ("efficientnet_b7", "efficientnet", "NAS", "supervised", 66.3),
        ("resnext101", "resnext", "CNN", "supervised", 83.4),
        ("swin_tiny", "swin", "ViT", "supervised", 28.3),
        ("dino_vit", "vit", "ViT", "self-supervised", 87.3),
        ("swin_base", "swin", "ViT", "supervised", 87.8),
        ("vit_base", "vit", "ViT", "supervised", 86.6),
        ("deit_base", "deit", "ViT", "distilled", 87.3),
        ("swin_v2", "swin", "ViT", "self-supervised", 87.9),
    )
    assert matched_pairs(table) == {
        "smallest_transformer": [("swin_tiny", "resnet152"), ("swin_tiny", "resnext101")],
        "self_supervision": [("dino_resnet50", "resnet50"), ("dino_vit", "vit_base"), ("swin_v2", "swin_base")],
        "distillation": [("deit_base", "swin_base"), ("deit_base", "vit_base")],
    }


def test_members_without_partners_are_compared_with_none() -> None:
    table = labelled(("a", "resnet", "CNN", "distilled", 10), ("b", "vit", "ViT", "supervised", 20))
    assert matched_pairs(table) == {"smallest_transformer": [], "self_supervision": [], "distillation": []}
