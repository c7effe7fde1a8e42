"""From dumps and tables to the further tables and figures of the resilience study, script by script."""

from itertools import combinations_with_replacement
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from heterodox.errors import UserError
from heterodox.storage.dumps import write_dump
from heterodox.storage.tables import read_table, write_table
from heterodox.tables.claims import COLUMNS
from heterodox.tables.team_training import COLUMNS as TRAINING_COLUMNS
from scripts.collect_comparisons import collect_comparisons
from scripts.compare_matched_pairs import compare_matched_pairs
from scripts.draw_difficulty_functions import draw_difficulty_functions
from scripts.draw_heuristics import draw_heuristics
from scripts.draw_method_agreement import draw_method_agreement
from scripts.measure_difficulty import measure_difficulty
from scripts.regress_accuracy import regress_accuracy
from scripts.tabulate_claims import tabulate_claims
from scripts.tabulate_heuristics import tabulate_heuristics
from scripts.tabulate_method_agreement import tabulate_method_agreement
from scripts.tabulate_team_training import tabulate_team_training
from tests.ensembles.test_method_agreement import scored
from tests.figures.study import members_table
from tests.tables.studies import whole_study

SHIFTS = ["clean", "fog-1.0"]
CLASSES = {"CNN": ["a", "b"], "ViT": ["c"]}
MEMBERS = ["c", "a", "b"]
LABELS = np.arange(40) % 4


@pytest.fixture
def dumps(tmp_path: Path) -> dict[tuple[str, str], Path]:
    """Write dumps in which member number m misses the first 4 m + 2 images, three times as many in the fog."""
    paths = {}
    for number, member in enumerate("abc"):
        for shift, factor in zip(SHIFTS, (1, 3), strict=True):
            wrong = np.arange(len(LABELS)) < (4 * number + 2) * factor
            answers = np.where(wrong, LABELS + 1, LABELS) % 4
            paths[member, shift] = tmp_path / member / f"{shift}.h5"
            with write_dump(paths[member, shift], LABELS, np.arange(len(LABELS)), 4) as writer:
                writer.append(np.eye(4, dtype=np.float32)[answers])
    return paths


def drawn(base: Path) -> bool:
    return all(Path(f"{base}.{suffix}").stat().st_size > 1000 for suffix in ("svg", "png", "pdf"))


def test_difficulty_of_families_is_measured_shift_by_shift_and_drawn(dumps, tmp_path: Path) -> None:
    config = {"families": CLASSES, "shifts": SHIFTS, "seed": 1, "replicates": 20}
    files = [dumps[member, shift] for member in "abc" for shift in SHIFTS]
    table, joint = tmp_path / "difficulty.csv", tmp_path / "difficulty_joint.csv"
    measure_difficulty({"config": config}, files, table, joint)
    found = read_table(table).set_index(["shift", "first", "second"])
    assert len(found) == len(SHIFTS) * len(list(combinations_with_replacement(CLASSES, 2)))
    # a misses 2 and b 6 images of 40; c misses all of them and more.
    assert found.loc[("clean", "CNN", "ViT"), "expected"] == pytest.approx((2 + 6) / 2 / 40)
    assert found.loc[("fog-1.0", "CNN", "CNN"), "expected"] == pytest.approx(6 / 40)
    draw_difficulty_functions({"config": {"families": ["CNN", "ViT"]}}, table, joint, tmp_path / "figure")
    assert drawn(tmp_path / "figure")
    with pytest.raises(UserError, match="5 files for 3 members on 2 shifts"):
        measure_difficulty({"config": config}, files[1:], table, joint)


def test_pairs_of_members_are_compared_on_every_shift(dumps, tmp_path: Path) -> None:
    rows = [
        {"member": member, "arch": arch, "class": kind, "approach": approach, "parameters": size}
        | {"shift": "clean", "top1": 0.5}
        for member, arch, kind, approach, size in (
            ("a", "resnet", "CNN", "supervised", 20), ("b", "resnet", "CNN", "self-supervised", 20),
            ("c", "vit", "ViT", "supervised", 10),
        )
    ]  # fmt: skip
    write_table(pd.DataFrame(rows), tmp_path / "members.csv")
    config = {"members": MEMBERS, "shifts": SHIFTS, "baseline": "b", "seed": 1, "replicates": 20}
    files = [dumps[member, shift] for member in MEMBERS for shift in SHIFTS]
    compare_matched_pairs(
        {"config": config}, tmp_path / "members.csv", files, tmp_path / "pairs.csv", tmp_path / "page.html"
    )
    found = read_table(tmp_path / "pairs.csv").set_index(["comparison", "shift", "first"])["difference"]
    assert found["smallest_transformer", "fog-1.0", "c"] == pytest.approx((6 - 30) / 40)
    assert found["self_supervision", "clean", "b"] == pytest.approx((2 - 6) / 40)
    assert found["shifted_minus_clean", "fog-1.0", "b"] == pytest.approx(-12 / 40)
    with pytest.raises(UserError, match="5 files for 3 members on 2 shifts"):
        compare_matched_pairs(
            {"config": config}, tmp_path / "members.csv", files[1:], tmp_path / "pairs.csv", tmp_path / "p"
        )


def test_accuracy_is_regressed_on_every_shift_but_clean(tmp_path: Path) -> None:
    table = members_table([f"m{number}" for number in range(9)])
    noise = np.random.default_rng(0).normal(0, 0.02, len(table))
    write_table(table.assign(top1=table["top1"] + noise), tmp_path / "members.csv")
    config = {"members": None, "seed": 1, "replicates": 20}
    regress_accuracy({"config": config}, tmp_path / "members.csv", tmp_path / "table.csv", tmp_path / "page.html")
    found = read_table(tmp_path / "table.csv")
    assert (tmp_path / "page.html").read_text().count("<tr>") == len(found) + 1
    assert list(dict.fromkeys(found["shift"])) == ["v2", "lines-1.6", "water_drop-7.0"]
    few = config | {"members": ["m0", "m1"]}
    regress_accuracy({"config": few}, tmp_path / "members.csv", tmp_path / "table.csv", tmp_path / "page.html")
    assert read_table(tmp_path / "table.csv", list(found.columns)).empty


def test_methods_of_explanation_are_summed_up_and_drawn(tmp_path: Path) -> None:
    write_table(scored(), tmp_path / "scores.csv")
    pairs, table = tmp_path / "pairs.csv", tmp_path / "agreement.csv"
    config = {"config": {"seed": 1, "replicates": 20}}
    tabulate_method_agreement(config, tmp_path / "scores.csv", pairs, table)
    assert read_table(table)["first"].isna().tolist() == [False] * 3 + [True]
    draw_method_agreement({}, pairs, table, tmp_path / "figure")
    assert drawn(tmp_path / "figure")


@pytest.fixture
def teams(tmp_path: Path) -> Path:
    table = whole_study().tables["teams"].assign(mean_member_accuracy=0.6)
    write_table(table, tmp_path / "teams.csv")
    return tmp_path / "teams.csv"


def test_heuristics_are_averaged_and_those_wanted_drawn(teams: Path, tmp_path: Path) -> None:
    tabulate_heuristics({}, teams, tmp_path / "heuristics.csv")
    assert len(read_table(tmp_path / "heuristics.csv")) == 9 * 4
    shown = {"config": {"teams": ["independent-None-None", "balanced-None-0.2"]}}
    draw_heuristics(shown, teams, tmp_path / "figure")
    assert drawn(tmp_path / "figure")
    with pytest.raises(UserError, match="no rows for these teams"):
        draw_heuristics({"config": {"teams": ["x"]}}, teams, tmp_path / "figure")


def test_trainings_of_teams_and_of_sweeps_stand_in_one_table(tmp_path: Path) -> None:
    descriptions = []
    for team in ("independent", "attribution"):
        descriptions.append(tmp_path / f"{team}-1-1.json")
        descriptions[-1].write_text(
            f'{{"team": "{team}", "seed": 7, "member_seed": 1, "team_loss": "{team}", "diverged_epoch": null, '
            '"history": [{}, {}], "recipe": {"epochs": 2}, "classes": ["a", "b"]}'
        )
    sweep = tmp_path / "sweep.csv"
    row = {"sweep": "wide", "team": "attribution", "seed": 1, "loss": "attribution", "epochs": 1, "overhead": 2.5}
    write_table(pd.DataFrame([row], columns=TRAINING_COLUMNS), sweep)
    tabulate_team_training({}, descriptions, [sweep], tmp_path / "table.csv", tmp_path / "table.html")
    table = read_table(tmp_path / "table.csv")
    assert table["team"].tolist() == ["independent", "attribution", "attribution"]
    assert table["overhead"].tolist()[2] == 2.5
    assert "attribution" in (tmp_path / "table.html").read_text()


def test_comparisons_of_all_pools_and_shifts_stand_in_one_table(tmp_path: Path) -> None:
    whole = whole_study().tables["comparisons"]
    parts = []
    for (pool, shift), rows in whole.groupby(["pool", "shift"], sort=False):
        parts.append(tmp_path / f"{pool}.{shift}.csv")
        write_table(rows, parts[-1])
    collect_comparisons({}, parts, tmp_path / "comparisons.csv")
    assert len(read_table(tmp_path / "comparisons.csv")) == len(whole)


def test_claims_stand_beside_what_the_tables_say(tmp_path: Path) -> None:
    study = whole_study()
    tables = []
    for name, table in study.tables.items():
        tables.append(tmp_path / f"{name}.csv")
        write_table(table, tables[-1])
    config = {key: value for key, value in vars(study).items() if key != "tables"}
    claims, page = tmp_path / "claims.csv", tmp_path / "claims.html"
    tabulate_claims({"config": config}, tables, claims, page)
    found = read_table(claims, COLUMNS)
    assert not (found["verdict"] == "not measured").any()
    assert all(question.split(":")[0] in page.read_text() for question in found["question"].unique())
    trends = tmp_path / "trends.csv"
    write_table(read_table(trends).iloc[:0], trends)
    tabulate_claims({"config": config}, tables, claims, page)
    reasons = set(read_table(claims)["reason"].dropna())
    assert reasons == {"the study has no trends.csv"}
