"""Regress the members' accuracy on every shift on their clean accuracy, size and class."""

from pathlib import Path

import pandas as pd

from heterodox import command
from heterodox.storage.atomic import write_text
from heterodox.storage.tables import read_table, write_table
from heterodox.tables import pages, single_models

NOTE = (
    "Accuracy on a shift explained by clean accuracy, log10 of the parameters and class of architecture. Intervals are "
    "95 %, from a bootstrap over members; shares are of the variance of accuracy."
)


def regress_accuracy(spec: dict, members: Path, table: Path, page: Path) -> None:
    """Write single_model_regression.csv and its page.

    The spec's config holds the `members` that count (null: all), `seed` and `replicates`.
    """
    config, known = spec["config"], read_table(members, single_models.COLUMNS)
    if config["members"] is not None:
        known = known[known["member"].isin(config["members"])]
    shifts = [shift for shift in dict.fromkeys(known["shift"]) if shift != "clean"]
    parts = [single_models.regress(known, shift, config["seed"], config["replicates"]) for shift in shifts]
    known_parts = [part for part in parts if len(part)] or [pd.DataFrame(columns=single_models.REGRESSION_COLUMNS)]
    result = pd.concat(known_parts, ignore_index=True)
    write_table(result, table)
    write_text(page, pages.page(result, "What explains a single model's resilience", NOTE))


if __name__ == "__main__":
    command.run(regress_accuracy)
