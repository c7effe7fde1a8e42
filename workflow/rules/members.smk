"""Members: one trained network each, with a description beside its weights.

INPUTS  results/{dataset}/data/{train,validation}.h5
OUTPUTS results/{dataset}/members/{member}.{safetensors,json}, results/{dataset}/backbones/{member}.{safetensors,json}
"""


rule train_member:
    """Train one network on the labels, or on labels and a teacher's top class."""
    input:
        train=f"{RESULTS}/data/train.h5",
        validation=f"{RESULTS}/data/validation.h5",
        teacher=lambda wildcards: [f"{RESULTS}/members/{name}.safetensors" for name in teachers_of(wildcards.member)],
        described=lambda wildcards: [f"{RESULTS}/members/{name}.json" for name in teachers_of(wildcards.member)],
    output:
        weights=f"{RESULTS}/members/{{member}}.safetensors",
        description=f"{RESULTS}/members/{{member}}.json",
    log:
        f"{LOGS}/train_member/{{member}}.log",
    wildcard_constraints:
        member=one_of(TRAINED),
    cache: "omit-software"
    conda:
        ENVIRONMENT
    resources:
        gpu=1,
    params:
        spec=lambda wildcards: spec(
            "train_member",
            wildcards,
            modules=zoo(wildcards.member, *teachers_of(wildcards.member)),
            dataset=config["dataset"],
            seed=config["seed"],
            member=network_of(wildcards.member),
            recipe=recipe_of(wildcards.member),
        ),
        state=f"{RESULTS}/state/{{member}}.pt",
    shell:
        "python scripts/train_member.py --spec {params.spec:q} --train {input.train} --validation {input.validation} "
        "--teacher {input.teacher} --weights {output.weights} --state {params.state} > {log} 2>&1"


rule pretrain_backbone:
    """Train a backbone without labels, by self-distillation between views (DINO style)."""
    input:
        train=f"{RESULTS}/data/train.h5",
    output:
        backbone=f"{RESULTS}/backbones/{{member}}.safetensors",
        description=f"{RESULTS}/backbones/{{member}}.json",
    log:
        f"{LOGS}/pretrain_backbone/{{member}}.log",
    wildcard_constraints:
        member=one_of(name for name in PROBED if not MEMBERS[name]["pretrained"]),
    cache: "omit-software"
    conda:
        ENVIRONMENT
    resources:
        gpu=1,
    params:
        spec=lambda wildcards: spec(
            "pretrain_backbone",
            wildcards,
            modules=zoo(wildcards.member),
            dataset=config["dataset"],
            seed=config["seed"],
            member=network_of(wildcards.member),
            pretraining=config["pretraining"][MEMBERS[wildcards.member]["pretraining"]],
        ),
        state=f"{RESULTS}/state/{{member}}.backbone.pt",
    shell:
        "python scripts/pretrain_backbone.py --spec {params.spec:q} --train {input.train} "
        "--backbone {output.backbone} --state {params.state} > {log} 2>&1"


rule probe_member:
    """Train a linear classifier on the frozen features of a self-supervised backbone."""
    input:
        train=f"{RESULTS}/data/train.h5",
        validation=f"{RESULTS}/data/validation.h5",
        backbone=f"{RESULTS}/backbones/{{member}}.safetensors",
        description=f"{RESULTS}/backbones/{{member}}.json",
    output:
        weights=f"{RESULTS}/members/{{member}}.safetensors",
        description=f"{RESULTS}/members/{{member}}.json",
    log:
        f"{LOGS}/probe_member/{{member}}.log",
    wildcard_constraints:
        member=one_of(PROBED),
    cache: "omit-software"
    conda:
        ENVIRONMENT
    resources:
        gpu=1,
    params:
        spec=lambda wildcards: spec(
            "probe_member",
            wildcards,
            modules=zoo(wildcards.member),
            dataset=config["dataset"],
            seed=config["seed"],
            member=network_of(wildcards.member),
            recipe=config["probes"][MEMBERS[wildcards.member]["probe"]],
        ),
    shell:
        "python scripts/probe_member.py --spec {params.spec:q} --train {input.train} --validation {input.validation} "
        "--backbone {input.backbone} --weights {output.weights} > {log} 2>&1"


rule fetch_member:
    """Take a network with weights made elsewhere, from a library or a local file."""
    input:
        validation=f"{RESULTS}/data/validation.h5",
        local=lambda wildcards: local_weights_of(wildcards.member),
    output:
        weights=f"{RESULTS}/members/{{member}}.safetensors",
        description=f"{RESULTS}/members/{{member}}.json",
    log:
        f"{LOGS}/fetch_member/{{member}}.log",
    wildcard_constraints:
        member=one_of(FETCHED),
    cache: "omit-software"
    conda:
        ENVIRONMENT
    resources:
        gpu=1,
    params:
        spec=lambda wildcards: spec(
            "fetch_member",
            wildcards,
            modules=zoo(wildcards.member),
            dataset=config["dataset"],
            seed=config["seed"],
            member=network_of(wildcards.member),
        ),
    shell:
        "python scripts/fetch_member.py --spec {params.spec:q} --validation {input.validation} "
        "--weights {output.weights} > {log} 2>&1"


rule fetch_backbone:
    """Take a backbone without classifier, made elsewhere; probe_member then fits its last layer."""
    input:
        validation=f"{RESULTS}/data/validation.h5",
        local=lambda wildcards: local_weights_of(wildcards.member),
    output:
        backbone=f"{RESULTS}/backbones/{{member}}.safetensors",
        description=f"{RESULTS}/backbones/{{member}}.json",
    log:
        f"{LOGS}/fetch_backbone/{{member}}.log",
    wildcard_constraints:
        member=one_of(name for name in PROBED if MEMBERS[name]["pretrained"]),
    cache: "omit-software"
    conda:
        ENVIRONMENT
    params:
        spec=lambda wildcards: spec(
            "fetch_backbone",
            wildcards,
            modules=zoo(wildcards.member),
            dataset=config["dataset"],
            seed=config["seed"],
            member=network_of(wildcards.member),
        ),
    shell:
        "python scripts/fetch_backbone.py --spec {params.spec:q} --validation {input.validation} "
        "--backbone {output.backbone} > {log} 2>&1"


rule members:
    """Train or fetch every member of the study."""
    input:
        expand(f"{RESULTS}/members/{{member}}.safetensors", member=OWN),
