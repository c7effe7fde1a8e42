"""Masks over channels of the backbone's early blocks, the last of the scopes that the study compares.

INPUTS  results/{dataset}/pruning/{backbone.safetensors,features,data}, results/{dataset}/tables/pruning_curves.csv
OUTPUTS results/{dataset}/pruning/searches/channels/{run}.csv, results/{dataset}/tables/pruning_channels.csv,
        results/{dataset}/figures/pruning_channels.{svg,png,pdf}
"""

CHANNEL_PARTS = ["train", "validation", "ood_validation"]


rule search_channels:
    """Search masks over channels of the early blocks, which make another backbone each; one run."""
    input:
        **BACKBONE,
        features=list(features_of(*CHANNEL_PARTS).values()),
        images=[f"{PRUNED}/data/{part}.h5" for part in CHANNEL_PARTS],
    output:
        history=f"{PRUNED}/searches/channels/{{run}}.csv",
    log:
        f"{LOGS}/search_channels/{{run}}.log",
    wildcard_constraints:
        run=r"\d+",
    cache: "omit-software"
    conda:
        ENVIRONMENT
    resources:
        gpu=1,
    params:
        spec=lambda wildcards: spec(
            "search_channels",
            wildcards,
            modules=[f"networks/zoo/{PRUNING['backbone']['arch']}.py"],
            seed=config["seed"],
            head=PRUNING["head"],
            detection=DETECTION,
            budget=PRUNING["channels"] | {"offspring": PRUNING["channels"]["population"]},
        ),
        state=f"{RESULTS}/state/searches/channels/{{run}}.jsonl",
    shell:
        "python scripts/search_channels.py --spec {params.spec:q} --backbone {input.backbone} "
        "--features {input.features} --images {input.images} --history {output.history} --state {params.state} "
        "> {log} 2>&1"


rule score_channels:
    """Put the growth of searches over channels beside that of the other scopes, for as many evaluations."""
    input:
        histories=[f"{PRUNED}/searches/channels/{run}.csv" for run in RUNS],
        curves=f"{TABLES}/pruning_curves.csv",
        train=f"{PRUNED}/features/train.h5",
    output:
        table=f"{TABLES}/pruning_channels.csv",
    log:
        f"{LOGS}/score_channels.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("score_channels"),
    shell:
        "python scripts/score_channels.py --spec {params.spec:q} --histories {input.histories} "
        "--curves {input.curves} --train {input.train} --table {output.table} > {log} 2>&1"


rule draw_pruning_channels:
    """Draw searches over channels of the early blocks beside those over the head."""
    input:
        curves=f"{TABLES}/pruning_channels.csv",
    output:
        **shown_figure("pruning_channels", "pruning_channels", "Pruning"),
    log:
        f"{LOGS}/draw_pruning_channels.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec(
            "draw_pruning_channels",
            populations={
                **{scope: PRUNING["search"]["population"] for scope in SCOPES},
                "channels": PRUNING["channels"]["population"],
            },
        ),
    shell:
        "python scripts/draw_pruning_channels.py --spec {params.spec:q} --curves {input.curves} "
        "--figure {output.svg} > {log} 2>&1"
