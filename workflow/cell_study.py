"""The cell study's section of the configuration: what a schema cannot see of it."""

from collections.abc import Iterator
from typing import Any

Config = dict[str, Any]

POOL = "cells"
# Cells whose output depends on their input, by how duplicates are told; searches/cells.py has the same numbers.
SPACE = {"canonical": 5_043, "encoding": 15_284}


def faults(config: Config) -> Iterator[str]:
    """Yield one line per fault of `cells`, which is not null here."""
    cells = config["cells"]
    yield from _budget_faults(cells)
    count, k = cells["members"]["count"], cells["members"]["k"]
    if k > count:
        yield f"config: cells.members: {count} cells cannot form ensembles of k = {k}; add members or lower k"
    if cells["evaluator"]["gpus"] and cells["evaluator"]["kind"] != "ray":
        yield "config: cells.evaluator.gpus: only kind ray hands out GPUs; take it, or leave gpus at 0"
    if POOL in config["pools"]:
        yield f"config: pools.{POOL}: this name is taken by the pool of searched cells; choose another"


def _budget_faults(cells: Config) -> Iterator[str]:
    search = cells["search"]
    if search["population"] > search["evaluations"]:
        yield (
            f"config: cells.search: {search['evaluations']} evaluations do not fill a population of "
            f"{search['population']}; raise evaluations or lower population"
        )
    wanted = {
        "search.evaluations": (search["evaluations"], search["duplicates"]),
        "regulariser.evaluations": (cells["regulariser"]["evaluations"], search["duplicates"]),
        # Both recipes train the cells of a random search that refuses isomorphs, whatever the searches do.
        "recipe_comparison.candidates": ((cells["recipe_comparison"] or {}).get("candidates", 0), "canonical"),
    }
    for key, (count, duplicates) in wanted.items():
        room = SPACE[duplicates]
        if count > room:
            yield f"config: cells.{key}: {count} are more than the {room} cells there are; lower it"
    if cells["members"]["count"] > search["evaluations"]:
        yield f"config: cells.members.count: only {search['evaluations']} cells are evaluated; lower it"
