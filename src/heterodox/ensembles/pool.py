"""What is to be scored: the members of a pool and the settings, with everything refused that cannot work."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from heterodox.ensembles.attribution import check_normalisations
from heterodox.ensembles.subsets import Subsets, check_pool, subsets
from heterodox.ensembles.verdicts import rule_numbers
from heterodox.errors import UserError
from heterodox.metrics import diversity
from heterodox.storage.members import read_description

PAIR_METRICS = ("q_statistic", "rho", "cosine", "kl")
GROUP_METRICS = {
    "entropy": diversity.entropy,
    "coincident_failure_diversity": diversity.coincident_failure_diversity,
}


@dataclass(frozen=True)
class Pool:
    """The members by name, k of them per ensemble, and the rules and measures by which they are scored.

    `method` names the explanation whose maps count, or None. `metrics` are further columns: q_statistic, rho,
    cosine, kl (an ensemble has the mean of its pairs), entropy, coincident_failure_diversity. `parameters` and
    `validation_accuracy` (on the clean validation split) are by member; a member may be absent.
    """

    members: Sequence[str]
    k: int = 3
    consensus: Sequence[str] = ("mean_logit", "majority_vote")
    method: str | None = "saliency"
    normalise: str = "l2"
    metrics: Sequence[str] = ()
    parameters: Mapping[str, int] | None = None
    validation_accuracy: Mapping[str, float] | None = None

    def subsets(self) -> Subsets:
        """Return every ensemble; UserError where the pool or a setting is unusable."""
        check_pool(self.members, self.k)
        rule_numbers(self.consensus)
        check_normalisations([self.normalise])
        known = (*PAIR_METRICS, *GROUP_METRICS)
        for name in self.metrics:
            if name not in known:
                raise UserError(f"metrics: '{name}' is unknown; choose from {', '.join(known)}")
        return subsets(len(self.members), self.k)


def pool_from(config: Mapping[str, Any], descriptions: Iterable[Path] = ()) -> Pool:
    """Return the pool of a config slice, with what its members' descriptions say about them.

    The slice holds `pool` (members and any of k, consensus, normalise, metrics), `methods` (the first one counts) and
    `outside`: by name, the `parameters` and `validation_accuracy`, if known, of members whose dumps were made elsewhere
    and have no description.
    """
    facts = dict(config.get("outside", {}))
    facts |= {description["member"]: description for description in map(read_description, descriptions)}
    return Pool(
        **config["pool"],
        method=next(iter(config.get("methods", [])), None),
        parameters=_named("parameters", facts),
        validation_accuracy=_named("validation_accuracy", facts),
    )


def _named(fact: str, facts: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    return {name: known[fact] for name, known in facts.items() if known.get(fact) is not None}
