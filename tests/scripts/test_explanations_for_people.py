"""The programs behind labelled arrows and user studies, from files to files."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from heterodox.errors import UserError
from heterodox.metrics.localisation import centres_of_mass
from heterodox.storage.annotations import AnnotatedFile
from heterodox.storage.answers import CHOICES, RATINGS
from heterodox.storage.explanations import MapFile
from heterodox.tables.user_studies import ORDER, p_words
from heterodox.user_study.images import QuestionMaps, StimulusImages
from tests.programs import run_here
from tests.user_study.networks import write_birds, write_multitask
from tests.user_study.stimuli import RESOURCES

SIDE = 96
QUESTIONS = ["species", "bill", "wing", "crest"]
MARKS = {"questions": QUESTIONS, "method": "grad_cam", "seed": 1, "memory_megabytes": 64}
PEOPLE = {
    "pairs": None,
    "side": SIDE,
    "marks_from": "network",
    "averaging": {"images": 2, "member_set": None, "method": "lime-20"},
    "annotations": {"images": 1},
    "learning": {"pairs": 1, "images": 2, "groups": ["control", "heat_map", "boxes", "labelled_arrows", "words"]},
}
CONFIG = {
    "seed": 1,
    "dataset": "birds",
    "name": "birds",
    "source": {"source": "birds", "size": 64},
    "user_study": PEOPLE,
}
PARTS = sorted(RESOURCES.iterdir())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with two untrained networks, labelled test images, and the kit of the user studies."""
    folder = tmp_path_factory.mktemp("people")
    networks = folder / "multitask.safetensors"
    write_multitask(networks, write_birds(folder / "test.h5", 4))
    spec = {"config": CONFIG | {"marks": MARKS | {"target": "true"}}}
    spec["config"]["heat"] = {"method": "lime-20", "seed": 1, "memory_megabytes": 64}
    files = {name: folder / f"{name}.h5" for name in ("images", "pictures", "marks", "heat")}
    run_here("prepare_stimuli", {"spec": spec, "images": files["images"], "pictures": files["pictures"]})
    values = {"multitask": networks, "members": networks, "images": files["images"], "state": folder / "state"}
    run_here("explain_stimuli", {"spec": spec, **values, "marks": files["marks"], "heat": files["heat"]})
    del files["images"]
    target = {"folder": folder / "stimuli", "table": folder / "manifest.csv"}
    run_here("draw_stimuli", {"spec": spec, **files, **target})
    return folder


def test_every_picture_of_the_manifest_is_there_and_no_other(folder: Path) -> None:
    manifest = pd.read_csv(folder / "manifest.csv", keep_default_na=False)
    named = {*manifest["plain"], *manifest["annotated"]} - {""}
    assert named == {file.relative_to(folder / "stimuli").as_posix() for file in (folder / "stimuli").rglob("*.png")}
    counts = manifest.groupby(["study", "condition"]).size().to_dict()
    assert counts == {
        ("averaging", "example"): 1,
        ("averaging", "single"): 2,
        ("averaging", "averaged"): 2,
        ("annotations", "example"): 1,
        **{("annotations", kind): 1 for kind in ("boxes", "arrows", "labelled_arrows", "heat_map", "words")},
        **{("learning", group): 2 for group in PEOPLE["learning"]["groups"]},
    }
    without = manifest[manifest["condition"].isin(["control", "words"])]
    assert (without["annotated"] == "").all()
    assert ((manifest["words"] != "") == (manifest["condition"] == "words")).all()
    for row in manifest.itertuples():
        if row.annotated:
            plain, annotated = (
                np.asarray(Image.open(folder / "stimuli" / name)) for name in (row.plain, row.annotated)
            )
            assert (plain != annotated).any()
            assert row.study == "annotations" or plain.shape == annotated.shape or row.condition == "labelled_arrows"


def test_marks_and_words_are_the_bird_s_true_attributes(folder: Path) -> None:
    manifest = pd.read_csv(folder / "manifest.csv", keep_default_na=False)
    with AnnotatedFile(folder / "images.h5") as images:
        row_of = {int(identity): row for row, identity in enumerate(images.index)}
        for shown in manifest[manifest["condition"] == "words"].itertuples():
            row = row_of[int(shown.image.removeprefix("image-"))]
            bill, wing, crest = (images.values[n][images.attribute(n)[row]] for n in ("bill", "wing", "crest"))
            assert f"{bill} bill" in shown.words
            assert wing.replace("_", " ") in shown.words
            assert ("crest" in shown.words) == (crest == "present")
            assert images.classes[images.labels[row]] == shown.species


def test_marks_come_from_maps_or_from_what_people_marked(folder: Path) -> None:
    with (
        AnnotatedFile(folder / "pictures.h5") as images,
        MapFile(folder / "marks.h5") as marked,
        MapFile(folder / "heat.h5") as heated,
    ):
        identity = QuestionMaps(marked).identities[0]
        row = images.index.tolist().index(identity)
        by_network = StimulusImages(images, marked, heated, "network").shown(identity, "learning")
        by_people = StimulusImages(images, marked, heated, "parts").shown(identity, "learning")
        bill = marked.maps(1, 2)[0, 0]  # the second question of the first image
        expected = (centres_of_mass(bill).points + 0.5) * SIDE / 64
        assert by_network.marks[0].point == pytest.approx(tuple(expected))
        assert by_people.marks[0].point == pytest.approx(tuple(images.key_points("bill")[row] + 0.5))
        assert by_people.marks[0].text == by_network.marks[0].text
        assert (by_network.bird == np.any([images.masks(part, row, row + 1)[0] for part in images.parts], axis=0)).all()


@pytest.mark.parametrize("study", ["averaging", "annotations", "learning"])
def test_pages_are_built_from_the_manifest(folder: Path, study: str) -> None:
    page = folder / f"{study}.html"
    spec = {"wildcards": {"study": study}, "config": {"seed": 1, "welcome": ["Hello & welcome."], "break_seconds": 5}}
    values = {"manifest": folder / "manifest.csv", "stimuli": folder / "stimuli", "parts": PARTS, "page": page}
    run_here("build_study_page", {"spec": spec, **values})
    text = page.read_text(encoding="utf-8")
    found = json.loads(re.search(r'id="study">(.*?)</script>', text, re.S)[1])
    assert found["study"] == study
    assert found["welcome"] == ["Hello & welcome."]
    assert len(found.get("trials", found.get("pairs"))) == {"averaging": 4, "annotations": 5, "learning": 1}[study]


def test_test_images_are_labelled_with_arrows_that_end_at_the_maps_centres(folder: Path) -> None:
    config = MARKS | {"target": "predicted", "images": 1}
    weights = folder / "multitask.safetensors"
    values = {"weights": weights, "images": folder / "test.h5", "maps": folder / "arrows.h5", "state": folder / "a.h5"}
    run_here("explain_multitask", {"spec": {"config": config}, **values})
    large = {"spec": {"config": CONFIG | {"side": SIDE}}, "maps": folder / "arrows.h5", "pictures": folder / "large.h5"}
    run_here("enlarge_birds", large)
    shown = {"spec": {}, "images": folder / "large.h5", "maps": folder / "arrows.h5"}
    run_here("draw_labelled_arrows", {**shown, "folder": folder / "labelled", "figure": folder / "labelled.svg"})
    run_here("draw_annotation_types", {**shown, "figure": folder / "types.svg"})
    before = (folder / "types.svg").read_bytes()
    run_here("draw_annotation_types", {**shown, "figure": folder / "types.svg"})
    assert (folder / "types.svg").read_bytes() == before
    with MapFile(folder / "arrows.h5") as maps:
        names = json.loads(maps.attributes["values"])
        for first in range(0, len(maps), len(QUESTIONS)):
            arrows = json.loads((folder / f"labelled/{maps.index[first]}.json").read_text())
            expected = {}
            for place, question in enumerate(QUESTIONS[1:], first + 1):
                value = names[question][maps.targets[place, 0]].replace("_", " ")
                text = {"wing bar": "wing bar", "present": question}.get(value, f"{value} {question}")
                if value != "absent":
                    expected[text] = (centres_of_mass(maps.maps(place, place + 1)[0, 0]).points + 0.5) * SIDE / 64
            assert {arrow["text"] for arrow in arrows["arrows"]} == expected.keys()
            for arrow in arrows["arrows"]:
                assert arrow["tip"] == pytest.approx(expected[arrow["text"]], abs=1e-3)
            assert arrows["class"] == names["species"][maps.targets[first, 0]]
            assert (arrows["width"], arrows["height"]) == (SIDE, SIDE)
    assert len(list((folder / "labelled").glob("*.svg"))) == 1
    assert (folder / "types.png").stat().st_size > 1000


def test_figures_of_networks_and_of_stimuli_are_drawn(folder: Path) -> None:
    table = {"weights": folder / "multitask.safetensors", "images": folder / "test.h5", "table": folder / "heads.csv"}
    run_here("evaluate_multitask", {"spec": {}, **table, "page": folder / "heads.html"})
    values = {"weights": folder / "multitask.safetensors", "table": folder / "heads.csv"}
    run_here("draw_multitask_network", {"spec": {}, **values, "figure": folder / "network.svg"})
    values = {"pictures": folder / "pictures.h5", "heat": folder / "heat.h5", "figure": folder / "pairs.svg"}
    run_here("draw_single_and_averaged", {"spec": {"config": {"method": "lime-20"}}, **values})
    assert all((folder / f"{name}.pdf").stat().st_size > 1000 for name in ("network", "pairs"))


def answers(folder: Path) -> tuple[Path, Path]:
    """Write small tables in which ten people prefer averages and labelled arrows, by rule and not by opinion."""
    ratings, choices = [], []
    for person in range(10):
        for place, condition in enumerate(("single", "averaged")):
            for question in ("Q1", "Q2"):
                ratings.append(("averaging", f"P{person}", place, "i", condition, question, 2 + 3 * place + person % 2))
            choices.append(("averaging", f"P{person}", condition, "a / b", place, "i", "a", "a"))
        for place, condition in enumerate(ORDER[1:]):
            for question in ("Q1", "Q2", "Q3"):
                rating = 6 + person % 2 if condition == "labelled_arrows" else 2 + person % 3
                ratings.append(("annotations", f"P{person}", place, "i", condition, question, rating))
        group = ("control", "labelled_arrows")[person % 2]
        wrong = 12 + person if group == "control" else person % 3
        right = [False] * wrong + [True] * 10
        for trial, one in enumerate(right):
            choices.append(("learning", str(person), group, "a / b", trial, "i", "a", "a" if one else "b"))
    for name, rows, columns in (("ratings", ratings, RATINGS), ("choices", choices, CHOICES)):
        pd.DataFrame(rows, columns=list(columns)).to_csv(folder / f"{name}.csv", index=False)
    return folder / "ratings.csv", folder / "choices.csv"


def test_answers_become_tables_pages_and_figures(tmp_path: Path) -> None:
    ratings, choices = answers(tmp_path)
    run_here(
        "tabulate_averaging_preferences",
        {
            "spec": {},
            "ratings": [ratings],
            "choices": [choices],
            "table": tmp_path / "1.csv",
            "page": tmp_path / "1.html",
        },
    )
    first = pd.read_csv(tmp_path / "1.csv").set_index("measure")
    assert first.loc["Q1", ["single_median", "averaged_median"]].tolist() == [2.5, 5.5]
    assert first.loc["accuracy", "p"] == 1
    own = {"table": tmp_path / "2.csv", "page": tmp_path / "2.html", "medians": tmp_path / "2m.csv"}
    run_here("tabulate_annotation_preferences", {"spec": {}, "ratings": [ratings], **own})
    second = pd.read_csv(tmp_path / "2.csv")
    starred = second[second["stars"].notna()]
    assert {"labelled_arrows"} == set.intersection(*(set(pair) for pair in starred[["first", "second"]].to_numpy()))
    assert len(starred) == 8
    drawn = {"table": own["table"], "medians": own["medians"], "figure": tmp_path / "f10.svg"}
    run_here("draw_annotation_preferences", {"spec": {}, **drawn})
    own = {name: tmp_path / f"3{name}.csv" for name in ("table", "participants", "medians")}
    run_here("tabulate_learning", {"spec": {}, "choices": [choices], **own, "page": tmp_path / "3.html"})
    third = pd.read_csv(own["table"]).iloc[0]
    assert (third["first_median"], third["second_median"]) == (25, 10)
    run_here("draw_trials_to_proficiency", {"spec": {}, "table": own["table"], "medians": own["medians"],
                                            "figure": tmp_path / "f12.svg"})  # fmt: skip
    printed = {"1": "averaged median", "2": p_words(second["p_corrected"].min()), "3": "labelled_arrows"}
    for page, words in printed.items():
        assert words in (tmp_path / f"{page}.html").read_text(encoding="utf-8")
    assert all((tmp_path / f"{name}.png").stat().st_size > 1000 for name in ("f10", "f12"))


def test_a_stimulus_that_nobody_explained_is_named(folder: Path) -> None:
    with MapFile(folder / "marks.h5") as marked, pytest.raises(UserError, match="image 7 is not explained"):
        QuestionMaps(marked).answers(7)
