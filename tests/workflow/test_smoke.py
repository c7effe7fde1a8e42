"""The whole workflow, run for real on a small study, and what a user can break in it."""

import itertools
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pytest
import yaml

from tests.workflow.conftest import Checkout
from tests.workflow.test_rules import study_of

ROOT = Path(__file__).resolve().parent.parent.parent
MEMBERS = ["resnet", "vgg", "vit", "deit", "dino_resnet"]
SUBNETWORKS = ["subnet_01", "subnet_02", "subnet_03", "subnet_04"]
SHIFTS = ["clean", "lines-1.6", "water_drop-7.0"]
LEARNING = ["train_member", "pretrain_backbone", "probe_member", "train_team", "train_supernetwork"]
LEARNING += ["extract_subnetworks"]

# Python runs this file at its start: every job leaves a note of the library files that it really loaded.
NOTE_WHAT_WAS_LOADED = """
import atexit, json, os, sys
from pathlib import Path

def note():
    files = [module.__file__ for name, module in list(sys.modules.items()) if name.split(".")[0] == "heterodox"]
    if sys.argv[0].startswith("scripts/"):
        Path("loaded").mkdir(exist_ok=True)
        Path("loaded", f"{os.getpid()}.json").write_text(json.dumps([sys.argv, files]))

atexit.register(note)
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Checkout, set[str]]:
    """Return a checkout with data and members alone, and the rules that ran while there was no test split."""
    checkout = Checkout(tmp_path_factory.mktemp("smoke") / "checkout")
    shutil.copy2(ROOT / "tests/smoke/config.yaml", checkout.folder / "config.yaml")
    (checkout.folder / "src/sitecustomize.py").write_text(NOTE_WHAT_WAS_LOADED, encoding="utf-8")
    test_split = results(checkout) / "data/test.h5"
    checkout.snakemake(str(test_split.relative_to(checkout.folder)), "--quiet", "progress")
    test_split.rename(test_split.with_suffix(".away"))
    done = checkout.snakemake("members", "--allowed-rules", "members", *LEARNING)
    test_split.with_suffix(".away").rename(test_split)
    return checkout, set(re.findall(r"^(?:local)?rule (\w+):$", done.stderr, re.MULTILINE))


@pytest.fixture(scope="module")
def study(trained: tuple[Checkout, set[str]]) -> Checkout:
    """Return the checkout in which the smoke study ran from images to figures."""
    checkout, _ = trained
    checkout.snakemake("--quiet", "progress")
    return checkout


@pytest.fixture
def copy(study: Checkout, tmp_path: Path) -> Checkout:
    """Return a copy of the finished study that a test may damage."""
    shutil.copytree(study.folder, tmp_path / "copy", symlinks=True)
    copied = Checkout.__new__(Checkout)
    copied.folder = tmp_path / "copy"
    return copied


def results(study: Checkout) -> Path:
    return study.folder / "results/smoke"


def test_a_second_run_has_nothing_to_do(study: Checkout) -> None:
    assert "Nothing to be done" in study.snakemake().stderr


def test_every_module_that_a_job_loaded_is_in_its_code_digest(study: Checkout) -> None:
    codes = study_of("all", None, study.folder)["codes"]
    notes = [json.loads(file.read_text()) for file in (study.folder / "loaded").iterdir()]
    assert len({words[0] for words, _ in notes}) > 12  # scripts
    for words, files in notes:
        code = json.loads(words[words.index("--spec") + 1])["code"]
        filled = [Path(file) for file in files if Path(file).stat().st_size]  # the packages' __init__.py are empty
        loaded = {file.relative_to(study.folder).as_posix() for file in filled}
        assert words[0] in codes[code]
        assert loaded <= codes[code].keys(), words[0]
        assert loaded


def test_every_table_row_is_there(study: Checkout) -> None:
    ensembles = pd.read_csv(results(study) / "tables/ensembles.csv")
    counts = ensembles.groupby(["pool", "shift", "consensus"]).size()
    assert len(counts) == 2 * 3 * 2
    assert (counts["architectures"] == 10).all()
    assert (counts["subnetworks"] == 4).all()
    members = pd.read_csv(results(study) / "tables/members.csv")
    assert sorted(zip(members.member, members["shift"], strict=True)) == sorted(
        itertools.product([*MEMBERS, *SUBNETWORKS], SHIFTS)
    )
    teams = pd.read_csv(results(study) / "tables/teams.csv")
    # GNCL's by their median too, and the independent ones, which are compared with them.
    expected = {("independent", 1): 2, ("gncl", 1): 2, ("gncl", 2): 2, ("attribution", 1): 1}
    assert teams.groupby(["team", "seed", "shift"]).size().to_dict() == {
        (team, seed, shift): count for (team, seed), count in expected.items() for shift in SHIFTS
    }
    trends = pd.read_csv(results(study) / "tables/trends.csv")
    assert set(trends["shift"]) == set(SHIFTS)


def test_accuracy_and_improvement_follow_from_the_dumps(study: Checkout) -> None:
    ensembles = pd.read_csv(results(study) / "tables/ensembles.csv")
    for shift in SHIFTS:
        logits, labels = {}, None
        for member in [*MEMBERS, *SUBNETWORKS]:
            with h5py.File(results(study) / f"dumps/{member}/{shift}.h5") as file:
                logits[member], labels = file["logits"][:].astype(float), file["labels"][:]
        singles = {member: np.mean(values.argmax(1) == labels) for member, values in logits.items()}
        rows = ensembles[(ensembles["shift"] == shift) & (ensembles.consensus == "mean_logit")]
        for row in rows.itertuples():
            names = row.ensemble.split("+")
            accuracy = np.mean(sum(logits[name] for name in names).argmax(1) == labels)
            assert row.accuracy == pytest.approx(accuracy)
            assert row.top_accuracy == pytest.approx(max(singles[name] for name in names))
            assert row.improvement == pytest.approx(accuracy - max(singles[name] for name in names))


def test_a_teams_accuracy_is_that_of_its_own_members_dumps(study: Checkout) -> None:
    teams = pd.read_csv(results(study) / "tables/teams.csv")
    for row in teams[teams["consensus"] == "mean_logit"].itertuples():
        assert row.ensemble.startswith(f"{row.team}-{row.seed}-1+")
        total = 0.0
        for member in row.ensemble.split("+"):
            with h5py.File(results(study) / f"dumps/{member}/{row.shift}.h5") as file:
                total, labels = total + file["logits"][:].astype(float), file["labels"][:]
        assert row.accuracy == pytest.approx((total.argmax(1) == labels).mean())


def test_dumps_say_how_they_came_about(study: Checkout) -> None:
    with h5py.File(results(study) / "dumps/vit/lines-1.6.h5") as file:
        attributes = dict(file.attrs)
        assert file["saliency/saliency"].dtype == np.float16
    expected = {"member": "vit", "arch": "vit", "dataset": "smoke", "shift": "lines-1.6"}
    assert {name: attributes[name] for name in expected} == expected
    assert {"seed", "config", "device"} <= set(attributes)


def test_figures_come_back_byte_for_byte(copy: Checkout) -> None:
    figures = results(copy) / "figures"
    before = {file.relative_to(figures): file.read_bytes() for file in figures.rglob("*") if file.is_file()}
    assert {path.suffix for path in before} == {".svg", ".png", ".pdf"}
    shutil.rmtree(figures)
    copy.snakemake("figures", "--quiet", "progress")
    assert {file.relative_to(figures): file.read_bytes() for file in figures.rglob("*") if file.is_file()} == before


def test_the_report_is_one_file(study: Checkout) -> None:
    study.snakemake("--report", "results/report.html")
    page = (study.folder / "results/report.html").read_text(encoding="utf-8")
    assert "trend_grid" in page
    assert "members.html" in page


def test_the_summary_names_the_best(study: Checkout) -> None:
    command = [sys.executable, "scripts/summarise_study.py"]
    tables = [f"--{name}={results(study)}/tables/{name}.csv" for name in ("members", "ensembles")]
    text = subprocess.run(command + tables, cwd=study.folder, capture_output=True, text=True, check=True).stdout
    for shift in SHIFTS:
        assert shift in text


def failing_line(checkout: Checkout, *arguments: str) -> str:
    """Run Snakemake, which must fail, and return the one line that starts with `error:`."""
    done = checkout.snakemake(*arguments, check=False)
    assert done.returncode != 0
    lines = {line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip().startswith("error:")}
    assert len(lines) == 1, done.stdout + done.stderr
    return lines.pop()


def test_a_truncated_dump_is_named_and_other_results_stay(copy: Checkout) -> None:
    dump = results(copy) / "dumps/vgg/clean.h5"
    os.truncate(dump, dump.stat().st_size // 2)
    others = {file: file.read_bytes() for file in (results(copy) / "scores/architectures").glob("lines*")}
    line = failing_line(copy, "--force", "results/smoke/scores/architectures/clean.csv")
    assert "dumps/vgg/clean.h5" in line
    assert "truncated" in line
    assert len(others) == 2
    assert {file: file.read_bytes() for file in others} == others
    # Snakemake removes what a failed job was to make, so nothing half-written or outdated is left.
    assert not (results(copy) / "scores/architectures/clean.csv").exists()


def test_nan_logits_are_named(copy: Checkout) -> None:
    dump = results(copy) / "dumps/vgg/clean.h5"
    with h5py.File(dump, "r+") as file:
        file["logits"][3, 2] = np.nan
    line = failing_line(copy, "--force", "results/smoke/scores/architectures/clean.csv")
    assert "dumps/vgg/clean.h5" in line
    assert "NaN" in line


def outside_member(checkout: Checkout, shifts: list[str]) -> None:
    for shift in shifts:
        target = checkout.folder / f"outside/{shift}.h5"
        target.parent.mkdir(exist_ok=True)
        with h5py.File(results(checkout) / f"dumps/vgg/{shift}.h5") as source, h5py.File(target, "w") as file:
            for name in ("logits", "labels", "index"):
                file[name] = source[name][:]
    path = checkout.folder / "config.yaml"
    config = yaml.safe_load(path.read_text())
    config["members"]["other"] = {"dump": "outside/{shift}.h5", "parameters": 1234, "approach": "supervised"}
    config["pools"]["architectures"]["members"].append("other")
    path.write_text(yaml.safe_dump(config, sort_keys=False))


def test_a_dump_made_elsewhere_joins_the_pool(copy: Checkout) -> None:
    outside_member(copy, SHIFTS)
    jobs = copy.planned()
    assert "dump_member" not in jobs
    assert "train_member" not in jobs
    copy.snakemake("tables", "--quiet", "progress")
    ensembles = pd.read_csv(results(copy) / "tables/ensembles.csv")
    of_pool = ensembles[ensembles.pool == "architectures"]
    chosen = of_pool[(of_pool["shift"] == "clean") & (of_pool.consensus == "mean_logit")]
    assert len(chosen) == 20
    holds_it = chosen.ensemble.str.contains("other")
    assert chosen[holds_it].attribution_diversity.isna().all()
    assert chosen[~holds_it].attribution_diversity.notna().all()


def test_a_missing_shift_of_a_dump_made_elsewhere_is_one_line(copy: Checkout) -> None:
    outside_member(copy, SHIFTS[:2])
    done = copy.snakemake("--dry-run", check=False)
    assert done.returncode != 0
    lines = [line for line in done.stderr.splitlines() if line.startswith("config: ")]
    assert len(lines) == 1
    assert "outside/water_drop-7.0.h5" in lines[0]


def test_images_in_another_order_are_refused(copy: Checkout) -> None:
    dump = results(copy) / "dumps/vgg/clean.h5"
    with h5py.File(dump, "r+") as file:
        file["index"][:2] = file["index"][:2][::-1]
    assert "order" in failing_line(copy, "--force", "results/smoke/scores/architectures/clean.csv")


def test_other_classes_are_refused(copy: Checkout) -> None:
    dump = results(copy) / "dumps/vgg/clean.h5"
    with h5py.File(dump, "r+") as file:
        logits = file["logits"][:]
        del file["logits"]
        file["logits"] = np.pad(logits, ((0, 0), (0, 1)))
    assert "11 classes" in failing_line(copy, "--force", "results/smoke/scores/architectures/clean.csv")


def test_training_probing_and_selection_never_read_the_test_split(trained: tuple[Checkout, set[str]]) -> None:
    checkout, ran = trained
    assert ran == {"members", *LEARNING}
    assert len(list((results(checkout) / "members").glob("*.safetensors"))) == len(MEMBERS) + len(SUBNETWORKS) + 4 * 3


def test_a_team_is_scored_as_its_dumps_say(study: Checkout) -> None:
    teams = pd.read_csv(results(study) / "tables/teams.csv")
    row = teams[(teams.team == "gncl") & (teams.seed == 2) & (teams["shift"] == "lines-1.6")].set_index("consensus")
    logits = []
    for place in (1, 2, 3):
        with h5py.File(results(study) / f"dumps/gncl-2-{place}/lines-1.6.h5") as file:
            logits.append(file["logits"][:].astype(float))
            labels = file["labels"][:]
    assert row.accuracy["mean_logit"] == pytest.approx(np.mean(np.mean(logits, 0).argmax(1) == labels))
    assert row.accuracy["median_logit"] == pytest.approx(np.mean(np.median(logits, 0).argmax(1) == labels))


def test_every_claim_of_the_paper_has_a_verdict(study: Checkout) -> None:
    claims = pd.read_csv(results(study) / "tables/claims.csv")
    assert set(claims.verdict) <= {"agrees", "differs", "undecided", "not measured"}
    assert len(claims) > 40
    assert "not measured" in (results(study) / "tables/claims.html").read_text()


def test_a_missing_data_folder_is_named(copy: Checkout) -> None:
    path = copy.folder / "config.yaml"
    config = yaml.safe_load(path.read_text())
    config["dataset"] = "elsewhere"
    config["data"] = {"source": "image_folder", "folder": "nowhere", "resize": 32, "crop": 28, "validation": 10}
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    assert "nowhere" in failing_line(copy, "results/elsewhere/data/test.h5")
