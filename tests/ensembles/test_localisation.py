import numpy as np
import pytest
from scipy import ndimage

from heterodox.ensembles import localisation
from heterodox.ensembles.localisation import Scoring
from heterodox.errors import UserError
from heterodox.storage.annotations import AnnotatedFile
from heterodox.storage.explanations import MapFile, write_maps
from tests.explain.annotated import BILL, MARKS, PARTS, SIDE, make_images

ROWS = np.array([0, 2, 3, 5])


def write(folder, maps, kinds=None, labels=None, index=100 + ROWS):
    labels = np.zeros(len(ROWS)) if labels is None else np.asarray(labels)
    kinds = ["member"] * maps.shape[1] if kinds is None else kinds
    with write_maps(folder / "maps.h5", labels, index, ROWS, {"empty_masks": 3}, explained=kinds) as writer:
        writer.append(maps, np.zeros(maps.shape[:2]))


@pytest.fixture
def folder(tmp_path):
    generator = np.random.default_rng(3)
    make_images(tmp_path / "images.h5")
    kinds = ["member"] * 3 + ["draws"] * 2 + ["mean_logit"]
    write(tmp_path, generator.gamma(0.5, size=(4, 6, SIDE, SIDE)), kinds)
    return tmp_path


def scored(folder, task=BILL, outputs=(), **how):
    with AnnotatedFile(folder / "images.h5") as images, MapFile(folder / "maps.h5") as maps:
        return localisation.score(maps, images, task, outputs, Scoring(**how))


def raw(folder, kind="member"):
    with MapFile(folder / "maps.h5") as file:
        return file.maps(kind=kind)


def unit(maps):
    return (maps - maps.min()) / (maps.max() - maps.min())


def test_every_row_is_the_slow_obvious_number(folder):
    table = scored(folder, compared=["median"]).set_index(["case", "explained"])
    members, draws, one = (raw(folder, kind) for kind in ("member", "draws", "mean_logit"))
    for case, row in enumerate(ROWS):
        scaled = [unit(values) for values in members[case]]
        expected = {
            "mean": unit(np.mean(scaled, 0)),
            "not_rescaled": np.mean(scaled, 0),
            "median": unit(np.median(scaled, 0)),
            "draws": unit(np.mean([unit(values) for values in draws[case]], 0)),
            "mean_logit": unit(one[case, 0]),
        }
        mask = np.zeros((SIDE, SIDE), bool)
        mask[4:9, 10:20] = True
        for name, values in expected.items():
            found = table.loc[[(case, name)]].iloc[0]
            region = values > 0.3
            assert found["row"] == row
            assert found["index"] == 100 + row
            assert found["intersection"] == (region & mask).sum()
            assert found["iou"] == pytest.approx((region & mask).sum() / (region | mask).sum())
            y, x = ndimage.center_of_mass(values)
            assert (found["x"], found["y"]) == pytest.approx((x, y))
            assert found["distance"] == pytest.approx(np.hypot(x - 14.5, y - 6) / np.hypot(SIDE, SIDE))
            assert found["relevance_mass"] == pytest.approx(values[mask].sum() / values.sum())
        singles = table.loc[[(case, "member")]]
        assert singles["member"].tolist() == [0, 1, 2]
        for values, iou in zip(scaled, singles["iou"], strict=True):
            assert iou == pytest.approx(((values > 0.3) & mask).sum() / ((values > 0.3) | mask).sum())


def test_the_average_treated_the_other_way_is_named_for_what_was_done_to_it(folder):
    scaled, left = scored(folder), scored(folder, rescale_average=False)
    assert "rescaled" not in set(scaled["explained"])
    assert "not_rescaled" not in set(left["explained"])
    for ours, theirs in (("mean", "rescaled"), ("not_rescaled", "mean")):
        first, second = (table[table["explained"] == name] for table, name in ((scaled, ours), (left, theirs)))
        assert first["intersection"].tolist() == second["intersection"].tolist()


def test_the_baselines_know_nothing_of_the_maps(folder):
    table = scored(folder)
    centre = table[table["explained"] == "centre"]
    assert centre["distance"].tolist() == pytest.approx([np.hypot(1, 9.5) / np.hypot(SIDE, SIDE)] * 4)
    noise = table[table["explained"] == "random"]
    assert noise["relevance_mass"].between(0.02, 0.08).all()  # the mask covers 5 %
    write(folder, raw(folder)[::-1].copy())
    again = scored(folder)
    for name in ("centre", "random"):
        first, second = (found[found["explained"] == name].reset_index(drop=True) for found in (table, again))
        assert first.equals(second)


def test_chunks_do_not_change_anything(folder, monkeypatch):
    whole = scored(folder)
    monkeypatch.setattr(localisation, "rows_per_chunk", lambda _: 3)
    assert scored(folder).equals(whole)


def test_parts_without_mask_are_missing_and_every_output_has_its_own_part(folder):
    write(folder, raw(folder), labels=[0, 1, 1, 0])
    table = scored(folder, task=MARKS, outputs=PARTS)
    mean = table[table["explained"] == "mean"]
    assert mean["part"].tolist() == ["bill", "wing", "wing", "bill"]
    assert mean["iou"].isna().tolist() == [False, False, True, False]  # image 3 shows no wing
    assert mean["distance"].isna().tolist() == [False, False, True, False]
    assert mean["x"].notna().all()
    assert (table["empty_masks"] == 3).all()  # of the whole set, as the file of maps says


def test_on_other_images_the_point_is_the_middle_of_the_mask(folder):
    with AnnotatedFile(folder / "images.h5") as images:
        key = localisation.truth_of(images, ["bill"] * 4, ROWS, centroids=False)
        middle = localisation.truth_of(images, ["bill"] * 4, ROWS, centroids=True)
        with pytest.raises(UserError, match="the part foot has neither masks nor key points; it has bill, wing"):
            localisation.truth_of(images, ["foot"], ROWS[:1], centroids=False)
    np.testing.assert_array_equal(key.points, [[14.5, 6]] * 4)
    np.testing.assert_array_equal(middle.points, [[14.5, 6]] * 4)


def test_a_constant_map_is_flagged_and_counts_as_no_region(folder):
    maps = raw(folder)
    maps[1] = 5.0
    write(folder, maps)
    table = scored(folder)
    constant = table[(table["case"] == 1) & table["explained"].isin(["member", "mean"])]
    assert constant["constant"].all()
    assert constant["massless"].all()
    assert (constant["iou"] == 0).all()
    assert constant["correlation"].isna().all()
    assert constant[["x", "y"]].eq((SIDE - 1) / 2).all(axis=None)


def test_the_control_of_a_method_that_draws_nothing_is_the_first_members_map(folder):
    write(folder, raw(folder))
    table = scored(folder).set_index("explained")
    first = table[table["member"] == 0]
    assert (table.loc["draws", "iou"].to_numpy() == first["iou"].to_numpy()).all()


def test_maps_that_do_not_tell_empty_masks_are_one_line(folder):
    with write_maps(folder / "maps.h5", np.zeros(4), 100 + ROWS, ROWS, {}) as writer:
        writer.append(np.ones((4, 1, SIDE, SIDE)), np.zeros((4, 1)))
    with pytest.raises(UserError, match=r"maps\.h5: does not say how many masks are empty; explain the members again"):
        scored(folder)


def test_maps_of_another_size_or_of_other_images_are_one_line(folder):
    write(folder, raw(folder), index=7 + ROWS)
    with pytest.raises(UserError, match=r"maps\.h5: its images are not those of"):
        scored(folder)
    make_images(folder / "images.h5", shape=(SIDE, 2 * SIDE))
    with pytest.raises(UserError, match=r"maps\.h5: the mask has 32 x 64 pixels, the map 32 x 32; resize one"):
        scored(folder)


def test_the_size_curve_starts_at_single_members_and_ends_at_all(folder):
    table = scored(folder)
    with AnnotatedFile(folder / "images.h5") as images, MapFile(folder / "maps.h5") as members:
        curve = localisation.score_sizes(members, images, BILL, (), Scoring(), subsets=40)
    assert curve["size"].tolist() == [1, 2, 3]
    assert curve["iou"].iloc[0] == pytest.approx(curve["single"].iloc[0])
    assert curve["iou"].iloc[2] == pytest.approx(table[table["explained"] == "mean"]["iou"].mean())
    assert curve["single"].iloc[2] == pytest.approx(table[table["explained"] == "member"]["iou"].mean())
    assert curve["iou_low"].iloc[2] == pytest.approx(curve["iou_high"].iloc[2])
    assert curve["iou_low"].iloc[1] < curve["iou_high"].iloc[1]
    pairs = [[0, 1], [0, 2], [1, 2]]
    maps = raw(folder)
    mask = np.zeros((SIDE, SIDE), bool)
    mask[4:9, 10:20] = True
    by_pair = []
    for pair in pairs:
        regions = [unit(np.mean([unit(maps[case, member]) for member in pair], 0)) > 0.3 for case in range(4)]
        by_pair.append(np.mean([(region & mask).sum() / (region | mask).sum() for region in regions]))
    assert min(by_pair) <= curve["iou"].iloc[1] <= max(by_pair)
