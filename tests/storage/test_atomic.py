import os
import resource
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from heterodox.errors import UserError
from heterodox.storage.atomic import atomic_path, write_text

# Writes each kind of file twice: small, which fits, then large, which does not. Prints one line per failure.
PROGRAM = """
import resource, sys
from pathlib import Path
import numpy as np, pandas as pd, torch
from heterodox.errors import UserError
from heterodox.storage.atomic import write_text
from heterodox.storage.dumps import write_dump
from heterodox.storage.images import write_images
from heterodox.storage.members import write_member
from heterodox.storage.tables import write_table

folder = Path(sys.argv[1])
random = np.random.default_rng(0)

def images(count):
    labels = np.zeros(count)
    with write_images(folder / "images.h5", (28, 28, 1), labels, labels, []) as writer:
        for _ in range(count):
            writer.append(random.integers(0, 256, (1, 28, 28, 1), np.uint8))

def dump(count):
    labels = np.zeros(count)
    with write_dump(folder / "dump.h5", labels, labels, 10) as writer:
        maps = {"saliency": random.random((count, 1, 28, 28))}
        writer.append(random.normal(size=(count, 10)), maps)

def table(count):
    write_table(pd.DataFrame(random.random((50 * count, 3))), folder / "table.csv")

def member(count):
    write_member(folder / "member.safetensors", {"weight": torch.zeros(200 * count)}, {})

for write in (images, dump, table, member, lambda count: write_text(folder / "text.txt", "x" * 500 * count)):
    write(2)
if sys.argv[2:]:
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
before = {path.name: path.read_bytes() for path in folder.iterdir()}
for write in (images, dump, table, member, lambda count: write_text(folder / "text.txt", "x" * 500 * count)):
    try:
        write(1500)
    except UserError as error:
        print(error)
assert before == {path.name: path.read_bytes() for path in folder.iterdir()}
"""


def check_failures(done: subprocess.CompletedProcess[str], reason: str) -> None:
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    names = ["images.h5", "dump.h5", "table.csv", "member.safetensors", "text.txt"]
    assert len(lines) == len(names)
    for line, name in zip(lines, names, strict=True):
        assert line.endswith(f"{name}: not written, {reason}; an earlier file there is unchanged")


def test_a_full_disk_is_one_line_and_the_old_files_stay(tmp_path: Path) -> None:
    mount = f'mount -t tmpfs -o size=256k none "{tmp_path}"'
    namespace = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    if not shutil.which("unshare") or subprocess.run([*namespace, mount], capture_output=True, check=False).returncode:
        pytest.skip("this system lets nobody mount a small disk")
    command = f'{mount} && exec "{sys.executable}" -c "$0" "{tmp_path}"'
    check_failures(
        subprocess.run([*namespace, command, PROGRAM], capture_output=True, text=True, check=False), "the disk is full"
    )


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="this system has no limit on the size of files")
def test_a_limit_on_file_size_is_one_line_and_the_old_files_stay(tmp_path: Path) -> None:
    program = [sys.executable, "-c", PROGRAM, tmp_path, "limited"]
    check_failures(subprocess.run(program, capture_output=True, text=True, check=False), "File too large")


def test_an_error_leaves_the_old_file_and_no_trace(tmp_path: Path) -> None:
    target = tmp_path / "deeper" / "file.txt"
    write_text(target, "old")
    with suppress(ZeroDivisionError), atomic_path(target) as partial:
        partial.write_text("half")
        assert target.read_text() == "old"
        _ = 1 / 0
    assert target.read_text() == "old"
    assert os.listdir(target.parent) == ["file.txt"]
    write_text(target, "new")
    assert target.read_text() == "new"


def test_a_folder_in_the_way_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="not written") as caught:
        write_text(tmp_path / "file" / "below.txt", "text")
    assert "\n" not in str(caught.value)
