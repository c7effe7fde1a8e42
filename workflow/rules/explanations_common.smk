"""What the rules of the explanation study share: input functions, names of files.

INPUTS  config, the constants of the files that use them
OUTPUTS functions; no rules
"""


def explained_figure(name, caption, category="Explanations"):
    """Return the three files of a figure of this study, by kind; the report shows the SVG with its caption."""
    files = {kind: f"{EXPLAINED}/figures/{name}.{kind}" for kind in ("svg", "png", "pdf")}
    EXPLANATION_FIGURES.extend(files.values())
    return files | {"svg": report(files["svg"], caption=f"../report/{caption}.rst", category=category)}


def explained_table(name, caption, category="Explanations"):
    """Return a table of this study and its page, which the report shows with its caption."""
    table, page = f"{EXPLAINED}/tables/{name}.csv", f"{EXPLAINED}/tables/{name}.html"
    EXPLANATION_TABLES.extend([table, page])
    return {"table": table, "page": report(page, caption=f"../report/{caption}.rst", category=category)}


def evaluated_source(member_set):
    """Return the source whose test images the members of this set are explained on."""
    task = TASKS[MEMBER_SETS[member_set]["task"]]
    return task["evaluated_on"] or task["source"]


def source_of(source):
    """Return a source of annotated images, the folder of a published one below `data_root`."""
    entry = SOURCES[source]
    return entry | ({"folder": str(Path(config["data_root"], entry["folder"]))} if entry["folder"] else {})


def annotated_splits(source):
    """Return the training and validation images of a source."""
    return {split: f"{EXPLAINED}/annotated/{source}/{split}.h5" for split in ("train", "validation")}


def local_backbone_of(backbone):
    """Return the file of weights that a backbone names, in a list; empty where a library brings them or it is trained."""
    pretrained = EXPLANATION["backbones"][backbone]["pretrained"]
    if not isinstance(pretrained, str):
        return []
    if not Path(pretrained).is_file():
        where = f"config: explanation_study.backbones.{backbone}.pretrained"
        refuse([f"{where}: there is no file {pretrained}; put it there or drop the backbone"])
    return [pretrained]


def explained_zoo(backbone):
    """Return the library file of a backbone's architecture; it is loaded by name."""
    return [f"networks/zoo/{EXPLANATION['backbones'][backbone]['arch']}.py"]


def task_of(member_set):
    """Return the task that the members of a set learn."""
    return TASKS[MEMBER_SETS[member_set]["task"]]


def trunk_features_of(member_set):
    """Return the features of training and validation images on which heads are trained; none for fine-tuned trunks."""
    entry = MEMBER_SETS[member_set]
    folder = f"{EXPLAINED}/features/{entry['backbone']}/{task_of(member_set)['source']}"
    splits = ("train", "validation") if entry["trunk"] == "frozen" else ()
    return [f"{folder}/{split}-{entry['pool']}.h5" for split in splits]


def set_methods(member_set):
    """Return the methods that explain the members of a set."""
    return MEMBER_SETS[member_set]["methods"] or EXPLANATION["methods"]


def consensus_of(member_set):
    """Return how a set's ensemble is made one network that is explained too; nothing for most sets."""
    wrapped = EXPLANATION["ensembles_explained"]
    return wrapped["consensus"] if member_set in wrapped["member_sets"] else []


def draws_of(member_set):
    """Return how often the control explains a set's first member: once for each member of the averages beside it.

    The one member of Table 7 stands beside other sets' averages, so it is explained as often as the largest has members.
    """
    compared = EXPLANATION["tables"]["table_7"]
    beside = [name for name in compared.values() if name] if member_set == compared["single"] else [member_set]
    return max(MEMBER_SETS[name]["members"] for name in beside)


def maps_of(member_set):
    """Return the files of maps of a set, one for each method."""
    return [f"{EXPLAINED}/maps/{member_set}/{method}.h5" for method in set_methods(member_set)]


def explained_images(member_set):
    """Return the annotated images that the members of a set are explained on."""
    return f"{EXPLAINED}/annotated/{evaluated_source(member_set)}/test.h5"


def image_count(method):
    """Return on how many images a method is used."""
    return EXPLANATION["fewer_images"].get(method.partition("-")[0], EXPLANATION["images"])


def shown_map(member_set):
    """Return the file of maps that a figure shows: Grad-CAM where a set has it, else its first method."""
    methods = set_methods(member_set)
    return f"{EXPLAINED}/maps/{member_set}/{'grad_cam' if 'grad_cam' in methods else methods[0]}.h5"


def shown_spec(rule_name, member_set):
    """Return the spec of a rule that draws the maps of a set."""
    return spec(
        rule_name, member_set=member_set, task=task_of(member_set), scoring=SCORING, images=EXPLANATION["shown"]
    )


def questions_of(listed):
    """Return what the multi-task networks are asked: the species, and the heads and marks listed, by default all."""
    known = [*MULTITASK["attributes"], *MULTITASK["presence"]]
    species = [level for level in MULTITASK["levels"] if level == "species"]
    return species + (known if listed is None else listed)


def answers_in(table):
    """Return the files of a table of answers that the config names: a file, or all CSV files of a folder."""
    return [str(file) for file in answer_files.files_of(EXPLANATION[table])]
