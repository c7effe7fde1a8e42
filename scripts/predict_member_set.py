"""Store what all members of a set answer to annotated images."""

from pathlib import Path

from heterodox import command
from heterodox.explain.sets import answer_set, waiting_state


def predict_member_set(
    spec: dict, weights: Path, images: Path, answers: Path, state: Path, state_seconds: float = 30.0
) -> None:
    """Store the members' logits for every image; a state lets a killed job go on."""
    answer_set(spec, weights, images, answers, waiting_state(spec, weights, images, state, state_seconds))


if __name__ == "__main__":
    command.run(predict_member_set)
