"""Whether methods of explanation tell the same pairs of members apart (Figure 9 of the resilience paper)."""

import logging
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from tqdm import tqdm

from heterodox.ensembles.bootstrap import PERCENTILES, image_weights
from heterodox.errors import UserError
from heterodox.metrics.diversity import normalised_maps
from heterodox.metrics.trends import trend
from heterodox.storage.images import ImageFile
from heterodox.streams import stream

if TYPE_CHECKING:
    import torch

    from heterodox.explain.interface import Method
    from heterodox.networks.loading import Member
    from heterodox.training.state import StateFile

log = logging.getLogger(__name__)
KEYS = ["image", "first", "second"]


def chosen_rows(seed: int, index: np.ndarray, count: int) -> np.ndarray:
    """Return `count` rows of a file in rising order, drawn by the images' identities; all where there are fewer.

    A larger count keeps the images of a smaller one.
    """
    places = [stream(seed, "compared images", identity).random() for identity in index.tolist()]
    return np.sort(np.argsort(places, kind="stable")[:count])


def pair_scores(maps: np.ndarray, normalise: str = "l2") -> np.ndarray:
    """Return the attribution diversity (Eq. 7) of every pair for one image and method, (p,); higher = more diverse.

    `maps` (m, channels, H, W) are one image's. Population variance over the two members summed over pixels: a
    quarter of the squared distance, at most 1/2 for non-negative maps of unit L2 norm. Pairs as of `combinations`.
    """
    flat = normalised_maps(maps, normalise).reshape(len(maps), -1)
    return np.array([((first - second) ** 2).sum() / 4 for first, second in combinations(flat, 2)])


def score_methods(
    members: Mapping[str, "Member"],
    images: ImageFile,
    methods: Sequence[str],
    rows: np.ndarray,
    device: "torch.device | str" = "cpu",
    normalise: str = "l2",
    state: "StateFile | None" = None,
) -> pd.DataFrame:
    """Return one row per (image, pair of members): its identity, `first`, `second`, and each method's score.

    Every member's map is that of its own top class, at the stored size. An interrupted run goes on from `state`.
    Raises UserError where maps are not finite, or there are fewer than two members or methods.
    """
    from heterodox.explain import interface

    if len(members) < 2 or len(methods) < 2:
        raise UserError(f"compare: {len(members)} members and {len(methods)} methods; give at least two of each")
    explanations = {name: interface.load(name) for name in methods}
    scores = np.zeros((len(rows), len(methods), len(members) * (len(members) - 1) // 2))
    done = _restore(state, scores)
    size = min(member.batch_size for member in members.values())
    for start in tqdm(range(done, len(rows), size), disable=None, desc="images", unit="batch"):
        batch = rows[start : start + size]
        pixels = np.concatenate([images.images(row, row + 1) for row in batch.tolist()])
        for place, method in enumerate(explanations.values()):
            maps = _maps(members, pixels, method, device)
            scores[start : start + len(batch), place] = [pair_scores(own, normalise) for own in maps.swapaxes(0, 1)]
        if not np.isfinite(scores[start : start + len(batch)]).all():
            raise UserError(f"compare: a map of {', '.join(members)} is not finite; train the broken one again")
        if state is not None and state.due():
            _store(state, scores, start + len(batch))
            log.info("%d of %d images", start + len(batch), len(rows))
    return _as_table(scores, images.index[rows], list(members), methods)


def _restore(state: "StateFile | None", scores: np.ndarray) -> int:
    stored = state.read() if state is not None else None
    if stored is None:
        return 0
    scores[: stored["done"]] = stored["scores"].numpy()
    return stored["done"]


def _store(state: "StateFile", scores: np.ndarray, done: int) -> None:
    import torch

    state.write({"done": done, "scores": torch.from_numpy(scores[:done].copy())})


def _maps(
    members: Mapping[str, "Member"], pixels: np.ndarray, method: "Method", device: "torch.device | str"
) -> np.ndarray:
    """Return every member's maps of a batch of stored images, (m, n, channels, H, W)."""
    import torch

    from heterodox.explain.interface import explain_member

    on_device = torch.from_numpy(pixels).to(device).permute(0, 3, 1, 2).float() / 255
    found = []
    with torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        for member in members.values():
            with torch.no_grad():
                targets = member(on_device).argmax(1)
            found.append(explain_member(method, member, on_device, targets).cpu().numpy())
    return np.stack(found)


def _as_table(scores: np.ndarray, index: np.ndarray, members: Sequence[str], methods: Sequence[str]) -> pd.DataFrame:
    pairs = list(combinations(members, 2))
    names = {
        "image": np.repeat(index, len(pairs)),
        "first": [first for first, _ in pairs] * len(index),
        "second": [second for _, second in pairs] * len(index),
    }
    columns = {method: scores[:, place].reshape(-1) for place, method in enumerate(methods)}
    return pd.DataFrame(names | columns)


def agreement(scores: pd.DataFrame, seed: int, replicates: int = 1000) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the pairs' mean scores, and how well the methods agree about them, with 95 % intervals.

    `scores` is the table of `score_methods`. Scores: one row per (method, pair) with `score`, the mean over images,
    `normalised`, the same with the method's lowest pair at 0 and highest at 1 (as drawn), `low` and `high` of the
    score. Agreement: Pearson's r over the n pairs between every two methods' mean scores, which their normalisation
    does not change, and, without names, the mean of these r, the paper's 0.998. Intervals are percentiles of a
    bootstrap over images; the pairs are what they are.
    """
    methods = [name for name in scores.columns if name not in KEYS]
    pairs = list(dict.fromkeys(zip(scores["first"], scores["second"], strict=True)))
    values = scores[methods].to_numpy().reshape(-1, len(pairs), len(methods))  # images, pairs, methods
    weights = image_weights(seed, scores["image"].to_numpy().reshape(-1, len(pairs))[:, 0], replicates)
    drawn = np.einsum("bn,npm->bmp", weights, values) / np.maximum(weights.sum(axis=1), 1)[:, None, None]
    point = values.mean(axis=0).T
    return _score_rows(methods, pairs, point, drawn), _agreement_rows(methods, point, drawn, len(values))


def _score_rows(
    methods: Sequence[str], pairs: Sequence[tuple[str, str]], point: np.ndarray, drawn: np.ndarray
) -> pd.DataFrame:
    span = np.ptp(point, axis=1, keepdims=True)
    above = point - point.min(axis=1, keepdims=True)
    normalised = np.divide(above, span, out=np.full_like(point, np.nan), where=span > 0)
    low, high = np.percentile(drawn, PERCENTILES, axis=0)
    return pd.DataFrame(
        {"method": method, "first": a, "second": b, "score": point[m, p], "normalised": normalised[m, p],
         "low": low[m, p], "high": high[m, p]}
        for m, method in enumerate(methods)
        for p, (a, b) in enumerate(pairs)
    )  # fmt: skip


def _correlations(means: np.ndarray) -> np.ndarray:
    """Return Pearson's r between every two rows (methods, pairs), and their mean as the last."""
    found = [trend(first, second).pearson for first, second in combinations(means, 2)]
    return np.array([*found, np.mean(found)])


def _agreement_rows(methods: Sequence[str], point: np.ndarray, drawn: np.ndarray, images: int) -> pd.DataFrame:
    names: list[tuple[str | None, str | None]] = [*combinations(methods, 2), (None, None)]
    low, high = np.percentile([_correlations(means) for means in drawn], PERCENTILES, axis=0)
    facts = {"pairs": point.shape[1], "images": images}
    return pd.DataFrame(
        {"first": a, "second": b, **facts, "pearson": r, "low": lowest, "high": highest}
        for (a, b), r, lowest, highest in zip(names, _correlations(point), low, high, strict=True)
    )
