"""Store the logits of all cells that are members in one job: to start one takes as long as a small dump."""

from pathlib import Path

from heterodox import command
from heterodox.dumps import dump_weights


def dump_cells(
    spec: dict, weights: list[Path], images: Path, dumps: list[Path], states: list[Path], state_seconds: float = 30.0
) -> None:
    """Store the dumps of all cells on a shift; states let a killed job go on."""
    for member, dump, state in zip(weights, dumps, states, strict=True):
        dump_weights(spec, member, images, dump, state, state_seconds)


if __name__ == "__main__":
    command.run(dump_cells)
