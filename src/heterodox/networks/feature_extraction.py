"""Run a frozen backbone over images once: features, streamed to storage with bounded memory."""

from pathlib import Path

import numpy as np
import torch

from heterodox.errors import UserError
from heterodox.networks.loading import Member
from heterodox.storage.features import Backbone, write_features
from heterodox.storage.images import ImageFile
from heterodox.storage.rows import State


@torch.no_grad()
def extract(
    backbone: Member,
    identity: Backbone,
    images: ImageFile,
    path: Path,
    rows: np.ndarray | None = None,
    batch_size: int | None = None,
    state: State | None = None,
) -> None:
    """Write the features float32 (N, P) of an image file, or of its images at `rows`, to `path`.

    With a state a later attempt goes on where a killed one was. Raises UserError where the images' channels are not the
    backbone's and where a feature is not finite.
    """
    channels = images.image_shape[2]
    if backbone.mean.shape[1] != channels:
        raise UserError(f"{images.path}: {channels} channels, but the backbone takes {backbone.mean.shape[1]}")
    chosen = np.arange(len(images)) if rows is None else rows
    size = batch_size or backbone.batch_size
    with (
        torch.backends.cudnn.flags(enabled=True, allow_tf32=False),  # as precise on a GPU as on a CPU
        write_features(path, images.labels[chosen], images.index[chosen], images.classes, identity, state) as writer,
    ):
        for start in range(writer.filled, len(chosen), size):
            part = chosen[start : start + size]
            pixels = images.images(start, start + size) if rows is None else images.at(part)
            writer.append(_features(backbone, pixels, images))


def _features(backbone: Member, pixels: np.ndarray, images: ImageFile) -> np.ndarray:
    seen = torch.from_numpy(pixels).to(backbone.mean.device).permute(0, 3, 1, 2).float() / 255
    found = backbone(seen).float().flatten(1)
    if not found.isfinite().all():
        raise UserError(f"{images.path}: the backbone gives features that are not finite; train it again")
    return found.cpu().numpy()
