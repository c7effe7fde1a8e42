import subprocess
import sys

import numpy as np
import pytest

from heterodox.streams import stream, torch_stream

PROGRAM = """
import numpy as np
from heterodox.streams import stream, torch_stream
np.random.seed(5)
print(stream(1, "corruption", "toy", 3).integers(2**62), torch_stream(1, "order", 2).initial_seed())
"""


def test_the_same_names_give_the_same_numbers_in_another_process() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    here = stream(1, "corruption", "toy", 3).integers(2**62), torch_stream(1, "order", 2).initial_seed()
    assert done.stdout.split() == [str(number) for number in here]


def test_any_other_name_gives_other_numbers() -> None:
    names = [
        (1, "a"),
        (2, "a"),
        (1, "b"),
        (1, "a", 1),
        (1, "a", "1"),
        (1, "a1"),
        (1, "a", "b"),
        (1, "ab"),
        (1, "a", 1, 1),
    ]
    drawn = {stream(*name).integers(2**62) for name in names}
    seeds = {torch_stream(*name).initial_seed() for name in names}
    assert len(drawn) == len(seeds) == len(names)


def test_numpy_integers_name_the_same_stream() -> None:
    assert stream(np.int64(1), "a", np.int32(7)).random() == stream(1, "a", 7).random()


def test_a_number_with_a_fraction_names_no_stream() -> None:
    for seed, key in [(1, 1.5), (1, 2.0), (1.0, 2)]:
        with pytest.raises(TypeError):
            stream(seed, "a", key)


def test_neighbouring_streams_are_independent() -> None:
    first = np.array([stream(1, "a", index).random(4) for index in range(2000)])
    assert abs(first.mean() - 0.5) < 0.01
    assert abs(first.var() - 1 / 12) < 0.003
    between = np.corrcoef(first[:-1, 0], first[1:, 0])[0, 1]
    assert abs(between) < 0.07


def test_drawing_from_one_leaves_the_others_alone() -> None:
    before = stream(1, "a").random()
    stream(1, "b").random(1000)
    np.random.default_rng(0).random()
    assert stream(1, "a").random() == before
