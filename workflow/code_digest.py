"""One digest for the code a job runs: the library modules its script reaches, and the pins of their packages.

Modules are found by reading imports, never by running them, and hashed as syntax trees: comments, docstrings
and layout do not count. The library loads some modules by name (an architecture, a corruption, a method of
explanation); a rule names those for its own wildcard. `python workflow/code_digest.py` tells what changed since
the last run of the pipeline.
"""

import ast
import hashlib
import json
import re
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SNAPSHOT = Path(".snakemake/heterodox_code.json")
# Where the name to import is not the name to install.
DISTRIBUTIONS = {"PIL": "pillow", "skimage": "scikit-image", "sklearn": "scikit-learn", "yaml": "pyyaml"}


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _running_statements(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield all statements but those below `if TYPE_CHECKING:`, which never run; no expression can import."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(
            child
            for child in ast.iter_child_nodes(node)
            if isinstance(child, ast.stmt | ast.excepthandler | ast.match_case) and not _is_type_checking(child)
        )


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if (
                isinstance(first, ast.Expr)
                and isinstance(first.value, ast.Constant)
                and isinstance(first.value.value, str)
            ):
                node.body = node.body[1:]
    return tree


class CodeDigests:
    """Digests of scripts in one checkout; every file is read once."""

    def __init__(self, root: Path = ROOT) -> None:
        self.root = root
        self.source = root / "src"
        self.pins = self._read_pins(root / "envs" / "requirements.txt")
        self._tree = cache(self._tree)
        self._tree_digest = cache(self._tree_digest)
        self._imports = cache(self._imports)
        self._parts = cache(self._parts)
        self._digest = cache(self._digest)

    @staticmethod
    def _read_pins(lock: Path) -> dict[str, str]:
        found = re.findall(r"^([A-Za-z0-9_.-]+)(?:\[.*?\])?==(\S+)", lock.read_text(encoding="utf-8"), re.MULTILINE)
        return {name.lower().replace("_", "-"): version for name, version in found}

    def _tree(self, file: Path) -> ast.Module:
        return _without_docstrings(ast.parse(file.read_bytes(), filename=str(file)))

    def _tree_digest(self, file: Path) -> str:
        return hashlib.sha256(ast.dump(self._tree(file)).encode()).hexdigest()

    def _module_files(self, name: str) -> Iterator[Path]:
        """Yield the file of a library module and of the packages above it; nothing for a name that is no module."""
        parts = name.split(".")
        for length in range(1, len(parts) + 1):
            base = self.source.joinpath(*parts[:length])
            yield from (file for file in (base.with_suffix(".py"), base / "__init__.py") if file.is_file())

    def _imported_names(self, file: Path) -> Iterator[str]:
        for node in _running_statements(self._tree(file)):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                if node.level:
                    raise SyntaxError(f"{file}:{node.lineno}: a relative import; write the module's full name")
                # An imported name may itself be a module; if it is not, `_module_files` finds no file for it.
                yield from (f"{node.module}.{alias.name}" for alias in node.names)

    def _imports(self, file: Path) -> tuple[frozenset[Path], frozenset[str]]:
        """Return the library files and the third-party packages that one file imports itself."""
        files: set[Path] = set()
        packages: set[str] = set()
        for name in self._imported_names(file):
            top = name.partition(".")[0]
            if top == "heterodox":
                files.update(self._module_files(name))
            elif top not in sys.stdlib_module_names:
                packages.add(DISTRIBUTIONS.get(top, top).lower().replace("_", "-"))
        return frozenset(files), frozenset(packages)

    def _parts(self, script: str, modules: tuple[str, ...]) -> dict[str, str]:
        waiting = [self.root / script, *(self.source / "heterodox" / module for module in modules)]
        files: set[Path] = set()
        packages: set[str] = set()
        while waiting:
            file = waiting.pop()
            if file not in files:
                files.add(file)
                more_files, more_packages = self._imports(file)
                waiting.extend(more_files)
                packages |= more_packages
        parts = {file.relative_to(self.root).as_posix(): self._tree_digest(file) for file in files}
        return parts | {f"pin of {name}": self.pins.get(name, "none") for name in packages}

    def parts(self, script: str, modules: Iterable[str] = ()) -> dict[str, str]:
        """Return what a script's digest is made of: file -> hash of its syntax tree, package -> pinned version.

        `modules` are further files below src/heterodox that the script loads by name.
        """
        return dict(sorted(self._parts(script, tuple(modules)).items()))

    def _digest(self, script: str, modules: tuple[str, ...]) -> str:
        return hashlib.sha256(json.dumps(self.parts(script, modules)).encode()).hexdigest()[:16]

    def digest(self, script: str, modules: Iterable[str] = ()) -> str:
        """Return the sha256 (16 hex digits) over `parts`."""
        return self._digest(script, tuple(modules))


def everything(digests: CodeDigests) -> dict[str, str]:
    """Return the parts of all scripts and of all modules that are loaded by name."""
    scripts = sorted((digests.root / "scripts").glob("*.py"))
    modules = sorted(file for file in (digests.source / "heterodox").rglob("*.py"))
    names = [file.relative_to(digests.source / "heterodox").as_posix() for file in modules]
    merged: dict[str, str] = {}
    for script in scripts:
        merged |= digests.parts(script.relative_to(digests.root).as_posix(), names)
    return merged


def save_snapshot() -> None:
    """Remember the code of this run, so that the command below can tell what changed since."""
    SNAPSHOT.parent.mkdir(exist_ok=True)
    SNAPSHOT.write_text(json.dumps(everything(CodeDigests())), encoding="utf-8")


def changes() -> list[str]:
    """Return one line per module or pin that differs from the last run, with the scripts that it reaches."""
    digests = CodeDigests()
    before, now = json.loads(SNAPSHOT.read_text(encoding="utf-8")), everything(digests)
    scripts = [file.relative_to(ROOT).as_posix() for file in sorted((ROOT / "scripts").glob("*.py"))]
    lines = []
    for name in sorted(before.keys() | now.keys()):
        if before.get(name) != now.get(name):
            reached = [Path(script).stem for script in scripts if name in digests.parts(script)]
            how = "new" if name not in before else "gone" if name not in now else "changed"
            detail = f" {before[name]} -> {now[name]}" if how == "changed" and name.startswith("pin of") else ""
            lines.append(f"{name}: {how}{detail}; imported by {', '.join(reached) or 'jobs that load it by name'}")
    return lines


if __name__ == "__main__":
    if not SNAPSHOT.is_file():
        sys.exit("error: there was no run in this folder yet, so there is nothing to compare with")
    print("\n".join(changes()) or "no module and no pin changed since the last run")
