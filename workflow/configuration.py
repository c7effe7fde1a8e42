"""Read the configuration as the schema describes it: defaults filled in, every fault in one line.

`python workflow/configuration.py` prints the configuration reference, docs/configuration.md.
"""

import copy
import json
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import cell_study
import explanation_study
import member_groups
import pruning_study
import yaml
from jsonschema import Draft202012Validator, ValidationError, validators

ROOT = Path(__file__).resolve().parent.parent
SCHEMAS = ROOT / "workflow" / "schemas"
# A key marked `registry: name` in the schema takes the names of the folder's files that define this function.
REGISTRIES = {
    "architectures": ("networks/zoo", "build"),
    "corruptions": ("corruptions", "draw_parameters"),
    "methods": ("explain", "explain"),
    "sources": ("datasets", "official_parts"),
}
# What a schema cannot see of a study's own section.
STUDY_FAULTS = {
    "explanation_study": explanation_study.faults,
    "pruning": pruning_study.faults,
    "cells": cell_study.faults,
}


def registered(registry: str, root: Path = ROOT) -> list[str]:
    """Return the names a registry offers: its folder's listing, never a list kept by hand."""
    folder, function = REGISTRIES[registry]
    files = [file for file in (root / "src" / "heterodox" / folder).glob("*.py") if file.stem != "interface"]
    return sorted(file.stem for file in files if f"\ndef {function}(" in file.read_text(encoding="utf-8"))


@cache
def read_schema() -> dict[str, Any]:
    """Return the schema with the studies' parts in their places and the registries' names as enumerations."""

    def fill(node: Any) -> Any:
        if isinstance(node, list):
            return [fill(value) for value in node]
        if not isinstance(node, dict):
            return node
        if "study" in node:
            return fill(_yaml_of(node["study"]))
        filled = {key: fill(value) for key, value in node.items() if key != "registry"}
        return filled | ({"enum": registered(node["registry"])} if "registry" in node else {})

    return fill(_yaml_of("config"))


def _yaml_of(schema: str) -> Any:
    return yaml.safe_load((SCHEMAS / f"{schema}.schema.yaml").read_text(encoding="utf-8"))


def _with_defaults(schema: dict[str, Any]) -> Any:
    """Return a validator that fills in the defaults of the objects it visits."""
    check_properties = Draft202012Validator.VALIDATORS["properties"]

    def fill_then_check(validator: Any, properties: Any, instance: Any, parent: Any) -> Iterator[ValidationError]:
        if isinstance(instance, dict):
            for name, entry in properties.items():
                if "default" in entry:
                    instance.setdefault(name, copy.deepcopy(entry["default"]))
        yield from check_properties(validator, properties, instance, parent)

    return validators.extend(Draft202012Validator, {"properties": fill_then_check})(schema)


def _line(error: ValidationError, section: str = "") -> str:
    """Return a fault as one line; `section` is where the instance that was checked stands in the configuration."""
    where = ".".join([section] * bool(section) + [str(step) for step in error.absolute_path]) or "top level"
    message = error.message.splitlines()[0]
    if error.validator == "additionalProperties":
        known = sorted(error.schema.get("properties", {}))
        unknown = sorted(set(error.instance) - set(known))
        message = f"unknown key {', '.join(map(repr, unknown))}; known here: {', '.join(known)}"
    elif error.validator == "type" and isinstance(error.instance, str) and re.fullmatch(r"\d+e-?\d+", error.instance):
        message += " (YAML reads 1e-3 as text; write 1.0e-3)"
    elif error.validator == "pattern" and "description" in error.schema:
        message = f"{error.instance!r} is not allowed here; expected: {error.schema['description'].strip()}"
    elif error.validator == "propertyNames":
        message = f"{message}; as a name"
    elif error.validator == "type" and error.instance is None:
        message = f"missing or null; give a value of type {error.validator_value}"
    return f"config: {where}: {message}"


def _keys_that_are_no_text(node: Any, path: str = "") -> Iterator[str]:
    """Yield a fault for every key that YAML reads as a number, a date or a truth value."""
    if isinstance(node, dict):
        for key, value in node.items():
            if not isinstance(key, str):
                yield f"config: {path or 'top level'}: YAML reads the name {key!r} as {type(key).__name__}; quote it"
            yield from _keys_that_are_no_text(value, f"{path}.{key}".lstrip("."))


def _references(config: dict[str, Any]) -> Iterator[str]:
    """Yield the faults that a schema cannot see: names that point nowhere, pools too small."""
    if config["data"] is None and (config["members"] or config["pruning"] or config["cells"]):
        yield "config: data: missing; name where the images come from"
    if not any(config[key] for key in ("members", "pruning", "cells", "explanation_study")):
        yield "config: top level: no study; add members with pools, explanation_study, pruning or cells"
    if config["members"] and not config["pools"]:
        yield "config: pools: missing; name the members from which ensembles are drawn"
    for name in config["members"]:
        yield from (f"config: members.{name}{fault}" for fault in _member_faults(config, name))
        yield from _change_faults(config, name)
    yield from _pool_faults(config)
    yield from _figure_faults(config)
    yield from _severity_faults(config)
    yield from member_groups.faults(config)
    for study, faults in STUDY_FAULTS.items():
        yield from faults(config) if config[study] else []
    shifts = shifts_of(config)
    for name in sorted({shift for shift in shifts if shifts.count(shift) > 1}):
        yield f"config: shift {name!r} is named twice"


def _member_faults(config: dict[str, Any], name: str) -> Iterator[str]:
    member = config["members"][name]
    if "dump" in member:
        yield from _dump_faults(member)
    elif "arch" not in member:
        yield ": needs 'arch' (a network to train or fetch) or 'dump' (one made elsewhere)"
    for key, section in _named_sections(member):
        if member.get(key) not in config[section]:
            yield f".{key}: {member.get(key)!r} is not in {section}: {', '.join(config[section])}"
    yield from _teacher_faults(config, member)


def _change_faults(config: dict[str, Any], name: str) -> Iterator[str]:
    """Yield what is wrong with a member's own recipe values, on top of the recipe it names."""
    member = config["members"][name]
    merged = config["recipes"].get(member.get("recipe"), {}) | member["changes"]
    for error in Draft202012Validator(read_schema()["$defs"]["recipe"]).iter_errors(merged):
        yield _line(error, f"members.{name}.changes")


def _teacher_faults(config: dict[str, Any], member: dict[str, Any]) -> Iterator[str]:
    teacher = member.get("teacher")
    if teacher is not None and teacher not in config["members"]:
        yield f".teacher: there is no member {teacher!r}"
    elif teacher is not None and "teacher" in config["members"][teacher]:
        yield f".teacher: {teacher!r} is distilled itself; name a member trained on labels"
    elif teacher is not None and "dump" in config["members"][teacher]:
        yield f".teacher: {teacher!r} is a dump made elsewhere and cannot answer training images; name a network"


def _severity_faults(config: dict[str, Any]) -> Iterator[str]:
    """Yield the severities that Python writes with an exponent, which are no part of a shift's name."""
    for corruption, levels in config["corruptions"].items():
        for severity in levels:
            if not re.fullmatch(r"\d+\.\d+", str(float(severity))):
                yield f"config: corruptions.{corruption}: {severity} cannot name a shift; stay within 0.0001 to 1.0e+15"


def _dump_faults(member: dict[str, Any]) -> Iterator[str]:
    if "{shift}" not in member["dump"]:
        yield ".dump: the path must hold '{shift}', one file per shift"
    if "parameters" not in member:
        yield ": a dump made elsewhere needs 'parameters', the number of its network's parameters"


def _named_sections(member: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the keys of a member that must name an entry of another section."""
    if "dump" in member:
        return []
    if "probe" in member or "pretraining" in member:
        backbone = [] if member["pretrained"] else [("pretraining", "pretraining")]
        return [*backbone, ("probe", "probes")]
    return [] if member["pretrained"] else [("recipe", "recipes")]


def _figure_faults(config: dict[str, Any]) -> Iterator[str]:
    figures, shifts = config["figures"], shifts_of(config)
    shown = [
        ("single_models.members", figures["single_models"]["members"] or [], config["members"]),
        ("single_models.shift", [figures["single_models"]["shift"] or "clean"], shifts),
        (
            "baseline_by_shift.member",
            [figures["baseline_by_shift"]["member"] or name for name in list(config["members"])[:1]],
            config["members"],
        ),
        ("saliency_maps.members", figures["saliency_maps"]["members"] or [], config["members"]),
        ("improvement_by_diversity.shifts", figures["improvement_by_diversity"]["shifts"], shifts),
    ]
    for key, names, known in shown:
        for name in names:
            if name not in known:
                yield f"config: figures.{key}: there is no {name!r}; known here: {', '.join(known)}"


def _pool_faults(config: dict[str, Any]) -> Iterator[str]:
    for name, pool in config["pools"].items():
        for member in pool["members"]:
            if member not in config["members"]:
                yield f"config: pools.{name}.members: there is no member {member!r}"
        if len(pool["members"]) < pool["k"]:
            yield (
                f"config: pools.{name}: {len(pool['members'])} members cannot form ensembles of k = {pool['k']}; "
                "add members or lower k"
            )


def shifts_of(config: dict[str, Any]) -> list[str]:
    """Return the names of all shifts: clean, natural second test sets, then corruption-severity."""
    corrupted = [
        f"{corruption}-{float(severity)}" for corruption, levels in config["corruptions"].items() for severity in levels
    ]
    return ["clean", *config["natural_shifts"], *corrupted]


def complete(config: dict[str, Any]) -> list[str]:
    """Fill the defaults into `config`, in place; return one line per fault, none if it is sound."""
    faults = list(_keys_that_are_no_text(config))
    faults = faults or [_line(error) for error in sorted(_with_defaults(read_schema()).iter_errors(config), key=str)]
    return faults or list(_references(config))


def _describe(entry: dict[str, Any]) -> str:
    kinds = entry.get("type", "")
    text = " or ".join(kinds) if isinstance(kinds, list) else kinds
    if "enum" in entry:
        text = "one of " + ", ".join(f"`{value}`" for value in entry["enum"])
    bounds = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<", "minItems": "items ≥"}
    limits = [f"{sign} {entry[key]}" for key, sign in bounds.items() if key in entry]
    return ", ".join([text, *limits]) if text else ", ".join(limits)


def _rows(entry: dict[str, Any], definitions: dict[str, Any], path: str = "") -> Iterator[str]:
    for name, child in entry.get("properties", {}).items():
        here = f"{path}{name}"
        default = f"`{json.dumps(child['default'])}`" if "default" in child else "—"
        if name in entry.get("required", []):
            default = "required"
        description = " ".join(child.get("description", "").split()).replace("|", "\\|")
        yield f"| `{here}` | {_describe(child).replace('|', chr(92) + '|')} | {default} | {description} |"
        referred = definitions.get(child.get("$ref", "").rpartition("/")[2], child)
        yield from _rows(referred, definitions, here + ".")
        below = child.get("additionalProperties")
        if isinstance(below, dict):
            definition = below.get("$ref", "").rpartition("/")[2]
            yield from _rows(definitions.get(definition, below), definitions, here + ".NAME.")


def reference() -> str:
    """Return the configuration reference as Markdown, made from the schema."""
    head = (
        "# Configuration reference\n\nMade from `workflow/schemas/config.schema.yaml` by `make reference`; "
        "unknown keys are refused. NAME stands for a name of your own.\n\n"
        "| key | type and range | default | meaning |\n|---|---|---|---|\n"
    )
    schema = read_schema()
    return head + "\n".join(_rows(schema, schema["$defs"])) + "\n"


if __name__ == "__main__":
    sys.stdout.write(reference())
