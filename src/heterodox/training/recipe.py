"""How a network is trained: every number in one block, checked when it is read."""

import types
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from typing import Any, Self, get_args, get_origin, get_type_hints

from heterodox.errors import UserError


def number(default: Any, low: float = 0.0, high: float = float("inf"), **key: str) -> Any:
    """Declare a number within low..high, both allowed; `key` is its name in a config where Python keeps the word."""
    return field(default=default, metadata={"low": low, "high": high, **key})


def choice(default: str, *others: str) -> Any:
    """Declare one word of several."""
    return field(default=default, metadata={"choices": (default, *others)})


@dataclass(frozen=True)
class Checked:
    """Fields that come from a config: unknown keys, wrong types and values out of range are one-line errors."""

    @classmethod
    def from_config(cls, config: Mapping[str, Any], where: str = "recipe") -> Self:
        """Read `config`; keys left out take their defaults. Errors begin with `where` the values stand."""
        known = {item.metadata.get("key", item.name): item for item in fields(cls)}
        for key in config:
            if key not in known:
                raise UserError(f"{where}: unknown key {key}; possible are {', '.join(known)}")
        kinds = get_type_hints(cls)
        values = {}
        for key, value in config.items():
            name = known[key].name
            values[name] = _checked(value, kinds[name], known[key], f"{where}.{key}")
        return cls(**values)


def _checked(value: Any, kind: Any, item: "Field[Any]", where: str) -> Any:
    if isinstance(kind, types.UnionType):  # float | None
        if value is None:
            return None
        kind = get_args(kind)[0]
    if get_origin(kind) is tuple:
        return _checked_tuple(value, get_args(kind), item, where)
    accepted = (int, float) if kind is float else kind
    if not isinstance(value, accepted) or (kind is not bool and isinstance(value, bool)):
        raise UserError(f"{where} must be {kind.__name__}, not {value!r}")
    _check_range(value, item, where)
    return kind(value)


def _checked_tuple(value: Any, kinds: tuple[Any, ...], item: "Field[Any]", where: str) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple) or len(value) != len(kinds):
        raise UserError(f"{where} must be a list of {len(kinds)} numbers, not {value!r}")
    return tuple(_checked(part, kind, item, where) for part, kind in zip(value, kinds, strict=True))


def _check_range(value: Any, item: "Field[Any]", where: str) -> None:
    if "choices" in item.metadata and value not in item.metadata["choices"]:
        raise UserError(f"{where} must be one of {', '.join(item.metadata['choices'])}, not {value!r}")
    # written so that NaN is refused too
    if "low" in item.metadata and not item.metadata["low"] <= value <= item.metadata["high"]:
        raise UserError(f"{where} must lie in {item.metadata['low']:g}..{item.metadata['high']:g}, not {value!r}")


@dataclass(frozen=True)
class Optimization(Checked):
    """What the training loop itself needs, whatever the loss.

    `warmup_epochs` of linear rise from 0 to `learning_rate`, then the `schedule`: `cosine` falls to 0 at the end,
    `step` multiplies by `step_factor` every `step_epochs`, `constant` stays. `weight_decay` is decoupled for adamw
    and adabelief, an L2 term for sgd; parameters of one axis (biases, gains) are not decayed. `momentum` belongs to sgd
    (Nesterov), `betas` and `epsilon` to the other two. `precision` bfloat16 is autocast, weights stay float32.
    """

    optimizer: str = choice("adamw", "sgd", "adabelief")
    learning_rate: float = number(1e-3, high=10)
    weight_decay: float = number(0.05, high=10)
    momentum: float = number(0.9, high=1)
    betas: tuple[float, float] = number((0.9, 0.999), high=1)
    epsilon: float = number(1e-8, low=1e-30, high=1)
    epochs: int = number(10, low=1)
    batch_size: int = number(64, low=2)
    warmup_epochs: float = number(0.0)
    schedule: str = choice("cosine", "step", "constant")
    step_epochs: int = number(30, low=1)
    step_factor: float = number(0.1, high=1)
    precision: str = choice("float32", "bfloat16")
    channels_last: bool = False


@dataclass(frozen=True)
class Recipe(Optimization):
    """Supervised training: the loop's numbers, and what happens to images and labels.

    `label_smoothing` spreads that share of the target evenly; `flip` mirrors half of the images; `shift` moves each
    image by up to that many pixels in both directions, filled with black.
    """

    label_smoothing: float = number(0.0, high=0.999)
    flip: bool = False
    shift: int = number(0)


@dataclass(frozen=True)
class Probe(Checked):
    """A linear classifier on frozen features: `weight_decay` times half the squared weights is added to the mean
    cross-entropy (features standardised), and L-BFGS takes at most `iterations`.
    """

    weight_decay: float = number(1e-3)
    iterations: int = number(200, low=1)


@dataclass(frozen=True)
class Pretraining(Optimization):
    """Self-distillation without labels (DINO, Caron et al. 2021).

    Every image gives two global and `local_views` local views: a crop of a share of the area within `global_scale` or
    `local_scale`, mirrored in half of the cases, brightness and contrast changed by factors within 1 -+ `jitter`,
    blended with its blurred self. Teacher and student end in `outputs` logits behind a projection of `hidden` and
    `bottleneck` units. The teacher follows the student with `teacher_momentum`, rising to 1 at the end; its outputs
    are centred by a running mean (`centre_momentum`) and sharpened by `teacher_temperature`.
    """

    local_views: int = number(2)
    global_scale: tuple[float, float] = number((0.5, 1.0), low=0.01, high=1)
    local_scale: tuple[float, float] = number((0.2, 0.5), low=0.01, high=1)
    jitter: float = number(0.4, high=1)
    outputs: int = number(256, low=2)
    hidden: int = number(128, low=1)
    bottleneck: int = number(64, low=1)
    teacher_momentum: float = number(0.99, high=1)
    centre_momentum: float = number(0.9, high=1)
    student_temperature: float = number(0.1, low=1e-3)
    teacher_temperature: float = number(0.04, low=1e-3)


@dataclass(frozen=True)
class HeadRecipe(Checked):
    """Training of a head on frozen features: SGD with Nesterov's momentum, `hidden` units, and when to stop.

    A head stops after `patience` epochs in a row in which `criterion` on the validation images was no better than
    before, at the latest after `epochs`, and keeps the weights of its best epoch. The defaults are the paper's.
    """

    hidden: int = number(512, low=1)
    learning_rate: float = number(1e-3, high=10)
    momentum: float = number(0.9, high=1)
    batch_size: int = number(32, low=1)
    epochs: int = number(600, low=1)
    patience: int = number(10, low=1)
    criterion: str = choice("validation_loss", "validation_accuracy")
