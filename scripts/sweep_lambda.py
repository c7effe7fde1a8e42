"""Train a team with one value of lambda and write how long it stayed sane, how good it was, and what it cost."""

from pathlib import Path

import pandas as pd

from heterodox import command
from heterodox.networks.loading import available_device
from heterodox.storage.provenance import fingerprint
from heterodox.storage.tables import write_table
from heterodox.training.images import read_images
from heterodox.training.state import StateFile
from heterodox.training.sweeps import overhead, sweep_row
from heterodox.training.team_members import trained_team


def sweep_lambda(
    spec: dict, train: Path, validation: Path, table: Path, state: Path, state_seconds: float = 30.0
) -> None:
    """Train the team and write one row; a team that diverges is a result here, not an error."""
    device = available_device()
    images, held_out = read_images(train, device), read_images(validation, device)
    state_file = StateFile(state, fingerprint(spec, [train, validation]), state_seconds)
    team = trained_team(spec, images, held_out, state_file)
    row = sweep_row(spec, team, len(images.classes)) | {"overhead": overhead(spec, images)}
    write_table(pd.DataFrame([row]), table)
    state_file.remove()


if __name__ == "__main__":
    command.run(sweep_lambda)
