"""What the rules share: the checked configuration, the spec of a job, and input functions.

INPUTS  config, workflow/schemas/config.schema.yaml, the imports of scripts/ and src/heterodox
OUTPUTS names and functions used by the other files; no rules
"""

import json
import re
import sys
from itertools import combinations
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir) / "workflow"))

import code_digest
import configuration
import job_environment
import member_groups
import scheduling
import source_folders

job_environment.set_search_paths(Path(workflow.basedir))
if workflow.remote_exec:
    job_environment.hand_on_warnings()
scheduling.share_timers()
# No shell stays between Snakemake and the script: it would die of a signal that the script survives to write its state.
shell.prefix("exec ")


def refuse(lines):
    """End with one line per fault, without Snakemake's traceback around it."""
    print("\n".join(lines), file=sys.stderr)
    sys.exit(1)


faults = configuration.complete(config)
if faults:
    refuse(faults)

for entry in [config["data"] or {}, *config["natural_shifts"].values()]:
    if "folder" in entry:
        entry["folder"] = str(Path(config["data_root"], entry["folder"]))

RESULTS = f"results/{config['dataset']}"
LOGS = f"{RESULTS}/logs"
ENVIRONMENT = "../../envs/heterodox.yaml"
CODE = code_digest.CodeDigests(Path(workflow.basedir))
LISTED = config["members"]
TEAMS = config["teams"]
TEAM_SIZE = max((len(entry["archs"]) for entry in TEAMS.values()), default=0)
TEAM_POOLS = member_groups.team_pools(config)
SUBNETWORKS = member_groups.subnetworks(config)
MEMBERS = LISTED | member_groups.group_members(config)
config["pools"] |= member_groups.subnetwork_pool(config)  # captions of the report read it there
POOLS = config["pools"]
# Pools whose members a search hands over: scored like all others, no part of the resilience study's tables.
SEARCHED_POOLS = member_groups.searched_pools(config)
SHIFTS = configuration.shifts_of(config)
CORRUPTED = [shift for shift in SHIFTS if shift != "clean" and shift not in config["natural_shifts"]]
OUTSIDE = [name for name, member in LISTED.items() if "dump" in member]
PROBED = [name for name, member in LISTED.items() if "probe" in member]
FETCHED = [name for name, member in LISTED.items() if member["pretrained"] and name not in PROBED]
TRAINED = [name for name in LISTED if name not in {*OUTSIDE, *FETCHED, *PROBED}]
OWN = [name for name in MEMBERS if name not in OUTSIDE]
TABLES = f"{RESULTS}/tables"
TEAMED = [member for pool in TEAM_POOLS.values() for member in pool["members"]]
METHODS = config["explanations"]["methods"]
MAPPED = {
    member for pool in (POOLS | TEAM_POOLS | SEARCHED_POOLS).values() if pool["maps"] for member in pool["members"]
}
FIGURES = config["figures"]
SHOWN_MAPS = FIGURES["saliency_maps"]["members"] or [name for name in LISTED if name in MAPPED and name in OWN][:3]
AGREEING = FIGURES["agreeing_pixels"]["members"] or SHOWN_MAPS[:2]
SHOWN_TEAMS = member_groups.shown_teams(config)
TEAM_MAPPED = list(dict.fromkeys(member for team in SHOWN_TEAMS for member in team["members"]))
FAMILIES = member_groups.families(config)
# What `tables`, `figures` and `all` make; each study adds its own.
STUDY_TABLES, STUDY_FIGURES, STUDY_FILES = [], [], []
BOOTSTRAP = {"seed": config["seed"], "replicates": config["bootstrap"]}


def one_of(names):
    """Return a wildcard's pattern that matches these names and, where there are none, nothing."""
    return "|".join(map(re.escape, names)) or "(?!)"


wildcard_constraints:
    member=one_of(OWN),
    shift=one_of(SHIFTS),
    pool=one_of(POOLS | SEARCHED_POOLS),
    team=one_of(TEAMS),
    seed=r"\d+",


def spec(rule_name, wildcards=None, modules=(), **config_slice):
    """Return all that decides a job's result besides its input files, as one canonical JSON string.

    Snakemake compares params as text and its cache knows neither wildcards nor imported code, so all three stand here:
    the wildcards, the slice of the config that the rule uses, and the digest of the script with the modules it loads.
    """
    job = {
        "wildcards": dict(wildcards.items()) if wildcards else {},
        "config": config_slice,
        "code": CODE.digest(f"scripts/{rule_name}.py", modules),
    }
    return json.dumps(job, sort_keys=True, separators=(",", ":"))


def zoo(*members):
    """Return the library files of these members' architectures; they are loaded by name."""
    return [f"networks/zoo/{MEMBERS[member]['arch']}.py" for member in members]


def methods_of(member, shift):
    """Return the methods whose maps of a member on a shift somebody wants: a pool, or a figure that shows them."""
    wanted = member in MAPPED or (shift == "clean" and member in {*SHOWN_MAPS, *AGREEING, *TEAM_MAPPED})
    return METHODS if wanted else []


def team_methods(shift):
    """Return the methods whose maps of a team on a shift are shown or compared: those of the clean images only."""
    return METHODS if shift == "clean" else []


def explanation_modules(methods):
    """Return the library files of these methods of explanation; they are loaded by name."""
    return sorted({f"explain/{method.partition('-')[0]}.py" for method in methods})


def recipe_of(member):
    """Return the recipe of a member with its own changes."""
    entry = MEMBERS[member]
    return config["recipes"][entry["recipe"]] | entry["changes"]


def images_of(shift):
    """Return the image file of a shift; the clean one is the test split itself."""
    return f"{RESULTS}/data/test.h5" if shift == "clean" else f"{RESULTS}/shifts/{shift}.h5"


def dump_of(member, shift):
    """Return the dump of a member on a shift, ours or one made elsewhere."""
    if member not in OUTSIDE:
        return f"{RESULTS}/dumps/{member}/{shift}.h5"
    path = MEMBERS[member]["dump"].replace("{shift}", shift)
    if not Path(path).is_file():
        where = f"config: members.{member}.dump"
        refuse([f"{where}: there is no file {path} for the shift {shift!r}; make it or drop the shift"])
    return path


def dumps_of(members, shifts):
    """Return the dumps of all members on all shifts, member by member."""
    return [dump_of(member, shift) for member in members for shift in shifts]


def descriptions_of(members):
    """Return the descriptions of those members that were trained or fetched here."""
    return [f"{RESULTS}/members/{member}.json" for member in members if member not in OUTSIDE]


def entries_of(members):
    """Return the config entries of members made elsewhere, which have no description file."""
    keys = ("arch", "parameters", "validation_accuracy")
    return {name: {key: MEMBERS[name].get(key) for key in keys} for name in members if name in OUTSIDE}


def teachers_of(member):
    """Return the member that teaches this one, in a list, or an empty list."""
    return [MEMBERS[member]["teacher"]] if "teacher" in MEMBERS[member] else []


def network_of(member):
    """Return what of a member's entry decides its network; its class and approach are mere labels of tables."""
    keys = ("arch", "model", "seed", "teacher", "pretrained")
    return {key: MEMBERS[member][key] for key in keys if key in MEMBERS[member]}


def local_weights_of(member):
    """Return the file of weights that a member names, in a list; empty where a library brings them."""
    pretrained = MEMBERS[member]["pretrained"]
    if not isinstance(pretrained, str):
        return []
    if not Path(pretrained).is_file():
        refuse([f"config: members.{member}.pretrained: there is no file {pretrained}; put it there or drop the member"])
    return [pretrained]


def embedded_files():
    """Return the files of an embedded data set; other sources lie outside the project and are checked when read."""
    if config["data"]["source"] != "embedded":
        return []
    return sorted(str(file) for file in Path("resources", config["data"]["name"]).glob("*.h5"))


def labels_of(members):
    """Return how tables and figures label each member."""
    return {name: {key: MEMBERS[name][key] for key in ("class", "approach")} for name in members}


FOLDER_SOURCES = ("image_folder", "imagenet_16_120")


def folder_state_of(entry):
    """Return a digest of the image folder that an entry of the config names, None for data with checksums."""
    return source_folders.state(Path(entry["folder"])) if entry["source"] in FOLDER_SOURCES else None


def team_of(team):
    """Return what of a team's entry decides what its members are and learn together."""
    return {key: value for key, value in TEAMS[team].items() if key not in ("recipe", "changes", "seeds")}


def team_recipe_of(team):
    """Return the recipe of a team with its own changes."""
    return config["recipes"][TEAMS[team]["recipe"]] | TEAMS[team]["changes"]


def team_zoo(team):
    """Return the library files of a team's architectures."""
    return sorted({f"networks/zoo/{arch}.py" for arch in TEAMS[team]["archs"]})


def team_labels():
    """Return what stands before the scores of each training of a team in tables."""
    return {
        f"{team}-{seed}": {
            "team": team,
            "seed": seed,
            "loss": TEAMS[team]["loss"],
            # Empty where the loss has none: a default is no measurement.
            "penalty_consensus": TEAMS[team]["consensus"] if TEAMS[team]["loss"] in member_groups.PENALISED else None,
            "lambda": None if TEAMS[team]["loss"] == "independent" else TEAMS[team]["lambda"],
        }
        for team, seed in member_groups.team_trainings(config)
    }


def sweep_of(sweep, weight):
    """Return the team and the recipe of one training of a sweep.

    All images of a batch give maps, whatever the team does to save time: a sweep times the loss as the paper has it.
    """
    entry = config["sweeps"][sweep]
    own = {"lambda": float(weight), "explained": None} | (
        {"normalise": entry["normalise"]} if "normalise" in entry else {}
    )
    return {"team": team_of(entry["team"]) | own, "recipe": team_recipe_of(entry["team"]) | entry["changes"]}


def sweep_tables():
    """Return the tables of all trainings of all sweeps."""
    return [
        f"{RESULTS}/sweeps/{sweep}/{float(weight)!r}-{seed}.csv"
        for sweep, entry in config["sweeps"].items()
        for weight in entry["lambdas"]
        for seed in entry["seeds"]
    ]


def pool_of(pool):
    """Return all that decides how a pool is scored."""
    entry = (POOLS | TEAM_POOLS | SEARCHED_POOLS)[pool]
    return {
        "pool": {key: value for key, value in entry.items() if key != "maps"},
        "outside": entries_of(entry["members"]),
        "methods": METHODS[:1] if entry["maps"] else [],
    }


def figure_files(name):
    """Return the three files of one figure, by kind."""
    return {kind: f"{RESULTS}/figures/{name}.{kind}" for kind in ("svg", "png", "pdf")}


def figures_named(*names):
    """Return the files of several figures."""
    return [file for name in names for file in figure_files(name).values()]


def numbered(kind, files):
    """Return each file under a name of its own: Snakemake's cache keeps the outputs of a job by their names."""
    return {f"{kind}_{place}": file for place, file in enumerate(files, 1)}


def all_of(kind):
    """Return a param that lists the numbered outputs of this kind in their order."""
    return lambda wildcards, output: [file for name, file in output.items() if name.startswith(f"{kind}_")]


def shown_figure(name, caption, category):
    """Return the three files of one figure, by kind; the report shows the SVG with its caption."""
    files = figure_files(name)
    files["svg"] = report(files["svg"], caption=f"../report/{caption}.rst", category=category)
    return files
