from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from heterodox import tables
from heterodox.errors import UserError
from heterodox.storage.dumps import DumpFile, write_dump
from heterodox.storage.tables import read_table, write_table

# The label's rank in the six rows: 1, 2, 5, 6, 1, 7. So top-1 is 2 of 6 and top-5 is 4 of 6.
LOGITS = np.array(
    [
        [9, 1, 2, 3, 4, 5, 6],
        [8, 9, 2, 3, 4, 5, 6],
        [5, 9, 8, 7, 6, 4, 3],
        [4, 9, 8, 7, 6, 5, 3],
        [7, 1, 2, 3, 4, 5, 6],
        [0, 1, 2, 3, 4, 5, 6],
    ],
    np.float32,
)
DESCRIPTION = {"member": "deit", "arch": "deit", "class": "ViT", "approach": "distilled", "parameters": 402, "seed": 1}


def dumped(path: Path, logits: np.ndarray = LOGITS, **attributes: str) -> Path:
    count, classes = logits.shape
    with write_dump(path, np.zeros(count, int), np.arange(count), classes, attributes) as writer:
        writer.append(logits)
    return path


def row_of(path: Path, shift: str = "clean") -> dict:
    with DumpFile(path) as dump:
        return tables.member_row(DESCRIPTION, shift, dump)


def test_member_row_by_hand(tmp_path: Path) -> None:
    row = row_of(dumped(tmp_path / "clean.h5", member="deit", shift="clean"))
    interval = binomtest(2, 6).proportion_ci(method="wilson")
    assert list(row) == [*tables.DESCRIBED, "shift", "top1", "top5", "images", "top1_low", "top1_high"]
    assert [row[name] for name in tables.DESCRIBED] == ["deit", "deit", "ViT", "distilled", 402]
    assert (row["shift"], row["top1"], row["top5"], row["images"]) == ("clean", 2 / 6, 4 / 6, 6)
    assert (row["top1_low"], row["top1_high"]) == pytest.approx(tuple(interval), rel=1e-6)


def test_accuracy_does_not_depend_on_the_size_of_a_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logits = np.random.default_rng(0).normal(size=(101, 7)).astype(np.float32)
    path = dumped(tmp_path / "clean.h5", logits)
    whole = row_of(path)
    monkeypatch.setattr(tables, "BATCH_BYTES", 4 * 7 * 10)
    assert row_of(path) == whole


@pytest.mark.parametrize(("hits", "count"), [(0, 10), (10, 10), (1, 3), (812, 1000)])
def test_interval_is_wilsons(hits: int, count: int) -> None:
    expected = binomtest(hits, count).proportion_ci(method="wilson")
    assert tables.binomial_interval(hits / count, count) == pytest.approx(tuple(expected), abs=1e-6)


def test_five_classes_have_no_top_5(tmp_path: Path) -> None:
    assert row_of(dumped(tmp_path / "clean.h5", LOGITS[:, :5]))["top5"] is None
    assert row_of(dumped(tmp_path / "six.h5", LOGITS[:, :6]))["top5"] is not None


@pytest.mark.parametrize("wrong", [{"member": "swin"}, {"shift": "fog-1.0"}])
def test_a_dump_of_something_else_is_refused(tmp_path: Path, wrong: dict[str, str]) -> None:
    with pytest.raises(UserError, match="is a dump of the"):
        row_of(dumped(tmp_path / "clean.h5", **wrong))


def test_an_empty_dump_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no images"):
        row_of(dumped(tmp_path / "clean.h5", LOGITS[:0]))


def part(path: Path, pool: str, **columns: list) -> Path:
    write_table(pd.DataFrame({"pool": pool, **columns}), path)
    return path


def test_collected_parts_keep_order_and_digits(tmp_path: Path) -> None:
    values = [1 / 3, np.nan, 1e-17]
    first = part(tmp_path / "b.csv", "b", ensemble=["z+y", "x+y", "a+b"], gain=values)
    second = part(tmp_path / "a.csv", "a", ensemble=["z+y"], gain=[np.nan])
    whole = tables.collect([first, second], ["pool", "ensemble"])
    assert whole["ensemble"].tolist() == ["z+y", "x+y", "a+b", "z+y"]
    write_table(whole, tmp_path / "whole.csv")
    np.testing.assert_array_equal(read_table(tmp_path / "whole.csv")["gain"], [*values, np.nan])


def test_columns_of_one_pool_are_empty_in_the_others(tmp_path: Path) -> None:
    first = part(tmp_path / "a.csv", "a", ensemble=["x+y"], gain=[0.1])
    other = part(tmp_path / "b.csv", "b", ensemble=["x+y"], gain=[0.2], q_statistic=[0.5])
    whole = tables.collect([first, other], ["pool", "ensemble"])
    assert list(whole.columns) == ["pool", "ensemble", "gain", "q_statistic"]
    np.testing.assert_array_equal(whole["q_statistic"], [np.nan, 0.5])


def test_parts_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    first = part(tmp_path / "a.csv", "a", ensemble=["x+y"], gain=[0.1])
    with pytest.raises(UserError, match=r"the row a, x\+y stands there twice"):
        tables.collect([first, first], ["pool", "ensemble"])
    with pytest.raises(UserError, match="lacks the column shift"):
        tables.collect([first], ["shift"])
    with pytest.raises(UserError, match="no parts"):
        tables.collect([], ["pool"])


def scored() -> tuple[pd.DataFrame, pd.DataFrame]:
    members = pd.DataFrame(
        {"member": ["a", "b", "c", "d", "better"], "shift": "clean", "top1": [0.5, 0.75, 0.7, 0.6, 0.99]}
    )
    shared = {"shift": "clean", "ensemble": ["a+b", "a+c", "b+c"]}
    mean = pd.DataFrame(
        {
            "pool": "p",
            **shared,
            "consensus": "mean_logit",
            "accuracy": [0.7, 0.71, 0.8],
            "improvement": [-0.05, 0.01, 0.0],
        }
    )
    vote = mean.assign(consensus="majority_vote", accuracy=0.9)
    other = vote.assign(
        pool="q", ensemble=["a+d", "c+d", "a+c"], accuracy=[0.6, 0.62, 0.61], improvement=[0.1, 0.1, -0.1]
    )
    return members, pd.concat([vote, mean, other], ignore_index=True)


def test_summary_by_hand() -> None:
    summary = tables.best_per_shift(*scored())
    assert summary.to_dict("list") == {
        "pool": ["p", "q"],
        "shift": ["clean", "clean"],
        "best_member": ["b", "c"],
        "accuracy_of_member": [0.75, 0.7],
        "consensus": ["mean_logit", "majority_vote"],
        "best_ensemble": ["b+c", "c+d"],
        "accuracy_of_ensemble": [0.8, 0.62],
        "share_above_best_member": [1 / 3, 2 / 3],
        "ensembles": [3, 3],
    }


def test_summary_as_text_is_in_percent_and_says_once_what_all_rows_share() -> None:
    text = tables.as_text(tables.best_per_shift(*scored()).iloc[:1])
    assert text.splitlines()[0] == "pool p, consensus mean_logit"
    assert text.splitlines()[2].split() == ["clean", "b", "75.0%", "b+c", "80.0%", "33.3%", "3"]
    both = tables.as_text(tables.best_per_shift(*scored())).splitlines()
    assert both[0].split()[:2] == ["pool", "shift"]
    assert len(both) == 3


def test_most_accurate_of_each_group_in_the_order_of_the_table() -> None:
    best = tables.most_accurate(scored()[1], 2)
    assert best["consensus"].tolist() == ["majority_vote"] * 2 + ["mean_logit"] * 2 + ["majority_vote"] * 2
    assert best["ensemble"].tolist() == ["a+b", "a+c", "b+c", "a+c", "c+d", "a+c"]


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: list[tuple[str, dict]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list) -> None:
        self.tags.append((tag, dict(attributes)))
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, text: str) -> None:
        if self.rows and self.rows[-1] and self.get_starttag_text() and self.tags[-1][0] in ("td", "th"):
            self.rows[-1][-1] += text.strip()


def test_page_shows_the_table_with_sensible_digits() -> None:
    table = pd.DataFrame(
        {
            "member": ["a<script>", None],
            "parameters": [25_600_000, 1],
            "top1": [0.123456, np.nan],
            "raw_variance": [123.456, 0.5],
            "redrawn": [0, 1],
            "nothing": [np.nan, np.nan],
        }
    )
    page = Page(tables.page(table, "Title & more"))
    assert page.rows[0] == ["member", "parameters", "top1", "raw variance", "redrawn", "nothing"]
    assert page.rows[1] == ["a<script>", "25,600,000", "0.1235", "123.5", "0", "-"]
    assert page.rows[2] == ["-", "1", "-", "0.5", "1", "-"]


def test_page_needs_nothing_from_elsewhere() -> None:
    text = tables.page(pd.DataFrame({"a": ["<img src=x>"]}), "Title")
    page = Page(text)
    assert not [tag for tag, attributes in page.tags if {"src", "href"} & set(attributes)]
    assert "http" not in text
    assert "@import" not in text


def test_a_small_number_of_a_page_is_not_shown_as_zero() -> None:
    page = tables.page(pd.DataFrame({"slope": [0.5, -0.000012345, 0.0, np.nan]}), "Title")
    for text in (">0.5000<", ">-1.2e-05<", ">0.0000<", ">-<"):
        assert text in page
