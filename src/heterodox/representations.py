"""How alike two members see: CKA of every pair of their layers, from one pass over the images."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import nn
from tqdm import tqdm

from heterodox.errors import UserError
from heterodox.metrics.similarity import MinibatchCKA
from heterodox.networks.loading import Member
from heterodox.storage.images import ImageFile

Layers = Sequence[str] | None


def layer_similarity(
    first: Member,
    second: Member,
    images: ImageFile,
    rows: np.ndarray,
    batch_size: int = 64,
    layers: tuple[Layers, Layers] = (None, None),
    device: torch.device | str = "cpu",
    unbiased: bool = True,
) -> pd.DataFrame:
    """Return the CKA of every layer of one member with every layer of the other: layer_a, layer_b, cka.

    Rows stand layer by layer of the first member, in the order in which a pass reaches them. `layers` names those of
    each member, see `layer_grams`; None takes all. The images at `rows` go through both members batch by batch, and
    only Gram matrices are kept: memory is bounded by one batch. A last batch that is not full is left out. Raises
    UserError for fewer images than one batch, for images of other channels than a member's, and what `layer_grams`
    and `metrics.similarity` raise.
    """
    members, similarity = [first.eval().to(device), second.eval().to(device)], MinibatchCKA(unbiased)
    _check(members, images, len(rows), batch_size)
    names = list(layers)
    for pixels in _batches(images, rows, batch_size, device):
        grams = [
            layer_grams(member.network, member.normalised(pixels), chosen)
            for member, chosen in zip(members, names, strict=True)
        ]
        names = [list(found) for found in grams]  # what the first pass reached, every pass has to reach
        similarity.update(*(np.stack(list(found.values())) for found in grams))
    table = pd.MultiIndex.from_product(names, names=["layer_a", "layer_b"]).to_frame(index=False)
    return table.assign(cka=similarity.value().ravel())


def _check(members: list[Member], images: ImageFile, count: int, batch_size: int) -> None:
    if count < batch_size:
        raise UserError(f"{images.path}: {count} images are less than one batch; set batch_size to that or less")
    channels = images.image_shape[2]
    for member in members:
        if member.mean.shape[1] != channels:
            raise UserError(f"{images.path}: {channels} channels, but a member takes {member.mean.shape[1]}")
    if count % batch_size:
        logging.info("the last %d of %d images fill no batch and are left out", count % batch_size, count)


def _batches(images: ImageFile, rows: np.ndarray, size: int, device: torch.device | str) -> Iterator[torch.Tensor]:
    for start in tqdm(range(0, len(rows) - size + 1, size), "similarity", disable=None, leave=False):
        yield torch.from_numpy(images.at(rows[start : start + size])).to(device).permute(0, 3, 1, 2).float() / 255


@torch.no_grad()
def layer_grams(network: nn.Module, images: torch.Tensor, layers: Layers = None) -> dict[str, np.ndarray]:
    """Return the Gram matrix (n, n) float64 of each layer's outputs for n images (n, ...), in the order of the pass.

    `layers` are names as `named_modules` gives them; None takes every module without children that computes
    something. A module that is passed through again is another layer, `name#2`. Outputs (n, ...) or (n * k, ...), such
    as k windows per image, are flattened; of several outputs the first counts. Raises UserError for a named layer that
    no pass reaches or whose output is no such tensor, and for values that are not finite.
    """
    grams: dict[str, np.ndarray] = {}
    wanted = None if layers is None else {name.partition("#")[0] for name in layers}
    with ExitStack() as stack:  # removes the hooks whatever happens
        for name, module in network.named_modules():
            if name in wanted if wanted is not None else next(module.children(), None) is None:
                hook = partial(_note, grams, name, len(images), wanted is not None)
                stack.callback(module.register_forward_hook(hook).remove)
        stack.enter_context(torch.backends.cudnn.flags(enabled=True, allow_tf32=False))
        network(images)
    if layers is None:
        return grams
    for name in layers:
        if name not in grams:
            raise UserError(f"layer {name}: the network has no such layer, or no pass reaches it; correct its name")
    return {name: gram for name, gram in grams.items() if name in layers}


def _note(
    grams: dict[str, np.ndarray], name: str, count: int, named: bool, module: nn.Module, inputs: tuple, output: Any
) -> None:
    """Store the Gram matrix of a layer's output while it is there: the next layer may overwrite it in place."""
    features = output[0] if isinstance(output, tuple | list) and output else output
    if not (isinstance(features, torch.Tensor) and features.ndim and len(features) and len(features) % count == 0):
        if named:
            raise UserError(f"layer {name}: its output is no tensor with {count} images first; name another layer")
        return
    handed_on = bool(inputs) and features is inputs[0] and not getattr(module, "inplace", False)
    if named or not handed_on:  # identities, and dropout outside training
        passes = sum(known.partition("#")[0] == name for known in grams)
        grams[f"{name}#{passes + 1}" if passes else name] = _checked_gram(name, features.reshape(count, -1))


def _checked_gram(name: str, features: torch.Tensor) -> np.ndarray:
    result = gram(features).cpu().numpy()
    if not np.isfinite(result).all():
        raise UserError(f"layer {name}: its outputs are not finite; train the member again")
    return result


def gram(features: torch.Tensor) -> torch.Tensor:
    """Return the inner products (n, n) float64 between the centred features (n, features) of n images.

    HSIC is the same for centred features, and centring first keeps float32 from losing the differences between images
    next to a large common value. A feature that varies by no more than its rounding counts as constant. Products are
    taken of values scaled by the largest one, so that they neither over- nor underflow.
    """
    values = features if features.dtype == torch.float64 else features.float()
    mean = values.mean(0)
    values = values - mean
    spread = torch.maximum(values.amax(0), -values.amin(0))  # aminmax along an axis is ten times slower
    varies = spread > 4 * torch.finfo(values.dtype).eps * mean.abs()
    values /= torch.where(varies, spread.max(), torch.inf)
    return (values @ values.T).double() * spread.max().double() ** 2
