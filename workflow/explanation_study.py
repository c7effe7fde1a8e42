"""The explanation study's section of the configuration: what a schema cannot see of it."""

from collections.abc import Iterator
from typing import Any

import answer_files
import explanation_tables

Config = dict[str, Any]
SMALLEST_BIRD = 64


def faults(config: Config) -> Iterator[str]:
    """Yield one line per fault of `explanation_study`, which is not null here."""
    section = config["explanation_study"]
    yield from _source_faults(section)
    yield from _member_faults(section)
    yield from answer_files.faults(section)
    yield from _people_faults(section)
    yield from explanation_tables.faults(section)


def _source_faults(section: Config) -> Iterator[str]:
    """Yield the faults of sources of annotated images and of the tasks that are learned from them."""
    for name, source in section["sources"].items():
        where = f"config: explanation_study.sources.{name}"
        if source["source"] == "birds" and source["size"] < SMALLEST_BIRD:
            yield f"{where}.size: birds are drawn with at least {SMALLEST_BIRD} pixels, not {source['size']}"
        if source["source"] != "birds" and not source["folder"]:
            yield f"{where}.folder: missing; give the folder of the published data set below data_root"
    for name, task in section["tasks"].items():
        where = f"config: explanation_study.tasks.{name}"
        yield from _unknown(f"{where}.source", task["source"], section, "sources")
        yield from _unknown(f"{where}.evaluated_on", task["evaluated_on"], section, "sources")
        if bool(task["attribute"]) == bool(task["presence"]):
            yield f"{where}: takes either an attribute or the presence of parts; give one of the two"
    if section["multitask"]:
        where = "config: explanation_study.multitask"
        yield from _unknown(f"{where}.source", section["multitask"]["source"], section, "sources")
        yield from _unknown(f"{where}.backbone", section["multitask"]["backbone"], section, "backbones")


def _member_faults(section: Config) -> Iterator[str]:
    """Yield the faults of backbones and of the members on them."""
    for name, backbone in section["backbones"].items():
        where = f"config: explanation_study.backbones.{name}.source"
        yield from _unknown(where, backbone["source"], section, "sources")
    for name, members in section["member_sets"].items():
        where = f"config: explanation_study.member_sets.{name}"
        yield from _unknown(f"{where}.task", members["task"], section, "tasks")
        yield from _unknown(f"{where}.backbone", members["backbone"], section, "backbones")
        if members["strategy"] == "leave_one_bucket_out" and members["members"] < 2:
            yield f"{where}.members: leave_one_bucket_out needs at least 2, not {members['members']}"
        moved = [key for key in ("flip", "shift") if (members.get("recipe") or {}).get(key)]
        if members["trunk"] == "frozen" and moved:
            yield f"{where}.recipe.{moved[0]}: a frozen trunk's features are of images as they are; leave it out"


def _unknown(where: str, name: str | None, section: Config, key: str) -> Iterator[str]:
    """Yield a fault unless a name is one of a part of the section, or null."""
    if name is not None and name not in section[key]:
        yield f"{where}: {name!r} is not in {key}: {', '.join(section[key])}"


def _people_faults(section: Config) -> Iterator[str]:
    """Yield the faults of what is made for people: arrows, stimuli and pages of the user studies."""
    multitask, people = section["multitask"], section["user_study"]
    if people and not multitask:
        yield "config: explanation_study.user_study: needs multitask, whose networks mark the images; add it"
        return
    where = "config: explanation_study"
    methods = {"arrows.method": section["arrows"]["method"]}
    if people:
        methods |= {"user_study.method": people["method"], "user_study.averaging.method": people["averaging"]["method"]}
        if people["pairs"] and people["learning"]["pairs"] > len(people["pairs"]):
            yield f"{where}.user_study.learning.pairs: {people['learning']['pairs']}, but `pairs` names fewer"
    for key, method in methods.items():
        yield from (f"{where}.{key}: {fault}" for fault in explanation_tables.method_faults([method]))
    for key in ("arrows", "user_study") if multitask else ():
        entry = section[key] or {}
        known = [*multitask["attributes"], *multitask["presence"]]
        for name in entry.get("attributes") or []:
            if name not in known:
                where = f"config: explanation_study.{key}.attributes"
                yield f"{where}: {name!r} is not in multitask.attributes or .presence: {', '.join(known)}"
    if people and people["averaging"]["member_set"] not in (None, *section["member_sets"]):
        name, known = people["averaging"]["member_set"], ", ".join(section["member_sets"])
        yield f"config: explanation_study.user_study.averaging.member_set: {name!r} is not in member_sets: {known}"
