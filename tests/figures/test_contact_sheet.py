from pathlib import Path

import numpy as np
import pytest
from matplotlib.contour import QuadContourSet
from matplotlib.figure import Figure

from heterodox.datasets.annotated import birds
from heterodox.figures import contact_sheet
from tests.figures.study import misplaced_texts
from tests.programs import run_here

SHOWN = birds.flock(1, "birds", np.arange(8), 64, "garden").annotated(np.arange(8))
PARTS = ("bill", "wing")


@pytest.fixture(scope="module")
def sheet() -> Figure:
    masks = {part: SHOWN.masks[part].copy() for part in PARTS}
    points = {part: SHOWN.key_points[part].copy() for part in PARTS}
    masks["bill"][2] = False
    points["bill"][2] = np.nan
    return contact_sheet.draw(SHOWN.images, masks, points, [f"bird {place}" for place in range(8)])


def test_every_image_is_shown_twice_with_its_caption(sheet: Figure) -> None:
    grid = np.reshape(sheet.axes, (4, 6))
    for place in range(8):
        row, column = divmod(place, 6)
        plain, drawn_over = grid[2 * row, column], grid[2 * row + 1, column]
        for axes in (plain, drawn_over):
            np.testing.assert_array_equal(axes.images[0].get_array(), SHOWN.images[place])
        assert plain.get_title() == f"bird {place}"
        assert not [child for child in plain.get_children() if isinstance(child, QuadContourSet)]
    assert not any(axes.images for axes in grid[2:, 2:].flat)


def test_outlines_and_key_points_lie_where_the_parts_are(sheet: Figure) -> None:
    for place in (0, 2):
        axes = sheet.axes[6 + place]
        outlines = [child for child in axes.get_children() if isinstance(child, QuadContourSet)]
        shown = [part for part in PARTS if part == "wing" or place != 2]
        assert len(outlines) == 2 * len(shown)  # a white line below each
        for part, outline in zip(shown, outlines[1::2], strict=True):
            rows, columns = np.nonzero(SHOWN.masks[part][place])
            box = outline.get_paths()[0].get_extents()
            np.testing.assert_allclose(
                [box.x0, box.x1, box.y0, box.y1],
                [columns.min() - 0.5, columns.max() + 0.5, rows.min() - 0.5, rows.max() + 0.5],
            )
        drawn = [line.get_xydata()[0] for line in axes.lines]
        np.testing.assert_allclose(drawn, [SHOWN.key_points[part][place] for part in shown])


def test_the_legend_names_the_parts(sheet: Figure) -> None:
    (legend,) = sheet.legends
    assert [text.get_text() for text in legend.get_texts()] == ["Bill", "Wing", "Key point"]
    assert misplaced_texts(sheet) == []


def test_the_script_paints_birds_again_and_draws_the_same_bytes(tmp_path: Path) -> None:
    birds.flock(1, "birds", np.arange(3), 64, "shore").write(tmp_path / "test.h5", {})
    config = {"name": "birds", "seed": 1, "source": {"source": "birds", "style": "shore"}}
    for name in ("first", "second"):
        values = {"images": tmp_path / "test.h5", "figure": tmp_path / name}
        run_here("draw_contact_sheet", {"spec": {"config": config}, **values})
    for suffix in ("svg", "png", "pdf"):
        files = [(tmp_path / f"{name}.{suffix}").read_bytes() for name in ("first", "second")]
        assert files[0] == files[1]
