"""Features of a whole image file by a frozen trunk, streamed to storage."""

from pathlib import Path

import torch
from torch.nn.functional import adaptive_avg_pool2d

from heterodox.errors import UserError
from heterodox.networks.heads import load_trunk
from heterodox.storage.images import ImageFile
from heterodox.storage.rows import State
from heterodox.storage.trunk_features import write_features


@torch.no_grad()
def write_pooled_features(
    path: Path,
    backbone: Path,
    images: ImageFile,
    pool: int,
    device: torch.device,
    dataset: str = "",
    state: State | None = None,
) -> None:
    """Write what a head begins with: the mean of the trunk's maps over `pool` x `pool` parts, float32 (N, width).

    No more than a batch of images is in memory. With a state, a later attempt goes on where a killed one was. Raises
    UserError for images of other channels than the backbone's.
    """
    trunk, _ = load_trunk(backbone)
    trunk = trunk.to(device)
    if images.image_shape[2] != trunk.mean.numel():
        raise UserError(f"{images.path}: {images.image_shape[2]} channels, but {backbone} takes {trunk.mean.numel()}")
    attributes = {"dataset": dataset, "backbone": backbone.stem, "pool": pool}
    with write_features(path, images.labels, images.index, attributes, state) as writer:
        for _, batch in images.batches(trunk.batch_size, first=writer.filled):
            pixels = torch.from_numpy(batch).to(device).permute(0, 3, 1, 2) / 255
            writer.append(adaptive_avg_pool2d(trunk(pixels), pool).flatten(1).cpu().numpy())
