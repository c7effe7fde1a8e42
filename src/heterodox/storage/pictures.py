"""Pictures as PNG files."""

from pathlib import Path

import numpy as np
from PIL import Image

from heterodox.storage.atomic import atomic_path


def write_png(path: Path, picture: np.ndarray) -> None:
    """Write a picture, uint8 (H, W), (H, W, 1) or (H, W, 3), whole or not at all; the same picture, the same bytes."""
    with atomic_path(path) as partial:
        Image.fromarray(picture.squeeze(-1) if picture.shape[-1] == 1 else picture).save(partial, "PNG")
