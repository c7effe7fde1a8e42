"""The sub-networks that a super-network hands over: equally large, as good and as different as the space allows.

They are found by measuring candidates: configurations drawn from a window of parameter counts are measured on the
validation images, and of the better half those are taken that differ most from one another.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor
from tqdm import tqdm

from heterodox import preemption
from heterodox.errors import UserError
from heterodox.networks.loading import Member
from heterodox.networks.subnetwork_spaces import (
    Space,
    densest_target,
    spread_choice,
    sufficient_tolerance,
    within,
)
from heterodox.networks.subnetworks import Configuration
from heterodox.streams import stream
from heterodox.training.images import LabelledImages
from heterodox.training.recipe import Checked, number
from heterodox.training.shrinking import submember
from heterodox.training.state import StateFile
from heterodox.training.supervision import accuracy_and_loss

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Selection(Checked):
    """Which sub-networks a super-network hands over: `subnetworks`, all within `parameters` x (1 -+ `tolerance`).

    Without `parameters` the window is put where it holds the most configurations. Of those, `candidates` are drawn
    and measured on the validation images.
    """

    subnetworks: int = number(11, low=1)
    tolerance: float = number(0.05, high=0.999)
    parameters: int | None = number(None, low=1)
    candidates: int = number(44, low=1)


@dataclass(frozen=True)
class Window:
    """The configurations of a space whose parameter counts lie within target x (1 -+ tolerance), as `rows` of it."""

    target: int
    rows: np.ndarray


def window(counts: np.ndarray, selection: Selection) -> Window:
    """Return the window of the selection among the parameter `counts` of a space.

    UserError where it holds too few configurations, with the tolerance that would do.
    """
    needed, tolerance = selection.subnetworks, selection.tolerance
    target = selection.parameters or densest_target(counts, tolerance)
    rows = within(counts, target, tolerance)
    if len(rows) < needed:
        enough = sufficient_tolerance(counts, needed, selection.parameters)
        remedy = f"a tolerance of {enough:g} would do" if enough else "raise width_options or skipped_blocks"
        raise UserError(
            f"supernetwork: {len(rows)} of its {len(counts)} configurations lie within {tolerance:.3g} of {target} "
            f"parameters, {needed} are wanted; {remedy}"
        )
    return Window(target, rows)


def draw_candidates(window: Window, selection: Selection, seed: int) -> np.ndarray:
    """Return the rows (n,) of the space, rising, that are measured: `candidates`, or as many as there are."""
    count = min(len(window.rows), max(selection.candidates, selection.subnetworks))
    return np.sort(stream(seed, "candidate sub-networks").choice(window.rows, count, replace=False))


@preemption.deferred()
def measure_candidates(
    member: Member,
    candidates: Sequence[Configuration],
    calibration: Tensor,
    size: int,
    validation: LabelledImages,
    state_file: StateFile,
) -> list[dict[str, float]]:
    """Return each candidate's accuracy and loss on the validation images, its statistics recalibrated.

    A job that was killed goes on from `state_file`; SIGTERM ends it after the running candidate with its state written.
    """
    measured: list[dict[str, float]] = (state_file.read() or {"measured": []})["measured"]
    for configuration in tqdm(candidates[len(measured) :], "sub-networks", disable=None, leave=False):
        measured.append(accuracy_and_loss(submember(member, configuration, calibration, size), validation))
        accuracy = measured[-1]["validation_accuracy"]
        log.info("sub-network %d of %d, %s: %.4f", len(measured), len(candidates), configuration, accuracy)
        if (warned := preemption.requested()) or state_file.due():
            state_file.write({"measured": measured})
        if warned:
            preemption.leave(state_file.path)
    return measured


def choose(
    space: Space, candidates: np.ndarray, measured: Sequence[dict[str, float]], selection: Selection
) -> list[int]:
    """Return which candidates are handed over, the most accurate first; see `spread_choice`.

    Two candidates differ, for each depth and width, by the share of its options that lies between them.
    """
    positions = space.choices(candidates) / np.maximum(np.array(space.sizes) - 1, 1)
    accuracies = np.array([values["validation_accuracy"] for values in measured])
    return spread_choice(positions, accuracies, selection.subnetworks)


def selection_record(
    space: Space,
    counts: np.ndarray,
    found: Window,
    selection: Selection,
    candidates: np.ndarray,
    measured: Sequence[dict[str, float]],
    names: dict[int, str],
) -> dict[str, Any]:
    """Return how the sub-networks were found; `names` maps the positions of those taken to their members' names."""
    return {
        "space": str(space),
        "configurations": len(space),
        "parameters_of_space": [int(counts.min()), int(counts.max())],
        "parameters": found.target,
        "parameters_chosen_by": "configuration" if selection.parameters else "the window with the most configurations",
        "tolerance": selection.tolerance,
        "configurations_in_window": len(found.rows),
        "rule": "of the better half of the candidates by validation accuracy, those farthest apart",
        "candidates": [
            {
                "configuration": str(space.at(space.choices(row))),
                "parameters": int(counts[row]),
                "member": names.get(position),
                **values,
            }
            for position, (row, values) in enumerate(zip(candidates, measured, strict=True))
        ],
    }
