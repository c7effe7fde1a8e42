"""Regress the members' accuracy on every shift on their clean accuracy, size and class."""

from pathlib import Path

import pandas as pd

from heterodox import command
from heterodox.storage.tables import read_table, write_table
from heterodox.tables import single_models


def regress_accuracy(spec: dict, members: Path, table: Path) -> None:
    """Write single_model_regression.csv; the spec's config holds `members` (null: all), `seed` and `replicates`."""
    config, known = spec["config"], read_table(members, single_models.COLUMNS)
    if config["members"] is not None:
        known = known[known["member"].isin(config["members"])]
    shifts = [shift for shift in dict.fromkeys(known["shift"]) if shift != "clean"]
    parts = [single_models.regress(known, shift, config["seed"], config["replicates"]) for shift in shifts]
    known_parts = [part for part in parts if len(part)] or [pd.DataFrame(columns=single_models.REGRESSION_COLUMNS)]
    write_table(pd.concat(known_parts, ignore_index=True), table)


if __name__ == "__main__":
    command.run(regress_accuracy)
