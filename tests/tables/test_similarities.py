from itertools import product

import numpy as np
import pandas as pd
import pytest

from heterodox.tables.similarities import similarity_by_depth


@pytest.mark.parametrize(("count_a", "count_b"), [(7, 3), (4, 11)])
def test_thirds_of_both_networks_are_compared(count_a: int, count_b: int) -> None:
    cka = np.random.default_rng(0).random((count_a, count_b))
    rows = [
        {"first": "m", "second": "n", "shift": "clean", "layer_a": f"z{-a}", "layer_b": f"y{-b}", "cka": cka[a, b]}
        for a, b in product(range(count_a), range(count_b))
    ]
    table = similarity_by_depth(pd.DataFrame(rows))
    assert table["part"].tolist() == ["first", "middle", "last"]
    assert set(table["first"]) | set(table["second"]) == {"m", "n"}
    for third, row in enumerate(table.itertuples()):
        block = [
            cka[a, b]
            for a, b in product(range(count_a), range(count_b))
            if third <= 3 * a / count_a < third + 1 and third <= 3 * b / count_b < third + 1
        ]
        assert row.layer_pairs == len(block)
        assert row.cka == pytest.approx(np.mean(block))
