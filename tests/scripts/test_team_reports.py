"""The programs that report on teams, from files to files."""

from itertools import combinations, product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from heterodox.errors import UserError
from heterodox.figures import agreeing_pixels, attribution_maps, similarity_maps
from heterodox.storage.dumps import write_dump
from heterodox.storage.images import write_images
from heterodox.storage.tables import read_table, write_table
from scripts.draw_agreeing_pixels import draw_agreeing_pixels
from scripts.draw_attribution_maps import draw_attribution_maps
from scripts.draw_similarity_maps import draw_similarity_maps
from scripts.tabulate_equitability import tabulate_equitability
from scripts.tabulate_similarity import tabulate_similarity

LABELS = np.arange(12) % 4
NAMES = ["a", "b", "c", "t-1-1", "t-1-2", "t-1-3"]
TEAMS = [
    {"title": "Heterogeneous", "members": ["c", "a", "b"]},
    {"title": "GNCL", "members": ["t-1-1", "t-1-2", "t-1-3"]},
]
CONFIG = {"config": {"teams": TEAMS, "shift": "clean", "method": "saliency", "ensembles": TEAMS[:1]}}


def score(names: list[str], **others) -> pd.DataFrame:
    values = {"accuracy": 0.8, "attribution_diversity": 0.3, "equitability_correct": 0.1, "equitability_incorrect": 0.5}
    row = {"ensemble": "+".join(names), "shift": "clean", "consensus": "mean_logit"}
    return pd.DataFrame([row | values | others])


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Return a folder with an image file, a dump per member, tables of scores and of every pair's similarity."""
    generator, index = np.random.default_rng(0), np.arange(len(LABELS))
    with write_images(tmp_path / "test.h5", (8, 8, 1), LABELS, index, list("wxyz")) as writer:
        writer.append(generator.integers(0, 256, (len(LABELS), 8, 8, 1), dtype=np.uint8))
    for name in NAMES:
        answers = np.where(generator.random(len(LABELS)) < 0.8, LABELS, (LABELS + 1) % 4)
        with write_dump(tmp_path / f"{name}.h5", LABELS, index, 4) as dump:
            dump.append(np.eye(4, dtype=np.float32)[answers], {"saliency": generator.random((len(LABELS), 1, 8, 8))})
    write_table(score(["a", "b", "c"], pool="p"), tmp_path / "ensembles.csv")
    write_table(score(TEAMS[1]["members"], team="007", seed=1, accuracy=0.6), tmp_path / "teams.csv")
    for pair in combinations(NAMES, 2):
        layers = pd.DataFrame(product("123", "1234"), columns=["layer_a", "layer_b"])
        layers = layers.assign(first=pair[0], second=pair[1], shift="clean", cka=generator.random(12))
        write_table(layers, tmp_path / f"{pair[0]}+{pair[1]}.csv")
    return tmp_path


def pairs_of(study: Path) -> list[Path]:
    return [study / f"{a}+{b}.csv" for a, b in [*combinations("abc", 2), *combinations(NAMES[3:], 2)]]


def scores_of(study: Path) -> list[Path]:
    return [study / "ensembles.csv", study / "teams.csv"]


def recorded(monkeypatch: pytest.MonkeyPatch, module) -> list:
    seen: list = []
    draw = module.draw
    monkeypatch.setattr(module, "draw", lambda *values: seen.extend(values) or draw(*values))
    return seen


def are_drawn(base: Path) -> bool:
    return all(Path(f"{base}.{suffix}").stat().st_size > 1000 for suffix in ("svg", "png", "pdf"))


def test_attribution_maps_of_each_member_stand_with_its_team(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = recorded(monkeypatch, attribution_maps)
    dumps = [study / f"{name}.h5" for team in TEAMS for name in team["members"]]
    draw_attribution_maps(CONFIG, study / "test.h5", dumps, scores_of(study), study / "maps")
    assert are_drawn(study / "maps")
    _, labels, classes, blocks = seen
    assert labels.tolist() == [0, 1, 2, 3]
    assert classes == list("wxyz")
    assert [(team.title, team.accuracy) for team, _ in blocks] == [("Heterogeneous", 0.8), ("GNCL", 0.6)]
    assert [member.member for _, members in blocks for member in members] == ["c", "a", "b", *NAMES[3:]]


def test_agreeing_pixels_are_of_images_that_both_members_know(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = recorded(monkeypatch, agreeing_pixels)
    spec = {"config": {"members": ["a", "b"], "method": "saliency"}}
    draw_agreeing_pixels(spec, study / "test.h5", [study / "a.h5", study / "b.h5"], study / "pixels")
    assert are_drawn(study / "pixels")
    _, labels, _, members, cosines = seen
    assert all(member.predictions.tolist() == labels.tolist() for member in members)
    assert len(cosines) == len(labels) > 1


def test_similarity_maps_take_pairs_in_the_order_of_their_team(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = recorded(monkeypatch, similarity_maps)
    measured = [study / f"{a}+{b}.csv" for a, b in combinations("abc", 2)]
    spec = {"config": {"shift": "clean", "teams": [{"title": "H", "members": ["a", "b", "c"]}]}}
    draw_similarity_maps(spec, measured, scores_of(study)[:1], study / "cka")
    assert are_drawn(study / "cka")
    assert [team.accuracy for team in seen[1]] == [0.8]


def test_similarity_is_summed_up_team_by_team(study: Path) -> None:
    teams = [{"title": "H", "members": ["a", "b", "c"]}, TEAMS[1]]
    tabulate_similarity({"config": {"teams": teams}}, pairs_of(study), study / "s.csv", study / "s.html")
    table = read_table(study / "s.csv")
    assert table["team"].tolist() == ["H"] * 9 + ["GNCL"] * 9
    row = table[(table["first"] == "a") & (table["second"] == "c") & (table["part"] == "last")]
    pair = read_table(study / "a+c.csv")
    assert row["cka"].item() == pytest.approx(pair[(pair["layer_a"] == "3") & (pair["layer_b"] == "4")]["cka"].item())
    assert (study / "s.html").read_text().count("<tr>") == 19


def test_equitability_of_teams_and_named_ensembles_is_one_table(study: Path) -> None:
    tabulate_equitability(CONFIG, study / "teams.csv", study / "ensembles.csv", study / "e.csv", study / "e.html")
    table = read_table(study / "e.csv")
    assert table["team"].tolist() == ["007", "Heterogeneous"]
    assert table["equitability_incorrect"].tolist() == [0.5, 0.5]
    assert "0.50" in (study / "e.html").read_text()


def test_pictures_of_other_images_are_refused(study: Path) -> None:
    with write_images(study / "other.h5", (8, 8, 1), LABELS, np.arange(12) + 5, list("wxyz")) as writer:
        writer.append(np.zeros((12, 8, 8, 1), np.uint8))
    dumps = [study / "a.h5", study / "b.h5"]
    spec = {"config": {"members": ["a", "b"], "method": "saliency"}}
    with pytest.raises(UserError, match="speaks of other images"):
        draw_agreeing_pixels(spec, study / "other.h5", dumps, study / "pixels")
    dumps = [study / f"{name}.h5" for team in TEAMS for name in team["members"]]
    with pytest.raises(UserError, match="speaks of other images"):
        draw_attribution_maps(CONFIG, study / "other.h5", dumps, scores_of(study), study / "maps")
