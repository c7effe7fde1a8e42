"""Ensembles: every subset of a pool scored on every shift, and how the gain follows diversity.

INPUTS  results/{dataset}/dumps/{member}/{shift}.h5, results/{dataset}/members/{member}.json
OUTPUTS results/{dataset}/scores/{pool}/{shift}.csv, {shift}.pairs.csv,
        results/{dataset}/trends/{pool}/{shift}.csv, {shift}.comparisons.csv
"""


rule score_ensembles:
    """Score every ensemble of a pool on one shift: accuracy, improvement, and the diversity of its members."""
    input:
        dumps=lambda wildcards: dumps_of((POOLS | SEARCHED_POOLS)[wildcards.pool]["members"], [wildcards.shift]),
        descriptions=lambda wildcards: descriptions_of((POOLS | SEARCHED_POOLS)[wildcards.pool]["members"]),
    output:
        scores=f"{RESULTS}/scores/{{pool}}/{{shift}}.csv",
        pairs=f"{RESULTS}/scores/{{pool}}/{{shift}}.pairs.csv",
    log:
        f"{LOGS}/score_ensembles/{{pool}}/{{shift}}.log",
    conda:
        ENVIRONMENT
    threads: 2
    params:
        spec=lambda wildcards: spec("score_ensembles", wildcards, **pool_of(wildcards.pool)),
    shell:
        "python scripts/score_ensembles.py --spec {params.spec:q} --dumps {input.dumps:q} "
        "--descriptions {input.descriptions:q} --scores {output.scores} --pairs {output.pairs} "
        "--threads {threads} > {log} 2>&1"


rule bootstrap_trends:
    """Fit improvement to each metric over a pool's ensembles, with intervals over members and images."""
    input:
        dumps=lambda wildcards: dumps_of((POOLS | SEARCHED_POOLS)[wildcards.pool]["members"], [wildcards.shift]),
        scores=f"{RESULTS}/scores/{{pool}}/{{shift}}.csv",
    output:
        trends=f"{RESULTS}/trends/{{pool}}/{{shift}}.csv",
        comparisons=f"{RESULTS}/trends/{{pool}}/{{shift}}.comparisons.csv",
    log:
        f"{LOGS}/bootstrap_trends/{{pool}}/{{shift}}.log",
    conda:
        ENVIRONMENT
    threads: 2
    params:
        spec=lambda wildcards: spec(
            "bootstrap_trends",
            wildcards,
            seed=config["seed"],
            replicates=config["bootstrap"],
            **pool_of(wildcards.pool),
        ),
    shell:
        "python scripts/bootstrap_trends.py --spec {params.spec:q} --dumps {input.dumps:q} --scores {input.scores} "
        "--trends {output.trends} --comparisons {output.comparisons} --threads {threads} > {log} 2>&1"
