from html.parser import HTMLParser

import numpy as np
import pandas as pd

from heterodox.tables import pages


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
    page = Page(pages.page(table, "Title & more"))
    assert page.rows[0] == ["member", "parameters", "top1", "raw variance", "redrawn", "nothing"]
    assert page.rows[1] == ["a<script>", "25,600,000", "0.1235", "123.5", "0", "-"]
    assert page.rows[2] == ["-", "1", "-", "0.5", "1", "-"]


def test_page_needs_nothing_from_elsewhere() -> None:
    text = pages.page(pd.DataFrame({"a": ["<img src=x>"]}), "Title")
    page = Page(text)
    assert not [tag for tag, attributes in page.tags if {"src", "href"} & set(attributes)]
    assert "http" not in text
    assert "@import" not in text


def test_a_small_number_of_a_page_is_not_shown_as_zero() -> None:
    page = pages.page(pd.DataFrame({"slope": [0.5, -0.000012345, 0.0, np.nan]}), "Title")
    for text in (">0.5000<", ">-1.2e-05<", ">0.0000<", ">-<"):
        assert text in page
