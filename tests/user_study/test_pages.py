"""The pages of the user studies, without a browser: what they hold, and that nothing leads out of them."""

import json
import re
from pathlib import Path

import pytest

from heterodox.errors import UserError
from heterodox.user_study import pages, trials
from tests.user_study.stimuli import IMAGES, PAIRS, RESOURCES, make_manifest, write_page

STYLE = (RESOURCES / "page.css").read_text(encoding="utf-8")


def test_a_page_holds_everything_and_reaches_for_nothing(tmp_path: Path) -> None:
    study = write_page(tmp_path / "study.html", "averaging", trials.averaging_trials(IMAGES, PAIRS, 6, 3))
    text = (tmp_path / "study.html").read_text(encoding="utf-8")
    assert "@@" not in text
    assert not re.search(r"(src|href)\s*=\s*[\"'](?!data:)|url\(|https?:|@import|fetch\(|XMLHttp", text)
    assert "default-src 'none'" in text
    assert len(study["trials"]) == 12
    assert study["species"] == ["blue finch", "red finch", "gold duck", "grey duck", "long grebe", "short grebe"]
    assert all(uri.startswith("data:image/webp;base64,") for uri in study["pictures"].values())
    found = json.loads(re.search(r'<script type="application/json" id="study">(.*?)</script>', text, re.S)[1])
    assert found == study


def test_no_text_of_a_manifest_can_leave_its_place(tmp_path: Path) -> None:
    manifest = make_manifest(tmp_path, trials.annotation_trials(IMAGES, PAIRS, 1, 3))
    manifest.loc[manifest["condition"] == "words", "words"] = "</script><script>alert(1)</script>"
    study = pages.study_of(manifest, "annotations", lambda name: f"data:{name}", 3)
    text = pages.page(study, {file.name: file.read_text(encoding="utf-8") for file in RESOURCES.iterdir()})
    assert "alert(1)</script>" not in text
    assert text.count("<script") == 2


def test_another_picture_or_seed_is_another_study(tmp_path: Path) -> None:
    manifest = make_manifest(tmp_path, trials.annotation_trials(IMAGES, PAIRS, 1, 3))
    keys = [
        pages.study_of(manifest, "annotations", uri, seed)["key"]
        for uri, seed in ((str, 3), (str, 4), (lambda name: name + "x", 3), (str, 3))
    ]
    assert len(set(keys)) == 3
    assert keys[0] == keys[3]


def test_learning_pages_have_the_paper_s_rule_and_words_only_for_their_group(tmp_path: Path) -> None:
    shown = trials.learning_trials(IMAGES, PAIRS, 20, 3)
    study = pages.study_of(make_manifest(tmp_path, shown), "learning", str, 3)
    assert (study["window"], study["enough"], study["break_seconds"]) == (10, 9, 60)
    assert study["groups"] == ["control", "heat_map", "boxes", "labelled_arrows", "words"]
    assert [len(pair["images"]) for pair in study["pairs"]] == [20, 20, 20]
    for pair in study["pairs"]:
        for image in pair["images"]:
            assert set(image["annotated"]) == {"heat_map", "boxes", "labelled_arrows"}
            assert image["words"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda table: table.drop(columns="words"), "manifest: lacks the column words"),
        (lambda table: table.assign(study="averaging"), "manifest: has no trials of the study 'learning'"),
        (lambda table: table.assign(pseudonym=""), "manifest: pair .* needs two species with two pseudonyms"),
    ],
)
def test_a_faulty_manifest_is_one_line(tmp_path: Path, change, said: str) -> None:
    manifest = make_manifest(tmp_path, trials.learning_trials(IMAGES, PAIRS[:1], 2, 3))
    with pytest.raises(UserError, match=said):
        pages.study_of(change(manifest), "learning", str, 3)


def test_a_picture_that_is_missing_or_none_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_text("no picture")
    for name in ("missing.png", "bad.png"):
        with pytest.raises(UserError, match=f"{name}: not a readable picture"):
            pages.picture_uri(tmp_path / name)


def luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    shares = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(
    ("text", "ground", "least"),
    [
        ("ink", "card", 7.0),
        ("soft", "card", 4.5),
        ("soft", "paper", 4.5),
        ("accent", "card", 4.5),
        ("accent", "paper", 4.5),
        ("card", "accent", 4.5),
        ("ink", "accent-soft", 7.0),
        ("right", "card", 4.5),
        ("wrong", "card", 4.5),
        ("focus", "card", 3.0),
    ],
)
def test_contrast_meets_wcag(text: str, ground: str, least: float) -> None:
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", STYLE))
    light, dark = sorted((luminance(colours[text]), luminance(colours[ground])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= least
