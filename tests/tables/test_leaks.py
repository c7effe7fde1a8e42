"""Birds leak nothing, and birds that were made to leak are caught: by position, by background, by another attribute."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from heterodox.datasets.annotated import birds
from heterodox.datasets.annotated.surroundings import surroundings
from heterodox.datasets.birds import traits
from heterodox.datasets.birds.painter import paint
from heterodox.storage.annotations import AnnotatedFile, write_annotated
from heterodox.tables.leaks import COLUMNS, leak_table, leaks_words
from tests.programs import run_here

COUNT = 500
BIRDS = traits.draw(1, "birds", range(COUNT))


def drawn_table(flock: traits.Birds) -> pd.DataFrame:
    return leak_table(flock.traits, flock.pose)


def accused(table: pd.DataFrame) -> set[tuple[str, str]]:
    return set(table.loc[table["leaks"], ["attribute", "told_by"]].itertuples(index=False, name=None))


def test_drawn_birds_leak_nothing() -> None:
    table = drawn_table(traits.draw(1, "birds", range(4000)))
    assert list(table.columns) == COLUMNS
    count = len(traits.VALUES)
    assert len(table) == count * (count - 1) // 2 + count * len(traits.POSE)
    assert not table["leaks"].any()
    assert table["association"].max() < 0.06
    assert leaks_words(table).startswith(f"None of {len(table)} tests finds a leak")


@pytest.mark.parametrize("quantity", ["x", "y", "scale", "tilt"])
def test_a_position_that_depends_on_the_bill_is_caught(quantity: str) -> None:
    moved = BIRDS.pose[quantity] + 0.5 * BIRDS.pose[quantity].std() * BIRDS.traits["bill"]
    leaking = replace(BIRDS, pose=BIRDS.pose | {quantity: moved})
    table = drawn_table(leaking)
    assert accused(table) == {("bill", quantity)}
    assert leaks_words(table).endswith(f"find a leak: bill by {quantity}.")


def test_an_attribute_that_depends_on_another_is_caught() -> None:
    tails = np.where(np.arange(COUNT) % 3 == 0, BIRDS.traits["wing"] % 2, BIRDS.traits["tail"])
    assert accused(drawn_table(replace(BIRDS, traits=BIRDS.traits | {"tail": tails}))) == {("wing", "tail")}


def write(path: Path, flock: traits.Birds, images: np.ndarray | None = None) -> AnnotatedFile:
    pictures = paint(flock, 64)
    values = {name: traits.VALUES[name] for name in flock.traits}
    index = np.arange(len(flock))
    with write_annotated(path, (64, 64, 3), flock.species, index, [], values, flock.traits) as writer:
        shown = pictures.images if images is None else images
        writer.append(shown, pictures.masks, pictures.key_points, flock.pose)
    return AnnotatedFile(path)


def test_a_leak_of_the_painter_is_seen_in_the_pixels(tmp_path: Path) -> None:
    """Nothing that was drawn leaks here: the images themselves do, by a corner that is brighter for gold eyes."""
    pictures = paint(BIRDS, 64)
    brighter = pictures.images.copy()
    gold = BIRDS.traits["eye"] == 1
    brighter[gold, -16:, :16] = np.minimum(brighter[gold, -16:, :16].astype(int) + 25, 255)
    for name, images, expected in [
        ("sound", pictures.images, set()),
        ("leaking", brighter, {("eye", "brightness_lower_left")}),
    ]:
        with write(tmp_path / name, BIRDS, images) as file:
            assert accused(leak_table(BIRDS.traits, BIRDS.pose | surroundings(file))) == expected


def test_surroundings_by_hand(tmp_path: Path) -> None:
    part = np.zeros((1, 8, 12), bool)
    part[0, 4, 8:10] = True
    images = np.zeros((1, 8, 12, 3), np.uint8)
    images[0, :, :3] = 30
    images[0, 6:, 9:] = [30, 60, 90]
    images[0, 4, 8:10] = 255
    with write_annotated(tmp_path / "toy.h5", (8, 12, 3), [0], [0], [], {}, {}) as writer:
        writer.append(images, {"body": part}, {})
    with AnnotatedFile(tmp_path / "toy.h5") as file:
        found = surroundings(file)
    # Corners are 2 x 3 pixels; of the lower right one, the pixel within two steps of the part is left out.
    assert {name: float(values[0]) for name, values in found.items()} == pytest.approx(
        {
            "brightness_upper_left": 30,
            "brightness_upper_right": 0,
            "brightness_lower_left": 30,
            "brightness_lower_right": 60,
            "body_x": 9 / 12,
            "body_y": 4.5 / 8,
        }
    )


def test_the_script_writes_table_and_verdict(tmp_path: Path) -> None:
    part = birds.flock(1, "birds", np.arange(60), 64, "garden")
    part.write(tmp_path / "birds.h5", {})
    files = {"table": tmp_path / "leaks.csv", "page": tmp_path / "leaks.html"}
    run_here(
        "tabulate_leaks", {"spec": {"config": {"attributes": ["bill", "eye"]}}, "images": tmp_path / "birds.h5"} | files
    )
    table = pd.read_csv(files["table"])
    assert set(table["attribute"]) == {"bill", "eye"}
    assert {"x", "brightness_upper_left", "body_x", "eye"} <= set(table["told_by"])
    assert "tests finds a leak" in files["page"].read_text()
