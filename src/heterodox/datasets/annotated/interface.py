"""Annotated images by source: every other module of this folder with a function `official_parts` is one."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from heterodox.datasets.annotated.annotated_sets import AnnotatedSet
from heterodox.datasets.image_sets import at_most, hold_out
from heterodox.errors import UserError
from heterodox.storage.rows import State

SHARED_MODULES = {"__init__", "annotated_sets", "interface", "reading", "surroundings"}
SPLITS = ("train", "validation", "test")
HELD_OUT = 0.1  # of the training images, where a source comes without a validation split and nobody says how many


def names() -> list[str]:
    """Return the names of all sources: the listing of this folder."""
    return sorted({path.stem for path in Path(__file__).parent.glob("*.py")} - SHARED_MODULES)


def load(source: str) -> ModuleType:
    """Return the module of a source; UserError for a name that has none."""
    if source not in names():
        raise UserError(f"source '{source}' is unknown; there are {', '.join(names())}")
    return import_module(f"heterodox.datasets.annotated.{source}")


def splits(source: Mapping[str, Any], name: str, seed: int) -> dict[str, AnnotatedSet]:
    """Return the train, validation and test split of what the config's `sources.{name}` describes.

    A published data set without a validation split has it held out of its training images, of every class its share:
    `images.validation` of them, or a tenth. `images` limits each split to that many, and `attributes` what is told.
    """
    parts = dict(load(source["source"]).official_parts(source, name, seed))
    counts = dict(source.get("images", {}))
    if "validation" not in parts:
        amount = counts.get("validation", HELD_OUT)
        where = f"sources.{name}.images.validation"
        parts["train"], parts["validation"] = hold_out(parts["train"], amount, seed, name, where)
    told = source.get("attributes")
    return {
        split: _limited(part, counts.get(split), seed, f"{name} {split}").telling(part.values if told is None else told)
        for split, part in parts.items()
    }


def _limited(part: AnnotatedSet, count: int | None, seed: int, name: str) -> AnnotatedSet:
    return part if count is None else at_most(part, count, seed, name)


def prepare(
    source: Mapping[str, Any],
    name: str,
    dataset: str,
    seed: int,
    paths: Mapping[str, Path],
    states: Mapping[str, State] | None = None,
) -> None:
    """Write the splits named in `paths` as files of annotated images; with states, a killed attempt goes on."""
    parts = splits(source, name, seed)
    for split, path in paths.items():
        attributes = {"dataset": dataset, "split": split, "seed": seed, "source": source["source"]}
        parts[split].write(path, attributes, (states or {}).get(split))
