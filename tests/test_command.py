import json
from pathlib import Path

import pytest

from heterodox import command
from heterodox.errors import UserError


def test_the_signature_is_the_interface() -> None:
    seen = {}

    def combine(spec: dict, dumps: list[Path], out_file: Path, count: int = 3, rate: float = 0.5) -> None:
        """Combine dumps."""
        seen.update(locals())

    spec = {"wildcards": {"shift": "lines-1.6"}, "config": {}}
    command.run(combine, ["--spec", json.dumps(spec), "--dumps", "a.h5", "b.h5", "--out-file", "c.csv", "--count", "4"])
    expected = {"spec": spec, "dumps": [Path("a.h5"), Path("b.h5")], "out_file": Path("c.csv"), "count": 4, "rate": 0.5}
    assert {name: seen[name] for name in expected} == expected
    command.run(combine, ["--spec", "{}", "--dumps", "--out-file", "c.csv"])
    assert seen["dumps"] == []


def test_a_missing_or_malformed_option_ends_with_usage(capsys: pytest.CaptureFixture[str]) -> None:
    def load(spec: dict, count: int) -> None:
        """Load."""

    for arguments in (["--spec", "{}"], ["--spec", "{", "--count", "1"], ["--spec", "{}", "--count", "many"]):
        with pytest.raises(SystemExit) as caught:
            command.run(load, arguments)
        assert caught.value.code == 2
        assert "usage:" in capsys.readouterr().err


def test_what_a_user_can_cause_is_one_line() -> None:
    def fail(folder: Path) -> None:
        """Fail."""
        if folder.name == "wrong":
            raise UserError("config: data.folder is wrong; correct it")
        folder.read_text()

    with pytest.raises(SystemExit, match=r"^error: config: data\.folder is wrong; correct it$"):
        command.run(fail, ["--folder", "wrong"])
    with pytest.raises(SystemExit, match=r"^error: /nowhere/file: No such file or directory$"):
        command.run(fail, ["--folder", "/nowhere/file"])


def test_a_fault_of_the_code_keeps_its_trace() -> None:
    def fail() -> None:
        """Fail."""
        raise KeyError("bug")

    with pytest.raises(KeyError):
        command.run(fail, [])
