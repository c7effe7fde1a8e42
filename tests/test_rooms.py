"""The rooms of the library import one another in one direction, and what must stay light does not load torch."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "heterodox"
# In the order in which they may import one another; the first ones stand below all others.
ROOMS = [
    "errors",
    "command",
    "preemption",
    "streams",
    "torchvision_operators",
    "storage",
    "metrics",
    "datasets",
    "corruptions",
    "networks",
    "training",
    "explain",
    "dumps",
    "representations",
    "ensembles",
    "searches",
    "tables",
    "user_study",
    "figures",
]
MODULES = sorted(file for file in SOURCE.rglob("*.py") if file.parent != SOURCE or file.stem != "__init__")


def room_of(module: str) -> str:
    return module.split(".")[1]


def imports_of(file: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


@pytest.mark.parametrize("file", MODULES, ids=lambda file: file.relative_to(SOURCE).as_posix())
def test_rooms_import_in_one_direction(file: Path) -> None:
    here = file.relative_to(SOURCE).parts[0].removesuffix(".py")
    rooms = {room_of(name) for name in imports_of(file) if name.startswith("heterodox.")}
    wrong = [room for room in rooms if ROOMS.index(room) > ROOMS.index(here)]
    assert not wrong, f"{here} may not import {wrong}"


def test_package_files_hold_no_code() -> None:
    for file in SOURCE.rglob("__init__.py"):
        body = ast.parse(file.read_text(encoding="utf-8")).body
        assert all(isinstance(node, ast.Expr) for node in body), f"{file}: an import here would reach every job"


def test_only_storage_opens_hdf5() -> None:
    users = [file for file in MODULES if any(name.partition(".")[0] == "h5py" for name in imports_of(file))]
    assert {file.relative_to(SOURCE).parts[0] for file in users} == {"storage"}


@pytest.mark.parametrize("room", ["metrics", "user_study", "figures"])
def test_pure_rooms_know_no_torch(room: str) -> None:
    for file in (SOURCE / room).rglob("*.py"):
        assert not {"torch", "torchvision", "timm", "captum"} & {n.partition(".")[0] for n in imports_of(file)}


def scripts_without_torch() -> list[str]:
    stages = ("draw_", "tabulate_", "collect_", "summarise_", "score_", "bootstrap_", "corrupt_")
    return [file.stem for file in sorted((ROOT / "scripts").glob("*.py")) if file.stem.startswith(stages)]


@pytest.mark.parametrize("script", scripts_without_torch())
def test_light_stages_do_not_load_torch(script: str) -> None:
    code = (
        "import importlib.util, sys\n"
        f"spec = importlib.util.spec_from_file_location('script', r'{ROOT / 'scripts' / script}.py')\n"
        "spec.loader.exec_module(importlib.util.module_from_spec(spec))\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
