"""The digest of a job's code: what counts and what does not."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from workflow.code_digest import CodeDigests

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a small project: a script that imports `a`, which imports `b` and numpy; `c` is loaded by name."""
    files = {
        "envs/requirements.txt": "numpy==1.2.3\nscikit-learn==4.5\n",
        "scripts/job.py": "from heterodox.a import double\n",
        "src/heterodox/__init__.py": "",
        "src/heterodox/a.py": "import numpy\nfrom heterodox import b\n\n\ndef double(x):\n    return b.one(x) * 2\n",
        "src/heterodox/b.py": '"""Docstring."""\n\n\ndef one(x):\n    """Return x."""\n    return x  # as it is\n',
        "src/heterodox/c.py": "def later():\n    import sklearn\n    return sklearn\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def digest(project: Path, *modules: str) -> str:
    return CodeDigests(project).digest("scripts/job.py", modules)


def test_parts_are_the_files_and_pins_that_imports_reach(project: Path) -> None:
    parts = CodeDigests(project).parts("scripts/job.py", ["c.py"])
    assert set(parts) == {
        "scripts/job.py",
        "src/heterodox/__init__.py",
        "src/heterodox/a.py",
        "src/heterodox/b.py",
        "src/heterodox/c.py",
        "pin of numpy",
        "pin of scikit-learn",
    }
    assert parts["pin of numpy"] == "1.2.3"
    assert parts["pin of scikit-learn"] == "4.5"


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("src/heterodox/b.py", "  # as it is", ""),
        ("src/heterodox/b.py", "Docstring.", "Another docstring."),
        ("src/heterodox/b.py", '    """Return x."""\n', ""),
        ("src/heterodox/a.py", "b.one(x) * 2", "(b.one(x)\n            * 2)"),
        ("src/heterodox/c.py", "return sklearn", "return None"),
        ("envs/requirements.txt", "scikit-learn==4.5", "scikit-learn==4.6"),
    ],
)
def test_what_does_not_count(project: Path, file: str, old: str, new: str) -> None:
    before = digest(project)
    path = project / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    assert digest(project) == before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("src/heterodox/b.py", "return x", "return -x"),
        ("src/heterodox/a.py", "* 2", "* 3"),
        ("scripts/job.py", "double", "double as twice"),
        ("envs/requirements.txt", "numpy==1.2.3", "numpy==1.2.4"),
        ("src/heterodox/c.py", "return sklearn", "return None"),
    ],
)
def test_what_counts(project: Path, file: str, old: str, new: str) -> None:
    before = digest(project, "c.py")
    path = project / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    assert digest(project, "c.py") != before


def test_imports_for_type_checkers_do_not_count(project: Path) -> None:
    path = project / "src/heterodox/b.py"
    path.write_text("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch\n" + path.read_text())
    assert "pin of torch" not in CodeDigests(project).parts("scripts/job.py")


def test_every_imported_package_is_pinned() -> None:
    digests = CodeDigests(ROOT)
    for script in (ROOT / "scripts").glob("*.py"):
        modules = [file.relative_to(ROOT / "src/heterodox") for file in (ROOT / "src/heterodox").rglob("*.py")]
        parts = digests.parts(f"scripts/{script.name}", [module.as_posix() for module in modules])
        assert [name for name, value in parts.items() if value == "none"] == []


def test_command_names_what_changed(tmp_path: Path) -> None:
    for part in ("workflow", "scripts", "src", "envs"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    command = [sys.executable, "workflow/code_digest.py"]

    def ask() -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert ask().returncode == 1
    save = "import sys; sys.path.insert(0, 'workflow'); import code_digest; code_digest.save_snapshot()"
    subprocess.run([sys.executable, "-c", save], cwd=tmp_path, check=True)
    assert ask().stdout == "no module and no pin changed since the last run\n"
    (tmp_path / "src/heterodox/streams.py").write_text("CHANGED = 1\n")
    line = ask().stdout
    assert line.startswith("src/heterodox/streams.py: changed; imported by ")
    assert "corrupt_images" in line
