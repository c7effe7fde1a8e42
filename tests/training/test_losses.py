"""Team losses against the paper's equations written out, by hand, and by finite differences."""

import math

import numpy as np
import pytest
import torch

from heterodox.errors import UserError
from heterodox.metrics import consensus as deciding
from heterodox.metrics import diversity as metrics
from heterodox.streams import torch_stream
from heterodox.training.losses import (
    CONSENSUS,
    TeamLoss,
    attribution_diversity,
    ensemble_gain,
    prediction_diversity,
    quadratic_forms,
)

M, N, CLASSES = 3, 5, 4
DIFFERENTIABLE = ["mean_logit", "mean_probability", "median_logit", "geometric_mean"]


def draw(*shape: int, key: str = "logits") -> torch.Tensor:
    return torch.randn(*shape, generator=torch_stream(1, "test", key), dtype=torch.float64)


@pytest.fixture
def logits() -> torch.Tensor:
    return 2 * draw(M, N, CLASSES)


@pytest.fixture
def labels() -> torch.Tensor:
    return torch.tensor([0, 1, 2, 3, 1])


@pytest.fixture
def maps() -> torch.Tensor:
    return draw(M, N, 2, 3, 3, key="maps").abs()


def softmax(values):
    powers = np.exp(values - np.max(values))
    return powers / powers.sum()


def cross_entropy(values, label):
    return -math.log(softmax(values)[label])


def consensus_of_one_image(values, rule):
    """Return f of logits (M, classes), by the rule's own words."""
    probabilities = np.array([softmax(one) for one in values])
    if rule == "mean_logit":
        return values.mean(axis=0)
    if rule == "median_logit":
        return np.median(values, axis=0)
    if rule == "mean_probability":
        return np.log(probabilities.mean(axis=0))
    if rule == "geometric_mean":
        product = probabilities.prod(axis=0) ** (1 / len(values))
        return np.log(product / product.sum())
    votes = np.zeros(values.shape[1])
    for one in values:
        votes[one.argmax()] += 1
    return np.log((votes + 0.1) / (len(values) + 0.1 * values.shape[1]))


def penalty_of_one_image(values, rule, active):
    """Return sum_i d_i^T D d_i with the c x c matrix of second derivatives of the cross-entropy at f."""
    f = consensus_of_one_image(values, rule)
    p = softmax(f)
    hessian = np.diag(p) - np.outer(p, p)
    return sum((one - f) @ hessian @ (one - f) for one, on in zip(values, active, strict=True) if on)


def transcribed(loss: TeamLoss, logits, labels, maps):
    """Return the mean over images of Eq. 1, 2, 3 or 8, read off the paper."""
    total = 0.0
    for image, label in enumerate(labels.tolist()):
        h = logits[:, image].numpy()
        each = [cross_entropy(one, label) for one in h]
        if loss.loss == "independent":
            total += sum(each)
        elif loss.loss == "balanced":
            f = h.mean(axis=0)
            inner = sum((1 - loss.weight) / M * one for one in each)
            total += sum(loss.weight * cross_entropy(f, label) + inner for _ in range(M)) / M
        elif loss.loss == "attribution":
            total += sum(each) / M  # the variance follows below, over all images
        else:
            active = [loss.loss == "gncl" or one.argmax() == label for one in h]
            first = sum(each) if loss.reduction == "paper" else sum(each) / M
            total += first - loss.weight / (2 * M) * penalty_of_one_image(h, loss.consensus, active)
    if loss.loss == "attribution":
        return total / len(labels) - loss.weight * metrics.attribution_diversity(maps.numpy(), loss.normalise)
    return total / len(labels)


LOSSES = [
    TeamLoss("independent"),
    *(TeamLoss("gncl", rule, 0.7, "paper") for rule in CONSENSUS),
    TeamLoss("gncl", "mean_logit", 0.7, "gncl"),
    *(TeamLoss("masked_gncl", rule, 0.7) for rule in ("mean_logit", "majority_vote")),
    TeamLoss("balanced", weight=0.3),
    *(TeamLoss("attribution", weight=0.3, normalise=how) for how in ("l2", "sum", "none")),
]


def name_of(loss: TeamLoss) -> str:
    return " ".join(str(value) for value in loss.described().values() if value is not None)


@pytest.mark.parametrize("loss", LOSSES, ids=name_of)
def test_each_loss_is_the_papers_equation_with_the_matrix_written_out(loss, logits, labels, maps):
    assert loss(logits, labels, maps).loss.item() == pytest.approx(transcribed(loss, logits, labels, maps), rel=1e-10)


@pytest.mark.parametrize("loss", LOSSES, ids=name_of)
def test_gradients_agree_with_finite_differences(loss, logits, labels, maps):
    inputs = (logits.requires_grad_(), maps.requires_grad_())
    assert torch.autograd.gradcheck(lambda h, a: loss(h, labels, a).loss, inputs)


def test_votes_are_held_constant_and_the_rest_of_the_penalty_is_differentiated(logits):
    logits.requires_grad_()
    f = CONSENSUS["majority_vote"](logits)
    assert not f.requires_grad
    p = f.softmax(-1)
    (found,) = torch.autograd.grad(prediction_diversity(logits, "majority_vote"), logits)
    difference = (logits - f).detach()
    expected = p * (difference - (p * difference).sum(-1, keepdim=True)) / (M * N)  # D d / M, mean over images
    torch.testing.assert_close(found, expected)


def test_values_by_hand():
    """Two members, one image, two classes: h = (0, 0) and (2 ln 3, 0), so f = (ln 3, 0), p = (3/4, 1/4)."""
    logits = torch.tensor([[[0.0, 0.0]], [[2 * math.log(3), 0.0]]], dtype=torch.float64)
    label = torch.tensor([0])
    own = (math.log(2) + math.log(10 / 9)) / 2  # p_1 = 1/2 and p_2 = 9/10
    form = math.log(3) ** 2 * 3 / 16  # d = (-+ ln 3, 0), D = 3/16 ((1, -1), (-1, 1))
    assert TeamLoss("independent")(logits, label).loss.item() == pytest.approx(2 * own)
    paper = TeamLoss("gncl", weight=0.2)(logits, label)
    assert paper.diversity.item() == pytest.approx(form / 2)
    assert paper.loss.item() == pytest.approx(2 * own - 0.2 * form / 2)
    assert TeamLoss("gncl", weight=0.2, reduction="gncl")(logits, label).loss.item() == pytest.approx(own - 0.1 * form)
    balanced = TeamLoss("balanced", weight=0.2)(logits, label).loss.item()
    assert balanced == pytest.approx(0.2 * math.log(4 / 3) + 0.8 * own)
    maps = torch.tensor([3.0, 4.0, 4.0, 3.0]).view(2, 1, 1, 1, 2)
    assert attribution_diversity(maps).item() == pytest.approx(2 * 0.1**2)  # (0.6, 0.8), (0.8, 0.6): mean 0.7
    assert attribution_diversity(maps, "none").item() == pytest.approx(2 * 0.5**2)


def test_a_masked_member_does_not_count_where_it_is_wrong():
    """Of the hand-computed pair only the second member says class 0; M stays 2."""
    logits = torch.tensor([[[0.0, 0.1]], [[2 * math.log(3), 0.0]]], dtype=torch.float64)
    loss = TeamLoss("masked_gncl", weight=0.2)
    second = quadratic_forms(logits - logits.mean(0), logits.mean(0).softmax(-1))[1, 0]
    assert loss(logits, torch.tensor([0])).diversity.item() == pytest.approx(second.item() / 4)
    both_right = torch.stack([logits[1], logits[1] / 2])
    assert loss(both_right, torch.tensor([0])).diversity == TeamLoss()(both_right, torch.tensor([0])).diversity > 0
    assert loss(both_right, torch.tensor([1])).diversity == 0


@pytest.mark.parametrize("kind", ["gncl", "masked_gncl"])
def test_mean_logit_and_geometric_mean_are_the_same_loss_with_the_same_gradient(kind, logits, labels):
    logits.requires_grad_()
    found = []
    for rule in ("mean_logit", "geometric_mean"):
        loss = TeamLoss(kind, rule)(logits, labels).loss
        found.append((loss, *torch.autograd.grad(loss, logits)))
    torch.testing.assert_close(*found)
    other = TeamLoss(kind, "mean_probability")(logits, labels).loss
    assert abs(other.item() - found[0][0].item()) > 1e-3


@pytest.mark.parametrize("rule", sorted(CONSENSUS))
@pytest.mark.parametrize("members", [2, 3, 4])
def test_the_penaltys_consensus_decides_as_the_ensembles_does(rule, members):
    logits = draw(members, 200, CLASSES)
    chosen, expected = CONSENSUS[rule](logits).argmax(-1).numpy(), deciding.CONSENSUS[rule](logits.numpy())
    if rule == "majority_vote":  # equal shares; the ensemble breaks the tie, the penalty need not
        decided = CONSENSUS[rule](logits).topk(2).values.diff(dim=-1)[:, 0].numpy() != 0
        chosen, expected = chosen[decided], expected[decided]
    np.testing.assert_array_equal(chosen, expected)


def test_smoothed_votes_leave_a_penalty_where_one_hot_votes_leave_none(logits):
    logits[:, 0] = torch.tensor([3.0, 1.0, 0.0, -1.0]) * torch.tensor([[1.0], [2.0], [3.0]])  # all vote for class 0
    p = CONSENSUS["majority_vote"](logits)[0].softmax(-1)
    assert p.tolist() == pytest.approx([3.1 / 3.4, *[0.1 / 3.4] * 3])
    one_hot = torch.tensor([[1.0, 0.0, 0.0, 0.0]], dtype=torch.float64)
    assert quadratic_forms(logits[:, :1] - one_hot, one_hot).abs().max() == 0
    assert prediction_diversity(logits[:, :1], "majority_vote") > 0.1


def test_a_constant_added_to_a_members_logits_changes_no_penalty(logits, labels):
    moved = logits + draw(M, N, 1, key="constants")
    for rule in sorted(set(CONSENSUS) - {"median_logit"}):  # a median takes each class from another member
        before, after = (prediction_diversity(values, rule).item() for values in (logits, moved))
        assert after == pytest.approx(before, rel=1e-9)
    assert ensemble_gain(moved, labels).item() == pytest.approx(ensemble_gain(logits, labels).item(), rel=1e-9)


def test_equal_members_have_no_diversity(labels):
    equal = draw(1, N, CLASSES).expand(M, -1, -1)
    for rule in DIFFERENTIABLE:
        assert prediction_diversity(equal, rule).item() == pytest.approx(0, abs=1e-12)
    assert ensemble_gain(equal, labels).item() == pytest.approx(0, abs=1e-12)
    assert attribution_diversity(draw(1, N, 1, 2, 2).expand(M, -1, -1, -1, -1)) == 0


def test_the_gain_is_never_negative_and_smoothing_reaches_both_terms(logits, labels):
    for smoothing in (0.0, 0.2):
        assert ensemble_gain(logits, labels, smoothing) > 0
    loss = TeamLoss("balanced", weight=1.0)(logits, labels, smoothing=0.2).loss
    expected = torch.nn.functional.cross_entropy(logits.mean(0), labels, label_smoothing=0.2)
    assert loss.item() == pytest.approx(expected.item())


def test_an_image_counts_for_the_cap_at_most_and_pulls_no_longer(logits, labels, maps):
    logits.requires_grad_()
    f = logits.mean(0)
    each = (quadratic_forms(logits - f, f.softmax(-1)).mean(0) / 2).detach()
    cap = each.median().item()
    capped = prediction_diversity(logits, "mean_logit", cap=cap)
    assert capped.item() == pytest.approx(each.clamp(max=cap).mean().item())
    (gradient,) = torch.autograd.grad(capped, logits)
    assert (gradient[:, each > cap] == 0).all()
    assert (gradient[:, each < cap].abs().sum((0, 2)) > 0).all()
    loss = TeamLoss("gncl", weight=5.0, cap=0.1)
    assert loss(1e3 * logits, labels).diversity <= 0.1
    assert attribution_diversity(1e3 * maps, "none", cap=0.5) == 0.5


def test_normalised_maps_differ_by_no_more_than_the_bound(maps):
    apart = torch.eye(M, dtype=torch.float64).view(M, 1, 1, 1, M) * torch.tensor([1.0, 9.0, 0.1]).view(M, 1, 1, 1, 1)
    assert attribution_diversity(apart).item() == pytest.approx((M - 1) / M)
    assert attribution_diversity(maps * 1e6).item() == pytest.approx(attribution_diversity(maps).item())
    dark = torch.cat([maps, torch.zeros_like(maps[:, :1])], 1)  # a map of zeros stays one
    assert attribution_diversity(dark).item() == pytest.approx(attribution_diversity(maps).item() * N / (N + 1))


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ({"lambda": -0.1}, r"teams\.toy\.lambda must lie in 0\.\.inf, not -0\.1"),
        ({"lambda": float("nan")}, r"teams\.toy\.lambda must lie in 0\.\.inf, not nan"),
        ({"loss": "ncl"}, r"teams\.toy\.loss must be one of gncl, independent, .*, not 'ncl'"),
        ({"consensus": "mode"}, r"teams\.toy\.consensus must be one of mean_logit, .*, not 'mode'"),
        ({"reduction": "sum"}, r"teams\.toy\.reduction must be one of paper, gncl, not 'sum'"),
        ({"normalise": "rank"}, r"teams\.toy\.normalise must be one of l2, sum, none, not 'rank'"),
        ({"loss": "balanced", "lambda": 1.5}, r"teams\.toy\.lambda must lie in 0\.\.1 for the loss balanced, not 1\.5"),
        ({"weight": 0.2}, r"teams\.toy: unknown key weight; possible are loss, consensus, lambda, "),
    ],
)
def test_a_fault_is_one_line_that_names_the_key(entry, fault):
    with pytest.raises(UserError, match=fault) as raised:
        TeamLoss.from_config(entry, "teams.toy")
    assert "\n" not in str(raised.value)


def test_a_config_sets_what_the_loss_describes():
    loss = TeamLoss.from_config({"loss": "masked_gncl", "consensus": "majority_vote", "lambda": 1, "cap": None}, "x")
    assert loss == TeamLoss("masked_gncl", "majority_vote", 1.0)
    assert loss.described()["lambda"] == 1.0
    assert loss.described()["penalty_consensus"] == "majority_vote"
    assert TeamLoss("balanced").described()["penalty_consensus"] is None
    told = [TeamLoss(name, explained=8).described()["explained"] for name in ("attribution", "gncl")]
    assert told == [8, None]
