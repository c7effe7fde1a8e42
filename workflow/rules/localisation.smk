"""Maps of member sets, their scores against masks and key points, and the explanation paper's tables and figures.

INPUTS  E/member_sets/{member_set}.safetensors, E/annotated/{source}/test.h5; E is results/{explanation_study.dataset}
OUTPUTS E/predictions/{member_set}.h5, E/maps/{member_set}/{method}.h5, E/scores/{member_set}.csv, {member_set}.sizes.csv,
        E/tables/*.csv, *.html, E/figures/*.{svg,png,pdf}
"""

PAPER_TABLES = EXPLANATION["tables"]
TABLE_7 = {name: member_set for name, member_set in PAPER_TABLES["table_7"].items() if member_set}
SCORING = {key: EXPLANATION[key] for key in ("seed", "threshold", "correlation_side")} | EXPLANATION["averaging"]


def set_methods(member_set):
    """Return the methods that explain the members of a set."""
    return MEMBER_SETS[member_set]["methods"] or EXPLANATION["methods"]


def consensus_of(member_set):
    """Return how a set's ensemble is made one network that is explained too; nothing for most sets."""
    wrapped = EXPLANATION["ensembles_explained"]
    return wrapped["consensus"] if member_set in wrapped["member_sets"] else []


def maps_of(member_set):
    """Return the files of maps of a set, one for each method."""
    return [f"{EXPLAINED}/maps/{member_set}/{method}.h5" for method in set_methods(member_set)]


def explained_images(member_set):
    """Return the annotated images that the members of a set are explained on."""
    return f"{EXPLAINED}/annotated/{evaluated_source(member_set)}/test.h5"


def image_count(method):
    """Return on how many images a method is used."""
    return EXPLANATION["fewer_images"].get(method.partition("-")[0], EXPLANATION["images"])


rule explain_member_set:
    """Store the maps of all members of a set for one method, with its controls: other draws, ensembles as one."""
    input:
        weights=f"{EXPLAINED}/member_sets/{{member_set}}.safetensors",
        description=f"{EXPLAINED}/member_sets/{{member_set}}.json",
        images=lambda wildcards: explained_images(wildcards.member_set),
    output:
        maps=f"{EXPLAINED}/maps/{{member_set}}/{{method}}.h5",
    log:
        f"{EXPLAINED_LOGS}/explain_member_set/{{member_set}}/{{method}}.log",
    cache: "omit-software"
    conda:
        ENVIRONMENT
    resources:
        gpu=1,
    params:
        spec=lambda wildcards: spec(
            "explain_member_set",
            wildcards,
            modules=explained_zoo(MEMBER_SETS[wildcards.member_set]["backbone"])
            + explanation_modules([wildcards.method]),
            dataset=EXPLANATION["dataset"],
            seed=EXPLANATION["seed"],
            task=task_of(wildcards.member_set),
            images=image_count(wildcards.method),
            consensus=consensus_of(wildcards.member_set),
            memory_megabytes=EXPLANATION["memory_megabytes"],
            signed=EXPLANATION["averaging"]["signed"],
            layer=EXPLANATION["backbones"][MEMBER_SETS[wildcards.member_set]["backbone"]]["layer"],
        ),
        state=f"{EXPLAINED}/state/maps/{{member_set}}/{{method}}.h5",
    shell:
        "python scripts/explain_member_set.py --spec {params.spec:q} --weights {input.weights} --images {input.images} "
        "--maps {output.maps} --state {params.state} > {log} 2>&1"


rule predict_member_set:
    """Store what the members of a set answer to images whose answers are known."""
    input:
        weights=f"{EXPLAINED}/member_sets/{{member_set}}.safetensors",
        description=f"{EXPLAINED}/member_sets/{{member_set}}.json",
        images=lambda wildcards: f"{EXPLAINED}/annotated/{task_of(wildcards.member_set)['source']}/test.h5",
    output:
        answers=f"{EXPLAINED}/predictions/{{member_set}}.h5",
    log:
        f"{EXPLAINED_LOGS}/predict_member_set/{{member_set}}.log",
    cache: "omit-software"
    conda:
        ENVIRONMENT
    resources:
        gpu=1,
    params:
        spec=lambda wildcards: spec(
            "predict_member_set",
            wildcards,
            modules=explained_zoo(MEMBER_SETS[wildcards.member_set]["backbone"]),
            dataset=EXPLANATION["dataset"],
        ),
        state=f"{EXPLAINED}/state/predictions/{{member_set}}.h5",
    shell:
        "python scripts/predict_member_set.py --spec {params.spec:q} --weights {input.weights} --images {input.images} "
        "--answers {output.answers} --state {params.state} > {log} 2>&1"


rule score_explanations:
    """Score every map of a member set against masks and key points, case by case."""
    input:
        maps=lambda wildcards: maps_of(wildcards.member_set),
        images=lambda wildcards: explained_images(wildcards.member_set),
    output:
        scores=f"{EXPLAINED}/scores/{{member_set}}.csv",
    log:
        f"{EXPLAINED_LOGS}/score_explanations/{{member_set}}.log",
    conda:
        ENVIRONMENT
    params:
        spec=lambda wildcards: spec(
            "score_explanations", wildcards, task=task_of(wildcards.member_set), scoring=SCORING
        ),
    shell:
        "python scripts/score_explanations.py --spec {params.spec:q} --maps {input.maps} --images {input.images} "
        "--scores {output.scores} > {log} 2>&1"


rule score_ensemble_sizes:
    """Score averages of one, two, ... all members of a set against the masks (Figure 5)."""
    input:
        maps=lambda wildcards: maps_of(wildcards.member_set),
        images=lambda wildcards: explained_images(wildcards.member_set),
    output:
        scores=f"{EXPLAINED}/scores/{{member_set}}.sizes.csv",
    log:
        f"{EXPLAINED_LOGS}/score_ensemble_sizes/{{member_set}}.log",
    conda:
        ENVIRONMENT
    params:
        spec=lambda wildcards: spec(
            "score_ensemble_sizes",
            wildcards,
            task=task_of(wildcards.member_set),
            scoring=SCORING,
            subsets=EXPLANATION["size_curve_subsets"],
        ),
    shell:
        "python scripts/score_ensemble_sizes.py --spec {params.spec:q} --maps {input.maps} --images {input.images} "
        "--scores {output.scores} > {log} 2>&1"
