import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from heterodox.errors import UserError
from heterodox.figures import style

SUFFIXES = ("svg", "png", "pdf")


@style.theme()
def example() -> Figure:
    figure = Figure(figsize=(2, 1.5))
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1])
    axes.imshow(np.eye(3))
    axes.set_xlabel("Words")
    return figure


def test_the_same_figure_gives_the_same_bytes(tmp_path: Path) -> None:
    figure = example()
    for name in ("first", "again"):
        style.save(figure, tmp_path / name)
    style.save(example(), tmp_path / "other")
    for suffix in SUFFIXES:
        first = (tmp_path / f"first.{suffix}").read_bytes()
        assert first == (tmp_path / f"again.{suffix}").read_bytes()
        assert first == (tmp_path / f"other.{suffix}").read_bytes()


def test_bytes_do_not_depend_on_process_or_user_settings(tmp_path: Path) -> None:
    settings = tmp_path / "matplotlibrc"
    settings.write_text("font.size: 20\nfont.family: monospace\nsavefig.dpi: 50\naxes.facecolor: red\n")
    code = "from pathlib import Path; import sys; from tests.figures.test_style import example; "
    code += "from heterodox.figures import style; style.save(example(), Path(sys.argv[1]))"
    other = {**os.environ, "PYTHONHASHSEED": "5", "MATPLOTLIBRC": str(settings), "TZ": "Asia/Tokyo"}
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "there")], env=other, check=True)
    style.save(example(), tmp_path / "here")
    for suffix in SUFFIXES:
        assert (tmp_path / f"here.{suffix}").read_bytes() == (tmp_path / f"there.{suffix}").read_bytes()


def test_no_file_carries_a_date_or_a_version(tmp_path: Path) -> None:
    style.save(example(), tmp_path / "figure")
    assert b"<dc:date>" not in (tmp_path / "figure.svg").read_bytes()
    assert b"atplotlib v" not in (tmp_path / "figure.svg").read_bytes()
    assert b"tEXt" not in (tmp_path / "figure.png").read_bytes()
    for word in (b"CreationDate", b"Producer", b"Creator"):
        assert word not in (tmp_path / "figure.pdf").read_bytes()


def test_the_picture_has_300_dots_per_inch(tmp_path: Path) -> None:
    style.save(example(), tmp_path / "figure")
    header = (tmp_path / "figure.png").read_bytes()[16:24]
    assert (int.from_bytes(header[:4], "big"), int.from_bytes(header[4:], "big")) == (600, 450)


def test_a_name_with_points_is_kept_and_a_suffix_is_dropped(tmp_path: Path) -> None:
    style.save(example(), tmp_path / "pool.lines-1.6.mean_logit.svg")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        f"pool.lines-1.6.mean_logit.{suffix}" for suffix in sorted(SUFFIXES)
    ]


def test_a_figure_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="not written"):
        style.save(example(), tmp_path / "file" / "figure")


@pytest.mark.parametrize(
    ("shift", "text"),
    [
        ("clean", "Clean"),
        ("v2", "V2"),
        ("lines-1.6", "Lines (1.6)"),
        ("water_drop-7.0", "Water drop (7.0)"),
        ("second_test", "Second test"),
    ],
)
def test_shift_words(shift: str, text: str) -> None:
    assert style.shift_words(shift) == text
    assert style.is_corruption(shift) == ("(" in text)


@pytest.mark.parametrize(("count", "text"), [(950, "950"), (72_474, "72.5k"), (25_600_000, "25.6M"), (1.2e9, "1.2G")])
def test_count_words(count: float, text: str) -> None:
    assert style.count_words(count) == text


def test_counts_just_below_a_unit_are_rounded_into_it() -> None:
    assert style.count_words(999_999) == "1M"
    assert style.count_words(999.7) == "1k"


@pytest.mark.parametrize("length", [3, 4, 5, 10, 11, 12, 30])
def test_shortened_texts_keep_their_ends(length: int) -> None:
    text = "abcdefghijk"
    short = style.shortened(text, length)
    assert len(short) == min(length, len(text))
    assert (short[0], short[-1]) == ("a", "k")


def test_interval_words() -> None:
    minus = "\N{MINUS SIGN}"
    assert style.interval_words(-0.421, -0.6, 0.1) == f"{minus}0.42 [{minus}0.60, 0.10]"
    assert style.interval_words(-0.001, -0.1, 0.1) == f"0.00 [{minus}0.10, 0.10]"
    assert style.interval_words(0.4, np.nan, np.nan) == "0.40"
    assert style.interval_words(np.nan, np.nan, np.nan) == "not defined"
