import numpy as np
import pytest

from heterodox.errors import UserError
from heterodox.networks.loading import build, parameter_count
from heterodox.networks.subnetwork_spaces import (
    Space,
    densest_target,
    parameter_counts,
    space_of,
    spread_choice,
    sufficient_tolerance,
    within,
)
from heterodox.networks.subnetworks import Configuration, cut
from heterodox.streams import stream

SPACE = Space(((0, 1), (1,)), ((8, 12, 16), (20, 32)))


def test_the_space_is_every_combination_once():
    space = space_of(build("resnet", (1, 28, 28), 10), skipped_blocks=1, width_options=2, smallest_width=0.5)
    found = {space.at(choices) for choices in space.choices(np.arange(len(space)))}
    assert len(found) == len(space) == 2**8
    assert space.largest == Configuration((1, 1, 1, 1), (16, 32, 64, 128))
    assert space.smallest == Configuration((0, 0, 0, 0), (8, 16, 32, 64))
    for configuration in found:
        assert all(depth in options for depth, options in zip(configuration.depths, space.depths, strict=True))
        assert all(width in options for width, options in zip(configuration.widths, space.widths, strict=True))


@pytest.mark.parametrize(
    ("model", "skipped", "options", "depths", "widths"),
    [
        ("resnet50", 2, 3, ((1, 2, 3), (2, 3, 4), (4, 5, 6), (1, 2, 3)), ((32, 48, 64), (64, 96, 128))),
        ("resnet50", 0, 1, ((3,), (4,), (6,), (3,)), ((64,), (128,))),
        ("resnet18", 5, 2, ((0, 1, 2),) * 4, ((32, 64), (64, 128))),
    ],
)
def test_a_stage_loses_no_more_branches_than_it_may_and_no_more_than_it_has(model, skipped, options, depths, widths):
    space = space_of(build("resnet", (3, 224, 224), 10, model).to("meta"), skipped, options, 0.5)
    assert space.depths == depths
    assert space.widths[:2] == widths


@pytest.mark.parametrize("model", ["small", "resnet26d"])
def test_parameter_counts_are_those_of_the_networks(model):
    network = build("resnet", (3, 28, 28), 10, model).to("meta")
    space = space_of(network, 2, 3, 0.4)
    counts = parameter_counts(network, space)
    assert counts.shape == (len(space),)
    rows = [0, len(space) - 1, *stream(1, "rows").integers(0, len(space), 15)]
    for row in rows:
        assert counts[row] == parameter_count(cut(network, space.at(space.choices(row))))


def test_widths_that_round_to_the_same_number_of_channels_are_one_option():
    space = space_of(build("resnet", (1, 28, 28), 10), skipped_blocks=0, width_options=17, smallest_width=0.9)
    assert space.widths[0] == (14, 15, 16)


def test_a_space_too_large_to_be_counted_is_refused():
    network = build("resnet", (3, 28, 28), 10, "resnet50").to("meta")
    with pytest.raises(UserError, match="has 40960000 configurations; lower width_options or skipped_blocks"):
        space_of(network, 3, 20, 0.5)


def test_draws_are_keyed_and_reach_every_configuration_equally_often():
    draws = [SPACE.draw(stream(1, "draw", step)) for step in range(1200)]
    assert draws[7] == SPACE.draw(stream(1, "draw", 7))
    counts = [draws.count(SPACE.at(choices)) for choices in SPACE.choices(np.arange(len(SPACE)))]
    assert len(counts) == 12
    assert all(60 <= count <= 140 for count in counts)  # 100 expected, standard deviation 9.6


def test_smaller_options_open_up_one_by_one():
    space = Space(((1, 2, 3),), ((8, 10, 12, 14, 16),))
    opened = [(space.opened(share, 0).depths[0], space.opened(0, share).widths[0]) for share in (0, 0.01, 0.5, 0.51, 1)]
    assert opened == [
        ((3,), (16,)),
        ((2, 3), (14, 16)),
        ((2, 3), (12, 14, 16)),
        ((1, 2, 3), (10, 12, 14, 16)),
        ((1, 2, 3), (8, 10, 12, 14, 16)),
    ]


def counts_of_toy() -> np.ndarray:
    return stream(3, "counts").integers(500, 3000, 60)


@pytest.mark.parametrize("tolerance", [0.01, 0.05, 0.2])
def test_no_other_target_has_more_configurations_in_its_window(tolerance):
    counts = counts_of_toy()
    sizes = {
        target: sum(abs(count - target) <= tolerance * target for count in counts.tolist()) for target in range(1, 4000)
    }
    found = densest_target(counts, tolerance)
    assert len(within(counts, found, tolerance)) == sizes[found] == max(sizes.values())


@pytest.mark.parametrize("target", [None, 700, 2000])
def test_the_tolerance_that_is_said_to_do_does_and_a_smaller_one_does_not(target):
    counts = counts_of_toy()
    enough = sufficient_tolerance(counts, 11, target)
    assert len(within(counts, target or densest_target(counts, enough), enough)) >= 11
    less = enough - 0.001
    assert len(within(counts, target or densest_target(counts, less), less)) < 11
    assert sufficient_tolerance(counts, 61, target) is None


def test_the_choice_is_the_best_one_then_those_farthest_from_what_was_taken():
    positions = np.array([[0.0, 0.0], [0.1, 0.0], [1.0, 0.0], [0.0, 0.9], [1.0, 1.0], [0.5, 0.4]])
    scores = np.array([0.8, 0.9, 0.7, 0.6, 0.1, 0.7])
    # Better half by score: rows 1, 0, 2 (before 5, as good). With four wanted also 5, and with five 3.
    assert spread_choice(positions, scores, 2) == [1, 2]
    assert spread_choice(positions, scores, 4) == [1, 2, 5, 0]
    assert spread_choice(positions, scores, 5) == [1, 3, 2, 5, 0]
    assert sorted(spread_choice(positions, scores, 6)) == list(range(6))
