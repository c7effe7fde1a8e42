import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score
from torch.nn.functional import cross_entropy

from heterodox.errors import UserError
from heterodox.metrics.detection import odin
from heterodox.networks.masked_heads import MaskedHead, gene_count, initial_head, split_genes
from heterodox.streams import torch_stream
from heterodox.training import populations
from heterodox.training.populations import TOLERANCE, evaluate_masks, train_heads
from heterodox.training.recipe import HeadRecipe
from tests.training.toy_features import CLASSES, FEATURES, toy_search_features

RECIPE = HeadRecipe(hidden=12, learning_rate=0.1, batch_size=16, epochs=25, patience=3)
DATA = toy_search_features()


def masks_of(scope: str, count: int = 9) -> np.ndarray:
    draw = np.random.default_rng(5)
    genes = gene_count(scope, FEATURES, RECIPE.hidden)
    masks = draw.random((count, genes)) < draw.uniform(0.1, 1, (count, 1))
    masks[:, 0] = masks[:, -1] = True
    masks[0] = True
    return masks


def trained_plainly(mask: np.ndarray, scope: str, recipe: HeadRecipe, seed: int, run: int) -> tuple[MaskedHead, int]:
    """Return a head trained alone, whole and masked, by torch's own gradients and optimiser; and its epochs."""
    (features,), (units,) = split_genes(mask[None], scope, FEATURES, recipe.hidden)
    head = MaskedHead(initial_head(FEATURES, recipe.hidden, CLASSES, seed, run), features, units)
    optimizer = torch.optim.SGD(head.parameters(), recipe.learning_rate, recipe.momentum, nesterov=True)
    values, labels = torch.from_numpy(DATA.train.values), torch.from_numpy(DATA.train.labels)
    held_out, own = torch.from_numpy(DATA.validation.values), torch.from_numpy(DATA.validation.labels)
    best, kept, waited = np.inf, copy.deepcopy(head), 0
    for epoch in range(1, recipe.epochs + 1):
        order = torch.randperm(len(labels), generator=torch_stream(seed, "head order", run, epoch))
        for start in range(0, len(labels) - recipe.batch_size + 1, recipe.batch_size):
            rows = order[start : start + recipe.batch_size]
            optimizer.zero_grad()
            cross_entropy(head(values[rows]), labels[rows]).backward()
            optimizer.step()
        with torch.no_grad():
            loss = float(cross_entropy(head(held_out), own))
            if recipe.criterion == "validation_accuracy":
                loss = -float((head(held_out).argmax(1) == own).float().mean())
        best, kept, waited = (loss, copy.deepcopy(head), 0) if loss < best else (best, kept, waited + 1)
        if waited == recipe.patience:
            return kept, epoch
    return kept, recipe.epochs


def difference(one: np.ndarray, other: np.ndarray) -> float:
    return float((np.abs(one - other) / (1 + np.abs(other))).max())


@pytest.mark.parametrize(
    ("scope", "criterion"),
    [
        ("features", "validation_loss"),
        ("units", "validation_loss"),
        ("both", "validation_loss"),
        ("features", "validation_accuracy"),
    ],
)
def test_heads_of_a_population_are_those_trained_alone_by_torch(scope, criterion):
    masks, recipe = masks_of(scope), replace(RECIPE, criterion=criterion)
    found = train_heads(DATA.train, DATA.validation, masks, recipe, seed=3, run=2, scope=scope)
    epochs = set()
    for mask, head in zip(masks, found, strict=True):
        expected, count = trained_plainly(mask, scope, recipe, seed=3, run=2)
        with torch.no_grad():
            logits = expected(torch.from_numpy(DATA.validation.values)).numpy()
        assert difference(head.head.logits(DATA.validation.values), logits) < TOLERANCE
        assert head.epochs == count
        epochs.add(count)
    assert len(epochs) > 1, "every head stops by itself"


@pytest.mark.parametrize("scope", ["features", "both"])
def test_a_head_does_not_depend_on_its_companions(scope):
    masks = masks_of(scope)
    together = train_heads(DATA.train, DATA.validation, masks, RECIPE, seed=3, scope=scope)
    backwards = train_heads(DATA.train, DATA.validation, masks[::-1], RECIPE, seed=3, scope=scope)[::-1]
    alone = [train_heads(DATA.train, DATA.validation, mask[None], RECIPE, seed=3, scope=scope)[0] for mask in masks]
    for one, same, other in zip(together, backwards, alone, strict=True):
        assert (one.epochs, one.best_epoch) == (other.epochs, other.best_epoch) == (same.epochs, same.best_epoch)
        for again in (same, other):
            logits = (head.head.logits(DATA.validation.values) for head in (one, again))
            assert difference(*logits) < TOLERANCE


def test_a_stack_divided_for_its_size_gives_the_same(monkeypatch):
    masks = masks_of("features")
    whole = train_heads(DATA.train, DATA.validation, masks, RECIPE, seed=1)
    monkeypatch.setattr(populations, "STACK_BYTES", 1)
    for one, other in zip(whole, train_heads(DATA.train, DATA.validation, masks, RECIPE, seed=1), strict=True):
        assert difference(*(head.head.logits(DATA.validation.values) for head in (one, other))) < TOLERANCE


def test_padding_stays_exactly_zero(monkeypatch):
    stacks = []
    remember = populations._Stack.of
    monkeypatch.setattr(populations, "FEW_WIDTHS", 1)  # all heads padded to the whole size
    monkeypatch.setattr(populations._Stack, "of", lambda *values: stacks.append(remember(*values)) or stacks[-1])
    masks = masks_of("both")
    train_heads(
        DATA.train, DATA.validation, masks, RECIPE.__class__(**{**vars(RECIPE), "patience": 99}), 1, scope="both"
    )
    (stack,) = stacks
    assert stack.weights[0].shape == (len(masks), RECIPE.hidden, FEATURES)
    for place, (features, units) in enumerate(stack.kept):
        for tensors in (stack.weights, stack.velocities):
            hidden, bias, output, _ = (tensor[place] for tensor in tensors)
            assert not hidden[len(units) :].any()
            assert not hidden[:, len(features) :].any()
            assert not bias[len(units) :].any()
            assert not output[:, len(units) :].any()
            assert hidden[: len(units), : len(features)].any()


def test_runs_and_seeds_differ_and_repeat():
    mask = masks_of("features", 1)
    weights = [
        train_heads(DATA.train, DATA.validation, mask, RECIPE, seed, run)[0].head.hidden_weight
        for seed, run in ((1, 1), (1, 1), (1, 2), (2, 1))
    ]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])
    assert not torch.equal(weights[0], weights[3])


def test_patience_counts_epochs_without_improvement_and_keeps_the_best():
    recipe = HeadRecipe(hidden=12, learning_rate=0.3, batch_size=16, epochs=60, patience=4)
    for head in train_heads(DATA.train, DATA.validation, masks_of("features"), recipe, seed=1):
        assert head.epochs == min(60, head.best_epoch + 4)
        logits = torch.from_numpy(head.head.logits(DATA.validation.values))
        loss = float(cross_entropy(logits, torch.from_numpy(DATA.validation.labels)))
        assert head.validation_loss == pytest.approx(loss, rel=1e-5)


def test_evaluations_are_measured_on_validation_data():
    masks = masks_of("both")
    found = evaluate_masks(DATA, masks, RECIPE, seed=1, scope="both")
    for place, (mask, trained) in enumerate(zip(masks, found.heads, strict=True)):
        inside, outside = (trained.head.logits(one.values) for one in (DATA.validation, DATA.ood_validation))
        labels = np.repeat([1, 0], [len(inside), len(outside)])
        scores = np.concatenate([odin(inside), odin(outside)])
        expected = [1 - (inside.argmax(1) == DATA.validation.labels).mean(), mask.mean()]
        expected.append(1 - roc_auc_score(labels, scores))
        np.testing.assert_allclose(found.objectives[place], expected, atol=1e-12)
        assert found.epochs[place] == trained.epochs
    assert found.accuracy[0] > 0.9
    assert found.auroc[0] > 0.7


def test_a_mask_that_keeps_nothing_is_refused():
    with pytest.raises(ValueError, match="repair it first"):
        evaluate_masks(DATA, np.zeros((1, FEATURES), bool), RECIPE, seed=1)
    with pytest.raises(ValueError, match="scope features has 20 genes"):
        evaluate_masks(DATA, np.ones((1, 5), bool), RECIPE, seed=1)


def test_no_masks_are_no_heads():
    assert len(evaluate_masks(DATA, np.zeros((0, FEATURES), bool), RECIPE, seed=1).accuracy) == 0


def test_a_head_that_diverges_ends_alone():
    values = DATA.train.values.copy()
    values[:, 5] = 1e30
    data = replace(DATA, train=replace(DATA.train, values=values))
    masks = np.ones((2, FEATURES), bool)
    masks[1, 5] = False
    found = evaluate_masks(data, masks, RECIPE, seed=1)
    assert [head.diverged for head in found.heads] == [True, False]
    assert found.heads[0].best_epoch == 0
    assert found.heads[0].epochs == 1
    assert np.isfinite(found.objectives).all()
    alone = evaluate_masks(DATA, masks[1:], RECIPE, seed=1)
    np.testing.assert_allclose(found.objectives[1], alone.objectives[0], atol=TOLERANCE)
    with pytest.raises(UserError, match=r"^recipe.learning_rate: at 0.1 the loss of every head diverges; lower it$"):
        evaluate_masks(data, masks[:1], RECIPE, seed=1)
