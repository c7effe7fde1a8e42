"""The search for pruning masks, and everything after it: baselines, ensembles, genes, members under corruption.

INPUTS  results/{dataset}/pruning/features/{part}.h5, backbone.safetensors, data/test.h5
OUTPUTS results/{dataset}/pruning/{searches,members,shifts,dumps,scores}, results/{dataset}/tables/pruning_*.csv,
        results/{dataset}/figures/pruning_*.{svg,png,pdf}
"""

SCOPES = PRUNING["search"]["scopes"]
RUNS = range(1, PRUNING["runs"] + 1)
PRUNED_MEMBERS = [f"pruned_{place:02d}" for place in range(1, PRUNING["members"] + 1)]
PRUNED_SHIFTS = ["clean", *CORRUPTED]
DETECTION = {key: PRUNING["detection"][key] for key in ("score", "temperature")}
# All that decides how a mask is evaluated; every rule that trains heads has it in its spec.
HEADS = {
    "seed": config["seed"],
    "scope": SCOPES[0],
    "head": PRUNING["head"],
    "detection": DETECTION,
}
# What tables call the recipe of heads: full where it is, on all images, the one that some masks are ranked by as well.
# How large a head is, their numbers of parameters tell.
FULL = PRUNING["full_head"] | {"hidden": PRUNING["head"]["hidden"]} == PRUNING["head"]
RECIPE = "full" if FULL and PRUNING["train_images"] is None else "reduced"
# Ray spans all nodes of a SLURM job that way, see docs/ray_on_slurm.md.
ON_RAY = "python scripts/on_ray.py -- " if PRUNING["search"]["evaluator"] == "ray" else ""
BUDGET = {
    "population": PRUNING["search"]["population"],
    "offspring": PRUNING["search"]["offspring"] or PRUNING["search"]["population"],
    "evaluations": PRUNING["search"]["evaluations"],
}
SEARCHES = [
    f"{PRUNED}/searches/{scope}/{kind}-{run}.csv"
    for place, scope in enumerate(SCOPES)
    for kind in ("nsga2", "random")[: 2 if place == 0 else 1]
    for run in RUNS
]
# Images of the search: what it learns from and what it is judged on. The test parts are read after it.
SEARCHED = features_of("train", "validation", "ood_validation")
BACKBONE = {
    "backbone": f"{PRUNED}/backbone.safetensors",
    "description": f"{PRUNED}/backbone.json",
}
PRUNING_TABLES = [
    f"{TABLES}/pruning_{name}.csv"
    for name in (
        "evaluations",
        "front",
        "heads",
        "volumes",
        "curves",
        "comparisons",
        "ensembles",
        "gains",
        "genes",
        "attention",
        "recipe_masks",
        "recipe_agreement",
        "members",
        "resilience",
        "pool",
        "claims",
    )
]
PRUNING_FIGURES = [
    "pruning_fronts",
    "pruning_front_3d",
    "pruning_ensembles",
    "pruning_genes",
    *([] if SCOPES[0] == "units" else ["pruning_attention"]),  # only features have places in images
    "pruning_temperatures",
    "pruning_scopes",
    "pruning_growth",
    *(["pruning_resilience"] if CORRUPTED else []),
]


rule search_masks:
    """Search masks for accuracy, size and OoD detection at once, or draw as many at random; one run."""
    input:
        **SEARCHED,
    output:
        history=f"{PRUNED}/searches/{{scope}}/{{kind}}-{{run}}.csv",
    log:
        f"{LOGS}/search_masks/{{scope}}/{{kind}}-{{run}}.log",
    wildcard_constraints:
        scope=one_of(SCOPES),
        kind="nsga2|random",
        run=r"\d+",
    cache: "omit-software"
    conda:
        ENVIRONMENT
    threads: search_threads()
    resources:
        gpu=1,
    params:
        # To train a generation in one computation rounds as no other evaluator does, and so does a number of threads.
        spec=lambda wildcards: spec(
            "search_masks",
            wildcards,
            seed=config["seed"],
            head=PRUNING["head"],
            detection=DETECTION,
            budget=BUDGET,
            together=PRUNING["search"]["evaluator"] == "population",
            threads=PRUNING["search"]["threads"],
        ),
        evaluator=mask_evaluator_options(),
        state=f"{RESULTS}/state/searches/{{scope}}/{{kind}}-{{run}}.jsonl",
    shell:
        f"{ON_RAY}python scripts/search_masks.py --spec {{params.spec:q}} "
        "--train {input.train} --validation {input.validation} "
        "--ood-validation {input.ood_validation} --evaluator {params.evaluator:q} "
        "--history {output.history} --state {params.state} > {log} 2>&1"


rule collect_searches:
    """Join the histories of all runs, and take the masks of the study's scope that nothing dominates."""
    input:
        histories=SEARCHES,
    output:
        evaluations=f"{TABLES}/pruning_evaluations.csv",
        front=f"{TABLES}/pruning_front.csv",
    log:
        f"{LOGS}/collect_searches.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("collect_searches", scope=SCOPES[0], members=PRUNING["members"], recipe=RECIPE),
    shell:
        "python scripts/collect_searches.py --spec {params.spec:q} --histories {input.histories} "
        "--evaluations {output.evaluations} --front {output.front} > {log} 2>&1"


rule train_front_heads:
    """Train the heads of the front, unpruned ones, and masks by weight and by chance of equal density; test them."""
    input:
        **features_of(*PRUNING_PARTS),
        front=f"{TABLES}/pruning_front.csv",
    output:
        heads=f"{TABLES}/pruning_heads.csv",
        logits=f"{PRUNED}/front_logits.safetensors",
    log:
        f"{LOGS}/train_front_heads.log",
    cache: "omit-software"
    conda:
        ENVIRONMENT
    resources:
        gpu=1,
    params:
        spec=spec("train_front_heads", runs=PRUNING["runs"], recipe=RECIPE, **HEADS),
    shell:
        "python scripts/train_front_heads.py --spec {params.spec:q} --train {input.train} "
        "--validation {input.validation} --test {input.test} --ood-validation {input.ood_validation} "
        "--ood-test {input.ood_test} --front {input.front} --heads {output.heads} --logits {output.logits} "
        "> {log} 2>&1"


rule score_searches:
    """Measure how much each run dominates, how it grew, and how much more it is than chance, no pruning, other scopes."""
    input:
        evaluations=f"{TABLES}/pruning_evaluations.csv",
        heads=f"{TABLES}/pruning_heads.csv",
        train=f"{PRUNED}/features/train.h5",
    output:
        volumes=f"{TABLES}/pruning_volumes.csv",
        curves=f"{TABLES}/pruning_curves.csv",
        comparisons=f"{TABLES}/pruning_comparisons.csv",
    log:
        f"{LOGS}/score_searches.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("score_searches", scopes=SCOPES, seed=config["seed"], recipe=RECIPE),
    shell:
        "python scripts/score_searches.py --spec {params.spec:q} --evaluations {input.evaluations} "
        "--heads {input.heads} --train {input.train} --volumes {output.volumes} --curves {output.curves} "
        "--comparisons {output.comparisons} > {log} 2>&1"


rule score_front_ensembles:
    """Score ensembles of the front's heads inside quantile windows, and the best head against the unpruned one."""
    input:
        heads=f"{TABLES}/pruning_heads.csv",
        logits=f"{PRUNED}/front_logits.safetensors",
    output:
        ensembles=f"{TABLES}/pruning_ensembles.csv",
        gains=f"{TABLES}/pruning_gains.csv",
    log:
        f"{LOGS}/score_front_ensembles.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("score_front_ensembles", windows=PRUNING["windows"], detection=DETECTION, recipe=RECIPE, **BOOTSTRAP),
    shell:
        "python scripts/score_front_ensembles.py --spec {params.spec:q} --heads {input.heads} --logits {input.logits} "
        "--ensembles {output.ensembles} --gains {output.gains} > {log} 2>&1"


rule score_genes:
    """Count how often each gene is active over the front."""
    input:
        front=f"{TABLES}/pruning_front.csv",
        train=f"{PRUNED}/features/train.h5",
    output:
        genes=f"{TABLES}/pruning_genes.csv",
    log:
        f"{LOGS}/score_genes.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("score_genes", scope=SCOPES[0], top=10),
    shell:
        "python scripts/score_genes.py --spec {params.spec:q} --front {input.front} --train {input.train} "
        "--genes {output.genes} > {log} 2>&1"


rule explain_front_heads:
    """Show with Grad-CAM where the front's most frequent features look, beside all features and random ones."""
    input:
        **BACKBONE,
        **SEARCHED,
        images=f"{PRUNED}/data/test.h5",
        genes=f"{TABLES}/pruning_genes.csv",
    output:
        maps=f"{PRUNED}/attention.safetensors",
        table=f"{TABLES}/pruning_attention.csv",
    log:
        f"{LOGS}/explain_front_heads.log",
    cache: "omit-software"
    conda:
        ENVIRONMENT
    resources:
        gpu=1,
    params:
        spec=spec(
            "explain_front_heads",
            modules=[f"networks/zoo/{PRUNING['backbone']['arch']}.py"],
            images=PRUNING["shown_images"],
            measured=max(PRUNING["shown_images"], PRUNING["measured_images"]),
            **{key: HEADS[key] for key in ("seed", "head")},
        ),
    shell:
        "python scripts/explain_front_heads.py --spec {params.spec:q} --backbone {input.backbone} "
        "--train {input.train} --validation {input.validation} --ood-validation {input.ood_validation} "
        "--images {input.images} --genes {input.genes} --maps {output.maps} --table {output.table} "
        "> {log} 2>&1"


rule compare_recipes:
    """Rank random masks by the study's recipe of heads and by the full one."""
    input:
        **SEARCHED,
        history=f"{PRUNED}/searches/{SCOPES[0]}/random-1.csv",
    output:
        masks=f"{TABLES}/pruning_recipe_masks.csv",
        table=f"{TABLES}/pruning_recipe_agreement.csv",
    log:
        f"{LOGS}/compare_recipes.log",
    cache: "omit-software"
    conda:
        ENVIRONMENT
    resources:
        gpu=1,
    params:
        spec=spec(
            "compare_recipes",
            candidates=PRUNING["candidates"],
            full_head=PRUNING["full_head"],
            **HEADS,
        ),
    shell:
        "python scripts/compare_recipes.py --spec {params.spec:q} --train {input.train} "
        "--validation {input.validation} --ood-validation {input.ood_validation} --history {input.history} "
        "--masks {output.masks} --table {output.table} > {log} 2>&1"


rule export_front_members:
    """Hand masks of the front over as members: backbone and pruned head in one network."""
    input:
        **BACKBONE,
        **SEARCHED,
        front=f"{TABLES}/pruning_front.csv",
    output:
        **numbered("weights", [f"{PRUNED}/members/{name}.safetensors" for name in PRUNED_MEMBERS]),
        **numbered("description", [f"{PRUNED}/members/{name}.json" for name in PRUNED_MEMBERS]),
    log:
        f"{LOGS}/export_front_members.log",
    cache: "omit-software"
    conda:
        ENVIRONMENT
    params:
        spec=spec(
            "export_front_members",
            modules=["networks/zoo/pruned_head.py", f"networks/zoo/{PRUNING['backbone']['arch']}.py"],
            dataset=config["dataset"],
            **HEADS,
        ),
        weights=all_of("weights"),
    shell:
        "python scripts/export_front_members.py --spec {params.spec:q} --backbone {input.backbone} "
        "--train {input.train} --validation {input.validation} --ood-validation {input.ood_validation} "
        "--front {input.front} --weights {params.weights} > {log} 2>&1"


rule corrupt_pruning_images:
    """Corrupt the in-distribution test images of the pruning study at one severity."""
    input:
        images=f"{PRUNED}/data/test.h5",
    output:
        shift=f"{PRUNED}/shifts/{{shift}}.h5",
    log:
        f"{LOGS}/corrupt_pruning_images/{{shift}}.log",
    wildcard_constraints:
        shift=one_of(CORRUPTED),
    cache: "omit-software"
    conda:
        ENVIRONMENT
    params:
        spec=lambda wildcards: spec(
            "corrupt_images",
            wildcards,
            modules=[f"corruptions/{wildcards.shift.rpartition('-')[0]}.py"],
            dataset=config["dataset"],
            seed=config["seed"],
            jpeg_quality=config["jpeg_quality"],
        ),
        state=f"{RESULTS}/state/pruning_shifts/{{shift}}.h5",
    shell:
        "python scripts/corrupt_images.py --spec {params.spec:q} --images {input.images} "
        "--shift {output.shift} --state {params.state} > {log} 2>&1"


rule dump_pruned_members:
    """Store the logits of all pruned members for every image of a shift, in one job: to start one takes longer."""
    input:
        weights=[f"{PRUNED}/members/{name}.safetensors" for name in PRUNED_MEMBERS],
        descriptions=[f"{PRUNED}/members/{name}.json" for name in PRUNED_MEMBERS],
        images=lambda wildcards: pruned_images_of(wildcards.shift),
    output:
        **numbered("dump", [f"{PRUNED}/dumps/{name}/{{shift}}.h5" for name in PRUNED_MEMBERS]),
    log:
        f"{LOGS}/dump_pruned_members/{{shift}}.log",
    wildcard_constraints:
        shift=one_of(PRUNED_SHIFTS),
    cache: "omit-software"
    conda:
        ENVIRONMENT
    resources:
        gpu=1,
    params:
        spec=lambda wildcards: spec(
            "dump_pruned_members",
            wildcards,
            modules=["networks/zoo/pruned_head.py", f"networks/zoo/{PRUNING['backbone']['arch']}.py"],
            dataset=config["dataset"],
            seed=config["seed"],
            members=PRUNED_MEMBERS,
            methods=[],
        ),
        dumps=all_of("dump"),
        states=[f"{RESULTS}/state/pruning_dumps/{name}/{{shift}}.h5" for name in PRUNED_MEMBERS],
    shell:
        "python scripts/dump_pruned_members.py --spec {params.spec:q} --weights {input.weights} "
        "--images {input.images} --dumps {params.dumps} --states {params.states} > {log} 2>&1"


rule score_pruned_pool:
    """Score every ensemble of the pruned members on one shift."""
    input:
        dumps=lambda wildcards: pruned_dumps_of([wildcards.shift]),
        descriptions=[f"{PRUNED}/members/{name}.json" for name in PRUNED_MEMBERS],
    output:
        scores=f"{PRUNED}/scores/{{shift}}.csv",
        pairs=f"{PRUNED}/scores/{{shift}}.pairs.csv",
    log:
        f"{LOGS}/score_pruned_pool/{{shift}}.log",
    wildcard_constraints:
        shift=one_of(PRUNED_SHIFTS),
    conda:
        ENVIRONMENT
    params:
        spec=lambda wildcards: spec(
            "score_ensembles",
            {"pool": "pruned", "shift": wildcards.shift},
            pool={"members": PRUNED_MEMBERS, "k": 3, "consensus": ["mean_logit", "majority_vote"]},
        ),
    shell:
        "python scripts/score_ensembles.py --spec {params.spec:q} --dumps {input.dumps} "
        "--descriptions {input.descriptions} --scores {output.scores} --pairs {output.pairs} --threads {threads} "
        "> {log} 2>&1"


rule tabulate_pruned_members:
    """Put the pruned members' accuracy on every shift beside what the search knew of them."""
    input:
        dumps=pruned_dumps_of(PRUNED_SHIFTS),
        heads=f"{TABLES}/pruning_heads.csv",
        parts=[f"{PRUNED}/scores/{shift}.csv" for shift in PRUNED_SHIFTS],
    output:
        members=f"{TABLES}/pruning_members.csv",
        correlations=f"{TABLES}/pruning_resilience.csv",
        ensembles=f"{TABLES}/pruning_pool.csv",
    log:
        f"{LOGS}/tabulate_pruned_members.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("tabulate_pruned_members", members=PRUNED_MEMBERS, shifts=PRUNED_SHIFTS, **BOOTSTRAP),
    shell:
        "python scripts/tabulate_pruned_members.py --spec {params.spec:q} --dumps {input.dumps} "
        "--heads {input.heads} --parts {input.parts} --members {output.members} "
        "--correlations {output.correlations} --ensembles {output.ensembles} > {log} 2>&1"


rule draw_pruning_fronts:
    """Draw what the search found, two objectives at a time."""
    input:
        evaluations=f"{TABLES}/pruning_evaluations.csv",
        front=f"{TABLES}/pruning_front.csv",
        heads=f"{TABLES}/pruning_heads.csv",
    output:
        **shown_figure("pruning_fronts", "pruning_fronts", "Pruning"),
    log:
        f"{LOGS}/draw_pruning_fronts.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("draw_pruning_fronts", scope=SCOPES[0]),
    shell:
        "python scripts/draw_pruning_fronts.py --spec {params.spec:q} --evaluations {input.evaluations} --front {input.front} --heads {input.heads} "
        "--figure {output.svg} > {log} 2>&1"


rule draw_pruning_front_3d:
    """Draw the merged front in all three objectives."""
    input:
        front=f"{TABLES}/pruning_front.csv",
        heads=f"{TABLES}/pruning_heads.csv",
    output:
        **shown_figure("pruning_front_3d", "pruning_front_3d", "Pruning"),
    log:
        f"{LOGS}/draw_pruning_front_3d.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("draw_pruning_front_3d"),
    shell:
        "python scripts/draw_pruning_front_3d.py --spec {params.spec:q} --front {input.front} --heads {input.heads} "
        "--figure {output.svg} > {log} 2>&1"


rule draw_pruning_ensembles:
    """Draw what ensembles of front members gain, by quantile window."""
    input:
        ensembles=f"{TABLES}/pruning_ensembles.csv",
    output:
        **shown_figure("pruning_ensembles", "pruning_ensembles", "Pruning"),
    log:
        f"{LOGS}/draw_pruning_ensembles.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("draw_pruning_ensembles"),
    shell:
        "python scripts/draw_pruning_ensembles.py --spec {params.spec:q} --ensembles {input.ensembles} "
        "--figure {output.svg} > {log} 2>&1"


rule draw_pruning_genes:
    """Draw how often each gene is active over the front."""
    input:
        genes=f"{TABLES}/pruning_genes.csv",
    output:
        **shown_figure("pruning_genes", "pruning_genes", "Pruning"),
    log:
        f"{LOGS}/draw_pruning_genes.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("draw_pruning_genes"),
    shell:
        "python scripts/draw_pruning_genes.py --spec {params.spec:q} --genes {input.genes} "
        "--figure {output.svg} > {log} 2>&1"


rule draw_pruning_attention:
    """Draw where the front's most frequent features look (Grad-CAM)."""
    input:
        maps=f"{PRUNED}/attention.safetensors",
        images=f"{PRUNED}/data/test.h5",
        genes=f"{TABLES}/pruning_genes.csv",
    output:
        **shown_figure("pruning_attention", "pruning_attention", "Pruning"),
    log:
        f"{LOGS}/draw_pruning_attention.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("draw_pruning_attention"),
    shell:
        "python scripts/draw_pruning_attention.py --spec {params.spec:q} --maps {input.maps} --images {input.images} --genes {input.genes} "
        "--figure {output.svg} > {log} 2>&1"


rule draw_pruning_temperatures:
    """Draw how well strange images are told, by the temperature of ODIN and other scores."""
    input:
        ablation=f"{PRUNED}/detection_ablation.csv",
    output:
        **shown_figure("pruning_temperatures", "pruning_temperatures", "Pruning"),
    log:
        f"{LOGS}/draw_pruning_temperatures.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("draw_pruning_temperatures"),
    shell:
        "python scripts/draw_pruning_temperatures.py --spec {params.spec:q} --ablation {input.ablation} "
        "--figure {output.svg} > {log} 2>&1"


rule draw_pruning_scopes:
    """Draw what it matters which links genes may cut."""
    input:
        volumes=f"{TABLES}/pruning_volumes.csv",
    output:
        **shown_figure("pruning_scopes", "pruning_scopes", "Pruning"),
    log:
        f"{LOGS}/draw_pruning_scopes.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("draw_pruning_scopes", scopes=SCOPES),
    shell:
        "python scripts/draw_pruning_scopes.py --spec {params.spec:q} --volumes {input.volumes} "
        "--figure {output.svg} > {log} 2>&1"


rule draw_pruning_growth:
    """Draw how the hypervolume grows with every evaluated mask."""
    input:
        curves=f"{TABLES}/pruning_curves.csv",
    output:
        **shown_figure("pruning_growth", "pruning_growth", "Pruning"),
    log:
        f"{LOGS}/draw_pruning_growth.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("draw_pruning_growth", scope=SCOPES[0]),
    shell:
        "python scripts/draw_pruning_growth.py --spec {params.spec:q} --curves {input.curves} "
        "--figure {output.svg} > {log} 2>&1"


rule draw_pruning_resilience:
    """Draw whether pruned networks that tell strange images also bear corrupted ones."""
    input:
        members=f"{TABLES}/pruning_members.csv",
        correlations=f"{TABLES}/pruning_resilience.csv",
    output:
        **shown_figure("pruning_resilience", "pruning_resilience", "Pruning"),
    log:
        f"{LOGS}/draw_pruning_resilience.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("draw_pruning_resilience"),
    shell:
        "python scripts/draw_pruning_resilience.py --spec {params.spec:q} --members {input.members} --correlations {input.correlations} "
        "--figure {output.svg} > {log} 2>&1"


rule tabulate_pruning_claims:
    """Put every claim of the pruning paper beside what this study found."""
    input:
        tables=[table for table in PRUNING_TABLES if not table.endswith("_claims.csv")],
    output:
        table=f"{TABLES}/pruning_claims.csv",
        page=report(
            f"{TABLES}/pruning_claims.html",
            caption="../report/pruning_claims_table.rst",
            category="Answers",
        ),
    log:
        f"{LOGS}/tabulate_pruning_claims.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("tabulate_pruning_claims", scope=SCOPES[0], recipe=RECIPE, **BOOTSTRAP),
    shell:
        "python scripts/tabulate_pruning_claims.py --spec {params.spec:q} --tables {input.tables} "
        "--table {output.table} --page {output.page} > {log} 2>&1"


if PRUNING["channels"]:

    include: "pruning_channels.smk"

    PRUNING_TABLES.append(f"{TABLES}/pruning_channels.csv")
    PRUNING_FIGURES.append("pruning_channels")


STUDY_TABLES.extend(PRUNING_TABLES)
STUDY_FIGURES.extend(figures_named(*PRUNING_FIGURES))


rule pruning:
    """Run the pruning study: masks searched for accuracy, size and robustness at once."""
    input:
        PRUNING_TABLES,
        figures_named(*PRUNING_FIGURES),
