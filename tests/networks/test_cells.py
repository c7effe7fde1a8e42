"""Cells: how many there are, how they are written, and which are the same function."""

import itertools
from collections import defaultdict

import numpy as np
import pytest

from heterodox.errors import UserError
from heterodox.networks import cells

ALL = list(cells.all_encodings())
# Written by hand from NAS-Bench-201's definition: the operation's name, then the node that it reads.
KNOWN = {
    (0, 0, 0, 0, 0, 0): (
        "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|nor_conv_3x3~0|nor_conv_3x3~1|nor_conv_3x3~2|"
    ),
    (0, 1, 2, 3, 4, 0): "|nor_conv_3x3~0|+|nor_conv_1x1~0|avg_pool_3x3~1|+|none~0|skip_connect~1|nor_conv_3x3~2|",
    (4, 3, 1, 2, 0, 4): "|skip_connect~0|+|none~0|nor_conv_1x1~1|+|avg_pool_3x3~0|nor_conv_3x3~1|skip_connect~2|",
}


def test_there_are_15625_cells_and_6466_unique_strings():
    assert len(ALL) == len(set(ALL)) == 15625
    assert len({cells.unique_string(encoding) for encoding in ALL}) == 6466


def test_strings_and_encodings_are_converted_by_name_both_ways():
    for encoding, text in KNOWN.items():
        assert cells.to_string(encoding) == text
        assert cells.from_string(text) == encoding
    assert all(cells.from_string(cells.to_string(encoding)) == encoding for encoding in ALL)


def applied(encoding, weights):
    """Follow the cell with numbers: a convolution is any non-linear map with its own weight, pooling a linear one."""
    mix = np.random.default_rng(0).normal(size=(4, 3, 3))
    nodes = [np.array([0.3, -1.1, 0.7])]
    for node in (1, 2, 3):
        total = np.zeros(3)
        for place, (target, source) in enumerate([(1, 0), (2, 0), (2, 1), (3, 0), (3, 1), (3, 2)]):
            if target != node:
                continue
            value, operation = nodes[source], encoding[place]
            if operation in (0, 1):
                # A convolution of nothing is not built.
                total = total + np.sin(mix[operation] @ value + weights[place]) * bool(np.any(value))
            elif operation == 2:
                total = total + mix[2] @ value
            elif operation == 4:
                total = total + value
        nodes.append(total)
    return nodes[3]


def convolution_places(encoding):
    return [place for place in cells.used_edges(encoding) if encoding[place] in (0, 1)]


def same_function(first, second):
    """Try every way of handing the weights of the one to the convolutions of the other."""
    drawn = np.random.default_rng(1).normal(size=6)
    ours, theirs = convolution_places(first), convolution_places(second)
    if len(ours) != len(theirs):
        return False
    expected = applied(first, drawn)
    for order in itertools.permutations(theirs):
        weights = np.zeros(6)
        weights[list(order)] = drawn[ours]
        if np.allclose(applied(second, weights), expected, rtol=1e-9, atol=1e-9):
            return True
    return False


def test_equal_canonical_forms_are_equal_functions_and_others_are_not():
    groups = defaultdict(list)
    for encoding in ALL:
        groups[cells.canonical(encoding)].append(encoding)
    assert len(groups) == 5044  # our own count; the published rule keeps zeros and has 6,466
    draw = np.random.default_rng(2)
    shared = [group for group in groups.values() if len(group) > 1]
    for place in draw.choice(len(shared), 150, replace=False):
        first, *others = shared[place]
        assert all(same_function(first, other) for other in others[:6])
    forms = list(groups)
    by_shape = defaultdict(list)  # those that a careless rule would confuse: the same operations and number of terms
    for form in forms:
        by_shape["".join(sorted(form))].append(groups[form][0])
    alike = [pair for group in by_shape.values() for pair in itertools.combinations(group[:3], 2)]
    for place in draw.choice(len(alike), 150, replace=False):
        assert not same_function(*alike[place])


def test_one_convolution_used_twice_is_not_two_convolutions():
    twice = (0, 4, 3, 3, 3, 3)  # 1 = conv(0); never used
    assert cells.canonical(twice) == "0"
    once_doubled = (0, 3, 4, 3, 4, 4)  # 3 = 1 + 2, 2 = 1
    two = (0, 0, 3, 3, 4, 4)  # 3 = 1 + 2, both convolutions of 0
    assert cells.canonical(once_doubled) == "2 3x3a(x)"
    assert cells.canonical(two) == "3x3a(x)+3x3b(x)"


def test_a_pooled_sum_is_the_sum_of_what_is_pooled():
    assert cells.canonical((0, 4, 4, 3, 3, 2)) == cells.canonical((0, 2, 2, 3, 3, 4)) == "pool(3x3a(x))+pool(x)"


def test_disconnected_cells_are_those_without_a_path():
    paths = [[3], [0, 4], [1, 5], [0, 2, 5]]  # the four ways from node 0 to node 3, as places of edges
    for encoding in ALL:
        connected = any(all(encoding[place] != 3 for place in path) for path in paths)
        assert cells.is_connected(encoding) == connected == (cells.canonical(encoding) != "0")
        used = {place for path in paths if all(encoding[place] != 3 for place in path) for place in path}
        assert set(cells.used_edges(encoding)) == used
    assert sum(not cells.is_connected(encoding) for encoding in ALL) == 341


def test_the_representative_has_the_form_and_no_edge_that_could_be_zeroized():
    for encoding in ALL[::37]:
        chosen = cells.representative(encoding)
        assert cells.canonical(chosen) == cells.canonical(encoding)
        unused = set(range(6)) - set(cells.used_edges(chosen))
        assert all(chosen[place] == 3 for place in unused)


@pytest.mark.parametrize(
    "encoding", [(0, 1, 2, 3, 4, 5), (0, -1, 0, 0, 0, 0), (0,) * 5, (0.5,) * 6, (1.0,) * 6, ("a",) * 6], ids=str
)
def test_an_encoding_outside_the_space_is_one_line_that_shows_it(encoding):
    with pytest.raises(UserError, match=r"an encoding is six integers 0\.\.4") as caught:
        cells.canonical(encoding)
    assert "\n" not in str(caught.value)
    assert str(encoding[-1]) in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "|nor_conv_3x3~0|",
        "|nor_conv_3x3~0|+|nor_conv_3x3~1|nor_conv_3x3~0|+|none~0|none~1|none~2|",
        "|conv~0|+|none~0|none~1|+|none~0|none~1|none~2|",
        "x|none~0|+|none~0|none~1|+|none~0|none~1|none~2|",
    ],
)
def test_a_text_that_is_no_cell_is_one_line(text):
    with pytest.raises(UserError, match=r"write \|op~0\|"):
        cells.from_string(text)


def test_numpy_integers_are_integers_and_counts_are_by_name():
    assert cells.checked(np.array([0, 1, 2, 3, 4, 4])) == (0, 1, 2, 3, 4, 4)
    assert cells.operation_counts((0, 0, 2, 3, 4, 4)) == {
        "nor_conv_3x3": 2,
        "nor_conv_1x1": 0,
        "avg_pool_3x3": 1,
        "none": 1,
        "skip_connect": 2,
    }
