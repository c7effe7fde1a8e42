"""One trunk, one head per task: class levels, attributes, marks (paper, section 7, figures 13 and 14)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from heterodox.errors import UserError
from heterodox.networks.heads import HeadMember, below, new_head, trunk_of
from heterodox.networks.loading import Member
from heterodox.networks.tasks import Task, task_from
from heterodox.storage.members import read_description, read_weights
from heterodox.streams import torch_draws_from, torch_stream


class MultiTask(nn.Module):
    """Pixels in [0, 1] (N, channels, H, W) in; out, the logits of every task side by side (N, sum of outputs).

    `trunk` maps pixels to feature maps; `heads` maps those to the logits of each task, in the order of `tasks`.
    """

    def __init__(self, trunk: Member, heads: Sequence[nn.Module], tasks: Sequence[Task]) -> None:
        super().__init__()
        self.trunk, self.heads, self.tasks = trunk, nn.ModuleList(heads), list(tasks)

    def forward(self, pixels: Tensor) -> Tensor:
        """Return the logits of all tasks, one after the other."""
        maps = self.trunk(pixels)
        return torch.cat([head(maps) for head in self.heads], 1)

    def member(self, task: str) -> HeadMember:
        """Return the network of one task: the same trunk, its head. UserError for a task that it was not taught."""
        for known, head in zip(self.tasks, self.heads, strict=True):
            if known.name == task:
                return HeadMember(self.trunk, head)
        raise UserError(f"task {task}: the network was not taught it; it knows {', '.join(t.name for t in self.tasks)}")


@dataclass(frozen=True)
class MultiTasks:
    """Equally taught networks that differ by their seeds, and what their JSON file says."""

    networks: list[MultiTask]
    tasks: list[Task]
    description: dict[str, Any]


def new_multitask(
    trunk: Member, features: int, tasks: Sequence[Task], hidden: Sequence[int], pool: int, seed: int, name: str
) -> MultiTask:
    """Return a network with untrained heads on a trunk of `features` maps; a function of the seed and the names."""
    heads = []
    for task in tasks:
        with torch_draws_from(torch_stream(seed, "initial weights", f"{name} {task.name}")):
            heads.append(new_head(features, len(task.outputs), hidden, pool))
    return MultiTask(trunk, heads, tasks)


def load_multitasks(weights: Path, device: torch.device | str = "cpu") -> MultiTasks:
    """Return the networks stored in `weights` and the JSON beside it, in evaluation mode, without gradients.

    Raises UserError where a file is missing or damaged, or the weights do not fit the description.
    """
    described, tensors = read_description(weights), read_weights(weights)
    try:
        tasks = [task_from(task) for task in described["tasks"]]
        networks = []
        for place in range(described["networks"]):
            own = below(tensors, f"networks.{place}.")
            heads = [
                new_head(described["features"], len(task.outputs), described["head"], described["pool"])
                for task in tasks
            ]
            network = MultiTask(trunk_of(described, below(own, "trunk.")), heads, tasks)
            network.heads.load_state_dict(below(own, "heads."))
            networks.append(network.eval().requires_grad_(False).to(device))
    except KeyError as error:
        raise UserError(f"{weights}: its description lacks {error}; train the network again") from error
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise UserError(f"{weights}: does not fit its description ({reason}); train the network again") from error
    return MultiTasks(networks, tasks, described)


def stored_multitask(network: MultiTask) -> dict[str, Tensor]:
    """Return the tensors of one network, as `load_multitasks` finds them below `networks.{place}.`."""
    trunk = {f"trunk.{name}": values for name, values in network.trunk.network.state_dict().items()}
    return trunk | {f"heads.{name}": values for name, values in network.heads.state_dict().items()}
