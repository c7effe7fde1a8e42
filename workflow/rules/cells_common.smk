"""What the rules of the cell study share: input functions.

INPUTS  config, the constants of the files that use them
OUTPUTS functions; no rules
"""


def history_of(search):
    """Return the table of all cells that a search evaluated."""
    return f"{RESULTS}/cells/searches/{search}.csv"


def cell_training():
    """Return all that decides how a cell is trained and measured."""
    return {
        "dataset": config["dataset"],
        "seed": config["seed"],
        **{key: CELLS[key] for key in ("space", "recipe", "images", "introspectability")},
    }


def search_settings(search):
    """Return what decides one search besides the training of its cells, and nothing of the others."""
    settings = {"duplicates": CELLS["search"]["duplicates"]}
    if search != "multi_regulariser":  # it trains the front, however many cells that has
        settings["evaluations"] = CELLS["regulariser" if search == "regulariser" else "search"]["evaluations"]
        settings["population"] = min(CELLS["search"]["population"], settings["evaluations"])
    regularised = search in ("regulariser", "multi_regulariser")
    return {"search": settings, "regularisation": CELLS["regulariser"]["weight"] if regularised else 0.0}


def synset_maps():
    """Return the files that tell the classes' synsets, where pairs are weighted by WordNet."""
    measured = CELLS["introspectability"]
    return sorted(map(str, Path(measured["wordnet_synsets"]).glob("*.csv"))) if measured["wordnet"] else []


# Snakemake records no parameter that depends on more than wildcards, so with `threads` the two below start nothing anew.
def evaluator_options(wildcards, threads):
    """Return who evaluates, as JSON: it decides no number."""
    return json.dumps({key: CELLS["evaluator"][key] for key in ("kind", "workers", "gpus")}, sort_keys=True)


def launcher(wildcards, threads):
    """Return the program that gives a search all nodes of its SLURM job, before the search's own."""
    return "python scripts/on_ray.py -- " if CELLS["evaluator"]["kind"] == "ray" else ""
