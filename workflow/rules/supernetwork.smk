"""The super-network: all its sub-networks share one set of weights; some are handed over as members like all others.

INPUTS  results/{dataset}/data/{train,validation}.h5, results/{dataset}/members/{member}.safetensors
OUTPUTS results/{dataset}/supernetwork/*, results/{dataset}/members/subnet_*.{safetensors,json},
        results/{dataset}/dumps/subnet_*/{shift}.h5
"""

SUPERNETWORK = config["supernetwork"]
SUBNETWORK_WEIGHTS = [f"{RESULTS}/members/{name}.safetensors" for name in SUBNETWORKS]
SUBNETWORK_DESCRIPTIONS = [f"{RESULTS}/members/{name}.json" for name in SUBNETWORKS]


rule train_supernetwork:
    """Shrink a trained residual network progressively until all of its sub-networks work."""
    input:
        train=f"{RESULTS}/data/train.h5",
        validation=f"{RESULTS}/data/validation.h5",
        member=f"{RESULTS}/members/{SUPERNETWORK['of']}.safetensors",
        described=f"{RESULTS}/members/{SUPERNETWORK['of']}.json",
    output:
        supernetwork=f"{RESULTS}/supernetwork/supernetwork.safetensors",
        description=f"{RESULTS}/supernetwork/supernetwork.json",
    log:
        f"{LOGS}/train_supernetwork.log",
    cache: "omit-software"
    conda:
        ENVIRONMENT
    resources:
        gpu=1,
    params:
        spec=spec(
            "train_supernetwork",
            modules=zoo(SUPERNETWORK["of"]),
            dataset=config["dataset"],
            seed=config["seed"],
            recipe=SUPERNETWORK["recipe"],
        ),
        state=f"{RESULTS}/state/supernetwork.pt",
    shell:
        "python scripts/train_supernetwork.py --spec {params.spec:q} --train {input.train} "
        "--validation {input.validation} --member {input.member} --supernetwork {output.supernetwork} "
        "--state {params.state} > {log} 2>&1"


rule extract_subnetworks:
    """Find sub-networks of about one size and make each an ordinary member."""
    input:
        train=f"{RESULTS}/data/train.h5",
        validation=f"{RESULTS}/data/validation.h5",
        supernetwork=f"{RESULTS}/supernetwork/supernetwork.safetensors",
        description=f"{RESULTS}/supernetwork/supernetwork.json",
    output:
        **numbered("weights", SUBNETWORK_WEIGHTS),
        **numbered("description", SUBNETWORK_DESCRIPTIONS),
        record=f"{RESULTS}/supernetwork/selection.json",
    log:
        f"{LOGS}/extract_subnetworks.log",
    cache: "omit-software"
    conda:
        ENVIRONMENT
    resources:
        gpu=1,
    params:
        spec=spec(
            "extract_subnetworks",
            modules=zoo(SUPERNETWORK["of"]),
            dataset=config["dataset"],
            seed=config["seed"],
            selection=SUPERNETWORK["selection"],
        ),
        weights=all_of("weights"),
        state=f"{RESULTS}/state/subnetworks.pt",
    shell:
        "python scripts/extract_subnetworks.py --spec {params.spec:q} --train {input.train} "
        "--validation {input.validation} --supernetwork {input.supernetwork} --weights {params.weights} "
        "--record {output.record} --state {params.state} > {log} 2>&1"


rule dump_subnetworks:
    """Store the logits and saliency maps of all sub-networks for every image of a shift."""
    input:
        weights=SUBNETWORK_WEIGHTS,
        descriptions=SUBNETWORK_DESCRIPTIONS,
        images=lambda wildcards: images_of(wildcards.shift),
    output:
        **numbered("dump", [f"{RESULTS}/dumps/{name}/{{shift}}.h5" for name in SUBNETWORKS]),
    log:
        f"{LOGS}/dump_subnetworks/{{shift}}.log",
    cache: "omit-software"
    conda:
        ENVIRONMENT
    resources:
        gpu=1,
    params:
        spec=lambda wildcards: spec(
            "dump_subnetworks",
            wildcards,
            modules=zoo(SUBNETWORKS[0]) + explanation_modules(METHODS),
            dataset=config["dataset"],
            seed=config["seed"],
            members=SUBNETWORKS,
            methods=METHODS,
        ),
        dumps=all_of("dump"),
        states=[f"{RESULTS}/state/dumps/{name}/{{shift}}.h5" for name in SUBNETWORKS],
    shell:
        "python scripts/dump_subnetworks.py --spec {params.spec:q} --weights {input.weights} --images {input.images} "
        "--dumps {params.dumps} --states {params.states} > {log} 2>&1"
