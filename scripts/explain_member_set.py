"""Store the maps of all members of a set for one method of explanation."""

from pathlib import Path

from heterodox import command
from heterodox.explain.sets import explain_set, waiting_state


def explain_member_set(
    spec: dict, weights: Path, images: Path, maps: Path, state: Path, state_seconds: float = 30.0
) -> None:
    """Explain the members of a set on annotated images; a state lets a killed job go on."""
    explain_set(spec, weights, images, maps, waiting_state(spec, weights, images, state, state_seconds))


if __name__ == "__main__":
    command.run(explain_member_set)
