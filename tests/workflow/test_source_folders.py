"""The state of an image folder: what changes it and what does not."""

import os
import shutil
from pathlib import Path

import pytest

from workflow.source_folders import state


@pytest.fixture
def images(tmp_path: Path) -> Path:
    for split in ("train", "val"):
        for name in ("a", "b"):
            (tmp_path / "images" / split / name).mkdir(parents=True)
            (tmp_path / "images" / split / name / "1.png").write_bytes(b"image")
    return tmp_path / "images"


def test_files_and_classes_count(images: Path) -> None:
    seen = [state(images)]
    (images / "val/b/2.png").write_bytes(b"image")
    seen.append(state(images))
    (images / "val/b/1.png").rename(images / "val/b/3.png")
    seen.append(state(images))
    (images / "train/c").mkdir()
    seen.append(state(images))
    assert len(set(seen)) == len(seen)


def test_the_place_of_the_folder_and_reading_it_do_not_count(images: Path, tmp_path: Path) -> None:
    before = state(images)
    (images / "val/b/1.png").read_bytes()
    shutil.copytree(images, tmp_path / "elsewhere", copy_function=shutil.copy2)
    for folder in [images, *(entry for entry in images.rglob("*") if entry.is_dir())]:
        times = folder.stat()
        os.utime(tmp_path / "elsewhere" / folder.relative_to(images), ns=(times.st_atime_ns, times.st_mtime_ns))
    assert state(tmp_path / "elsewhere") == before == state(images)


def test_a_missing_folder_is_said_so(tmp_path: Path) -> None:
    assert state(tmp_path / "nowhere") == "missing"
