"""How far apart two members look: squared distances between their attribution maps, streamed from the dumps.

The population variance over k members, summed over pixels (Eq. 7), is the sum of their squared pair distances
divided by k squared. So one Gram matrix of the members' maps per image serves every ensemble and, through its
diagonal, the unscaled form and the one of unit length alike.
"""

import threading
from collections.abc import Iterator, Sequence

import numpy as np

from heterodox.ensembles.chunks import in_order, rows_per_chunk
from heterodox.errors import UserError
from heterodox.metrics.diversity import NORMALISATIONS, normalised_maps
from heterodox.storage.dumps import DumpFile

BLOCK = 8192  # values of every member that are widened to float32 and multiplied while they lie in the cache


def pair_distances(
    dumps: Sequence[DumpFile],
    pairs: np.ndarray,
    method: str | None,
    normalisations: Sequence[str],
    threads: int = 2,
    rows: int | None = None,
) -> Iterator[tuple[int, np.ndarray]]:
    """Yield (first row, squared distances (normalisations, n, pairs) float64) for every chunk of images, in order.

    `pairs` (p, 2) are places in `dumps`; NaN where one of the two dumps holds no maps of `method`. `l2` lies in
    [0, 2] for non-negative maps; higher = more diverse. `none` takes the maps with their stored scale, |gradient|.
    UserError for maps of different shapes, for values that are not finite, for an unknown normalisation.
    """
    check_normalisations(normalisations)
    holders = [place for place, dump in enumerate(dumps) if method is not None and method in dump.methods()]
    if method is None or len(holders) < 2:
        return _missing(len(dumps[0]), len(normalisations), len(pairs))
    return _stream([dumps[place] for place in holders], holders, pairs, method, normalisations, threads, rows)


def check_normalisations(normalisations: Sequence[str]) -> None:
    """Refuse a normalisation that does not exist."""
    for name in normalisations:
        if name not in NORMALISATIONS:
            raise UserError(f"normalise: '{name}' is unknown; choose from {', '.join(NORMALISATIONS)}")


def _missing(count: int, normalisations: int, pairs: int, rows: int = 1024) -> Iterator[tuple[int, np.ndarray]]:
    for start in range(0, count, rows):
        yield start, np.full((normalisations, min(rows, count - start), pairs), np.nan)


def _stream(
    dumps: list[DumpFile],
    places: list[int],
    pairs: np.ndarray,
    method: str,
    normalisations: Sequence[str],
    threads: int,
    rows: int | None,
) -> Iterator[tuple[int, np.ndarray]]:
    import torch  # widens float16 several times faster than NumPy; pools without maps do not pay for its import

    shape = _common_shape(dumps, method)
    rows = rows or rows_per_chunk(2 * len(dumps) * int(np.prod(shape)))
    rows = min(rows, max(1, len(dumps[0])))
    scales = np.stack([dump.saliency_scale(method) for dump in dumps], axis=1).astype(np.float64)
    columns, first, second = _positions(places, pairs)
    memory = threading.local()

    def work(start: int, stop: int) -> tuple[int, np.ndarray]:
        if not hasattr(memory, "maps"):
            memory.maps = np.empty((len(dumps), rows, *shape), np.float16)
        maps = memory.maps[:, : stop - start]
        for dump, out in zip(dumps, memory.maps, strict=True):
            dump.read_saliency(method, start, stop, out[: stop - start])
        distances = np.full((len(normalisations), stop - start, len(pairs)), np.nan)
        for i in range(stop - start):
            squares = _squared_distances(maps[:, i], scales[start + i], normalisations)
            _check_finite(squares, dumps, method)
            distances[:, i, columns] = squares[:, first, second]
        return start, distances

    return in_order(work, len(dumps[0]), rows, threads, prepare=lambda: torch.set_num_threads(1))


def _common_shape(dumps: list[DumpFile], method: str) -> tuple[int, int, int]:
    shape = dumps[0].map_shape(method)
    for dump in dumps[1:]:
        if dump.map_shape(method) != shape:
            raise UserError(
                f"{dump.path}: '{method}' maps of shape {dump.map_shape(method)}, but {dumps[0].path} has {shape}; "
                "resample them to one shape"
            )
    return shape


def _positions(places: list[int], pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the columns of the pairs whose members both hold maps, and the two rows each takes in the Gram matrix."""
    row = {place: position for position, place in enumerate(places)}
    kept = [column for column, (a, b) in enumerate(pairs.tolist()) if a in row and b in row]
    first, second = (np.array([row[place] for place in pairs[kept, side].tolist()]) for side in (0, 1))
    return np.array(kept), first, second


def _squared_distances(maps: np.ndarray, scales: np.ndarray, normalisations: Sequence[str]) -> np.ndarray:
    """Return the squared distances (normalisations, m, m) between one image's maps (m, channels, H, W) float16."""
    flat = maps.reshape(len(maps), -1)
    gram = _gram(flat)
    distances = []
    for name in normalisations:
        if name == "rank":
            ranks = normalised_maps(maps, "rank").reshape(flat.shape)
            distances.append(_from_gram(ranks @ ranks.T, np.ones(len(maps))))
        else:
            distances.append(_from_gram(gram, _factors(name, gram, flat, scales)))
    return np.stack(distances)


def _factors(normalise: str, gram: np.ndarray, flat: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """Return by what each stored map is multiplied; an all-zero map by 0."""
    if normalise == "none":
        return scales
    size = np.sqrt(np.diag(gram)) if normalise == "l2" else flat.sum(axis=1, dtype=np.float64)
    return np.divide(1, size, out=np.zeros_like(size), where=size > 0)


def _from_gram(gram: np.ndarray, factors: np.ndarray) -> np.ndarray:
    scaled = gram * factors[:, None] * factors[None]
    squares = np.diag(scaled)
    # A tiny negative is rounding; NaN stays, so that an overflow is found.
    return np.maximum(squares[:, None] + squares[None] - 2 * scaled, 0)


def _gram(flat: np.ndarray) -> np.ndarray:
    """Return the inner products (m, m) of float16 rows: float32 inside a block, float64 between blocks."""
    import torch

    values = torch.from_numpy(flat)
    gram = torch.zeros(len(flat), len(flat), dtype=torch.float64)
    for start in range(0, flat.shape[1], BLOCK):
        block = values[:, start : start + BLOCK].float()
        gram += block @ block.T
    return gram.numpy()


def _check_finite(squares: np.ndarray, dumps: list[DumpFile], method: str) -> None:
    if not np.isfinite(squares).all():  # maps and scales are checked as they are read
        raise UserError(f"{dumps[0].path}: the distances between '{method}' maps overflow; use `normalise: l2`")
