import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from heterodox.errors import UserError
from heterodox.storage.dumps import DumpFile, open_dumps, write_dump

MakeDump = Callable[..., Path]


def test_logits_are_kept_to_the_bit_and_lie_where_they_say(tmp_path: Path) -> None:
    logits = np.random.default_rng(0).normal(size=(7, 4)).astype(np.float32)
    with write_dump(tmp_path / "dump.h5", np.arange(7) % 4, np.arange(7), 4) as writer:
        writer.append(logits[:3])
        writer.append(logits[3:])
    with DumpFile(tmp_path / "dump.h5") as dump:
        np.testing.assert_array_equal(dump.logits(), logits)
        np.testing.assert_array_equal(dump.logits(2, 5), logits[2:5])
        out = np.empty((2, 4), np.float32)
        dump.read_logits(5, 7, out)
        np.testing.assert_array_equal(out, logits[5:])
        offset = dump.logits_offset()
        assert offset is not None
        assert dump.methods() == []
    np.testing.assert_array_equal(np.fromfile(tmp_path / "dump.h5", np.float32, 28, offset=offset), logits.ravel())


@pytest.mark.parametrize("size", [1e-30, 1.0, 1e30])
def test_maps_of_any_size_come_back(tmp_path: Path, size: float) -> None:
    raw = (np.random.default_rng(0).random((5, 3, 8, 8)) * size).astype(np.float32)
    raw[2] = 0
    with write_dump(tmp_path / "dump.h5", np.zeros(5), np.arange(5), 2) as writer:
        writer.append(np.zeros((2, 2)), {"saliency": raw[:2]})
        writer.append(np.zeros((3, 2)), {"saliency": raw[2:]})
    with DumpFile(tmp_path / "dump.h5") as dump:
        assert (dump.methods(), dump.map_shape("saliency")) == (["saliency"], (3, 8, 8))
        stored, scale = dump.saliency("saliency"), dump.saliency_scale("saliency")
        assert stored.dtype == np.float16
        assert stored.max(axis=(1, 2, 3)).tolist() == [1, 1, 0, 1, 1]
        assert scale[2] == 0
        back = stored.astype(np.float64) * scale[:, None, None, None]
        # Half a unit in the last of float16's eleven digits, of the map's maximum.
        np.testing.assert_allclose(back / size, raw / size, atol=2**-11)
        out = np.empty((2, 3, 8, 8), np.float16)
        dump.read_saliency("saliency", 1, 3, out)
        np.testing.assert_array_equal(out, stored[1:3])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_not_written(tmp_path: Path, value: float) -> None:
    logits, maps = np.zeros((2, 3)), np.ones((2, 1, 4, 4))
    logits_bad, maps_bad = logits.copy(), maps.copy()
    logits_bad[1, 2] = maps_bad[1, 0, 3, 3] = value
    for first, second, fault in [
        (logits_bad, maps, "logits are not finite"),
        (logits, maps_bad, "'saliency' map is not"),
    ]:
        with pytest.raises(UserError, match=f"swin: .*{fault}"):  # noqa: SIM117
            with write_dump(tmp_path / "dump.h5", [0, 1], [0, 1], 3, {"member": "swin"}) as writer:
                writer.append(first, {"saliency": second})
    assert list(tmp_path.iterdir()) == []


def test_logits_from_elsewhere_that_are_not_finite_are_one_line(make_dump: MakeDump) -> None:
    path = make_dump("swin")
    with h5py.File(path, "r+") as file:
        file["logits"][4, 1] = np.nan
    with DumpFile(path) as dump, pytest.raises(UserError, match=r"swin\.h5: 'logits' holds NaN"):
        dump.logits()


def test_labels_outside_the_classes_are_one_line(make_dump: MakeDump) -> None:
    with pytest.raises(UserError, match="a label lies outside the 2 classes"):
        DumpFile(make_dump("swin", classes=2))


def test_a_truncated_dump_is_one_line(make_dump: MakeDump) -> None:
    path = make_dump("swin")
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(UserError, match=r"swin\.h5: not a readable HDF5 file"):
        DumpFile(path)


def test_logits_of_another_type_or_maps_of_another_count_are_one_line(make_dump: MakeDump) -> None:
    path = make_dump("swin")
    with h5py.File(path, "r+") as file:
        del file["saliency/saliency"]
        file["saliency/saliency"] = np.zeros((5, 1, 4, 4), np.float16)
    with DumpFile(path) as dump, pytest.raises(UserError, match="expected 4 axes with 6 images first"):
        dump.saliency("saliency")
    with h5py.File(path, "r+") as file:
        del file["logits"]
        file["logits"] = np.zeros((6, 3))
    with pytest.raises(UserError, match="'logits' must be float32"):
        DumpFile(path)


def test_members_of_one_pool_speak_of_the_same_images(make_dump: MakeDump) -> None:
    good = make_dump("good")
    with open_dumps([good, make_dump("same")]) as dumps:
        assert [len(dump) for dump in dumps] == [6, 6]
    order = np.array([1, 0, 2, 3, 4, 5])
    for other, fault in [
        (make_dump("order", index=order), "another order of images"),
        (make_dump("count", count=5), "other images"),
        (make_dump("classes", classes=4), "4 classes, but"),
        (make_dump("labels", labels=np.array([0, 1, 2, 2, 1, 0])), "other labels"),
    ]:
        with pytest.raises(UserError, match=fault) as caught, open_dumps([good, other]):
            pass
        assert str(other) in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "layout",
    [{"chunks": (1, 3, 8, 8)}, {"chunks": None}, {"chunks": (2, 3, 8, 8)}, {"chunks": (1, 3, 8, 8), "compression": 1}],
    ids=["by image", "one piece", "by two images", "compressed"],
)
def test_maps_of_any_layout_are_read_alike(make_dump: MakeDump, layout: dict) -> None:
    path = make_dump("member", count=9)
    maps = np.random.default_rng(0).random((9, 3, 8, 8)).astype(np.float16)
    with h5py.File(path, "r+") as file:
        file["saliency_scale/other"] = np.ones(9, np.float32)
        stored = file.create_dataset("saliency/other", maps.shape, np.float16, **layout)
        for row in (4, 8, 0, 3, 1, 2, 7, 5, 6):  # pieces lie in the file in the order of writing
            stored[row] = maps[row]
            file.flush()
    with DumpFile(path) as dump:
        for start, stop in [(0, 9), (2, 7), (8, 9)]:
            out = np.empty((stop - start, 3, 8, 8), np.float16)
            dump.read_saliency("other", start, stop, out)
            np.testing.assert_array_equal(out, maps[start:stop])


def test_a_dump_cut_in_its_maps_is_one_line(make_dump: MakeDump) -> None:
    path = make_dump("member", count=9)
    with h5py.File(path, "r+") as file:
        file["saliency_scale/other"] = np.ones(9, np.float32)
        file["saliency/other"] = np.ones((9, 3, 8, 8), np.float16)
    with DumpFile(path) as dump:
        os.truncate(path, path.stat().st_size - 400)
        with pytest.raises(UserError, match="truncated"):
            dump.read_saliency("other", 0, 9, np.empty((9, 3, 8, 8), np.float16))


@pytest.mark.parametrize("compression", [None, 1])
@pytest.mark.parametrize(
    ("values", "scale", "fault"),
    [
        (-0.25, 1, "values outside 0 to 1"),
        (1.001, 1, "values outside 0 to 1"),
        (-np.inf, 1, "'saliency/saliency' holds NaN or infinite"),
        (np.nan, 1, "'saliency/saliency' holds NaN or infinite"),
        (0.5, -1, "'saliency_scale/saliency' holds negative values"),
        (0.5, np.inf, "'saliency_scale/saliency' holds NaN or infinite"),
        (0, 1, "map of image 4 is all zero but its scale is not"),
    ],
)
def test_maps_that_break_the_contract_are_one_line(
    make_dump: MakeDump, values: float, scale: float, fault: str, compression: int | None
) -> None:
    path = make_dump("theirs")
    with h5py.File(path, "r+") as file:
        maps = file["saliency/saliency"][:]
        maps[4] = values
        del file["saliency/saliency"]
        file.create_dataset("saliency/saliency", data=maps, compression=compression)
        file["saliency_scale/saliency"][4] = scale
    out = np.empty((4, 1, 4, 4), np.float16)
    with DumpFile(path) as dump:
        for read in (lambda: dump.read_saliency("saliency", 2, 6, out), lambda: dump.saliency("saliency")):
            with pytest.raises(UserError, match=fault) as caught:
                read()
            assert str(path) in str(caught.value)
            assert "\n" not in str(caught.value)


def test_maps_of_another_type_are_one_line(make_dump: MakeDump) -> None:
    path = make_dump("theirs")
    with h5py.File(path, "r+") as file:
        maps = file["saliency/saliency"][:].astype(np.float32)
        del file["saliency/saliency"]
        file["saliency/saliency"] = maps
    with DumpFile(path) as dump:
        for read in (dump.map_shape, dump.saliency):
            with pytest.raises(UserError, match=r"theirs\.h5: 'saliency/saliency' must be float16, not float32"):
                read("saliency")


def test_zeros_with_a_minus_sign_and_maps_without_gradient_are_fine(make_dump: MakeDump) -> None:
    path = make_dump("ours")
    with h5py.File(path, "r+") as file:
        file["saliency/saliency"][1, 0, 0] = -0.0
        file["saliency/saliency"][2], file["saliency_scale/saliency"][2] = 0, 0
    with DumpFile(path) as dump:
        assert dump.saliency("saliency")[2].max() == 0


def test_damage_inside_an_open_dump_is_one_line(make_dump: MakeDump) -> None:
    path = make_dump("theirs")
    with h5py.File(path, "r+") as file:
        maps, logits = file["saliency/saliency"][:], file["logits"][:]
        del file["saliency/saliency"], file["logits"]
        places = []
        for name, values in (("saliency/saliency", maps), ("logits", logits)):
            stored = file.create_dataset(name, data=values, compression=1)
            file.flush()
            places.append(stored.id.get_chunk_info(0).byte_offset)
    with open(path, "r+b") as stream:
        for place in places:
            stream.seek(place)
            stream.write(b"\xff" * 8)
    with DumpFile(path) as dump:
        for read in (
            lambda: dump.read_saliency("saliency", 0, 6, np.empty((6, 1, 4, 4), np.float16)),
            lambda: dump.saliency("saliency"),
            lambda: dump.logits(),
            lambda: dump.read_logits(0, 6, np.empty((6, 3), np.float32)),
        ):
            with pytest.raises(UserError, match=r"theirs\.h5: damaged, its values cannot be read") as caught:
                read()
            assert "\n" not in str(caught.value)


HOLD = (
    "import fcntl, sys; file = open(sys.argv[1], 'r+b'); fcntl.flock(file, fcntl.LOCK_EX); print(flush=True); input()"
)
READ = """
import sys
from heterodox.errors import UserError
from heterodox.storage.dumps import DumpFile
try:
    with DumpFile(sys.argv[1]) as dump:
        print(len(dump))
except UserError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("insists", "expected"), [(None, "6"), ("FALSE", "6"), ("TRUE", "HDF5 may not lock it")], ids=str
)
def test_a_lock_stops_only_those_whom_the_site_makes_ask_for_one(make_dump: MakeDump, insists, expected) -> None:
    path = make_dump("swin")
    environment = {name: value for name, value in os.environ.items() if name != "HDF5_USE_FILE_LOCKING"}
    if insists is not None:
        environment["HDF5_USE_FILE_LOCKING"] = insists
    with subprocess.Popen([sys.executable, "-c", HOLD, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        done = subprocess.run(
            [sys.executable, "-c", READ, path], env=environment, capture_output=True, text=True, check=True
        )
        holder.communicate(b"\n")
    (line,) = done.stdout.splitlines()
    assert expected in line
    if insists == "TRUE":
        assert line.startswith(f"{path}: ")
        assert "set HDF5_USE_FILE_LOCKING=FALSE" in line


def test_a_dump_that_is_open_elsewhere_in_this_process_is_read(make_dump: MakeDump) -> None:
    path = make_dump("swin")
    with h5py.File(path, "r") as file, DumpFile(path) as dump:
        np.testing.assert_array_equal(dump.logits(), file["logits"][:])


READ_AGAIN_AND_AGAIN = """
import sys
from heterodox.storage.dumps import DumpFile
found, rounds = set(), 0
while len(found) < 2 or rounds < 20:
    with DumpFile(sys.argv[1]) as dump:
        values = set(dump.logits().ravel().tolist()) | set(dump.saliency_scale("saliency").tolist())
        values |= set((dump.saliency("saliency")[:, 0, 0, 0] * dump.saliency_scale("saliency")).tolist())
    assert len(values) == 1, values
    found |= values
    rounds += 1
    print(rounds, flush=True)
"""


def test_readers_see_one_version_whole_while_another_replaces_it(tmp_path: Path) -> None:
    def write(value: float) -> None:
        with write_dump(tmp_path / "dump.h5", np.zeros(50), np.arange(50), 4) as writer:
            for _ in range(5):
                writer.append(np.full((10, 4), value), {"saliency": np.full((10, 1, 8, 8), value)})

    write(1.0)
    call = [sys.executable, "-c", READ_AGAIN_AND_AGAIN, tmp_path / "dump.h5"]
    readers = [subprocess.Popen(call, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    for reader in readers:
        assert reader.stdout is not None
        reader.stdout.readline()  # it has read the first version
    turn = 0
    while any(reader.poll() is None for reader in readers):
        write(1.0 + turn % 2)
        turn += 1
    for reader in readers:
        _, errors = reader.communicate()
        assert reader.returncode == 0, errors
    assert turn > 1
