"""What the explanation study explains and tabulates: the faults that a schema cannot see."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Config = dict[str, Any]
METHODS = Path(__file__).resolve().parent.parent / "src" / "heterodox" / "explain"


def faults(section: Config) -> Iterator[str]:
    """Yield one line per fault of the methods, tables and ensembles of the explanation study."""
    where = "config: explanation_study"
    yield from (f"{where}.methods: {fault}" for fault in method_faults(section["methods"]))
    for name, members in section["member_sets"].items():
        yield from (f"{where}.member_sets.{name}.methods: {fault}" for fault in method_faults(members["methods"] or []))
    known = _known_methods()
    for name in section["fewer_images"]:
        if name not in known:
            yield f"{where}.fewer_images: {name!r} is no method: {', '.join(known)}"
    yield from _set_faults(section)


def marks_a_part(section: Config, member_set: str) -> bool:
    """Say whether somebody marked what the maps of a member set should show, so that they can be scored."""
    task = section["tasks"].get(section["member_sets"][member_set]["task"], {})
    return bool(task.get("part") or task.get("presence"))


def _known_methods() -> list[str]:
    files = sorted(METHODS.glob("*.py"))
    return [file.stem for file in files if "\ndef explain(" in file.read_text(encoding="utf-8")]


def method_faults(names: list[str]) -> Iterator[str]:
    """Yield what is wrong with the names of methods of explanation that stand together."""
    known = _known_methods()
    for name in names:
        stem, _, number = name.partition("-")
        if stem not in known or (number and not re.fullmatch("[1-9][0-9]*", number)):
            yield f"{name!r} is no method: {', '.join(known)}; steps or samples stand after a hyphen"
    stems = [name.partition("-")[0] for name in names]
    for stem in sorted({stem for stem in stems if stems.count(stem) > 1}):
        yield f"{stem!r} is named twice; its rows of a table could not be told apart"


def _set_faults(section: Config) -> Iterator[str]:
    """Yield the names of member sets that are none, and sets that cannot answer the table they are named for."""
    sets, tables = section["member_sets"], section["tables"]
    known, where = ", ".join(sets), "config: explanation_study"
    named = [(f"tables.{key}", entry) for key, entry in tables.items() if key not in ("table_3", "table_7")]
    named += [("tables.table_3", entry) for entry in tables["table_3"]]
    named += [(f"tables.table_7.{key}", entry) for key, entry in tables["table_7"].items()]
    named += [("ensembles_explained.member_sets", entry) for entry in section["ensembles_explained"]["member_sets"]]
    for place, entry in named:
        if entry is not None and entry not in sets:
            yield f"{where}.{place}: {entry!r} is not in member_sets: {known}"
        elif entry is not None and not marks_a_part(section, entry):
            yield f"{where}.{place}: the task {sets[entry]['task']!r} of {entry!r} names no part to be marked"
    if not any(marks_a_part(section, name) for name in sets):
        yield f"{where}.tasks: none has a part or presence, so that no map could be scored"
    single = tables["table_7"]["single"]
    if single in sets and sets[single]["members"] != 1:
        yield f"{where}.tables.table_7.single: {single!r} has {sets[single]['members']} members; name a set of one"
    if not single and any(tables["table_7"].values()):
        yield f"{where}.tables.table_7.single: missing; name a set of one member trained on all images"
