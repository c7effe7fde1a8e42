"""Claims beside what was found: a verdict from an interval by one rule, a table, and a page for the report.

The rule: a claim allows a range of values, such as everything above 0. It *agrees* where the whole interval of what was
found lies in that range, *differs* where the whole interval lies outside, and is *undecided* in between or without an
interval. What cannot be computed is *not measured*, with the reason.
"""

import html
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

VERDICTS = ("agrees", "differs", "undecided", "not measured")
COLUMNS = ["id", "question", "section", "claim", "paper", "quantity", "allowed", "value", "low", "high"]
COLUMNS += ["n", "unit", "verdict", "reason"]


class NotMeasuredError(Exception):
    """Something that a claim needs is not there; the message is the reason."""


class Finding(NamedTuple):
    """A value with its 95 % interval, and how many of which unit it is made of; NaN bounds for no interval."""

    value: float
    low: float
    high: float
    n: int
    unit: str


class Range(NamedTuple):
    """The values that a claim allows: those between, both ends excluded."""

    lower: float = -math.inf
    upper: float = math.inf

    @property
    def words(self) -> str:
        """Return the range as a reader wants it: `above 0`."""
        if math.isinf(self.upper):
            return f"above {self.lower:g}"
        if math.isinf(self.lower):
            return f"below {self.upper:g}"
        return f"{self.lower:g} to {self.upper:g}"


ABOVE, BELOW = Range(lower=0.0), Range(upper=0.0)


def within(value: float, tolerance: float) -> Range:
    """Return the range of values that count as equal to `value`; the tolerance is the claim's, not the interval's."""
    return Range(value - tolerance, value + tolerance)


def verdict(allowed: Range, finding: Finding) -> str:
    """Return the verdict on a finding by the rule of this module."""
    if not np.isfinite([finding.low, finding.high]).all():
        return "undecided"
    if allowed.lower < finding.low and finding.high < allowed.upper:
        return "agrees"
    return "differs" if finding.high < allowed.lower or finding.low > allowed.upper else "undecided"


class Quantity(NamedTuple):
    """What is measured, in words, and how: `find` takes a study and raises NotMeasuredError where it lacks something.

    Names of tables may stand in the words with their underscores.
    """

    words: str
    find: Callable[[Any], Finding]


@dataclass(frozen=True)
class Claim:
    """One claim of a paper: where it stands, in our words, its number or direction, and what of a study answers it."""

    id: str
    question: str
    section: str
    text: str
    paper: str
    allowed: Range
    quantity: Quantity


def claims_table(claims: Iterable[Claim], study: Any) -> pd.DataFrame:
    """Return one row per claim with COLUMNS, in the order given; numbers of a claim not measured are missing."""
    return pd.DataFrame([_row(claim, study) for claim in claims], columns=COLUMNS).astype({"n": "Int64"})


def _row(claim: Claim, study: Any) -> dict[str, object]:
    said: dict[str, object] = {
        "id": claim.id,
        "question": claim.question,
        "section": claim.section,
        "claim": claim.text,
    }
    said |= {"paper": claim.paper, "quantity": claim.quantity.words.replace("_", " "), "allowed": claim.allowed.words}
    try:
        finding = claim.quantity.find(study)
    except NotMeasuredError as missing:
        return said | {"verdict": "not measured", "reason": str(missing)}
    if not math.isfinite(finding.value):
        return said | {"verdict": "not measured", "reason": "not defined on these data"}
    return said | finding._asdict() | {"verdict": verdict(claim.allowed, finding)}


def mean_of(findings: Sequence[Finding], unit: str | None = None) -> Finding:
    """Return the mean of several findings, such as of one statistic on several shifts; n counts the findings.

    Its interval is the mean of their intervals: exact where they rise and fall together, as shifts of the same images
    and members nearly do; for bell-shaped estimates that do not, too wide.
    """
    if not findings:
        raise NotMeasuredError("no shift has this")
    value, low, high = (float(np.mean([finding[place] for finding in findings])) for place in range(3))
    if len(findings) == 1:
        return Finding(value, low, high, findings[0].n, unit or findings[0].unit)
    return Finding(value, low, high, len(findings), unit or f"shifts of {findings[0].n} {findings[0].unit}")


def minus(first: Finding, second: Finding) -> Finding:
    """Return the difference of two independent findings with an interval made of theirs.

    Each bound is as far from the difference as the two bounds in that direction together, in squares (Zou & Donner
    2008): the interval of two normal estimates, for intervals that need not be symmetric.
    """
    value = first.value - second.value
    low = value - math.hypot(first.value - first.low, second.high - second.value)
    high = value + math.hypot(first.high - first.value, second.value - second.low)
    unit = f"{first.unit} against {second.n} {second.unit}"
    return Finding(value, low, high, first.n, unit)


def answers_page(table: pd.DataFrame, title: str, note: str) -> str:
    """Return the claims as one HTML page that needs nothing else: per question a heading, a count and its claims."""
    parts = []
    for question, rows in table.groupby("question", sort=False):
        counts = ", ".join(f"{(rows['verdict'] == name).sum()} {name}" for name in VERDICTS)
        parts.append(f"<h2>{html.escape(str(question))}</h2><p>{counts}</p>")
        body = "\n".join(_page_row(row) for _, row in rows.iterrows())
        heads = "".join(
            f"<th>{head}</th>" for head in ("Verdict", "Claim", "Section", "Paper", "Quantity", "Allowed", "Here", "n")
        )
        parts.append(f"<table><thead><tr>{heads}</tr></thead><tbody>\n{body}\n</tbody></table>")
    return _PAGE.format(title=html.escape(title), note=html.escape(note), body="\n".join(parts))


def _page_row(row: pd.Series) -> str:
    measured = row["verdict"] != "not measured"
    found = finding_words(row["value"], row["low"], row["high"]) if measured else row["reason"]
    count = f"{row['n']:,.0f} {row['unit']}" if measured else "-"
    texts = [row["verdict"], row["claim"], row["section"], row["paper"], row["quantity"], row["allowed"], found, count]
    cells = "".join(f"<td>{html.escape(str(text))}</td>" for text in texts)
    return f'<tr class="{row["verdict"].replace(" ", "-")}">{cells}</tr>'


def finding_words(value: float, low: float, high: float) -> str:
    """Return a value with its interval, three digits: `-0.0442 [-0.0690, -0.0194]`."""
    scale = max(abs(number) for number in (value, low, high) if math.isfinite(number))
    decimals = int(np.clip(3 - math.ceil(math.log10(scale)), 0, 6)) if scale > 0 else 0
    interval = f" [{low:.{decimals}f}, {high:.{decimals}f}]" if math.isfinite(low + high) else " (no interval)"
    return f"{value:.{decimals}f}{interval}"


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>
body {{ font: 14px/1.4 system-ui, sans-serif; margin: 1.5rem; color: #111; background: #fff; max-width: 96rem }}
table {{ border-collapse: collapse; width: 100% }} h2 {{ margin: 1.5rem 0 0 }} p {{ margin: .2rem 0 .6rem }}
th, td {{ padding: .2rem .6rem; text-align: left; vertical-align: top; border-bottom: 1px solid #ddd }}
td:first-child {{ font-weight: 600; white-space: nowrap; border-left: .4rem solid #999 }}
tr.agrees td:first-child {{ border-left-color: #0072B2 }} tr.differs td:first-child {{ border-left-color: #D55E00 }}
tr.undecided td:first-child {{ border-left-color: #E69F00 }} tr.not-measured td {{ color: #666 }}
</style></head><body><h1>{title}</h1><p>{note}</p>
{body}
</body></html>
"""
