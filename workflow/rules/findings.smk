"""What the resilience study finds beyond its ensembles: RQ1, difficulty functions, teams beside each other, claims.

INPUTS  results/{dataset}/dumps, members, trends, tables
OUTPUTS results/{dataset}/tables/*.csv, *.html, results/{dataset}/figures/*.{svg,png,pdf}
"""

TEAM_PAIRS = list(dict.fromkeys(pair for team in SHOWN_TEAMS for pair in combinations(team["members"], 2)))
SIMILARITIES = [f"{RESULTS}/similarity/{first}+{second}/clean.csv" for first, second in TEAM_PAIRS]
TEAM_SCORES = [f"{TABLES}/ensembles.csv", *([f"{TABLES}/teams.csv"] if TEAMS else [])]
# The tables beside the ensembles', where the study has what they need; the claims read all of them.
FINDINGS = [
    "comparisons",
    "matched_pairs",
    "single_model_regression",
    *(["difficulty"] if FAMILIES else []),
    *(["method_agreement"] if config["method_agreement"] else []),
    *(["teams", "team_training"] if TEAMS else []),
    *(["similarity"] if SHOWN_TEAMS else []),
]
TEAM_TABLES = [*(["heuristics"] if TEAMS else []), *(["equitability"] if TEAMS and SHOWN_TEAMS else [])]
FINDINGS_FIGURES = [
    *(["difficulty_functions"] if FAMILIES else []),
    *(["method_agreement"] if config["method_agreement"] else []),
    *(["heuristics"] if TEAMS else []),
    *(["similarity_maps"] if SHOWN_TEAMS else []),
    *(["attribution_maps"] if SHOWN_TEAMS and METHODS else []),
    *(["agreeing_pixels"] if len(AGREEING) == 2 and METHODS else []),
]


rule collect_comparisons:
    """Join the comparisons of all pools and shifts into one table."""
    input:
        parts=expand(f"{RESULTS}/trends/{{pool}}/{{shift}}.comparisons.csv", pool=POOLS, shift=SHIFTS),
    output:
        table=f"{TABLES}/comparisons.csv",
    log:
        f"{LOGS}/collect_comparisons.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("collect_comparisons"),
    shell:
        "python scripts/collect_comparisons.py --spec {params.spec:q} --parts {input.parts} --table {output.table} "
        "> {log} 2>&1"


rule regress_accuracy:
    """Regress accuracy on every shift on clean accuracy, size and class (RQ1)."""
    input:
        members=f"{TABLES}/members.csv",
    output:
        table=f"{TABLES}/single_model_regression.csv",
        page=report(
            f"{TABLES}/single_model_regression.html",
            caption="../report/single_model_regression_table.rst",
            category="Tables",
        ),
    log:
        f"{LOGS}/regress_accuracy.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("regress_accuracy", members=SINGLE, **BOOTSTRAP),
    shell:
        "python scripts/regress_accuracy.py --spec {params.spec:q} --members {input.members} --table {output.table} "
        "--page {output.page} > {log} 2>&1"


rule compare_matched_pairs:
    """Compare members that differ in one thing, image by image (RQ1)."""
    input:
        members=f"{TABLES}/members.csv",
        dumps=dumps_of(SINGLE, SHIFTS),
    output:
        table=f"{TABLES}/matched_pairs.csv",
        page=report(
            f"{TABLES}/matched_pairs.html",
            caption="../report/matched_pairs_table.rst",
            category="Tables",
        ),
    log:
        f"{LOGS}/compare_matched_pairs.log",
    conda:
        ENVIRONMENT
    threads: 2
    params:
        spec=spec(
            "compare_matched_pairs",
            members=SINGLE,
            shifts=SHIFTS,
            baseline=BASELINE,
            **BOOTSTRAP,
        ),
    shell:
        "python scripts/compare_matched_pairs.py --spec {params.spec:q} --members {input.members} "
        "--dumps {input.dumps:q} --table {output.table} --page {output.page} --threads {threads} > {log} 2>&1"


rule measure_difficulty:
    """Measure the difficulty functions of families of members on every shift (Littlewood and Miller)."""
    input:
        dumps=dumps_of([member for family in FAMILIES.values() for member in family], SHIFTS),
    output:
        table=f"{TABLES}/difficulty.csv",
        joint=f"{TABLES}/difficulty_joint.csv",
    log:
        f"{LOGS}/measure_difficulty.log",
    conda:
        ENVIRONMENT
    threads: 2
    params:
        spec=spec("measure_difficulty", families=FAMILIES, shifts=SHIFTS, **BOOTSTRAP),
    shell:
        "python scripts/measure_difficulty.py --spec {params.spec:q} --dumps {input.dumps:q} --table {output.table} "
        "--joint {output.joint} --threads {threads} > {log} 2>&1"


rule draw_difficulty_functions:
    """Draw what is hard for two families of members, and how it varies together (Figure 3)."""
    input:
        table=f"{TABLES}/difficulty.csv",
        joint=f"{TABLES}/difficulty_joint.csv",
    output:
        **shown_figure("difficulty_functions", "difficulty_functions", "Ensembles"),
    log:
        f"{LOGS}/draw_difficulty_functions.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("draw_difficulty_functions", families=list(FAMILIES)),
    shell:
        "python scripts/draw_difficulty_functions.py --spec {params.spec:q} --table {input.table} "
        "--joint {input.joint} --figure {output.svg} > {log} 2>&1"


rule tabulate_heuristics:
    """Average the teams of each heuristic over their seeds."""
    input:
        teams=f"{TABLES}/teams.csv",
    output:
        table=f"{TABLES}/heuristics.csv",
    log:
        f"{LOGS}/tabulate_heuristics.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("tabulate_heuristics"),
    shell:
        "python scripts/tabulate_heuristics.py --spec {params.spec:q} --teams {input.teams} --table {output.table} "
        "> {log} 2>&1"


rule draw_heuristics:
    """Draw the accuracy of teams by heuristic on every shift (Figure 10)."""
    input:
        teams=f"{TABLES}/teams.csv",
    output:
        **shown_figure("heuristics", "heuristics", "Teams"),
    log:
        f"{LOGS}/draw_heuristics.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("draw_heuristics", teams=FIGURES["heuristics"]["teams"]),
    shell:
        "python scripts/draw_heuristics.py --spec {params.spec:q} --teams {input.teams} --figure {output.svg} "
        "> {log} 2>&1"


rule measure_similarity:
    """Measure how alike the layers of two members are: CKA of every pair of layers on one shift."""
    input:
        weights=lambda wildcards: [
            f"{RESULTS}/members/{name}.safetensors" for name in (wildcards.first, wildcards.second)
        ],
        descriptions=lambda wildcards: [
            f"{RESULTS}/members/{name}.json" for name in (wildcards.first, wildcards.second)
        ],
        images=lambda wildcards: images_of(wildcards.shift),
    output:
        table=f"{RESULTS}/similarity/{{first}}+{{second}}/{{shift}}.csv",
    log:
        f"{LOGS}/measure_similarity/{{first}}+{{second}}/{{shift}}.log",
    wildcard_constraints:
        first=one_of(TEAM_MAPPED),
        second=one_of(TEAM_MAPPED),
    cache: "omit-software"
    conda:
        ENVIRONMENT
    resources:
        gpu=1,
    params:
        spec=lambda wildcards: spec(
            "measure_similarity",
            wildcards,
            modules=zoo(wildcards.first, wildcards.second),
            dataset=config["dataset"],
            seed=config["seed"],
            **{key: FIGURES["team_maps"][key] for key in ("images", "batch_size", "layers")},
        ),
    shell:
        "python scripts/measure_similarity.py --spec {params.spec:q} --weights {input.weights} --images {input.images} "
        "--table {output.table} > {log} 2>&1"


rule tabulate_similarity:
    """Sum up how alike members' layers are, by team, pair and depth."""
    input:
        similarities=SIMILARITIES,
    output:
        table=f"{TABLES}/similarity.csv",
        page=report(f"{TABLES}/similarity.html", caption="../report/similarity_table.rst", category="Tables"),
    log:
        f"{LOGS}/tabulate_similarity.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("tabulate_similarity", teams=SHOWN_TEAMS),
    shell:
        "python scripts/tabulate_similarity.py --spec {params.spec:q} --similarities {input.similarities} "
        "--table {output.table} --page {output.page} > {log} 2>&1"


rule tabulate_equitability:
    """Put the equitability of every team on every shift into one table (Table 2)."""
    input:
        teams=f"{TABLES}/teams.csv",
        ensembles=f"{TABLES}/ensembles.csv",
    output:
        table=f"{TABLES}/equitability.csv",
        page=report(f"{TABLES}/equitability.html", caption="../report/equitability_table.rst", category="Tables"),
    log:
        f"{LOGS}/tabulate_equitability.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec(
            "tabulate_equitability",
            ensembles=[
                {"title": entry["title"], "members": entry["members"]}
                for entry in FIGURES["team_maps"]["teams"]
                if "members" in entry
            ],
        ),
    shell:
        "python scripts/tabulate_equitability.py --spec {params.spec:q} --teams {input.teams} "
        "--ensembles {input.ensembles} --table {output.table} --page {output.page} > {log} 2>&1"


rule draw_similarity_maps:
    """Draw how alike the layers of the members of three teams are (Figure 12)."""
    input:
        similarities=SIMILARITIES,
        scores=TEAM_SCORES,
    output:
        **shown_figure("similarity_maps", "similarity_maps", "Teams"),
    log:
        f"{LOGS}/draw_similarity_maps.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("draw_similarity_maps", teams=SHOWN_TEAMS, shift="clean"),
    shell:
        "python scripts/draw_similarity_maps.py --spec {params.spec:q} --similarities {input.similarities} "
        "--scores {input.scores} --figure {output.svg} > {log} 2>&1"


rule draw_attribution_maps:
    """Draw where the members of three teams look on the same eight test images (Figure 11)."""
    input:
        images=f"{RESULTS}/data/test.h5",
        dumps=dumps_of([name for team in SHOWN_TEAMS for name in team["members"]], ["clean"]),
        scores=TEAM_SCORES,
    output:
        **shown_figure("attribution_maps", "attribution_maps", "Teams"),
    log:
        f"{LOGS}/draw_attribution_maps.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec(
            "draw_attribution_maps",
            teams=SHOWN_TEAMS,
            shift="clean",
            method=METHODS[0] if METHODS else None,
        ),
    shell:
        "python scripts/draw_attribution_maps.py --spec {params.spec:q} --images {input.images} "
        "--dumps {input.dumps:q} --scores {input.scores} --figure {output.svg} > {log} 2>&1"


rule draw_agreeing_pixels:
    """Draw images that two members both get right, as each of them sees them (Figure 2)."""
    input:
        images=f"{RESULTS}/data/test.h5",
        dumps=dumps_of(AGREEING, ["clean"]),
    output:
        **shown_figure("agreeing_pixels", "agreeing_pixels", "Single models"),
    log:
        f"{LOGS}/draw_agreeing_pixels.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec(
            "draw_agreeing_pixels",
            members=AGREEING,
            method=METHODS[0] if METHODS else None,
        ),
    shell:
        "python scripts/draw_agreeing_pixels.py --spec {params.spec:q} --images {input.images} "
        "--dumps {input.dumps:q} --figure {output.svg} > {log} 2>&1"


rule tabulate_claims:
    """Put every claim of the paper beside what this study found."""
    input:
        tables=expand(f"{TABLES}/{{name}}.csv", name=["members", "ensembles", "trends", *FINDINGS]),
    output:
        table=f"{TABLES}/claims.csv",
        page=report(
            f"{TABLES}/claims.html",
            caption="../report/claims_table.rst",
            category="Answers",
        ),
    log:
        f"{LOGS}/tabulate_claims.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec(
            "tabulate_claims",
            shifts=SHIFTS,
            corruptions=CORRUPTED,
            pool=next(iter(config["pools"])),
            subnetworks=member_groups.SUBNETWORK_POOL if SUBNETWORKS else None,
            families=list(FAMILIES),
            teams=FIGURES["heuristics"]["teams"],
            exhibits=member_groups.exhibits(config),
            heterogeneous_members=SHOWN_TEAMS[0]["members"] if SHOWN_TEAMS else [],
            **BOOTSTRAP,
        ),
    shell:
        "python scripts/tabulate_claims.py --spec {params.spec:q} --tables {input.tables} --table {output.table} "
        "--page {output.page} > {log} 2>&1"


RESILIENCE_TABLES = expand(
    f"{TABLES}/{{name}}.csv", name=["members", "ensembles", "trends", *FINDINGS, *TEAM_TABLES, "claims"]
)
STUDY_TABLES.extend(RESILIENCE_TABLES)
STUDY_FIGURES.extend(figures_named(*RESILIENCE_FIGURES, *FINDINGS_FIGURES))


rule resilience:
    """Run the resilience study: ensembles of different networks under natural image corruptions."""
    input:
        RESILIENCE_TABLES,
        figures_named(*RESILIENCE_FIGURES, *FINDINGS_FIGURES),
