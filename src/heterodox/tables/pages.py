"""A table as an HTML page that stands alone: for a report."""

import html

import numpy as np
import pandas as pd


def page(table: pd.DataFrame, title: str, note: str = "") -> str:
    """Return a table as one HTML page that needs nothing else; a click on a column's head sorts by it."""
    columns = [_cells(table[name]) for name in table.columns]
    heads = "".join(f"<th>{html.escape(str(name).replace('_', ' '))}</th>" for name in table.columns)
    rows = "\n".join(f"<tr>{''.join(row)}</tr>" for row in zip(*columns, strict=True))
    return _PAGE.format(title=html.escape(title), note=html.escape(note), heads=heads, rows=rows)


def _cells(values: pd.Series) -> list[str]:
    if not pd.api.types.is_numeric_dtype(values):
        return [f"<td>{'-' if pd.isna(value) else html.escape(str(value))}</td>" for value in values]
    decimals = _decimals(values)
    return [
        '<td class="n">-</td>' if pd.isna(value) else f'<td class="n" data-v="{value}">{_number(value, decimals)}</td>'
        for value in values
    ]


def _number(value: float, decimals: int) -> str:
    """Return the value with so many decimals; a small one with two digits of its own rather than as nearly zero."""
    small = value != 0 and decimals > 0 and abs(value) < 10**-decimals
    return f"{value:.1e}" if small else f"{value:,.{decimals}f}"


def _decimals(values: pd.Series) -> int:
    """Return how many decimals show four digits of the largest value; whole numbers have none."""
    known = values.dropna()
    if pd.api.types.is_integer_dtype(known) or ((known == known.round()).all() and known.abs().max() > 1):
        return 0
    largest = known.abs().max()
    return int(np.clip(4 - np.ceil(np.log10(largest)), 0, 6)) if largest > 0 else 0


_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>
body {{ font: 14px/1.4 system-ui, sans-serif; margin: 1.5rem; color: #111; background: #fff }}
table {{ border-collapse: collapse; font: 12px/1.5 ui-monospace, Consolas, monospace }}
th {{ position: sticky; top: 0; background: #fff; border-bottom: 1px solid #111; cursor: pointer }}
th {{ text-align: left; vertical-align: bottom }}
th, td {{ padding: .15rem .6rem }} td {{ white-space: nowrap }} td.n {{ text-align: right }}
tbody tr:nth-child(even) {{ background: #f4f4f4 }}
</style></head><body><h1>{title}</h1><p>{note}</p>
<table><thead><tr>{heads}</tr></thead><tbody>
{rows}
</tbody></table>
<script>
document.querySelectorAll("th").forEach((head, column) => head.onclick = () => {{
  const body = document.querySelector("tbody"), down = head.dataset.down !== "1";
  head.dataset.down = down ? "1" : "0";
  const text = row => row.cells[column].textContent, number = row => Number(row.cells[column].dataset.v ?? -Infinity);
  const numeric = body.querySelector(`td.n:nth-child(${{column + 1}})`) !== null;
  const by = numeric ? (a, b) => number(b) - number(a) : (a, b) => text(a).localeCompare(text(b));
  [...body.rows].sort((a, b) => down ? by(a, b) : by(b, a)).forEach(row => body.append(row));
}});
</script></body></html>
"""
