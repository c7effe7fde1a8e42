from pathlib import Path

import numpy as np
import pytest

from heterodox.datasets.image_sets import ImageSet, at_most, held_in_memory, hold_out
from heterodox.errors import UserError
from heterodox.storage.images import ImageFile


def some_set(sizes: tuple[int, ...] = (50, 30, 21)) -> ImageSet:
    """Images that show their own index, in mixed order of classes."""
    labels = np.random.default_rng(0).permutation(np.repeat(np.arange(len(sizes)), sizes))
    index = np.arange(len(labels)) + 1000
    images = np.broadcast_to((index % 256).astype(np.uint8)[:, None, None, None], (len(labels), 4, 5, 1))
    return held_in_memory(images, labels, index, [f"class {number}" for number in range(len(sizes))])


@pytest.mark.parametrize(("amount", "count"), [(20, 20), (0.25, 25), (1, 1), (100, 100)])
def test_held_out_part_is_stratified_and_disjoint(amount: float, count: int) -> None:
    images = some_set()
    rest, held = hold_out(images, amount, seed=1, dataset="toy")
    assert len(held) == count
    assert sorted([*rest.index, *held.index]) == list(images.index)
    np.testing.assert_array_less(
        np.abs(np.bincount(held.labels, minlength=3) - np.array([50, 30, 21]) * count / 101), 1
    )
    assert (np.diff(held.index) > 0).all()
    for part in (rest, held):
        np.testing.assert_array_equal(part.labels, images.labels[part.index - 1000])
        np.testing.assert_array_equal(part.read(np.arange(len(part)))[:, 0, 0, 0], part.index % 256)


def test_the_choice_depends_on_seed_and_name_alone() -> None:
    def held(seed: int = 1, dataset: str = "toy", images: ImageSet | None = None) -> list[int]:
        return hold_out(images or some_set(), 20, seed, dataset)[1].index.tolist()

    assert held() == held()
    assert held() != held(seed=2)
    assert held() != held(dataset="other")
    # Which images a class gives does not depend on the other classes.
    two = some_set().subset(np.flatnonzero(some_set().labels != 2))
    first = {index for index in held() if some_set().labels[index - 1000] == 0}
    assert first <= set(hold_out(two, 20, 1, "toy")[1].index)


def test_at_most_keeps_the_shares_and_the_order() -> None:
    images = some_set()
    few, more = at_most(images, 20, 1, "toy test"), at_most(images, 40, 1, "toy test")
    assert (len(few), len(more)) == (20, 40)
    np.testing.assert_array_less(np.abs(np.bincount(few.labels) - np.array([50, 30, 21]) * 20 / 101), 1)
    assert set(few.index) < set(more.index)
    assert (np.diff(few.index) > 0).all()
    np.testing.assert_array_equal(few.read(np.arange(20))[:, 0, 0, 0], few.index % 256)
    assert at_most(images, 101, 1, "toy test") is images


@pytest.mark.parametrize("amount", [0, -5, 101, 5000, 0.001, 0.999])
def test_an_empty_part_is_one_line(amount: float) -> None:
    with pytest.raises(UserError, match=r"data\.validation"):
        hold_out(some_set(), amount, 1, "toy")


def test_writing_reads_batch_by_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("heterodox.datasets.image_sets.BATCH_BYTES", 7 * 20)
    images, batches = some_set(), []

    def read(rows: np.ndarray) -> np.ndarray:
        batches.append(len(rows))
        return images.read(rows)

    watched = ImageSet(images.labels, images.index, images.classes, images.shape, read)
    watched.write(tmp_path / "set.h5", {"split": "train"})
    assert batches == [7] * 14 + [3]
    with ImageFile(tmp_path / "set.h5") as file:
        np.testing.assert_array_equal(file.images(), images.read(np.arange(101)))
        np.testing.assert_array_equal(file.labels, images.labels)
        np.testing.assert_array_equal(file.index, images.index)
        assert file.classes == images.classes
        assert file.attributes["split"] == "train"


def test_an_empty_set_can_be_written(tmp_path: Path) -> None:
    some_set().subset(np.arange(0)).write(tmp_path / "set.h5", {})
    with ImageFile(tmp_path / "set.h5") as file:
        assert (len(file), file.images().shape, file.classes[0]) == (0, (0, 4, 5, 1), "class 0")
