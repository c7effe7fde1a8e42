"""Maps of member sets, their scores against masks and key points, and the explanation paper's tables and figures.

INPUTS  E/member_sets/{member_set}.safetensors, E/annotated/{source}/test.h5; E is results/{explanation_study.dataset}
OUTPUTS E/predictions/{member_set}.h5, E/maps/{member_set}/{method}.h5, E/scores/{member_set}.csv, {member_set}.sizes.csv,
        E/tables/*.csv, *.html, E/figures/*.{svg,png,pdf}
"""

PAPER_TABLES = EXPLANATION["tables"]
TABLE_7 = {name: member_set for name, member_set in PAPER_TABLES["table_7"].items() if member_set}
SCORING = {key: EXPLANATION[key] for key in ("seed", "threshold", "correlation_side")} | EXPLANATION["averaging"]

# Members that tell what lies in no one part, such as the species, are explained to people and scored nowhere.
SCORED = [name for name in MEMBER_SETS if task_of(name)["part"] or task_of(name)["presence"]]


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
            draws=draws_of(wildcards.member_set),
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


# The tables of the paper that this study answers; Table 6 is of the members of Table 5.
LOCALISATION_TABLES = [
    *(name for name in ("table_1", "table_2", "table_3", "table_4", "table_5") if PAPER_TABLES[name]),
    *(["table_6"] if PAPER_TABLES["table_5"] else []),
    *(["table_7"] if PAPER_TABLES["table_7"]["single"] else []),
]
LOCALISATION = explained_table("localisation", "localisation_table")
LOCALISATION_PAGES = {
    **({"table_1": explained_table("table_1", "table_1")} if "table_1" in LOCALISATION_TABLES else {}),
    **({"table_2": explained_table("table_2", "table_2")} if "table_2" in LOCALISATION_TABLES else {}),
    **({"table_3": explained_table("table_3", "table_3")} if "table_3" in LOCALISATION_TABLES else {}),
    **({"table_4": explained_table("table_4", "table_4")} if "table_4" in LOCALISATION_TABLES else {}),
    **({"table_5": explained_table("table_5", "table_5")} if "table_5" in LOCALISATION_TABLES else {}),
    **({"table_6": explained_table("table_6", "table_6")} if "table_6" in LOCALISATION_TABLES else {}),
    **({"table_7": explained_table("table_7", "table_7")} if "table_7" in LOCALISATION_TABLES else {}),
}
ANSWERED = [name for name in SCORED if not task_of(name)["evaluated_on"]]


rule tabulate_localisation:
    """Sum up the scores of all sets and put them into the tables of the paper (Tables 1 to 7)."""
    input:
        scores=expand(f"{EXPLAINED}/scores/{{member_set}}.csv", member_set=SCORED),
    output:
        **LOCALISATION,
        **{f"{name}_{kind}": file for name, files in LOCALISATION_PAGES.items() for kind, file in files.items()},
    log:
        f"{EXPLAINED_LOGS}/tabulate_localisation.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec(
            "tabulate_localisation",
            tables=PAPER_TABLES,
            average=EXPLANATION["averaging"]["average"],
            **BOOTSTRAP | {"seed": EXPLANATION["seed"]},
        ),
        folder=lambda wildcards, output: str(Path(output.table).parent),
    shell:
        "python scripts/tabulate_localisation.py --spec {params.spec:q} --scores {input.scores} --table {output.table} "
        "--page {output.page} --folder {params.folder} > {log} 2>&1"


if ANSWERED:

    rule tabulate_answers:
        """Put the accuracy and the area under the ROC curve of members and ensembles into one table."""
        input:
            answers=expand(f"{EXPLAINED}/predictions/{{member_set}}.h5", member_set=ANSWERED),
            images=[f"{EXPLAINED}/annotated/{task_of(name)['source']}/test.h5" for name in ANSWERED],
        output:
            **explained_table("answers", "answers_table"),
        log:
            f"{EXPLAINED_LOGS}/tabulate_answers.log",
        conda:
            ENVIRONMENT
        params:
            spec=spec(
                "tabulate_answers",
                tasks=[task_of(name) for name in ANSWERED],
                **BOOTSTRAP | {"seed": EXPLANATION["seed"]},
            ),
            images=lambda wildcards, input: list(input.images),
        shell:
            "python scripts/tabulate_answers.py --spec {params.spec:q} --answers {input.answers} --images {params.images} "
            "--table {output.table} --page {output.page} > {log} 2>&1"


rule tabulate_explanation_claims:
    """Put every claim of the explanation paper beside what this study found."""
    input:
        tables=[f"{EXPLAINED}/tables/{name}.csv" for name in [*LOCALISATION_TABLES, *(["answers"] if ANSWERED else [])]],
    output:
        **explained_table("explanation_claims", "explanation_claims_table", "Answers"),
    log:
        f"{EXPLAINED_LOGS}/tabulate_explanation_claims.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("tabulate_explanation_claims", tables=PAPER_TABLES, average=EXPLANATION["averaging"]["average"]),
    shell:
        "python scripts/tabulate_explanation_claims.py --spec {params.spec:q} --tables {input.tables} "
        "--table {output.table} --page {output.page} > {log} 2>&1"


# Which set each figure shows, and by which method.
SHOWN_SET = PAPER_TABLES["table_4"] or PAPER_TABLES["table_1"] or PAPER_TABLES["table_2"] or next(iter(SCORED))
MARKED_SET = PAPER_TABLES["table_5"] or SHOWN_SET
WRAPPED_SETS = EXPLANATION["ensembles_explained"]["member_sets"]


rule draw_member_maps:
    """Draw what four members say and the average of all (Figure 2)."""
    input:
        maps=shown_map(SHOWN_SET),
        images=explained_images(SHOWN_SET),
    output:
        **explained_figure("member_maps", "member_maps"),
    log:
        f"{EXPLAINED_LOGS}/draw_member_maps.log",
    conda:
        ENVIRONMENT
    params:
        spec=shown_spec("draw_member_maps", SHOWN_SET),
    shell:
        "python scripts/draw_member_maps.py --spec {params.spec:q} --maps {input.maps} --images {input.images} "
        "--figure {output.svg} > {log} 2>&1"


rule draw_averaged_maps:
    """Draw images, their masks and the averaged maps (Figure 3)."""
    input:
        maps=shown_map(MARKED_SET),
        images=explained_images(MARKED_SET),
    output:
        **explained_figure("averaged_maps", "averaged_maps"),
    log:
        f"{EXPLAINED_LOGS}/draw_averaged_maps.log",
    conda:
        ENVIRONMENT
    params:
        spec=shown_spec("draw_averaged_maps", MARKED_SET),
    shell:
        "python scripts/draw_averaged_maps.py --spec {params.spec:q} --maps {input.maps} --images {input.images} "
        "--figure {output.svg} > {log} 2>&1"


rule draw_centres_of_mass:
    """Draw the centres of mass of members' maps and of their average (Figure 4)."""
    input:
        maps=shown_map(SHOWN_SET),
        images=explained_images(SHOWN_SET),
    output:
        **explained_figure("centres_of_mass", "centres_of_mass"),
    log:
        f"{EXPLAINED_LOGS}/draw_centres_of_mass.log",
    conda:
        ENVIRONMENT
    params:
        spec=shown_spec("draw_centres_of_mass", SHOWN_SET),
    shell:
        "python scripts/draw_centres_of_mass.py --spec {params.spec:q} --maps {input.maps} --images {input.images} "
        "--figure {output.svg} > {log} 2>&1"


if PAPER_TABLES["table_5"]:

    rule draw_ensemble_sizes:
        """Draw the intersection over union by the number of averaged members (Figure 5)."""
        input:
            scores=f"{EXPLAINED}/scores/{PAPER_TABLES['table_5']}.sizes.csv",
        output:
            **explained_figure("ensemble_sizes", "ensemble_sizes"),
        log:
            f"{EXPLAINED_LOGS}/draw_ensemble_sizes.log",
        conda:
            ENVIRONMENT
        params:
            spec=spec("draw_ensemble_sizes"),
        shell:
            "python scripts/draw_ensemble_sizes.py --spec {params.spec:q} --scores {input.scores} "
            "--figure {output.svg} > {log} 2>&1"


if WRAPPED_SETS:

    rule draw_explained_ensembles:
        """Draw averaged maps beside maps of the ensemble explained as one network, and how both score."""
        input:
            maps=[f"{EXPLAINED}/maps/{WRAPPED_SETS[0]}/{method}.h5" for method in set_methods(WRAPPED_SETS[0])],
            images=explained_images(WRAPPED_SETS[0]),
            table=f"{EXPLAINED}/tables/localisation.csv",
        output:
            **explained_figure("explained_ensembles", "explained_ensembles"),
        log:
            f"{EXPLAINED_LOGS}/draw_explained_ensembles.log",
        conda:
            ENVIRONMENT
        params:
            spec=shown_spec("draw_explained_ensembles", WRAPPED_SETS[0]),
        shell:
            "python scripts/draw_explained_ensembles.py --spec {params.spec:q} --maps {input.maps} "
            "--images {input.images} --table {input.table} --figure {output.svg} > {log} 2>&1"
