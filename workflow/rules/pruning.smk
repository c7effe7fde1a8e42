"""The pruning study: masks over a frozen backbone's features, searched for accuracy, size and OoD detection at once.

INPUTS  results/{dataset}/data/{train,validation,test}.h5, the sources of OoD images
OUTPUTS results/{dataset}/pruning/data/{part}.h5, backbone.{safetensors,json}, features/{part}.h5
"""


include: "pruning_common.smk"


PRUNING = config["pruning"]
PRUNED = f"{RESULTS}/pruning"
PRUNING_PARTS = ["train", "validation", "test", "ood_validation", "ood_test"]
for entry in PRUNING["ood"].values():
    if "folder" in entry:
        entry["folder"] = str(Path(config["data_root"], entry["folder"]))


rule prepare_pruning_data:
    """Divide the images into what heads learn (in-distribution) and what they should find strange (OoD)."""
    input:
        embedded_ood_files(),
        train=f"{RESULTS}/data/train.h5",
        validation=f"{RESULTS}/data/validation.h5",
        test=f"{RESULTS}/data/test.h5",
    output:
        **{part: f"{PRUNED}/data/{part}.h5" for part in PRUNING_PARTS},
    log:
        f"{LOGS}/prepare_pruning_data.log",
    cache: "omit-software"
    conda:
        ENVIRONMENT
    params:
        spec=lambda wildcards: spec(
            "prepare_pruning_data",
            modules=sorted({f"datasets/{entry['source']}.py" for entry in PRUNING["ood"].values()}),
            dataset=config["dataset"],
            seed=config["seed"],
            data={key: config["data"][key] for key in ("resize", "crop")},
            **{key: PRUNING[key] for key in ("held_out", "ood", "ood_images")},
            folder_states={name: folder_state_of(entry) for name, entry in PRUNING["ood"].items()},
        ),
    shell:
        "python scripts/prepare_pruning_data.py --spec {params.spec:q} --train {input.train} "
        "--validation {input.validation} --test {input.test} --known-train {output.train} "
        "--known-validation {output.validation} --known-test {output.test} "
        "--ood-validation {output.ood_validation} --ood-test {output.ood_test} > {log} 2>&1"


if PRUNING["backbone"]["pretrained"] is False:

    rule train_pruning_backbone:
        """Train the feature extractor on the in-distribution training images."""
        input:
            train=f"{PRUNED}/data/train.h5",
            validation=f"{PRUNED}/data/validation.h5",
        output:
            backbone=f"{PRUNED}/backbone.safetensors",
            description=f"{PRUNED}/backbone.json",
        log:
            f"{LOGS}/train_pruning_backbone.log",
        cache: "omit-software"
        conda:
            ENVIRONMENT
        resources:
            gpu=1,
        params:
            spec=spec(
                "train_pruning_backbone",
                modules=[f"networks/zoo/{PRUNING['backbone']['arch']}.py"],
                dataset=config["dataset"],
                seed=config["seed"],
                member=backbone_of(),
                recipe=PRUNING["backbone"]["recipe"],
            ),
            state=f"{RESULTS}/state/pruning_backbone.pt",
        shell:
            "python scripts/train_pruning_backbone.py --spec {params.spec:q} --train {input.train} "
            "--validation {input.validation} --backbone {output.backbone} --state {params.state} > {log} 2>&1"

else:

    rule fetch_pruning_backbone:
        """Take the feature extractor from a library or a local file."""
        input:
            validation=f"{PRUNED}/data/validation.h5",
            local=local_backbone(),
        output:
            backbone=f"{PRUNED}/backbone.safetensors",
            description=f"{PRUNED}/backbone.json",
        log:
            f"{LOGS}/fetch_pruning_backbone.log",
        cache: "omit-software"
        conda:
            ENVIRONMENT
        params:
            spec=spec(
                "fetch_pruning_backbone",
                modules=[f"networks/zoo/{PRUNING['backbone']['arch']}.py"],
                dataset=config["dataset"],
                seed=config["seed"],
                member=backbone_of(),
            ),
        shell:
            "python scripts/fetch_pruning_backbone.py --spec {params.spec:q} --validation {input.validation} "
            "--backbone {output.backbone} > {log} 2>&1"


rule extract_features:
    """Store the features that the frozen backbone gives for one set of images, once for all evaluations."""
    input:
        backbone=f"{PRUNED}/backbone.safetensors",
        description=f"{PRUNED}/backbone.json",
        images=f"{PRUNED}/data/{{part}}.h5",
    output:
        features=f"{PRUNED}/features/{{part}}.h5",
    log:
        f"{LOGS}/extract_features/{{part}}.log",
    wildcard_constraints:
        part=one_of(PRUNING_PARTS),
    cache: "omit-software"
    conda:
        ENVIRONMENT
    resources:
        gpu=1,
    params:
        spec=lambda wildcards: spec(
            "extract_features",
            wildcards,
            modules=[f"networks/zoo/{PRUNING['backbone']['arch']}.py"],
            dataset=config["dataset"],
            seed=config["seed"],
            most=PRUNING["train_images"] if wildcards.part == "train" else None,
        ),
        state=f"{RESULTS}/state/pruning_features/{{part}}.h5",
    shell:
        "python scripts/extract_features.py --spec {params.spec:q} --backbone {input.backbone} "
        "--images {input.images} --features {output.features} --state {params.state} > {log} 2>&1"


rule ablate_detection:
    """Measure how well the unpruned network tells strange images by every score, temperature and perturbation."""
    input:
        backbone=f"{PRUNED}/backbone.safetensors",
        description=f"{PRUNED}/backbone.json",
        train=f"{PRUNED}/features/train.h5",
        known=[f"{PRUNED}/features/{part}.h5" for part in ("validation", "test")],
        ood=[f"{PRUNED}/features/ood_{part}.h5" for part in ("validation", "test")],
        images=[f"{PRUNED}/data/{part}.h5" for part in ("validation", "test", "ood_validation", "ood_test")],
    output:
        table=f"{PRUNED}/detection_ablation.csv",
    log:
        f"{LOGS}/ablate_detection.log",
    cache: "omit-software"
    conda:
        ENVIRONMENT
    resources:
        gpu=1,
    params:
        spec=lambda wildcards: spec(
            "ablate_detection",
            modules=[f"networks/zoo/{PRUNING['backbone']['arch']}.py"],
            seed=config["seed"],
            runs=PRUNING["runs"],
            head=PRUNING["head"],
            **{key: PRUNING["detection"][key] for key in ("temperature", "temperatures", "epsilons")},
        ),
    shell:
        "python scripts/ablate_detection.py --spec {params.spec:q} --backbone {input.backbone} --train {input.train} "
        "--known {input.known} --ood {input.ood} --images {input.images} --table {output.table} > {log} 2>&1"


include: "pruning_search.smk"
