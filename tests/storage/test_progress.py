import logging
import sys

import pytest

from heterodox.storage import progress
from heterodox.storage.progress import Progress


def lines_of(seconds_per_image: float, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what is logged while images 400 to 1000 take so long each."""
    clock = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    caplog.set_level(logging.INFO)
    caplog.clear()
    count = Progress("clean.h5", 1000, 400)
    for _ in range(600):
        clock[0] += seconds_per_image
        count.update(1)
    count.close()
    return [record.message for record in caplog.records]


def test_a_log_gets_a_line_a_tenth_or_a_minute(monkeypatch, caplog):
    assert lines_of(0.01, monkeypatch, caplog) == []
    tenths = [f"clean.h5: {done} of 1000 images, 4.0 images/s" for done in range(500, 1001, 100)]
    assert lines_of(0.25, monkeypatch, caplog) == tenths
    assert lines_of(2.0, monkeypatch, caplog)[:2] == [
        "clean.h5: 430 of 1000 images, 0.5 images/s",
        "clean.h5: 460 of 1000 images, 0.5 images/s",
    ]
    assert len(lines_of(2.0, monkeypatch, caplog)) == 20


def test_a_terminal_gets_a_bar_instead(monkeypatch, caplog, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert lines_of(2.0, monkeypatch, caplog) == []
    assert "400/1000" in capsys.readouterr().err
