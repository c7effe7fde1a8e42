"""Where along their depth two members see alike: similarity of layers, summed up by thirds of the two networks."""

import numpy as np
import pandas as pd

COLUMNS = ["first", "second", "shift", "layer_a", "layer_b", "cka"]
PARTS = ("first", "middle", "last")


def similarity_by_depth(similarity: pd.DataFrame) -> pd.DataFrame:
    """Return one row per pair, shift and third of the depth: first, second, shift, part, cka, layer_pairs.

    similarity: rows of measure_similarity, of any pairs, layers in the order from input to output. `cka` is the mean
    over the `layer_pairs` of which both layers lie in that third of their own network; 1 = alike.
    """
    rows = []
    for (first, second, shift), pair in similarity.groupby(["first", "second", "shift"], sort=False):
        own, other = _thirds(pair["layer_a"]), _thirds(pair["layer_b"])
        for number, part in enumerate(PARTS):
            values = pair.loc[(own == number) & (other == number), "cka"]
            rows.append((first, second, shift, part, values.mean(), len(values)))
    return pd.DataFrame(rows, columns=["first", "second", "shift", "part", "cka", "layer_pairs"])


def _thirds(layers: pd.Series) -> np.ndarray:
    """Return for each row in which third, 0 to 2, of the network's layers its layer lies."""
    places, names = pd.factorize(layers)
    return places * len(PARTS) // len(names)
