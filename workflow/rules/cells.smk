"""The cell search: accuracy against introspectability, and what introspectability buys.

INPUTS  results/{dataset}/data/{train,validation,test}.h5, results/{dataset}/shifts/{shift}.h5
OUTPUTS results/{dataset}/cells/searches/{search}.csv, cells/members.csv, cells/inspections/cell_*.h5, cells/*.csv,
        results/{dataset}/members/cell_*.{safetensors,json}, results/{dataset}/dumps/cell_*/{shift}.h5,
        results/{dataset}/tables/cell_*.csv, results/{dataset}/figures/cell_*.{svg,png,pdf}
"""


include: "cells_common.smk"


CELLS = config["cells"]
CELL_MEMBERS = member_groups.cells(config)
# In the order of Table 1.
CELL_SEARCHES = [
    name
    for name in ("regulariser", "single", "multi", "multi_regulariser", "random")
    if name == "multi" or name in CELLS["search"]["baselines"]
]
STEERED_SEARCHES = [name for name in ("single", "multi") if name in CELL_SEARCHES]
CELL_WEIGHTS = [f"{RESULTS}/members/{name}.safetensors" for name in CELL_MEMBERS]
CELL_DESCRIPTIONS = [f"{RESULTS}/members/{name}.json" for name in CELL_MEMBERS]
INSPECTIONS = [f"{RESULTS}/cells/inspections/{name}.h5" for name in CELL_MEMBERS]
CELL_MODULES = ["networks/zoo/cell.py"]
MOTIF_SIZES = [2, 3, 4, 5]


HISTORIES = [history_of(search) for search in CELL_SEARCHES]
HISTORY = history_of("multi")


if not POOLS:  # else the study of members has brought them

    include: "ensembles.smk"


wildcard_constraints:
    search=one_of(CELL_SEARCHES),


rule search_cells:
    """Search cells, or train those of a baseline, and keep every evaluated one with its objectives and its parents."""
    input:
        train=f"{RESULTS}/data/train.h5",
        validation=f"{RESULTS}/data/validation.h5",
        front=lambda wildcards: [HISTORY] if wildcards.search == "multi_regulariser" else [],
        synsets=synset_maps(),
    output:
        history=f"{RESULTS}/cells/searches/{{search}}.csv",
    log:
        f"{LOGS}/search_cells/{{search}}.log",
    cache: "omit-software"
    conda:
        ENVIRONMENT
    threads: CELLS["evaluator"]["workers"] * CELLS["recipe"]["threads"]
    resources:
        gpu=1,
    params:
        spec=lambda wildcards: spec(
            "search_cells",
            wildcards,
            modules=CELL_MODULES,
            **cell_training(),
            **search_settings(wildcards.search),
        ),
        evaluator=evaluator_options,
        launcher=launcher,
        state=f"{RESULTS}/state/cells/{{search}}.jsonl",
    shell:
        "{params.launcher}python scripts/search_cells.py --spec {params.spec:q} --train {input.train} "
        "--validation {input.validation} --front {input.front} --evaluator {params.evaluator:q} "
        "--history {output.history} --state {params.state} > {log} 2>&1"


rule tabulate_cell_searches:
    """Put all searches beside each other: largest and median objectives, hypervolume (Table 1)."""
    input:
        validation=f"{RESULTS}/data/validation.h5",
        histories=HISTORIES,
    output:
        table=f"{TABLES}/cell_searches.csv",
        cells=f"{TABLES}/cell_evaluations.csv",
        page=report(f"{TABLES}/cell_searches.html", caption="../report/cell_searches_table.rst", category="Cells"),
    log:
        f"{LOGS}/tabulate_cell_searches.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("tabulate_cell_searches", searches=CELL_SEARCHES, label=CELLS["label"]),
    shell:
        "python scripts/tabulate_cell_searches.py --spec {params.spec:q} --validation {input.validation} "
        "--histories {input.histories} --table {output.table} --cells {output.cells} --page {output.page} "
        "> {log} 2>&1"


rule draw_cell_fronts:
    """Draw the front of every search with the volume it dominates (Figure 2)."""
    input:
        validation=f"{RESULTS}/data/validation.h5",
        cells=f"{TABLES}/cell_evaluations.csv",
        searches=f"{TABLES}/cell_searches.csv",
    output:
        **shown_figure("cell_fronts", "cell_fronts", "Cells"),
    log:
        f"{LOGS}/draw_cell_fronts.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("draw_cell_fronts"),
    shell:
        "python scripts/draw_cell_fronts.py --spec {params.spec:q} --validation {input.validation} "
        "--cells {input.cells} --searches {input.searches} --figure {output.svg} > {log} 2>&1"


rule tabulate_cell_generations:
    """Follow the fronts of the steered searches from generation to generation (Appendix H)."""
    input:
        validation=f"{RESULTS}/data/validation.h5",
        histories=[history_of(search) for search in STEERED_SEARCHES],
    output:
        table=f"{TABLES}/cell_generations.csv",
    log:
        f"{LOGS}/tabulate_cell_generations.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("tabulate_cell_generations", searches=STEERED_SEARCHES),
    shell:
        "python scripts/tabulate_cell_generations.py --spec {params.spec:q} --validation {input.validation} "
        "--histories {input.histories} --table {output.table} > {log} 2>&1"


rule draw_cell_generations:
    """Draw how the fronts of the steered searches move (Figures H1 to H3)."""
    input:
        table=f"{TABLES}/cell_generations.csv",
    output:
        **shown_figure("cell_generations", "cell_generations", "Cells"),
    log:
        f"{LOGS}/draw_cell_generations.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("draw_cell_generations"),
    shell:
        "python scripts/draw_cell_generations.py --spec {params.spec:q} --table {input.table} "
        "--figure {output.svg} > {log} 2>&1"


rule tabulate_cell_phylogeny:
    """Trace a cell of the final front to its ancestors, and measure how far offspring resemble their parents."""
    input:
        history=HISTORY,
    output:
        table=f"{TABLES}/cell_phylogeny.csv",
        heritability=f"{TABLES}/cell_heritability.csv",
    log:
        f"{LOGS}/tabulate_cell_phylogeny.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("tabulate_cell_phylogeny", seed=config["seed"], permutations=CELLS["permutations"]),
    shell:
        "python scripts/tabulate_cell_phylogeny.py --spec {params.spec:q} --history {input.history} "
        "--table {output.table} --heritability {output.heritability} > {log} 2>&1"


rule draw_cell_phylogeny:
    """Draw the descent of a cell of the final front by accuracy and by introspectability (Figure 3)."""
    input:
        table=f"{TABLES}/cell_phylogeny.csv",
        heritability=f"{TABLES}/cell_heritability.csv",
    output:
        **shown_figure("cell_phylogeny", "cell_phylogeny", "Cells"),
    log:
        f"{LOGS}/draw_cell_phylogeny.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("draw_cell_phylogeny"),
    shell:
        "python scripts/draw_cell_phylogeny.py --spec {params.spec:q} --table {input.table} "
        "--heritability {input.heritability} --figure {output.svg} > {log} 2>&1"


rule draw_cell_layers:
    """Draw the front coloured by the numbers of convolutions and poolings (Figure 4)."""
    input:
        cells=f"{TABLES}/cell_evaluations.csv",
    output:
        **shown_figure("cell_layers", "cell_layers", "Cells"),
    log:
        f"{LOGS}/draw_cell_layers.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("draw_cell_layers"),
    shell:
        "python scripts/draw_cell_layers.py --spec {params.spec:q} --cells {input.cells} --figure {output.svg} "
        "> {log} 2>&1"


rule tabulate_cell_motifs:
    """Count operations and motifs of the front, and find the motifs that favour one end of it (Appendices E to G)."""
    input:
        history=HISTORY,
    output:
        operations=f"{TABLES}/cell_operations.csv",
        motifs=f"{TABLES}/cell_motifs.csv",
        correlations=f"{TABLES}/cell_motif_correlations.csv",
        page=report(f"{TABLES}/cell_motifs.html", caption="../report/cell_motifs_table.rst", category="Cells"),
    log:
        f"{LOGS}/tabulate_cell_motifs.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec(
            "tabulate_cell_motifs",
            **{key: CELLS["motifs"][key] for key in ("fronts", "support", "correlation")},
        ),
    shell:
        "python scripts/tabulate_cell_motifs.py --spec {params.spec:q} --history {input.history} "
        "--operations {output.operations} --motifs {output.motifs} --correlations {output.correlations} "
        "--page {output.page} > {log} 2>&1"


rule draw_cell_motifs:
    """Draw the front once per motif that favours one end of it, of all sizes or of one (Figures G3 to G15)."""
    input:
        history=HISTORY,
        correlations=f"{TABLES}/cell_motif_correlations.csv",
    output:
        **shown_figure("cell_motifs{size}", "cell_motifs", "Cells"),
    log:
        f"{LOGS}/draw_cell_motifs/motifs{{size}}.log",
    wildcard_constraints:
        size="|".join(["", *[f"_of_size_{size}" for size in MOTIF_SIZES]]),
    conda:
        ENVIRONMENT
    params:
        spec=lambda wildcards: spec(
            "draw_cell_motifs",
            wildcards,
            **{key: CELLS["motifs"][key] for key in ("fronts", "panels")},
        ),
    shell:
        "python scripts/draw_cell_motifs.py --spec {params.spec:q} --history {input.history} "
        "--correlations {input.correlations} --figure {output.svg} > {log} 2>&1"


rule tabulate_cell_costs:
    """Correlate generalisation error, size and training speed with both objectives (Appendix J)."""
    input:
        history=HISTORY,
    output:
        table=f"{TABLES}/cell_costs.csv",
    log:
        f"{LOGS}/tabulate_cell_costs.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("tabulate_cell_costs", **BOOTSTRAP),
    shell:
        "python scripts/tabulate_cell_costs.py --spec {params.spec:q} --history {input.history} "
        "--table {output.table} > {log} 2>&1"


rule draw_cell_costs:
    """Draw generalisation error, size and training speed against both objectives (Figures J4 to J6)."""
    input:
        history=HISTORY,
        correlations=f"{TABLES}/cell_costs.csv",
    output:
        **shown_figure("cell_costs", "cell_costs", "Cells"),
    log:
        f"{LOGS}/draw_cell_costs.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("draw_cell_costs"),
    shell:
        "python scripts/draw_cell_costs.py --spec {params.spec:q} --history {input.history} "
        "--correlations {input.correlations} --figure {output.svg} > {log} 2>&1"


rule train_cells:
    """Train cells spread over the front once more and make each an ordinary member."""
    input:
        train=f"{RESULTS}/data/train.h5",
        validation=f"{RESULTS}/data/validation.h5",
        history=HISTORY,
    output:
        **numbered("weights", CELL_WEIGHTS),
        **numbered("description", CELL_DESCRIPTIONS),
    log:
        f"{LOGS}/train_cells.log",
    cache: "omit-software"
    conda:
        ENVIRONMENT
    resources:
        gpu=1,
    params:
        spec=spec("train_cells", modules=CELL_MODULES, **cell_training(), members=CELL_MEMBERS),
        weights=all_of("weights"),
        state=f"{RESULTS}/state/cells/members",
    shell:
        "python scripts/train_cells.py --spec {params.spec:q} --train {input.train} --validation {input.validation} "
        "--history {input.history} --weights {params.weights} --state {params.state} > {log} 2>&1"


rule dump_cells:
    """Store the logits of all cells that are members for every image of a shift."""
    input:
        weights=CELL_WEIGHTS,
        descriptions=CELL_DESCRIPTIONS,
        images=lambda wildcards: images_of(wildcards.shift),
    output:
        **numbered("dump", [f"{RESULTS}/dumps/{name}/{{shift}}.h5" for name in CELL_MEMBERS]),
    log:
        f"{LOGS}/dump_cells/{{shift}}.log",
    cache: "omit-software"
    conda:
        ENVIRONMENT
    resources:
        gpu=1,
    params:
        spec=lambda wildcards: spec(
            "dump_cells",
            wildcards,
            modules=CELL_MODULES + explanation_modules(METHODS),
            dataset=config["dataset"],
            seed=config["seed"],
            members=CELL_MEMBERS,
            methods=METHODS,
        ),
        dumps=all_of("dump"),
        states=[f"{RESULTS}/state/dumps/{name}/{{shift}}.h5" for name in CELL_MEMBERS],
    shell:
        "python scripts/dump_cells.py --spec {params.spec:q} --weights {input.weights} --images {input.images} "
        "--dumps {params.dumps} --states {params.states} > {log} 2>&1"


rule inspect_cells:
    """Measure what the activations of each member say of the classes and of every test image."""
    input:
        train=f"{RESULTS}/data/train.h5",
        validation=f"{RESULTS}/data/validation.h5",
        test=f"{RESULTS}/data/test.h5",
        weights=CELL_WEIGHTS,
        descriptions=CELL_DESCRIPTIONS,
    output:
        **numbered("inspection", INSPECTIONS),
    log:
        f"{LOGS}/inspect_cells.log",
    cache: "omit-software"
    conda:
        ENVIRONMENT
    resources:
        gpu=1,
    params:
        spec=spec(
            "inspect_cells",
            modules=CELL_MODULES,
            dataset=config["dataset"],
            **{key: CELLS[key] for key in ("images", "introspectability")},
        ),
        inspections=all_of("inspection"),
    shell:
        "python scripts/inspect_cells.py --spec {params.spec:q} --train {input.train} --validation {input.validation} "
        "--test {input.test} --weights {input.weights} --inspections {params.inspections} > {log} 2>&1"


rule tabulate_cell_calibration:
    """Measure how scores by activations and by softmax follow accuracy, for every member (Figure 7)."""
    input:
        inspections=INSPECTIONS,
    output:
        table=f"{TABLES}/cell_calibration.csv",
    log:
        f"{LOGS}/tabulate_cell_calibration.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("tabulate_cell_calibration", **BOOTSTRAP),
    shell:
        "python scripts/tabulate_cell_calibration.py --spec {params.spec:q} --inspections {input.inspections} "
        "--table {output.table} > {log} 2>&1"


rule draw_cell_calibration:
    """Draw how calibration by activations follows introspectability, beside softmax (Figure 7)."""
    input:
        table=f"{TABLES}/cell_calibration.csv",
    output:
        **shown_figure("cell_calibration", "cell_calibration", "Cells"),
    log:
        f"{LOGS}/draw_cell_calibration.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("draw_cell_calibration"),
    shell:
        "python scripts/draw_cell_calibration.py --spec {params.spec:q} --table {input.table} "
        "--figure {output.svg} > {log} 2>&1"


rule tabulate_cell_debugging:
    """Measure how scores by activations find wrong predictions and wrong labels (Figure 8)."""
    input:
        inspections=INSPECTIONS,
    output:
        table=f"{TABLES}/cell_debugging.csv",
    log:
        f"{LOGS}/tabulate_cell_debugging.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("tabulate_cell_debugging", **BOOTSTRAP),
    shell:
        "python scripts/tabulate_cell_debugging.py --spec {params.spec:q} --inspections {input.inspections} "
        "--table {output.table} > {log} 2>&1"


rule draw_cell_debugging:
    """Draw what low scores find for the most and the least introspectable member (Figure 8)."""
    input:
        table=f"{TABLES}/cell_debugging.csv",
    output:
        **shown_figure("cell_debugging", "cell_debugging", "Cells"),
    log:
        f"{LOGS}/draw_cell_debugging.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("draw_cell_debugging"),
    shell:
        "python scripts/draw_cell_debugging.py --spec {params.spec:q} --table {input.table} "
        "--figure {output.svg} > {log} 2>&1"


rule tabulate_cell_confusion:
    """Measure how distances of class means follow the folded confusion matrix, for every member (Appendix K)."""
    input:
        inspections=INSPECTIONS,
    output:
        table=f"{TABLES}/cell_confusion.csv",
    log:
        f"{LOGS}/tabulate_cell_confusion.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("tabulate_cell_confusion", **BOOTSTRAP),
    shell:
        "python scripts/tabulate_cell_confusion.py --spec {params.spec:q} --inspections {input.inspections} "
        "--table {output.table} > {log} 2>&1"


rule draw_cell_heat_maps:
    """Draw the mean activations of the most and the least introspectable member by class and block (Figure 5)."""
    input:
        inspections=INSPECTIONS,
    output:
        **shown_figure("cell_heat_maps", "cell_heat_maps", "Cells"),
    log:
        f"{LOGS}/draw_cell_heat_maps.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("draw_cell_heat_maps"),
    shell:
        "python scripts/draw_cell_heat_maps.py --spec {params.spec:q} --inspections {input.inspections} "
        "--figure {output.svg} > {log} 2>&1"


rule draw_cell_planes:
    """Draw the class means of the most and the least introspectable member in a plane (Figure 6)."""
    input:
        inspections=INSPECTIONS,
    output:
        **shown_figure("cell_planes", "cell_planes", "Cells"),
    log:
        f"{LOGS}/draw_cell_planes.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("draw_cell_planes", emphasised=CELLS["emphasised"]),
    shell:
        "python scripts/draw_cell_planes.py --spec {params.spec:q} --inspections {input.inspections} "
        "--figure {output.svg} > {log} 2>&1"


CELL_TABLES = [
    "cell_searches",
    "cell_generations",
    "cell_heritability",
    "cell_operations",
    "cell_motifs",
    "cell_motif_correlations",
    "cell_costs",
    "cell_calibration",
    "cell_debugging",
    "cell_confusion",
]
CELL_FIGURES = [
    "cell_fronts",
    "cell_generations",
    "cell_phylogeny",
    "cell_layers",
    "cell_motifs",
    *[f"cell_motifs_of_size_{size}" for size in MOTIF_SIZES],
    "cell_costs",
    "cell_calibration",
    "cell_debugging",
    "cell_heat_maps",
    "cell_planes",
]


if CELLS["repair"]:

    rule repair_cell:
        """Push the two closest classes of an introspectable member apart and see who is still taken for whom."""
        input:
            train=f"{RESULTS}/data/train.h5",
            validation=f"{RESULTS}/data/validation.h5",
            test=f"{RESULTS}/data/test.h5",
            weights=CELL_WEIGHTS,
            descriptions=CELL_DESCRIPTIONS,
            inspections=INSPECTIONS,
        output:
            repair=f"{RESULTS}/cells/repair.h5",
        log:
            f"{LOGS}/repair_cell.log",
        cache: "omit-software"
        conda:
            ENVIRONMENT
        resources:
            gpu=1,
        params:
            spec=spec(
                "repair_cell",
                modules=CELL_MODULES,
                **cell_training(),
                regulariser=CELLS["regulariser"]["weight"],
                repair=CELLS["repair"],
            ),
            state=f"{RESULTS}/state/cells/repair",
        shell:
            "python scripts/repair_cell.py --spec {params.spec:q} --train {input.train} "
            "--validation {input.validation} --test {input.test} --weights {input.weights} "
            "--inspections {input.inspections} --repair {output.repair} --state {params.state} > {log} 2>&1"

    rule tabulate_cell_repair:
        """Put confusion and accuracy before and after the repair side by side (Appendix K)."""
        input:
            repair=f"{RESULTS}/cells/repair.h5",
        output:
            table=f"{TABLES}/cell_repair.csv",
        log:
            f"{LOGS}/tabulate_cell_repair.log",
        conda:
            ENVIRONMENT
        params:
            spec=spec("tabulate_cell_repair"),
        shell:
            "python scripts/tabulate_cell_repair.py --spec {params.spec:q} --repair {input.repair} "
            "--table {output.table} > {log} 2>&1"

    rule draw_cell_confusion:
        """Draw distances of class means beside the folded confusion, before and after the repair (Figures K7, K8)."""
        input:
            repair=f"{RESULTS}/cells/repair.h5",
        output:
            **shown_figure("cell_confusion", "cell_confusion", "Cells"),
        log:
            f"{LOGS}/draw_cell_confusion.log",
        conda:
            ENVIRONMENT
        params:
            spec=spec("draw_cell_confusion"),
        shell:
            "python scripts/draw_cell_confusion.py --spec {params.spec:q} --repair {input.repair} "
            "--figure {output.svg} > {log} 2>&1"

    CELL_TABLES.append("cell_repair")
    CELL_FIGURES.append("cell_confusion")


if CELLS["wide"]:

    rule train_wide_cell:
        """Train the most accurate cell with more channels and for longer, and test it."""
        input:
            train=f"{RESULTS}/data/train.h5",
            validation=f"{RESULTS}/data/validation.h5",
            test=f"{RESULTS}/data/test.h5",
            history=HISTORY,
        output:
            weights=f"{RESULTS}/cells/wide.safetensors",
            description=f"{RESULTS}/cells/wide.json",
        log:
            f"{LOGS}/train_wide_cell.log",
        cache: "omit-software"
        conda:
            ENVIRONMENT
        resources:
            gpu=1,
        params:
            spec=spec("train_wide_cell", modules=CELL_MODULES, **cell_training(), wide=CELLS["wide"]),
            state=f"{RESULTS}/state/cells/wide.pt",
        shell:
            "python scripts/train_wide_cell.py --spec {params.spec:q} --train {input.train} "
            "--validation {input.validation} --test {input.test} --history {input.history} "
            "--weights {output.weights} --state {params.state} > {log} 2>&1"

    rule tabulate_wide_cell:
        """Put the wide cell beside what other searches reached on CIFAR-10 (Table I1)."""
        input:
            description=f"{RESULTS}/cells/wide.json",
        output:
            table=f"{TABLES}/wide_cell.csv",
            page=report(f"{TABLES}/wide_cell.html", caption="../report/wide_cell_table.rst", category="Cells"),
        log:
            f"{LOGS}/tabulate_wide_cell.log",
        conda:
            ENVIRONMENT
        params:
            spec=spec("tabulate_wide_cell", dataset=config["dataset"], label=CELLS["label"]),
        shell:
            "python scripts/tabulate_wide_cell.py --spec {params.spec:q} --description {input.description} "
            "--table {output.table} --page {output.page} > {log} 2>&1"

    CELL_TABLES.append("wide_cell")


if CELLS["recipe_comparison"]:

    rule compare_cell_recipes:
        """Train random cells by the search's recipe, and longer."""
        input:
            train=f"{RESULTS}/data/train.h5",
            validation=f"{RESULTS}/data/validation.h5",
        output:
            table=f"{RESULTS}/cells/recipes.csv",
        log:
            f"{LOGS}/compare_cell_recipes.log",
        cache: "omit-software"
        conda:
            ENVIRONMENT
        threads: CELLS["evaluator"]["workers"] * CELLS["recipe"]["threads"]
        resources:
            gpu=1,
        params:
            spec=spec(
                "compare_cell_recipes",
                modules=CELL_MODULES,
                **cell_training(),
                comparison=CELLS["recipe_comparison"],
            ),
            evaluator=evaluator_options,
            launcher=launcher,
            state=f"{RESULTS}/state/cells/recipes",
        shell:
            "{params.launcher}python scripts/compare_cell_recipes.py --spec {params.spec:q} --train {input.train} "
            "--validation {input.validation} --evaluator {params.evaluator:q} --table {output.table} "
            "--state {params.state} > {log} 2>&1"

    rule tabulate_cell_recipes:
        """Correlate the ranks that both recipes give the same cells."""
        input:
            recipes=f"{RESULTS}/cells/recipes.csv",
        output:
            table=f"{TABLES}/cell_recipes.csv",
        log:
            f"{LOGS}/tabulate_cell_recipes.log",
        conda:
            ENVIRONMENT
        params:
            spec=spec("tabulate_cell_recipes", **BOOTSTRAP),
        shell:
            "python scripts/tabulate_cell_recipes.py --spec {params.spec:q} --recipes {input.recipes} "
            "--table {output.table} > {log} 2>&1"

    CELL_TABLES.append("cell_recipes")


if CORRUPTED:

    rule tabulate_cell_resilience:
        """Ask whether introspectability or diversity of cells predicts how they and their ensembles bear corruption."""
        input:
            descriptions=CELL_DESCRIPTIONS,
            dumps=[f"{RESULTS}/dumps/{name}/{shift}.h5" for name in CELL_MEMBERS for shift in ["clean", *CORRUPTED]],
            scores=[f"{RESULTS}/scores/cells/{shift}.csv" for shift in CORRUPTED],
        output:
            members=f"{TABLES}/cell_members.csv",
            ensembles=f"{TABLES}/cell_ensembles.csv",
            table=f"{TABLES}/cell_resilience.csv",
        log:
            f"{LOGS}/tabulate_cell_resilience.log",
        conda:
            ENVIRONMENT
        params:
            spec=spec("tabulate_cell_resilience", members=CELL_MEMBERS, shifts=CORRUPTED, **BOOTSTRAP),
        shell:
            "python scripts/tabulate_cell_resilience.py --spec {params.spec:q} --descriptions {input.descriptions} "
            "--dumps {input.dumps} --scores {input.scores} --members {output.members} "
            "--ensembles {output.ensembles} --table {output.table} > {log} 2>&1"

    rule draw_cell_resilience:
        """Draw introspectability and diversity of cells against resilience (beyond the paper)."""
        input:
            members=f"{TABLES}/cell_members.csv",
            ensembles=f"{TABLES}/cell_ensembles.csv",
            table=f"{TABLES}/cell_resilience.csv",
        output:
            **shown_figure("cell_resilience", "cell_resilience", "Cells"),
        log:
            f"{LOGS}/draw_cell_resilience.log",
        conda:
            ENVIRONMENT
        params:
            spec=spec("draw_cell_resilience"),
        shell:
            "python scripts/draw_cell_resilience.py --spec {params.spec:q} --members {input.members} "
            "--ensembles {input.ensembles} --table {input.table} --figure {output.svg} > {log} 2>&1"

    CELL_TABLES += ["cell_members", "cell_ensembles", "cell_resilience"]
    CELL_FIGURES.append("cell_resilience")


rule tabulate_cell_claims:
    """Put every claim of the cell paper beside what this study found."""
    input:
        tables=expand(f"{TABLES}/{{name}}.csv", name=["cell_evaluations", *CELL_TABLES]),
    output:
        table=f"{TABLES}/cell_claims.csv",
        page=report(f"{TABLES}/cell_claims.html", caption="../report/cell_claims_table.rst", category="Answers"),
    log:
        f"{LOGS}/tabulate_cell_claims.log",
    conda:
        ENVIRONMENT
    params:
        spec=spec("tabulate_cell_claims", fronts=CELLS["motifs"]["fronts"], **BOOTSTRAP),
    shell:
        "python scripts/tabulate_cell_claims.py --spec {params.spec:q} --tables {input.tables} "
        "--table {output.table} --page {output.page} > {log} 2>&1"


CELL_TARGETS = expand(f"{TABLES}/{{name}}.csv", name=[*CELL_TABLES, "cell_claims"])
STUDY_TABLES.extend(CELL_TARGETS)
STUDY_FIGURES.extend(figures_named(*CELL_FIGURES))


rule cells:
    """Run the cell study: cells searched for accuracy and introspectability, and what introspectability buys."""
    input:
        CELL_TARGETS,
        figures_named(*CELL_FIGURES),
