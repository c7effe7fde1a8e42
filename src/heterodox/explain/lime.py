"""LIME (Ribeiro et al. 2016): a sparse linear model of what a network answers when superpixels are blackened.

As captum's Lime: each superpixel stays with probability 1/2, samples weigh exp(-d^2 / 2) with d their cosine distance
from the image, and the coefficients are a lasso's. Its alpha is 0.01 standard deviations of the answers; captum's 0.01
logits would leave nothing of a network whose logits vary little. Superpixels (SLIC) and samples belong to the image, so
all members see the same ones, and one pass through a shared trunk serves them all.
"""

import numpy as np
import torch
from skimage.segmentation import slic
from sklearn.linear_model import Lasso
from torch import Tensor
from torch.nn.functional import cosine_similarity

from heterodox.explain.interface import Setting
from heterodox.explain.shared import Shared
from heterodox.streams import torch_stream

ALPHA, KERNEL_WIDTH = 0.01, 1.0
COLOUR_COMPACTNESS, GREY_COMPACTNESS = 10.0, 0.1  # a pixel's place against its colour: CIELAB, or grey in [0, 1]


def explain(
    members: Shared, pixels: Tensor, targets: Tensor, setting: Setting, samples: int = 200, superpixels: int = 40
) -> Tensor:
    """Return each superpixel's coefficient, float32 (M, n, 1, H, W), for pixels in [0, 1] and targets (M, n).

    Higher = the logit rises more where the superpixel is seen. Only what speaks for the target is kept unless the sign
    is asked for. `superpixels` is about how many an image is cut into.
    """
    maps = pixels.new_zeros((len(targets), len(pixels), 1, *pixels.shape[-2:]))
    for place, (image, key) in enumerate(zip(pixels, setting.keys, strict=True)):
        segments = torch.from_numpy(segmented(image, superpixels))
        count = int(segments.max()) + 1
        seen = kept_superpixels(setting, key, samples, count)
        outputs, weights = _answers(members, image, segments, seen, targets[:, place], setting.rows)
        for member, answers in enumerate(outputs):
            coefficients = sparse_coefficients(seen.numpy(), answers, weights)
            maps[member, place, 0] = torch.from_numpy(coefficients)[segments].to(maps)
    return (maps if setting.signed else maps.relu()).float()


def sparse_coefficients(seen: np.ndarray, answers: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the lasso's coefficients (count,) of `answers` (samples,) on `seen` (samples, count), samples weighted."""
    spread = float(answers.std())
    if spread == 0:
        return np.zeros(seen.shape[1])
    return Lasso(alpha=ALPHA * spread).fit(seen, answers, sample_weight=weights).coef_


def segmented(image: Tensor, superpixels: int) -> np.ndarray:
    """Return the superpixel (H, W) of each pixel of an image (C, H, W), numbered from 0; a function of the image."""
    values = image.detach().double().cpu().permute(1, 2, 0).numpy()
    coloured = values.shape[-1] == 3
    compactness = COLOUR_COMPACTNESS if coloured else GREY_COMPACTNESS
    found = slic(values, superpixels, compactness, start_label=0, channel_axis=-1, convert2lab=coloured)
    return np.unique(found, return_inverse=True)[1].reshape(found.shape)


def kept_superpixels(setting: Setting, key: str, samples: int, count: int) -> Tensor:
    """Return which superpixels each sample keeps, float32 (samples, count) of 0 and 1, drawn for this image."""
    generator = torch_stream(setting.seed, "lime", key, setting.repetition)
    return torch.randint(2, (samples, count), generator=generator).float()


def _answers(
    members: Shared, image: Tensor, segments: Tensor, seen: Tensor, targets: Tensor, rows: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the members' logits of the samples (M, samples) and the samples' weights (samples,)."""
    outputs, weights = [], []
    for kept in seen.split(rows):
        changed = image * kept[:, segments].to(image)[:, None]
        logits = members.logits(changed)
        outputs.append(torch.stack([own[:, target] for own, target in zip(logits, targets, strict=True)]))
        distance = 1 - cosine_similarity(image.flatten()[None], changed.flatten(1))
        weights.append(torch.exp(-(distance**2) / (2 * KERNEL_WIDTH**2)))
    return torch.cat(outputs, 1).double().cpu().numpy(), torch.cat(weights).double().cpu().numpy()
