"""What the rules of the pruning study share: input functions, names of files.

INPUTS  config, the constants of the files that use them
OUTPUTS functions; no rules
"""


def backbone_of():
    """Return what decides the backbone, as a member's entry."""
    return {key: PRUNING["backbone"][key] for key in ("arch", "model", "pretrained")}


def local_backbone():
    """Return the file of weights that the backbone names, in a list; empty where a library brings them."""
    pretrained = PRUNING["backbone"]["pretrained"]
    if not isinstance(pretrained, str):
        return []
    if not Path(pretrained).is_file():
        refuse([f"config: pruning.backbone.pretrained: there is no file {pretrained}; put it there or train one"])
    return [pretrained]


def embedded_ood_files():
    """Return the files of embedded OoD sets."""
    names = [entry["name"] for entry in PRUNING["ood"].values() if entry["source"] == "embedded"]
    return sorted(str(file) for name in names for file in Path("resources", name).glob("*.h5"))


def features_of(*parts):
    """Return the feature files of these parts."""
    return {part: f"{PRUNED}/features/{part}.h5" for part in parts}


def pruned_images_of(shift):
    """Return the in-distribution test images of a shift."""
    return f"{PRUNED}/data/test.h5" if shift == "clean" else f"{PRUNED}/shifts/{shift}.h5"


def pruned_dumps_of(shifts):
    """Return the dumps of all pruned members on these shifts, member by member."""
    return [f"{PRUNED}/dumps/{member}/{shift}.h5" for member in PRUNED_MEMBERS for shift in shifts]


def mask_evaluator_options():
    """Return who trains one head at a time, as JSON: it decides no number. `serial` stands for none, too."""
    search = PRUNING["search"]
    kind = "serial" if search["evaluator"] == "population" else search["evaluator"]
    return json.dumps({"kind": kind, "workers": search["workers"], "gpus": search["gpus"]}, sort_keys=True)


def search_threads():
    """Return the CPUs of a search: those of each computation, for as many as run beside each other on this machine."""
    search = PRUNING["search"]
    return search["threads"] * (search["workers"] if search["evaluator"] in ("processes", "ray") else 1)
