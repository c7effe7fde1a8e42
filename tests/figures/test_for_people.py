"""Figures of explanations for people: legible, with the right words, and drawn where the layout says."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle

from heterodox.explain.arrows import Box, Layout, lay_out
from heterodox.explain.marks import Mark
from heterodox.figures import (
    annotation_preferences,
    annotation_types,
    annotations,
    labelled_arrows,
    multitask_network,
    single_and_averaged,
    stimuli,
    style,
    trials_to_proficiency,
)
from heterodox.user_study.images import Shown
from tests.figures.study import all_words, misplaced_texts

SIDE = 96
IMAGE = np.full((SIDE, SIDE, 3), 120, np.uint8)
BIRD = np.zeros((SIDE, SIDE), bool)
BIRD[30:66, 30:66] = True
TEXTS = ["long bill", "striped wing", "dark eye", "rounded tail"]
POINTS = np.array([[32.0, 40.0], [48.0, 50.0], [40.0, 34.0], [64.0, 60.0]])
HEAT = np.outer(np.hanning(SIDE), np.hanning(SIDE))
GROUPS = ["control", "heat_map", "boxes", "labelled_arrows", "words"]


def layout(text_points: float, pixels_per_inch: float) -> Layout:
    return lay_out(TEXTS, POINTS, annotations.label_sizes(TEXTS, text_points, pixels_per_inch), BIRD, 1.0)


def labelled(title: str, right: bool) -> labelled_arrows.Labelled:
    own = layout(labelled_arrows.TEXT_POINTS, labelled_arrows.pixels_per_inch(SIDE))
    return labelled_arrows.Labelled(IMAGE, own, title, right)


def test_labels_hold_their_text_and_arrows_end_at_their_targets() -> None:
    figure = labelled_arrows.draw([labelled("Alder Robin", True), labelled("Reed Robin", False)])
    assert misplaced_texts(figure) == []
    assert "Reed Robin (wrong)" in all_words(figure)
    axes = figure.axes[0]
    with style.theme():
        figure.draw_without_rendering()
        for text in axes.texts:
            plate = next(
                patch
                for patch in axes.patches
                if isinstance(patch, Rectangle) and patch.get_bbox().contains(*text.get_position())
            )
            around, inside = plate.get_window_extent(), text.get_window_extent()
            assert around.x0 <= inside.x0
            assert inside.x1 <= around.x1
    tips = [patch._posA_posB[1] for patch in axes.patches if isinstance(patch, FancyArrowPatch)]
    assert sorted(map(tuple, tips)) == sorted(map(tuple, POINTS))


def test_annotation_types_show_five_kinds_of_one_bird() -> None:
    own = layout(annotation_types.TEXT_POINTS, annotation_types.pixels_per_inch(SIDE))
    boxes = [Box(30, 30, 60, 50), Box(40, 40, 66, 66)]
    figure = annotation_types.draw(IMAGE, own, boxes, HEAT, "It has a long bill and a dark eye.", "Alder Robin")
    assert misplaced_texts(figure) == []
    for words in ("Alder Robin", "a) Boxes", "b) Arrows", "c) Heat map", "d) Labelled arrows", "e) Words", "long bill"):
        assert words in all_words(figure)
    drawn = [patch.get_bbox().extents.tolist() for patch in figure.axes[1].patches]
    assert drawn == [list(box) for box in boxes]


def test_network_shows_every_head_with_its_accuracy() -> None:
    heads = pd.DataFrame(
        [
            ("species", "class", 72, 0.61, 0.02),
            ("bill", "attribute", 3, 0.925, 0.35),
            ("marks", "attribute", 5, 0.8, 0.5),
        ],
        columns=multitask_network.COLUMNS,
    )
    figure = multitask_network.draw(heads, "VGG, small", "Images\n64 x 64", 3)
    assert misplaced_texts(figure) == []
    for words in ("Species: 72 outputs", "61.0 %", "92.5 %", "Marks: 5 outputs", "VGG, small", "3 seeds"):
        assert words in all_words(figure)
    bars = [patch for patch in figure.axes[0].patches if isinstance(patch, Rectangle)]
    np.testing.assert_allclose([bar.get_width() / bars[0].get_width() for bar in bars], heads["accuracy"] / 0.61)


def test_single_and_averaged_name_what_they_show() -> None:
    rows = [single_and_averaged.Stimulus(IMAGE, HEAT, HEAT**2, name) for name in ("Alder Robin", "Reed Robin")]
    figure = single_and_averaged.draw(rows, 11, "lime-100")
    assert misplaced_texts(figure) == []
    for words in ("LIME, one network", "Mean of 11 networks", "Importance", "Alder Robin"):
        assert words in all_words(figure)


def medians(names: list[str], first: str, key: str, values: list[str]) -> pd.DataFrame:
    rows = [(value, name, 20, 3.0 + place / 2, 2.0, 6.0) for value in values for place, name in enumerate(names)]
    return pd.DataFrame(rows, columns=[first, key, "participants", "median", "low", "high"])


def comparisons(names: list[str], first: str, values: list[str]) -> pd.DataFrame:
    rows = [
        (value, one, two, "***" if "words" in (one, two) else "")
        for value in values
        for one, two in combinations(names, 2)
    ]
    return pd.DataFrame(rows, columns=[first, "first", "second", "stars"])


def bracket_levels(figure: Figure) -> list[float]:
    """Return the heights of the brackets in the first panel."""
    return [line.get_ydata()[1] for line in figure.axes[0].lines if len(line.get_xdata()) == 4]


@pytest.mark.parametrize("study", ["annotations", "learning"])
def test_brackets_join_what_differs_and_never_meet(study: str) -> None:
    if study == "annotations":
        names = ["heat_map", "boxes", "arrows", "labelled_arrows", "words"]
        values = ["Q1", "Q2"]
        table = medians(names, "question", "condition", values)
        figure = annotation_preferences.draw(table, comparisons(names, "question", values))
    else:
        names, values = GROUPS, ["Alder Robin / Reed Robin", "Elm Drongo / Fern Drongo", "Moor Drongo / Moor Babbler"]
        figure = trials_to_proficiency.draw(medians(names, "pair", "group", values), comparisons(names, "pair", values))
    assert misplaced_texts(figure) == []
    levels = bracket_levels(figure)
    assert len(levels) == 4  # each of four types against words, above one another as they share an end
    assert len(set(levels)) == 4
    assert min(levels) > 6.0  # above the highest whisker
    bottom, top = figure.axes[0].get_ylim()
    assert bottom < min(levels) <= max(levels) < top
    bars = [patch for patch in figure.axes[0].patches if isinstance(patch, Rectangle)]
    assert [bar.get_height() for bar in bars] == [3.0, 3.5, 4.0, 4.5, 5.0]
    assert len({to_hex(bar.get_facecolor()) for bar in bars}) == 5


def test_a_group_without_anyone_keeps_its_place() -> None:
    table = medians(GROUPS[:4], "pair", "group", ["a / b"])
    figure = trials_to_proficiency.draw(table, comparisons(GROUPS, "pair", ["a / b"]))
    assert "Words\nn = 0" in all_words(figure)


def shown() -> Shown:
    marks = [
        Mark(text, (float(x), float(y)), Box(x - 5, y - 5, x + 5, y + 5))
        for text, (x, y) in zip(TEXTS, POINTS, strict=True)
    ]
    return Shown(IMAGE, marks, BIRD, {"heat_map": HEAT[::3, ::3]})


@pytest.mark.parametrize("condition", ["boxes", "arrows", "labelled_arrows", "heat_map"])
def test_stimuli_are_the_plain_picture_with_marks(condition: str) -> None:
    plain, annotated, words = stimuli.plain_and_annotated(shown(), condition)
    assert annotated is not None
    assert words == ""
    assert plain.shape == annotated.shape
    assert (plain != annotated).any()
    if condition == "boxes":
        changed = np.argwhere((plain != annotated).any(-1))
        # Rows from 34 - 5 to 60 + 5, columns from 32 - 5 to 64 + 5, and the frames' thickness.
        assert (np.abs(changed.min(0) - [29, 27]) <= 2).all()
        assert (np.abs(changed.max(0) - [65, 69]) <= 2).all()


def test_words_and_the_control_group_get_no_marks() -> None:
    plain, annotated, words = stimuli.plain_and_annotated(shown(), "words")
    assert annotated is None
    assert words == "It has a long bill, a striped wing, a dark eye and a rounded tail."
    np.testing.assert_array_equal(plain, IMAGE)
    assert stimuli.plain_and_annotated(shown(), "control")[1:] == (None, "")


def test_a_map_is_enlarged_without_moving() -> None:
    heat = np.zeros((4, 4))
    heat[1, 2] = 1.0
    large = stimuli.enlarged(heat, (40, 40))
    rows, columns = np.mgrid[:40, :40] + 0.5
    centre = [float((large * axis).sum() / large.sum()) / 10 for axis in (rows, columns)]
    assert centre == pytest.approx([1.5, 2.5])
