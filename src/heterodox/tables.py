"""The study's tables: one row per member and shift, parts collected into one, the short summary, pages for a report."""

import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from heterodox.errors import UserError
from heterodox.metrics.accuracy import top_k_accuracy
from heterodox.storage.dumps import DumpFile
from heterodox.storage.tables import read_table

BATCH_BYTES = 64 * 2**20
DESCRIBED = ["member", "arch", "class", "approach", "parameters"]


def member_row(description: Mapping[str, Any], shift: str, dump: DumpFile) -> dict[str, Any]:
    """Return one row of members.csv: description, shift, top1, top5, images, top1_low, top1_high.

    description: of `DESCRIBED`, the class and approach from the config and the rest from the member's own description.
    Accuracies are shares of the images, 0 to 1, higher = better; top5 is missing below six classes, where it would be
    1 whatever the member says. top1_low and top1_high enclose the 95 % Wilson interval. Raises UserError where the
    dump says that it belongs to another member or shift.
    """
    for name, expected in (("member", description["member"]), ("shift", shift)):
        found = dump.attributes.get(name, expected)
        if found != expected:
            raise UserError(f"{dump.path}: is a dump of the {name} '{found}', not '{expected}'; correct its path")
    top1, top5 = accuracies(dump, (1, 5))
    low, high = binomial_interval(top1, len(dump))
    return {
        **{name: description.get(name) for name in DESCRIBED},
        "shift": shift,
        "top1": top1,
        "top5": top5 if dump.class_count > 5 else None,
        "images": len(dump),
        "top1_low": low,
        "top1_high": high,
    }


def accuracies(dump: DumpFile, ks: Sequence[int]) -> list[float]:
    """Return, for each k, the share of a dump's images whose label is among the k largest logits.

    A k above the number of classes counts as that number. The dump is read once, 64 MiB at a time.
    """
    if not len(dump):
        raise UserError(f"{dump.path}: holds no images; dump the member again")
    rows = max(1, BATCH_BYTES // (4 * dump.class_count))
    hits = np.zeros(len(ks))
    for start in range(0, len(dump), rows):
        labels, logits = dump.labels[start : start + rows], dump.logits(start, start + rows)
        shares = [top_k_accuracy(logits, labels, min(k, dump.class_count)) for k in ks]
        hits += np.array(shares) * len(labels)
    return [round(hit) / len(dump) for hit in hits]


def binomial_interval(share: float, count: int, z: float = 1.959964) -> tuple[float, float]:
    """Return Wilson's score interval of a share observed in `count` independent trials, 95 % by default, in 0..1."""
    centre = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def collect(parts: Sequence[Path], keys: Sequence[str]) -> pd.DataFrame:
    """Return the rows of all parts in the order given; columns that a part lacks are empty in its rows.

    Raises UserError where a part lacks one of the columns `keys`, or two rows are the same in all of them.
    """
    if not parts:
        raise UserError("collect: no parts were given; name at least one pool and one shift")
    whole = pd.concat([read_table(part, list(keys)) for part in parts], ignore_index=True)
    repeated = whole.duplicated(list(keys))
    if repeated.any():
        row = ", ".join(str(whole.loc[repeated.idxmax(), key]) for key in keys)
        raise UserError(f"{parts[0]} and the other parts: the row {row} stands there twice; delete them and run again")
    return whole


def best_per_shift(members: pd.DataFrame, ensembles: pd.DataFrame, consensus: str = "mean_logit") -> pd.DataFrame:
    """Return per pool and shift the best member, the best ensemble and the share of ensembles above their best member.

    members, ensembles: the tables members.csv and ensembles.csv. A pool that was not scored with `consensus` is
    summarised with the first one it has; the column tells. The best member is the best of those in the pool's
    ensembles. Ties go to the first row.
    """
    rows = []
    for (pool, shift), scored in ensembles.groupby(["pool", "shift"], sort=False):
        kind = consensus if consensus in set(scored["consensus"]) else scored["consensus"].iloc[0]
        chosen = scored[scored["consensus"] == kind]
        best = chosen.loc[chosen["accuracy"].idxmax()]
        in_pool = members["member"].isin(set("+".join(chosen["ensemble"]).split("+")))
        single = members[in_pool & (members["shift"] == shift)]
        top = single.loc[single["top1"].idxmax()]
        rows.append(
            {
                "pool": pool,
                "shift": shift,
                "best_member": top["member"],
                "accuracy_of_member": top["top1"],
                "consensus": kind,
                "best_ensemble": best["ensemble"],
                "accuracy_of_ensemble": best["accuracy"],
                "share_above_best_member": (chosen["improvement"] > 0).mean(),
                "ensembles": len(chosen),
            }
        )
    return pd.DataFrame(rows)


def as_text(summary: pd.DataFrame) -> str:
    """Return the table of `best_per_shift` for a terminal: shares in %, a pool or consensus of all rows as heading."""
    shown = summary.copy()
    for name in ("accuracy_of_member", "accuracy_of_ensemble", "share_above_best_member"):
        shown[name] = [f"{share:.1%}" for share in summary[name]]
    same = [name for name in ("pool", "consensus") if shown[name].nunique() == 1]
    heading = ", ".join(f"{name} {shown[name].iloc[0]}" for name in same)
    shown = shown.drop(columns=same).rename(columns=lambda name: name.replace("_", " "))
    return f"{heading}\n{shown.to_string(index=False)}".lstrip("\n")


def most_accurate(ensembles: pd.DataFrame, count: int = 10) -> pd.DataFrame:
    """Return the `count` most accurate ensembles of each pool, shift and consensus, in the order of their groups."""
    order = ensembles.groupby(["pool", "shift", "consensus"], sort=False).ngroup()
    ranked = ensembles.assign(group=order).sort_values(["group", "accuracy"], ascending=[True, False], kind="stable")
    return ranked.groupby("group").head(count).drop(columns="group").reset_index(drop=True)


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
