"""Teams: networks trained together, one job per team and seed; its members are then members like all others.

INPUTS  results/{dataset}/data/{train,validation}.h5, results/{dataset}/data/test.h5 or shifts/{shift}.h5
OUTPUTS results/{dataset}/members/{team}-{seed}-{i}.{safetensors,json}, results/{dataset}/dumps/{team}-{seed}-{i}/{shift}.h5,
        results/{dataset}/scores/teams/{shift}.csv, results/{dataset}/sweeps/{sweep}/{weight}-{seed}.csv
"""

PLACES = range(1, TEAM_SIZE + 1)
TEAM_WEIGHTS = [f"{RESULTS}/members/{{team}}-{{seed}}-{place}.safetensors" for place in PLACES]
TEAM_DESCRIPTIONS = [f"{RESULTS}/members/{{team}}-{{seed}}-{place}.json" for place in PLACES]


wildcard_constraints:
    sweep=one_of(config["sweeps"]),
    weight=r"[0-9.e+-]+",


rule train_team:
    """Train several networks together under a loss that they share."""
    input:
        train=f"{RESULTS}/data/train.h5",
        validation=f"{RESULTS}/data/validation.h5",
    output:
        **numbered("weights", TEAM_WEIGHTS),
        **numbered("description", TEAM_DESCRIPTIONS),
    log:
        f"{LOGS}/train_team/{{team}}-{{seed}}.log",
    cache: "omit-software"
    conda:
        ENVIRONMENT
    resources:
        gpu=1,
    params:
        spec=lambda wildcards: spec(
            "train_team",
            wildcards,
            modules=team_zoo(wildcards.team),
            dataset=config["dataset"],
            seed=config["seed"],
            team=team_of(wildcards.team),
            recipe=team_recipe_of(wildcards.team),
        ),
        weights=all_of("weights"),
        state=f"{RESULTS}/state/{{team}}-{{seed}}.pt",
    shell:
        "python scripts/train_team.py --spec {params.spec:q} --train {input.train} --validation {input.validation} "
        "--weights {params.weights} --state {params.state} > {log} 2>&1"


rule sweep_lambda:
    """Train a team with one value of lambda: how long it stayed sane, how good it was, what it cost."""
    input:
        train=f"{RESULTS}/data/train.h5",
        validation=f"{RESULTS}/data/validation.h5",
    output:
        table=f"{RESULTS}/sweeps/{{sweep}}/{{weight}}-{{seed}}.csv",
    log:
        f"{LOGS}/sweep_lambda/{{sweep}}/{{weight}}-{{seed}}.log",
    conda:
        ENVIRONMENT
    resources:
        gpu=1,
    params:
        spec=lambda wildcards: spec(
            "sweep_lambda",
            {**dict(wildcards.items()), "team": config["sweeps"][wildcards.sweep]["team"]},
            modules=team_zoo(config["sweeps"][wildcards.sweep]["team"]),
            dataset=config["dataset"],
            seed=config["seed"],
            **sweep_of(wildcards.sweep, wildcards.weight),
        ),
        state=f"{RESULTS}/state/{{sweep}}-{{weight}}-{{seed}}.pt",
    shell:
        "python scripts/sweep_lambda.py --spec {params.spec:q} --train {input.train} --validation {input.validation} "
        "--table {output.table} --state {params.state} > {log} 2>&1"


rule dump_team:
    """Store the logits and saliency maps of a team's members for every image of a shift."""
    input:
        weights=TEAM_WEIGHTS,
        descriptions=TEAM_DESCRIPTIONS,
        images=lambda wildcards: images_of(wildcards.shift),
    output:
        **numbered(
            "dump",
            [f"{RESULTS}/dumps/{{team}}-{{seed}}-{place}/{{shift}}.h5" for place in PLACES],
        ),
    log:
        f"{LOGS}/dump_team/{{team}}-{{seed}}/{{shift}}.log",
    cache: "omit-software"
    conda:
        ENVIRONMENT
    resources:
        gpu=1,
    params:
        spec=lambda wildcards: spec(
            "dump_team",
            wildcards,
            modules=team_zoo(wildcards.team) + explanation_modules(team_methods(wildcards.shift)),
            dataset=config["dataset"],
            seed=config["seed"],
            members=member_groups.team_members(config, wildcards.team, wildcards.seed),
            methods=team_methods(wildcards.shift),
        ),
        dumps=all_of("dump"),
        states=[f"{RESULTS}/state/dumps/{{team}}-{{seed}}-{place}/{{shift}}.h5" for place in PLACES],
    shell:
        "python scripts/dump_team.py --spec {params.spec:q} --weights {input.weights} --images {input.images} "
        "--dumps {params.dumps} --states {params.states} > {log} 2>&1"


rule score_teams:
    """Score every team as one ensemble on one shift, by mean logit and by what it, or one compared with it, learned."""
    input:
        dumps=lambda wildcards: dumps_of(TEAMED, [wildcards.shift]),
        descriptions=descriptions_of(TEAMED),
    output:
        scores=f"{RESULTS}/scores/teams/{{shift}}.csv",
    log:
        f"{LOGS}/score_teams/{{shift}}.log",
    conda:
        ENVIRONMENT
    threads: 2
    params:
        spec=lambda wildcards: spec(
            "score_teams",
            wildcards,
            pools={name: pool_of(name) for name in TEAM_POOLS},
            labels=team_labels(),
        ),
    shell:
        "python scripts/score_teams.py --spec {params.spec:q} --dumps {input.dumps} "
        "--descriptions {input.descriptions} --scores {output.scores} --threads {threads} > {log} 2>&1"


rule collect_teams:
    """Join the scores of all teams on all shifts into one table."""
    input:
        parts=expand(f"{RESULTS}/scores/teams/{{shift}}.csv", shift=SHIFTS),
    output:
        table=f"{TABLES}/teams.csv",
        page=report(
            f"{TABLES}/teams.html",
            caption="../report/teams_table.rst",
            category="Tables",
        ),
    log:
        f"{LOGS}/collect_teams.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("collect_teams"),
    shell:
        "python scripts/collect_teams.py --spec {params.spec:q} --parts {input.parts} --table {output.table} "
        "--page {output.page} > {log} 2>&1"


rule tabulate_team_training:
    """Tell how far each team's training went before it diverged, and what its loss costs."""
    input:
        descriptions=[f"{RESULTS}/members/{pool['members'][0]}.json" for pool in TEAM_POOLS.values()],
        sweeps=sweep_tables(),
    output:
        table=f"{TABLES}/team_training.csv",
        page=report(
            f"{TABLES}/team_training.html",
            caption="../report/team_training_table.rst",
            category="Tables",
        ),
    log:
        f"{LOGS}/tabulate_team_training.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("tabulate_team_training"),
    shell:
        "python scripts/tabulate_team_training.py --spec {params.spec:q} --descriptions {input.descriptions} "
        "--sweeps {input.sweeps} --table {output.table} --page {output.page} > {log} 2>&1"
