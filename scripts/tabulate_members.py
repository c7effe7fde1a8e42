"""Put every member's accuracy on every shift into one table."""

from pathlib import Path

import pandas as pd

from heterodox import command
from heterodox.errors import UserError
from heterodox.storage.atomic import write_text
from heterodox.storage.dumps import open_dumps
from heterodox.storage.members import read_description
from heterodox.storage.tables import write_table
from heterodox.tables import pages
from heterodox.tables.members import member_row


def tabulate_members(spec: dict, dumps: list[Path], descriptions: list[Path], table: Path, page: Path) -> None:
    """Write members.csv and its page.

    The spec's config lists `members` and `shifts`; the dumps come member by member, each on all shifts. Members made
    elsewhere have no description file: they are described under `outside`. Every member's class and approach stand
    in `labels` and are taken from there alone, so that a new label trains no network.
    """
    members, shifts, outside, labels = (spec["config"][name] for name in ("members", "shifts", "outside", "labels"))
    if len(dumps) != len(members) * len(shifts):
        raise UserError(
            f"--dumps: {len(dumps)} files for {len(members)} members on {len(shifts)} shifts; give one each"
        )
    described = {found["member"]: found for found in map(read_description, descriptions)}
    described |= {name: {"member": name, **entry} for name, entry in outside.items()}
    rows = []
    for place, path in enumerate(dumps):
        member, shift = members[place // len(shifts)], shifts[place % len(shifts)]
        with open_dumps([dumps[place % len(shifts)], path]) as (_, dump):  # both must speak of the same images
            rows.append(member_row(described[member] | labels[member], shift, dump))
    result = pd.DataFrame(rows)
    write_table(result, table)
    write_text(page, pages.page(result, "Members", "Accuracies are shares of the images, with a 95 % Wilson interval."))


if __name__ == "__main__":
    command.run(tabulate_members)
