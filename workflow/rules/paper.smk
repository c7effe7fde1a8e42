"""Tables and figures of the studies.

INPUTS  results/{dataset}/dumps, scores, trends, data
OUTPUTS results/{dataset}/tables/*.csv, results/{dataset}/figures/*.{svg,png,pdf}
"""

SINGLE = FIGURES["single_models"]["members"] or list(LISTED)
TABULATED = [*LISTED, *SUBNETWORKS]
BASELINE = FIGURES["baseline_by_shift"]["member"] or next(iter(LISTED))
RESILIENCE_FIGURES = [
    "single_models",
    "baseline_by_shift",
    *(["saliency_maps"] if METHODS and SHOWN_MAPS else []),
    "corruption_panel",
    *[
        f"improvement_by_diversity/{pool}.{shift}.{consensus}"
        for pool, entry in POOLS.items()
        for shift in FIGURES["improvement_by_diversity"]["shifts"]
        for consensus in entry["consensus"]
    ],
    *[f"trend_grid/{pool}.{consensus}" for pool, entry in POOLS.items() for consensus in entry["consensus"]],
]


wildcard_constraints:
    consensus="[a-z_]+",


rule tabulate_members:
    """Put every member's accuracy on every shift into one table."""
    input:
        dumps=dumps_of(TABULATED, SHIFTS),
        descriptions=descriptions_of(TABULATED),
    output:
        table=f"{TABLES}/members.csv",
        page=report(
            f"{TABLES}/members.html",
            caption="../report/members_table.rst",
            category="Tables",
        ),
    log:
        f"{LOGS}/tabulate_members.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec(
            "tabulate_members",
            members=TABULATED,
            shifts=SHIFTS,
            labels=labels_of(TABULATED),
            outside=entries_of(TABULATED),
        ),
    shell:
        "python scripts/tabulate_members.py --spec {params.spec:q} --dumps {input.dumps:q} "
        "--descriptions {input.descriptions:q} --table {output.table} --page {output.page} > {log} 2>&1"


rule collect_ensembles:
    """Join the scores of all pools and shifts into one table."""
    input:
        parts=expand(f"{RESULTS}/scores/{{pool}}/{{shift}}.csv", pool=POOLS, shift=SHIFTS),
    output:
        table=f"{TABLES}/ensembles.csv",
        page=report(
            f"{TABLES}/ensembles.html",
            caption="../report/ensembles_table.rst",
            category="Tables",
        ),
    log:
        f"{LOGS}/collect_ensembles.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("collect_ensembles"),
    shell:
        "python scripts/collect_ensembles.py --spec {params.spec:q} --parts {input.parts} --table {output.table} "
        "--page {output.page} > {log} 2>&1"


rule collect_trends:
    """Join the trends of all pools and shifts into one table."""
    input:
        parts=expand(f"{RESULTS}/trends/{{pool}}/{{shift}}.csv", pool=POOLS, shift=SHIFTS),
    output:
        table=f"{TABLES}/trends.csv",
        page=report(
            f"{TABLES}/trends.html",
            caption="../report/trends_table.rst",
            category="Tables",
        ),
    log:
        f"{LOGS}/collect_trends.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("collect_trends"),
    shell:
        "python scripts/collect_trends.py --spec {params.spec:q} --parts {input.parts} --table {output.table} "
        "--page {output.page} > {log} 2>&1"


rule draw_single_models:
    """Draw every single model's accuracy with its class, approach and size (Table 1)."""
    input:
        members=f"{TABLES}/members.csv",
    output:
        **shown_figure("single_models", "single_models", "Single models"),
    log:
        f"{LOGS}/draw_single_models.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("draw_single_models", **(FIGURES["single_models"] | {"members": SINGLE})),
    shell:
        "python scripts/draw_single_models.py --spec {params.spec:q} --members {input.members} "
        "--figure {output.svg} > {log} 2>&1"


rule draw_baseline_by_shift:
    """Draw one member's accuracy on every shift (Figure 4)."""
    input:
        members=f"{TABLES}/members.csv",
    output:
        **shown_figure("baseline_by_shift", "baseline_by_shift", "Single models"),
    log:
        f"{LOGS}/draw_baseline_by_shift.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("draw_baseline_by_shift", member=BASELINE),
    shell:
        "python scripts/draw_baseline_by_shift.py --spec {params.spec:q} --members {input.members} "
        "--figure {output.svg} > {log} 2>&1"


rule draw_saliency_maps:
    """Draw where several members look on the same eight test images."""
    input:
        images=f"{RESULTS}/data/test.h5",
        dumps=dumps_of(SHOWN_MAPS, ["clean"]),
    output:
        **shown_figure("saliency_maps", "saliency_maps", "Single models"),
    log:
        f"{LOGS}/draw_saliency_maps.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec(
            "draw_saliency_maps",
            members=SHOWN_MAPS,
            method=METHODS[0] if METHODS else None,
        ),
    shell:
        "python scripts/draw_saliency_maps.py --spec {params.spec:q} --images {input.images} --dumps {input.dumps:q} "
        "--figure {output.svg} > {log} 2>&1"


rule draw_corruption_panel:
    """Draw what the corruptions do to a validation image as their severity grows."""
    input:
        images=f"{RESULTS}/data/validation.h5",
    output:
        **shown_figure("corruption_panel", "corruption_panel", "Data"),
    log:
        f"{LOGS}/draw_corruption_panel.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec(
            "draw_corruption_panel",
            modules=[f"corruptions/{name}.py" for name in FIGURES["corruption_panel"]["severities"]],
            dataset=config["dataset"],
            seed=config["seed"],
            **FIGURES["corruption_panel"],
        ),
    shell:
        "python scripts/draw_corruption_panel.py --spec {params.spec:q} --images {input.images} "
        "--figure {output.svg} > {log} 2>&1"


rule draw_improvement_by_diversity:
    """Draw what ensembles gain against how their members differ (Figures 5 and 6)."""
    input:
        ensembles=f"{TABLES}/ensembles.csv",
        trends=f"{TABLES}/trends.csv",
    output:
        **shown_figure(
            "improvement_by_diversity/{pool}.{shift}.{consensus}",
            "improvement_by_diversity",
            "Ensembles",
        ),
    log:
        f"{LOGS}/draw_improvement_by_diversity/{{pool}}.{{shift}}.{{consensus}}.log",
    conda:
        ENVIRONMENT
    params:
        spec=lambda wildcards: spec("draw_improvement_by_diversity", wildcards),
    shell:
        "python scripts/draw_improvement_by_diversity.py --spec {params.spec:q} --ensembles {input.ensembles} "
        "--trends {input.trends} --figure {output.svg} > {log} 2>&1"


rule draw_trend_grid:
    """Draw improvement against diversity and accuracy on all shifts (Figure 7)."""
    input:
        ensembles=f"{TABLES}/ensembles.csv",
        trends=f"{TABLES}/trends.csv",
    output:
        **shown_figure("trend_grid/{pool}.{consensus}", "trend_grid", "Ensembles"),
    log:
        f"{LOGS}/draw_trend_grid/{{pool}}.{{consensus}}.log",
    conda:
        ENVIRONMENT
    params:
        spec=lambda wildcards: spec("draw_trend_grid", wildcards, shifts=SHIFTS),
    shell:
        "python scripts/draw_trend_grid.py --spec {params.spec:q} --ensembles {input.ensembles} "
        "--trends {input.trends} --figure {output.svg} > {log} 2>&1"
