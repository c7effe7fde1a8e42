"""Members that come in groups, teams and sub-networks, as entries like those that the configuration lists."""

from collections.abc import Iterator
from typing import Any

SUBNETWORK_POOL = "subnetworks"
CELL_POOL = "cells"
PENALISED = ("gncl", "masked_gncl")  # losses whose penalty has a consensus
Config = dict[str, Any]


def team_members(config: Config, team: str, seed: int | str) -> list[str]:
    """Return the names of the members of one training of a team, `{team}-{seed}-{i}`."""
    return [f"{team}-{seed}-{place}" for place in range(1, len(config["teams"][team]["archs"]) + 1)]


def team_trainings(config: Config) -> list[tuple[str, int]]:
    """Return every team with every seed it is trained with."""
    return [(team, seed) for team, entry in config["teams"].items() for seed in entry["seeds"]]


def subnetworks(config: Config) -> list[str]:
    """Return the names of the sub-networks that the super-network hands over, none without one."""
    count = config["supernetwork"]["selection"]["subnetworks"] if config["supernetwork"] else 0
    return [f"subnet_{place:02d}" for place in range(1, count + 1)]


def cells(config: Config) -> list[str]:
    """Return the names of the cells that the cell search hands over, none without one."""
    count = config["cells"]["members"]["count"] if config["cells"] else 0
    return [f"cell_{place:02d}" for place in range(1, count + 1)]


def group_members(config: Config) -> dict[str, dict[str, Any]]:
    """Return an entry for every member of a team, every sub-network and every searched cell."""
    entries = {name: {"arch": "subnetwork", "class": "NAS", "approach": "supervised"} for name in subnetworks(config)}
    entries |= {name: {"arch": "cell", "class": "NAS", "approach": "supervised"} for name in cells(config)}
    for team, seed in team_trainings(config):
        archs = config["teams"][team]["archs"]
        for name, arch in zip(team_members(config, team, seed), archs, strict=True):
            entries[name] = {"arch": arch, "class": "CNN", "approach": "supervised"}
    return entries


def subnetwork_pool(config: Config) -> dict[str, dict[str, Any]]:
    """Return the pool of all sub-networks by its name, nothing without a super-network."""
    names = subnetworks(config)
    return {SUBNETWORK_POOL: _pool(names, 3, ["mean_logit", "majority_vote"])} if names else {}


def team_pools(config: Config) -> dict[str, dict[str, Any]]:
    """Return a pool for every training of a team: one ensemble, by mean logit and by the consensus it learned with.

    Independent teams are scored by every consensus that another team learned with, which is compared with them.
    """
    learned = {
        team: entry["consensus"] if entry["loss"] in PENALISED else "mean_logit"
        for team, entry in config["teams"].items()
    }
    pools = {}
    for team, seed in team_trainings(config):
        members = team_members(config, team, seed)
        own = learned.values() if config["teams"][team]["loss"] == "independent" else [learned[team]]
        pools[f"{team}-{seed}"] = _pool(members, len(members), list(dict.fromkeys(["mean_logit", *own])))
    return pools


def searched_pools(config: Config) -> dict[str, dict[str, Any]]:
    """Return the pools of members that searches hand over, by name."""
    names = cells(config)
    if not names:
        return {}
    entry = config["cells"]["members"]
    return {CELL_POOL: _pool(names, entry["k"], entry["consensus"])}


def _pool(members: list[str], k: int, consensus: list[str]) -> dict[str, Any]:
    # As the schema completes a pool of the configuration.
    return {"members": members, "k": k, "consensus": consensus, "normalise": "l2", "maps": True, "metrics": []}


def shown_teams(config: Config) -> list[dict[str, Any]]:
    """Return the teams of Figures 11 and 12, each a title and its members: those it names, or a trained team's."""
    return [
        {"title": entry["title"], "members": entry.get("members") or team_members(config, entry["team"], entry["seed"])}
        for entry in config["figures"]["team_maps"]["teams"]
    ]


def exhibits(config: Config) -> dict[str, str] | None:
    """Return the titles of the heterogeneous, the prediction- and the attribution-diverse team; None without all."""
    titles: dict[str, str] = {}
    for entry in config["figures"]["team_maps"]["teams"]:
        loss = config["teams"][entry["team"]]["loss"] if "team" in entry else "none"
        kind = {"none": "heterogeneous", "attribution": "attribution"}.get(loss, "prediction")
        titles.setdefault(kind, entry["title"])
    return titles if len(titles) == 3 else None


def families(config: Config) -> dict[str, list[str]]:
    """Return the two families whose difficulty functions are compared, by name; none where the study has no two.

    By default the two largest classes of the listed members. In the order of their names, as a spec writes them.
    """
    if config["difficulty"]["families"]:
        return dict(sorted(config["difficulty"]["families"].items()))
    classes: dict[str, list[str]] = {}
    for name, entry in config["members"].items():
        classes.setdefault(entry["class"], []).append(name)
    large = sorted(classes.items(), key=lambda entry: -len(entry[1]))[:2]
    return dict(sorted(large)) if len(large) == 2 and len(large[1][1]) >= 2 else {}


def faults(config: Config) -> Iterator[str]:
    """Yield what a schema cannot see of teams and super-network: names that point nowhere or stand there twice."""
    sizes = {len(entry["archs"]) for entry in config["teams"].values()}
    if len(sizes) > 1:
        yield f"config: teams: all teams of a study have the same number of members, not {sorted(sizes)}"
    for team, entry in config["teams"].items():
        if entry["recipe"] not in config["recipes"]:
            yield f"config: teams.{team}.recipe: {entry['recipe']!r} is not in recipes: {', '.join(config['recipes'])}"
    for name in group_members(config):
        if name in config["members"]:
            yield f"config: members.{name}: this name belongs to a team, a super-network or a search; choose another"
    yield from _sweep_faults(config)
    yield from _supernetwork_faults(config)
    yield from _name_faults(config)


def _name_faults(config: Config) -> Iterator[str]:
    """Yield a fault for every member or team that is named somewhere and does not exist."""
    members = {**config["members"], **group_members(config)}
    trainings = team_trainings(config)
    named = {
        "method_agreement.members": (config["method_agreement"] or {}).get("members", []),
        "figures.agreeing_pixels.members": config["figures"]["agreeing_pixels"]["members"] or [],
        **{f"difficulty.families.{name}": names for name, names in (config["difficulty"]["families"] or {}).items()},
    }
    for place, entry in enumerate(config["figures"]["team_maps"]["teams"]):
        named[f"figures.team_maps.teams.{place}.members"] = entry.get("members", [])
        if "team" in entry and (entry["team"], entry["seed"]) not in trainings:
            where = f"config: figures.team_maps.teams.{place}"
            yield f"{where}: no team {entry['team']!r} is trained with seed {entry['seed']}"
    for key, names in named.items():
        for name in names:
            if name not in members:
                yield f"config: {key}: there is no member {name!r}"
    for name in config["figures"]["heuristics"]["teams"] or []:
        if name not in config["teams"]:
            yield f"config: figures.heuristics.teams: there is no team {name!r}; known: {', '.join(config['teams'])}"


def _sweep_faults(config: Config) -> Iterator[str]:
    for name, sweep in config["sweeps"].items():
        if sweep["team"] not in config["teams"]:
            yield f"config: sweeps.{name}.team: there is no team {sweep['team']!r}; known: {', '.join(config['teams'])}"


def _supernetwork_faults(config: Config) -> Iterator[str]:
    if config["supernetwork"] is None:
        return
    of, members = config["supernetwork"]["of"], config["members"]
    if members.get(of, {}).get("arch") != "resnet":
        yield f"config: supernetwork.of: {of!r} is no member with arch resnet; name one"
    if SUBNETWORK_POOL in config["pools"]:
        yield f"config: pools.{SUBNETWORK_POOL}: this name is taken by the super-network's pool; choose another"
