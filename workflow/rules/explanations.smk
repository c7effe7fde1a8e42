"""The explanation study: annotated images, members on a shared trunk, their maps averaged and scored.

Everything stands below results/{explanation_study.dataset}, E for short:

INPUTS  config.explanation_study; published data sets below data_root where a source names one
OUTPUTS E/annotated/{source}/{split}.h5          images with attributes, masks and key points (prepare_annotated_images)
        E/backbones/{backbone}.safetensors|json  networks trained on the classes of a source (train_explained_backbone)
        E/features/{backbone}/{source}/{split}-{pool}.h5  what a frozen trunk says of each image (extract_trunk_features)
        E/member_sets/{member_set}.safetensors|json  N heads or networks (train_member_set)
        E/multitask.safetensors|json             networks with one head per class level and attribute (train_multitask)
        E/predictions/{member_set}.h5            logits of every member on the images to explain (predict_member_set)
        E/maps/{member_set}/{method}.h5          maps of members, of one member with other draws, of ensembles as one
                                                 network (explain_member_set)
        E/scores/{member_set}.csv, .sizes.csv    every map against the mask (score_explanations, score_ensemble_sizes)
        E/tables/*.csv, *.html, E/figures/*.svg|png|pdf  (tabulate_*, draw_*)
        E/user_study/                            stimuli and pages (make_stimuli)
"""


include: "explanations_common.smk"


EXPLANATION = config["explanation_study"]
EXPLAINED = f"results/{EXPLANATION['dataset']}"
EXPLAINED_LOGS = f"{EXPLAINED}/logs"
MEMBER_SETS = EXPLANATION["member_sets"]
TASKS = EXPLANATION["tasks"]
SOURCES = EXPLANATION["sources"]
# What `explanations` makes; rules below add theirs.
EXPLANATION_TABLES, EXPLANATION_FIGURES, EXPLANATION_FILES = [], [], []


wildcard_constraints:
    source=one_of(SOURCES),
    split="train|validation|test",
    backbone=one_of(EXPLANATION["backbones"]),
    member_set=one_of(MEMBER_SETS),
    method="[a-z_]+(-[0-9]+)?",


rule prepare_annotated_images:
    """Draw the synthetic birds, or read a published data set: images with attributes, masks and key points."""
    output:
        train=f"{EXPLAINED}/annotated/{{source}}/train.h5",
        validation=f"{EXPLAINED}/annotated/{{source}}/validation.h5",
        test=f"{EXPLAINED}/annotated/{{source}}/test.h5",
    log:
        f"{EXPLAINED_LOGS}/prepare_annotated_images/{{source}}.log",
    cache: "omit-software"
    conda:
        ENVIRONMENT
    params:
        spec=lambda wildcards: spec(
            "prepare_annotated_images",
            wildcards,
            modules=[f"datasets/annotated/{SOURCES[wildcards.source]['source']}.py"],
            dataset=EXPLANATION["dataset"],
            seed=EXPLANATION["seed"],
            source=source_of(wildcards.source),
            folder_state=(
                source_folders.state(Path(source_of(wildcards.source)["folder"]))
                if SOURCES[wildcards.source]["folder"]
                else None
            ),
        ),
        state=f"{EXPLAINED}/state/annotated/{{source}}",
    shell:
        "python scripts/prepare_annotated_images.py --spec {params.spec:q} --train {output.train} "
        "--validation {output.validation} --test {output.test} --state {params.state} > {log} 2>&1"


BIRDS = [name for name, entry in SOURCES.items() if entry["source"] == "birds" and entry["attributes"] != []]

if BIRDS:

    rule tabulate_leaks:
        """Test whether position, background or another attribute tells an attribute of the synthetic birds."""
        input:
            images=f"{EXPLAINED}/annotated/{BIRDS[0]}/train.h5",
        output:
            **explained_table("leaks", "leaks_table"),
        log:
            f"{EXPLAINED_LOGS}/tabulate_leaks.log",
        conda:
            ENVIRONMENT
        params:
            spec=spec("tabulate_leaks", attributes=SOURCES[BIRDS[0]]["attributes"]),
        shell:
            "python scripts/tabulate_leaks.py --spec {params.spec:q} --images {input.images} --table {output.table} "
            "--page {output.page} > {log} 2>&1"


rule draw_contact_sheet:
    """Draw annotated images with their parts drawn over; synthetic birds are painted again, large."""
    input:
        images=f"{EXPLAINED}/annotated/{next(iter(SOURCES))}/test.h5",
    output:
        **explained_figure("contact_sheet", "contact_sheet"),
    log:
        f"{EXPLAINED_LOGS}/draw_contact_sheet.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec(
            "draw_contact_sheet",
            name=next(iter(SOURCES)),
            seed=EXPLANATION["seed"],
            source={key: SOURCES[next(iter(SOURCES))][key] for key in ("source", "style")},
        ),
    shell:
        "python scripts/draw_contact_sheet.py --spec {params.spec:q} --images {input.images} "
        "--figure {output.svg} > {log} 2>&1"


rule train_explained_backbone:
    """Train a network on the classes of annotated images, or take one made elsewhere; members put heads on its trunk."""
    input:
        unpack(lambda wildcards: annotated_splits(EXPLANATION["backbones"][wildcards.backbone]["source"])),
        local=lambda wildcards: local_backbone_of(wildcards.backbone),
    output:
        weights=f"{EXPLAINED}/backbones/{{backbone}}.safetensors",
        description=f"{EXPLAINED}/backbones/{{backbone}}.json",
    log:
        f"{EXPLAINED_LOGS}/train_explained_backbone/{{backbone}}.log",
    cache: "omit-software"
    conda:
        ENVIRONMENT
    resources:
        gpu=1,
    params:
        spec=lambda wildcards: spec(
            "train_explained_backbone",
            wildcards,
            modules=explained_zoo(wildcards.backbone),
            dataset=EXPLANATION["dataset"],
            seed=EXPLANATION["seed"],
            backbone=EXPLANATION["backbones"][wildcards.backbone],
        ),
        state=f"{EXPLAINED}/state/backbones/{{backbone}}.pt",
    shell:
        "python scripts/train_explained_backbone.py --spec {params.spec:q} --train {input.train} "
        "--validation {input.validation} --weights {output.weights} --state {params.state} > {log} 2>&1"


rule extract_trunk_features:
    """Compute the features of annotated images by a frozen trunk, once for all heads on it."""
    input:
        weights=f"{EXPLAINED}/backbones/{{backbone}}.safetensors",
        description=f"{EXPLAINED}/backbones/{{backbone}}.json",
        images=f"{EXPLAINED}/annotated/{{source}}/{{split}}.h5",
    output:
        features=f"{EXPLAINED}/features/{{backbone}}/{{source}}/{{split}}-{{pool}}.h5",
    log:
        f"{EXPLAINED_LOGS}/extract_trunk_features/{{backbone}}/{{source}}/{{split}}-{{pool}}.log",
    wildcard_constraints:
        pool=r"\d+",
    cache: "omit-software"
    conda:
        ENVIRONMENT
    resources:
        gpu=1,
    params:
        spec=lambda wildcards: spec("extract_trunk_features", wildcards, modules=explained_zoo(wildcards.backbone)),
        state=f"{EXPLAINED}/state/features/{{backbone}}-{{source}}-{{split}}-{{pool}}.h5",
    shell:
        "python scripts/extract_trunk_features.py --spec {params.spec:q} --backbone {input.weights} "
        "--images {input.images} --features {output.features} --state {params.state} > {log} 2>&1"


rule train_member_set:
    """Train the members of an ensemble: heads on a frozen trunk, all at once, or networks that each tune their own."""
    input:
        unpack(lambda wildcards: annotated_splits(task_of(wildcards.member_set)["source"])),
        features=lambda wildcards: trunk_features_of(wildcards.member_set),
        weights=lambda wildcards: f"{EXPLAINED}/backbones/{MEMBER_SETS[wildcards.member_set]['backbone']}.safetensors",
        description=lambda wildcards: f"{EXPLAINED}/backbones/{MEMBER_SETS[wildcards.member_set]['backbone']}.json",
    output:
        weights=f"{EXPLAINED}/member_sets/{{member_set}}.safetensors",
        description=f"{EXPLAINED}/member_sets/{{member_set}}.json",
    log:
        f"{EXPLAINED_LOGS}/train_member_set/{{member_set}}.log",
    cache: "omit-software"
    conda:
        ENVIRONMENT
    resources:
        gpu=1,
    params:
        spec=lambda wildcards: spec(
            "train_member_set",
            wildcards,
            modules=explained_zoo(MEMBER_SETS[wildcards.member_set]["backbone"]),
            dataset=EXPLANATION["dataset"],
            seed=EXPLANATION["seed"],
            member_set={key: value for key, value in MEMBER_SETS[wildcards.member_set].items() if key != "methods"},
            task={key: task_of(wildcards.member_set)[key] for key in ("source", "attribute", "presence")},
        ),
        state=f"{EXPLAINED}/state/member_sets/{{member_set}}",
    shell:
        "python scripts/train_member_set.py --spec {params.spec:q} --backbone {input.weights} --train {input.train} "
        "--validation {input.validation} --features {input.features} --weights {output.weights} "
        "--state {params.state} > {log} 2>&1"


if EXPLANATION["multitask"]:

    rule train_multitask:
        """Train networks that tell class levels, attributes and marks at once, one head each on a common trunk."""
        input:
            **annotated_splits(EXPLANATION["multitask"]["source"]),
            weights=f"{EXPLAINED}/backbones/{EXPLANATION['multitask']['backbone']}.safetensors",
            description=f"{EXPLAINED}/backbones/{EXPLANATION['multitask']['backbone']}.json",
        output:
            weights=f"{EXPLAINED}/multitask.safetensors",
            description=f"{EXPLAINED}/multitask.json",
        log:
            f"{EXPLAINED_LOGS}/train_multitask.log",
        cache: "omit-software"
        conda:
            ENVIRONMENT
        resources:
            gpu=1,
        params:
            spec=spec(
                "train_multitask",
                modules=explained_zoo(EXPLANATION["multitask"]["backbone"]),
                dataset=EXPLANATION["dataset"],
                seed=EXPLANATION["seed"],
                multitask=EXPLANATION["multitask"],
            ),
            state=f"{EXPLAINED}/state/multitask",
        shell:
            "python scripts/train_multitask.py --spec {params.spec:q} --backbone {input.weights} --train {input.train} "
            "--validation {input.validation} --weights {output.weights} --state {params.state} > {log} 2>&1"

    rule evaluate_multitask:
        """Measure each head of the multi-task networks on held-out images."""
        input:
            weights=f"{EXPLAINED}/multitask.safetensors",
            description=f"{EXPLAINED}/multitask.json",
            images=f"{EXPLAINED}/annotated/{EXPLANATION['multitask']['source']}/test.h5",
        output:
            **explained_table("multitask_heads", "multitask_heads_table"),
        log:
            f"{EXPLAINED_LOGS}/evaluate_multitask.log",
        conda:
            ENVIRONMENT
        resources:
            gpu=1,
        params:
            spec=spec("evaluate_multitask", modules=explained_zoo(EXPLANATION["multitask"]["backbone"])),
        shell:
            "python scripts/evaluate_multitask.py --spec {params.spec:q} --weights {input.weights} "
            "--images {input.images} --table {output.table} --page {output.page} > {log} 2>&1"


include: "localisation.smk"
include: "user_study.smk"


STUDY_TABLES.extend(EXPLANATION_TABLES)
STUDY_FIGURES.extend(EXPLANATION_FIGURES)
STUDY_FILES.extend(EXPLANATION_FILES)


rule explanations:
    """Run the explanation study: averaged saliency maps beside what experts mark."""
    input:
        EXPLANATION_TABLES,
        EXPLANATION_FIGURES,
        EXPLANATION_FILES,
