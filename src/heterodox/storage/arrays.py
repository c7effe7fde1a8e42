"""Named arrays in one file, safetensors: what one stage hands to the next and has no layout of its own."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from heterodox.errors import UserError
from heterodox.storage.atomic import atomic_path


def write_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write the arrays, whole or not at all."""
    with atomic_path(path) as partial:
        partial.write_bytes(save({name: np.ascontiguousarray(array) for name, array in arrays.items()}))


def read_arrays(path: Path, *names: str) -> dict[str, np.ndarray]:
    """Return the arrays of these names; UserError where the file is missing or damaged, or lacks one."""
    try:
        found = load_file(path)
    except FileNotFoundError as error:
        raise UserError(f"{path}: there is no such file; run the pipeline first") from error
    except SafetensorError as error:
        raise UserError(f"{path}: not readable as safetensors; delete it and run again") from error
    if missing := [name for name in names if name not in found]:
        raise UserError(f"{path}: lacks {', '.join(missing)}; delete it and run again")
    return {name: found[name] for name in names}
