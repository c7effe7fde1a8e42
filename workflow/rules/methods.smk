"""Methods of explanation compared: do they find the same pairs of members diverse?

INPUTS  results/{dataset}/members/{member}.safetensors, results/{dataset}/data/test.h5
OUTPUTS results/{dataset}/method_scores.csv, results/{dataset}/tables/method_{pairs,agreement}.csv,
        results/{dataset}/figures/method_agreement.{svg,png,pdf}
"""

COMPARED = config["method_agreement"]


rule compare_methods:
    """Score pairs of members by several methods of explanation on the same images (Figure 9)."""
    input:
        weights=expand(f"{RESULTS}/members/{{member}}.safetensors", member=COMPARED["members"]),
        descriptions=expand(f"{RESULTS}/members/{{member}}.json", member=COMPARED["members"]),
        images=f"{RESULTS}/data/test.h5",
    output:
        scores=f"{RESULTS}/method_scores.csv",
    log:
        f"{LOGS}/compare_methods.log",
    conda:
        ENVIRONMENT
    resources:
        gpu=1,
    params:
        spec=spec(
            "compare_methods",
            modules=zoo(*COMPARED["members"]) + explanation_modules(COMPARED["methods"]),
            seed=config["seed"],
            **COMPARED,
        ),
        state=f"{RESULTS}/state/method_scores.pt",
    shell:
        "python scripts/compare_methods.py --spec {params.spec:q} --weights {input.weights} --images {input.images} "
        "--scores {output.scores} --state {params.state} > {log} 2>&1"


rule tabulate_method_agreement:
    """Correlate the methods' scores of pairs of members, with intervals over images."""
    input:
        scores=f"{RESULTS}/method_scores.csv",
    output:
        pairs=f"{TABLES}/method_pairs.csv",
        table=f"{TABLES}/method_agreement.csv",
    log:
        f"{LOGS}/tabulate_method_agreement.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("tabulate_method_agreement", **BOOTSTRAP),
    shell:
        "python scripts/tabulate_method_agreement.py --spec {params.spec:q} --scores {input.scores} "
        "--pairs {output.pairs} --table {output.table} > {log} 2>&1"


rule draw_method_agreement:
    """Draw how diverse several methods of explanation find the same pairs of members (Figure 9)."""
    input:
        pairs=f"{TABLES}/method_pairs.csv",
        table=f"{TABLES}/method_agreement.csv",
    output:
        **shown_figure("method_agreement", "method_agreement", "Ensembles"),
    log:
        f"{LOGS}/draw_method_agreement.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("draw_method_agreement"),
    shell:
        "python scripts/draw_method_agreement.py --spec {params.spec:q} --pairs {input.pairs} --table {input.table} "
        "--figure {output.svg} > {log} 2>&1"
