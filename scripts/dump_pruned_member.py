"""Store the logits of one pruned member."""

from pathlib import Path

from heterodox import command
from heterodox.dumps import dump_weights


def dump_pruned_member(
    spec: dict, weights: Path, images: Path, dump: Path, state: Path, state_seconds: float = 30.0
) -> None:
    """Store a pruned member's logits for every image of a shift; a state lets a killed job go on."""
    dump_weights(spec, weights, images, dump, state, state_seconds)


if __name__ == "__main__":
    command.run(dump_pruned_member)
