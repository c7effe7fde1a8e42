import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from heterodox.errors import UserError
from heterodox.networks.masked_heads import Head, MaskedHead, gene_count, initial_head, split_genes

P, H, C = 10, 6, 3
DRAW = np.random.default_rng(2)
VALUES = torch.from_numpy(DRAW.normal(size=(40, P)).astype(np.float32))
LABELS = torch.from_numpy(DRAW.integers(0, C, 40))
FEATURES = np.array([1, 0, 1, 1, 0, 0, 1, 1, 0, 1], bool)
UNITS = np.array([1, 0, 1, 1, 0, 1], bool)


def trained(features: np.ndarray = FEATURES, units: np.ndarray = UNITS) -> MaskedHead:
    head = MaskedHead(initial_head(P, H, C, seed=1), features, units)
    optimizer = torch.optim.SGD(head.parameters(), 0.1, momentum=0.9, nesterov=True)
    for _ in range(20):
        optimizer.zero_grad()
        cross_entropy(head(VALUES), LABELS).backward()
        optimizer.step()
    return head


def small(head: MaskedHead, features: np.ndarray = FEATURES, units: np.ndarray = UNITS) -> Head:
    places, rows = np.flatnonzero(features), np.flatnonzero(units)
    return Head(
        places,
        rows,
        P,
        H,
        head.hidden.weight.detach()[np.ix_(rows, places)],
        head.hidden.bias.detach()[rows],
        head.output.weight.detach()[:, rows],
        head.output.bias.detach(),
    )


def test_a_pruned_link_stays_exactly_zero_through_training():
    head = trained()
    assert not head.hidden.weight[:, ~FEATURES].any()
    assert not head.hidden.weight[~UNITS].any()
    assert not head.output.weight[:, ~UNITS].any()
    before = initial_head(P, H, C, seed=1).hidden[np.ix_(UNITS, FEATURES)]
    assert (head.hidden.weight.detach().numpy()[np.ix_(UNITS, FEATURES)] != before).all()


def test_what_a_pruned_feature_says_does_not_matter():
    head, other = trained(), VALUES.clone()
    other[:, ~FEATURES] = 1e6
    assert torch.equal(head(VALUES), head(other))


def test_the_export_is_smaller_and_gives_the_same_logits():
    head = trained()
    export = small(head)
    with torch.no_grad():
        expected = head(VALUES)
        torch.testing.assert_close(torch.from_numpy(export.logits(VALUES)), expected)
        torch.testing.assert_close(export.module()(VALUES), expected)
        torch.testing.assert_close(export.masked()(VALUES), expected)
    assert export.module().hidden.weight.shape == (4, 6)
    assert export.module().output.weight.shape == (C, 4)
    parameters = sum(one.numel() for one in export.module().parameters())
    assert parameters == export.parameters == 4 * 6 + 4 + C * 4 + C
    whole = export.masked()
    assert whole.hidden.weight.shape == (H, P)
    assert not whole.hidden.weight[:, ~FEATURES].any()


def test_initial_weights_belong_to_positions_seed_and_run():
    one, again = initial_head(P, H, C, seed=1), initial_head(P, H, C, seed=1)
    np.testing.assert_array_equal(one.hidden, again.hidden)
    limit = np.sqrt(6 / (P + H))
    assert 0.8 * limit < np.abs(one.hidden).max() <= limit
    assert (initial_head(P, H, C, seed=1, run=2).hidden != one.hidden).all()
    assert (initial_head(P, H, C, seed=2).output != one.output).all()


@pytest.mark.parametrize(
    ("scope", "mask", "features", "units"),
    [
        ("features", FEATURES, FEATURES, np.ones(H, bool)),
        ("units", UNITS, np.ones(P, bool), UNITS),
        ("both", np.concatenate([FEATURES, UNITS]), FEATURES, UNITS),
    ],
)
def test_genes_by_scope(scope, mask, features, units):
    assert gene_count(scope, P, H) == len(mask)
    (own_features,), (own_units,) = split_genes(mask[None], scope, P, H)
    np.testing.assert_array_equal(own_features, features)
    np.testing.assert_array_equal(own_units, units)


def test_masks_that_keep_nothing_and_unknown_scopes_are_refused():
    nothing = np.concatenate([FEATURES, np.zeros(H, bool)])
    with pytest.raises(ValueError, match="repair it first"):
        split_genes(nothing[None], "both", P, H)
    with pytest.raises(UserError, match="scope layers: is unknown; there are features, units, both"):
        gene_count("layers", P, H)
