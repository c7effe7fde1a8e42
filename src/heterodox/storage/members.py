"""Trained networks: weights as safetensors, with a JSON file of the same name that says how they came about."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heterodox.errors import UserError
from heterodox.storage.atomic import atomic_path, write_text

if TYPE_CHECKING:
    import torch


def description_path(weights: Path) -> Path:
    """Return the JSON file that belongs to a weights file."""
    return Path(weights).with_suffix(".json")


def write_member(weights: Path, tensors: Mapping[str, "torch.Tensor"], description: Mapping[str, Any]) -> None:
    """Write weights and description; the description last, so that its presence says both are whole."""
    from safetensors.torch import save  # torch is loaded only by those who handle weights

    with atomic_path(weights) as partial:
        partial.write_bytes(save({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}))
    write_text(description_path(weights), json.dumps(description, indent=2, sort_keys=True) + "\n")


def read_description(weights: Path) -> dict[str, Any]:
    """Return the description of a member; UserError where it is missing or no JSON."""
    path = description_path(weights)
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(f"{path}: there is no such member description; train the member again") from error
    except json.JSONDecodeError as error:
        raise UserError(f"{path}: not readable as JSON; delete it and train the member again") from error


def read_weights(weights: Path) -> dict[str, "torch.Tensor"]:
    """Return the tensors of a safetensors file; UserError where it is missing or damaged."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(weights)
    except FileNotFoundError as error:
        raise UserError(f"{weights}: there are no such weights; train the member again") from error
    except SafetensorError as error:
        raise UserError(f"{weights}: not readable as safetensors; delete it and train the member again") from error
