"""The explanation study's section of the configuration: what a schema cannot see of it."""

from collections.abc import Iterator
from typing import Any

import answer_files

Config = dict[str, Any]


def faults(config: Config) -> Iterator[str]:
    """Yield one line per fault of `explanation_study`, which is not null here."""
    section = config["explanation_study"]
    yield from answer_files.faults(section)
    yield from _people_faults(section)


def _people_faults(section: Config) -> Iterator[str]:
    """Yield the faults of what is made for people: arrows, stimuli and pages of the user studies."""
    multitask, people = section["multitask"], section["user_study"]
    if people and not multitask:
        yield "config: explanation_study.user_study: needs multitask, whose networks mark the images; add it"
        return
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
