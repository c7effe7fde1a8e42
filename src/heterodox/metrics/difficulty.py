"""Difficulty functions: how likely a network made by a design methodology is to fail on an image.

Littlewood & Miller, "Conceptual modeling of coincident failures in multiversion software" (1989), of which Eckhardt &
Lee (1985) is the case of one methodology; resilience study, section 3.1.1 and Figure 3. A methodology stands here for
a family of members, the programs that were drawn from it.
"""

from typing import NamedTuple

import numpy as np


class Coincidence(NamedTuple):
    """How often two networks, one drawn from each methodology, fail on the same image.

    `expected` = E[theta_A theta_B], in [0, 1], lower = better; `independent` = E[theta_A] E[theta_B], what it would be
    if their failures were independent; `covariance` = Cov(theta_A, theta_B) = expected - independent, negative where
    what is hard for one methodology is easy for the other.
    """

    expected: float
    independent: float
    covariance: float


def difficulty(failed: np.ndarray) -> np.ndarray:
    """Return theta(x), the share of the members that fail on each image (n,), in [0, 1], from failures (m, n)."""
    return np.asarray(failed, bool).mean(axis=0)


def pair_weights(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the weight (m, m) of each pair of members when member i stands first[i] and second[i] times in a family.

    A member is never paired with itself: a network and its own copy fail together, which says nothing of the next
    network that the methodology would yield. This is what makes E[theta^2] within one methodology unbiased; the
    plain mean of the squared difficulty would exceed it by E[theta (1 - theta)] / m.
    """
    weights = np.outer(first, second).astype(np.float64)
    np.fill_diagonal(weights, 0)
    return weights


def coincidence(joint: np.ndarray, weights: np.ndarray) -> Coincidence:
    """Return the expected coincident failure of pairs of members, its value under independence, and the covariance.

    `joint` (m, m) holds the shares of images on which two members both fail, on its diagonal the failure rates;
    `weights` (m, m) as of `pair_weights`. With families that share no member this is the mean over images of
    theta_A theta_B. NaN where no pair has weight.
    """
    total = weights.sum()
    if total == 0:
        return Coincidence(float("nan"), float("nan"), float("nan"))
    rates = np.diag(joint)
    expected = float((weights * joint).sum() / total)
    independent = float(rates @ weights @ rates / total)
    return Coincidence(expected, independent, expected - independent)
