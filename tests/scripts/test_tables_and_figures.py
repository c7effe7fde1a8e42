"""The programs behind the tables and figures, from files to files."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from heterodox.errors import UserError
from heterodox.figures import saliency_maps
from heterodox.storage.dumps import write_dump
from heterodox.storage.images import write_images
from heterodox.storage.tables import read_table, write_table
from scripts.collect_ensembles import collect_ensembles
from scripts.collect_trends import collect_trends
from scripts.draw_baseline_by_shift import draw_baseline_by_shift
from scripts.draw_corruption_panel import draw_corruption_panel
from scripts.draw_improvement_by_diversity import draw_improvement_by_diversity
from scripts.draw_saliency_maps import draw_saliency_maps
from scripts.draw_single_models import draw_single_models
from scripts.draw_trend_grid import draw_trend_grid
from scripts.summarise_study import summarise_study
from scripts.tabulate_members import tabulate_members
from tests.figures.study import MEMBERS, SHIFTS, ensembles_table, members_table, trends_table

LABELS = np.arange(20) % 10
WILDCARDS = {"pool": "architectures", "shift": "lines-1.6", "consensus": "mean_logit"}


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    ensembles = ensembles_table()
    for name, table in {
        "members": members_table(),
        "ensembles": ensembles,
        "trends": trends_table(ensembles),
    }.items():
        write_table(table, tmp_path / f"{name}.csv")
    return tmp_path


def images_file(path: Path, seed: int = 0) -> Path:
    images = np.random.default_rng(seed).integers(0, 256, (len(LABELS), 28, 28, 1), dtype=np.uint8)
    index = np.arange(len(LABELS)) + seed
    with write_images(path, (28, 28, 1), LABELS, index, [f"class {n}" for n in range(10)]) as writer:
        writer.append(images)
    return path


def dump_file(path: Path, right: int, seed: int = 0) -> Path:
    """Write a dump that answers the first `right` images correctly and no other, with maps."""
    answers = np.where(np.arange(len(LABELS)) < right, LABELS, (LABELS + 1) % 10)
    maps = np.random.default_rng(1).random((len(LABELS), 3, 28, 28))
    with write_dump(path, LABELS, np.arange(len(LABELS)) + seed, 10) as writer:
        writer.append(np.eye(10, dtype=np.float32)[answers], {"saliency": maps})
    return path


def are_drawn(base: Path) -> bool:
    return all(Path(f"{base}.{suffix}").stat().st_size > 1000 for suffix in ("svg", "png", "pdf"))


def test_members_made_here_and_elsewhere_stand_in_one_table(tmp_path: Path) -> None:
    description = tmp_path / "ours.json"
    # Labels come from the config alone: what an older description or an outside entry says of them does not count.
    description.write_text('{"member": "ours", "arch": "vit", "approach": "outdated", "parameters": 5}')
    dumps = [dump_file(tmp_path / f"{number}.h5", right) for number, right in enumerate((20, 10, 15, 0))]
    config = {
        "members": ["theirs", "ours"],
        "shifts": ["clean", "fog-1.0"],
        "outside": {"theirs": {"arch": None, "class": None, "approach": "outdated", "parameters": 7}},
        "labels": {
            "theirs": {"class": "CNN", "approach": "supervised"},
            "ours": {"class": "ViT", "approach": "distilled"},
        },
    }
    spec = {"config": config}
    tabulate_members(spec, dumps, [description], tmp_path / "members.csv", tmp_path / "members.html")
    table = read_table(tmp_path / "members.csv")
    assert table["member"].tolist() == ["theirs", "theirs", "ours", "ours"]
    assert table["shift"].tolist() == ["clean", "fog-1.0"] * 2
    assert table["top1"].tolist() == [1, 0.5, 0.75, 0]
    assert table["parameters"].tolist() == [7, 7, 5, 5]
    assert table["class"].tolist() == ["CNN", "CNN", "ViT", "ViT"]
    assert table["approach"].tolist() == ["supervised", "supervised", "distilled", "distilled"]
    assert "0.7500" in (tmp_path / "members.html").read_text()
    with pytest.raises(UserError, match="3 files for 2 members on 2 shifts"):
        tabulate_members(spec, dumps[1:], [description], tmp_path / "m.csv", tmp_path / "m.html")
    dumps[3] = dump_file(tmp_path / "other.h5", 5, seed=1)
    with pytest.raises(UserError, match=r"other\.h5: other images, .* than .*1\.h5"):
        tabulate_members(spec, dumps, [description], tmp_path / "m.csv", tmp_path / "m.html")


def test_parts_are_collected_as_they_were(tables: Path) -> None:
    for collect, name in ((collect_ensembles, "ensembles"), (collect_trends, "trends")):
        whole = read_table(tables / f"{name}.csv")
        parts = [tables / f"{name}-{shift}.csv" for shift in SHIFTS]
        for shift, part in zip(SHIFTS, parts, strict=True):
            write_table(whole[whole["shift"] == shift], part)
        collect({}, parts, tables / "collected.csv", tables / "collected.html")
        pd.testing.assert_frame_equal(read_table(tables / "collected.csv"), whole)
        assert (tables / "collected.html").read_text().count("<tr>") == len(whole) + 1


def test_summary_is_printed(tables: Path, capsys: pytest.CaptureFixture[str]) -> None:
    summarise_study(tables / "members.csv", tables / "ensembles.csv")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 + len(SHIFTS)
    assert re.match(r" *clean +resnet +91\.0% ", lines[2])


def test_figures_of_tables(tables: Path) -> None:
    members, rest = tables / "members.csv", (tables / "ensembles.csv", tables / "trends.csv")
    shown = {"config": {"members": MEMBERS[:2], "shift": "lines-1.6"}}
    draw_single_models(shown, members, tables / "single")
    draw_baseline_by_shift({"config": {"member": "deit"}}, members, tables / "baseline")
    draw_improvement_by_diversity({"wildcards": WILDCARDS, "config": {}}, *rest, tables / "gain.lines-1.6.x")
    draw_trend_grid({"wildcards": WILDCARDS, "config": {"shifts": SHIFTS}}, *rest, tables / "grid")
    assert all(are_drawn(tables / name) for name in ("single", "baseline", "gain.lines-1.6.x", "grid"))


def test_saliency_maps_are_those_of_the_chosen_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list = []
    draw = saliency_maps.draw
    monkeypatch.setattr(saliency_maps, "draw", lambda *values: seen.extend(values) or draw(*values))
    images = images_file(tmp_path / "test.h5")
    dumps = [dump_file(tmp_path / "a.h5", 20), dump_file(tmp_path / "b.h5", 2)]
    spec = {"config": {"members": ["a", "b"], "method": "saliency"}}
    draw_saliency_maps(spec, images, dumps, tmp_path / "maps")
    assert are_drawn(tmp_path / "maps")
    _, labels, _, (first, second) = seen
    assert labels.tolist() == first.predictions.tolist() == [0, 1, 3, 4, 5, 6, 8, 9]
    assert second.predictions.tolist() == [0, 1, 4, 5, 6, 7, 9, 0]
    raw = np.random.default_rng(1).random((len(LABELS), 3, 28, 28))[labels]
    expected = (raw / raw.max(axis=(1, 2, 3), keepdims=True)).sum(axis=1)
    np.testing.assert_allclose(first.maps, expected, atol=2e-3)


def test_maps_of_other_images_are_refused(tmp_path: Path) -> None:
    images = images_file(tmp_path / "test.h5", seed=5)
    spec = {"config": {"members": ["a"], "method": "saliency"}}
    with pytest.raises(UserError, match="speaks of other images"):
        draw_saliency_maps(spec, images, [dump_file(tmp_path / "a.h5", 3)], tmp_path / "maps")


def test_corruption_panel(tmp_path: Path) -> None:
    images = images_file(tmp_path / "validation.h5")
    config = {"dataset": "d", "seed": 1, "image": 3, "severities": {"checkerboard": [4.0], "gaussian_blur": [1.0, 2.0]}}
    draw_corruption_panel({"config": config}, images, tmp_path / "panel")
    assert are_drawn(tmp_path / "panel")
    with pytest.raises(UserError, match="has no image 20"):
        draw_corruption_panel({"config": config | {"image": 20}}, images, tmp_path / "panel")
