"""Losses of members that learn together: their cross-entropy minus a weighted diversity (resilience study, Eqs 1-3, 8).

M members give `logits` (M, n, classes) for n images with `labels` (n,). Every function returns the mean over images of
a quantity in nats (attribution diversity has no unit), and every diversity is >= 0, higher = more diverse.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from torch import Tensor
from torch.nn.functional import cross_entropy, log_softmax, normalize, one_hot

from heterodox.errors import UserError
from heterodox.training.recipe import Checked, choice, number

VOTE_SMOOTHING = 0.1  # votes that every class has before the members vote


def mean_cross_entropy(logits: Tensor, labels: Tensor, smoothing: float = 0.0) -> Tensor:
    """Return the mean over members and images of l(h_i, y), with that share of the target spread evenly."""
    return cross_entropy(logits.flatten(0, 1), labels.repeat(len(logits)), label_smoothing=smoothing)


def _median_logit(logits: Tensor) -> Tensor:
    middle = logits.sort(dim=0).values[(len(logits) - 1) // 2 : len(logits) // 2 + 1]
    return middle.mean(0)  # for even M the mean of the two middle ones


def _log_vote_shares(logits: Tensor) -> Tensor:
    votes = one_hot(logits.argmax(-1), logits.shape[-1]).to(logits.dtype).sum(0) + VOTE_SMOOTHING
    return (votes / votes.sum(-1, keepdim=True)).log()


# f (n, classes) of the penalty, whose softmax is p. Votes have no gradient; through all others it flows.
CONSENSUS: dict[str, Callable[[Tensor], Tensor]] = {
    "mean_logit": lambda logits: logits.mean(0),
    "mean_probability": lambda logits: log_softmax(logits, -1).logsumexp(0) - math.log(len(logits)),
    "median_logit": _median_logit,
    "geometric_mean": lambda logits: log_softmax(logits, -1).mean(0),
    "majority_vote": _log_vote_shares,
}


def quadratic_forms(differences: Tensor, probabilities: Tensor) -> Tensor:
    """Return d^T D d >= 0 (M, n) for d (M, n, classes) and D = diag(p) - p p^T, the cross-entropy's Hessian at p.

    It is the variance of d over classes drawn from p (n, classes), so no matrix is needed and a constant added to d has
    no effect.
    """
    centred = differences - (probabilities * differences).sum(-1, keepdim=True)
    return (probabilities * centred.square()).sum(-1)


def prediction_diversity(
    logits: Tensor, consensus: str, active: Tensor | None = None, cap: float | None = None
) -> Tensor:
    """Return 1 / (2 M) sum_i d_i^T D d_i, d_i = h_i - f: the penalty of Eq. 2 without lambda.

    Where `active` (M, n) is false a member does not count for an image, M stays. An image counts for `cap` at most;
    one that has more of it pulls no longer. Without cap the diversity has no upper bound.
    """
    f = CONSENSUS[consensus](logits)
    forms = quadratic_forms(logits - f, f.softmax(-1))
    if active is not None:
        forms = forms * active
    return _limited(forms.mean(0) / 2, cap).mean()


def _limited(of_images: Tensor, cap: float | None) -> Tensor:
    return of_images if cap is None else of_images.clamp(max=cap)


def ensemble_gain(logits: Tensor, labels: Tensor, smoothing: float = 0.0) -> Tensor:
    """Return how much less than its mean member the mean of the logits loses; by Jensen's inequality never below 0."""
    together = cross_entropy(logits.mean(0), labels, label_smoothing=smoothing)
    return mean_cross_entropy(logits, labels, smoothing) - together


# Attribution maps (M, n, values) scaled as the metric of Eq. 7 scales them; ranks have no gradient.
NORMALISATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "l2": lambda maps: normalize(maps, dim=-1),
    "sum": lambda maps: normalize(maps, p=1, dim=-1),
    "none": lambda maps: maps,
}


def attribution_diversity(maps: Tensor, normalisation: str = "l2", cap: float | None = None) -> Tensor:
    """Return A (Eq. 7) of maps (M, n, channels, H, W): population variance over members, summed over a map's values.

    With `l2` it lies in [0, (M - 1) / M]; with `none` it has no upper bound. An image counts for `cap` at most.
    """
    scaled = NORMALISATIONS[normalisation](maps.flatten(2))
    return _limited(scaled.var(0, correction=0).sum(-1), cap).mean()


class Terms(NamedTuple):
    """A team's loss, to be lowered, and its parts: the members' mean `cross_entropy` and the unweighted `diversity`."""

    loss: Tensor
    cross_entropy: Tensor
    diversity: Tensor


@dataclass(frozen=True)
class TeamLoss(Checked):
    """What the members of a team learn together. With C = 1/M sum_i l(h_i, y) the mean of the members' cross-entropies:

    `independent` (Eq. 1): M C, the sum over members, so that each has the gradient that it would have alone.
    `gncl` (Eq. 2): M C - lambda / (2 M) sum_i d_i^T D d_i in the paper's reduction, which sums the first term; with
    reduction `gncl`, as first published, C takes the place of M C, so its lambda is the paper's divided by M.
    `masked_gncl`: the same, without the penalty of a member for the images that it gets wrong.
    `balanced` (Eq. 3): lambda l(f, y) + (1 - lambda) C, f the mean of the logits; mean over members.
    `attribution` (Eq. 8): C - lambda A, A the variance of the members' saliency maps; mean over members.

    `consensus` is the penalty's f in (masked) GNCL; `normalise` scales the maps before their variance. Both diversities
    are subtracted and, but for normalised maps, unbounded, so the loss has no minimum unless `cap` limits what an image
    contributes. With `majority_vote` it needs one at any lambda: p does not sharpen while the logits grow, so the
    penalty grows with their square. `explained` is how many images of a batch, its first ones, give maps: their
    variance estimates that of the whole batch at a share of the cost; without it all do.
    """

    loss: str = choice("gncl", "independent", "masked_gncl", "balanced", "attribution")
    consensus: str = choice("mean_logit", *(name for name in CONSENSUS if name != "mean_logit"))
    weight: float = number(0.2, key="lambda")
    reduction: str = choice("paper", "gncl")
    normalise: str = choice("l2", "sum", "none")
    cap: float | None = number(None)
    explained: int | None = number(None, low=1)

    @classmethod
    def from_config(cls, config: Mapping[str, Any], where: str = "team") -> Self:
        """Read `config` as every `Checked` does; the weight of `balanced` shares a whole, so it is 1 at most."""
        loss = super().from_config(config, where)
        if loss.loss == "balanced" and loss.weight > 1:
            raise UserError(f"{where}.lambda must lie in 0..1 for the loss balanced, not {loss.weight:g}")
        return loss

    @property
    def explains(self) -> bool:
        """Say whether the loss looks at attribution maps."""
        return self.loss == "attribution"

    @property
    def penalises(self) -> bool:
        """Say whether the loss has a penalty on predictions, and with it a consensus."""
        return self.loss in ("gncl", "masked_gncl")

    @property
    def bounded(self) -> bool:
        """Say whether the loss has a lower bound; without one, its diversity can grow for ever."""
        unlimited = self.penalises or (self.explains and self.normalise == "none")
        return self.cap is not None or not unlimited

    def factor(self, members: int) -> int:
        """Return by what the members' mean cross-entropy is multiplied."""
        summed = self.loss == "independent" or (self.penalises and self.reduction == "paper")
        return members if summed else 1

    def __call__(self, logits: Tensor, labels: Tensor, maps: Tensor | None = None, smoothing: float = 0.0) -> Terms:
        """Return the terms of logits (M, n, classes), labels (n,) and, if it `explains`, maps (M, m, C, H, W)."""
        mean = mean_cross_entropy(logits, labels, smoothing)
        diversity = self._diversity(logits, labels, maps, smoothing)
        return Terms(self.factor(len(logits)) * mean - self.weight * diversity, mean, diversity)

    def _diversity(self, logits: Tensor, labels: Tensor, maps: Tensor | None, smoothing: float) -> Tensor:
        if self.penalises:
            right = logits.argmax(-1) == labels if self.loss == "masked_gncl" else None
            return prediction_diversity(logits, self.consensus, right, self.cap)
        if self.loss == "balanced":
            return ensemble_gain(logits, labels, smoothing)
        if self.explains and maps is not None:
            return attribution_diversity(maps, self.normalise, self.cap)
        return logits.new_zeros(())

    def described(self) -> dict[str, Any]:
        """Return what a table says of the loss; None for what it does not use, and `explained` None for all images."""
        weighted = self.loss != "independent"
        return {
            "team_loss": self.loss,
            "penalty_consensus": self.consensus if self.penalises else None,
            "lambda": self.weight if weighted else None,
            "reduction": self.reduction if self.penalises else None,
            "normalise": self.normalise if self.explains else None,
            "cap": self.cap if self.penalises or self.explains else None,
            "explained": self.explained if self.explains else None,
        }
