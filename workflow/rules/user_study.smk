"""Explanations for people: labelled arrows, stimuli and pages of the user studies, and what their answers say.

INPUTS  E/multitask.safetensors, E/annotated/{source}/test.h5, tables of answers that the config names;
        E is results/{explanation_study.dataset}
OUTPUTS E/arrows/multitask.h5, E/arrows/labelled/{image}.svg|png|pdf|json, E/user_study/*.h5, manifest.csv,
        stimuli/{study}/*.png, {study}.html, E/tables/*.csv, *.html, E/figures/*.{svg,png,pdf}
"""

import answer_files

MULTITASK = EXPLANATION["multitask"]
ARROWS = EXPLANATION["arrows"]
PEOPLE = EXPLANATION["user_study"]
STUDIES_ANSWERED = {table: answer_files.studies_in(EXPLANATION[table]) for table in ("ratings", "choices")}
STUDY_PARTS = [f"resources/user_study/page.{kind}" for kind in ("html", "css", "js")]


wildcard_constraints:
    study="averaging|annotations|learning",


if MULTITASK:
    MULTITASK_SOURCE = source_of(MULTITASK["source"])
    DRAWN_AGAIN = MULTITASK_SOURCE["source"] == "birds"
    # Birds are drawn again as large as people like them; other images are shown as they are.
    SHOWN_IMAGES = (
        f"{EXPLAINED}/arrows/pictures.h5" if DRAWN_AGAIN else f"{EXPLAINED}/annotated/{MULTITASK['source']}/test.h5"
    )

    rule explain_multitask:
        """Explain every head of the multi-task networks on test images, for labelled arrows."""
        input:
            weights=f"{EXPLAINED}/multitask.safetensors",
            description=f"{EXPLAINED}/multitask.json",
            images=f"{EXPLAINED}/annotated/{MULTITASK['source']}/test.h5",
        output:
            maps=f"{EXPLAINED}/arrows/multitask.h5",
        log:
            f"{EXPLAINED_LOGS}/explain_multitask.log",
        cache: "omit-software"
        conda:
            ENVIRONMENT
        resources:
            gpu=1,
        params:
            spec=spec(
                "explain_multitask",
                modules=explained_zoo(MULTITASK["backbone"]) + explanation_modules([ARROWS["method"]]),
                seed=EXPLANATION["seed"],
                memory_megabytes=EXPLANATION["memory_megabytes"],
                images=ARROWS["images"],
                method=ARROWS["method"],
                target="predicted",
                questions=questions_of(ARROWS["attributes"]),
            ),
            state=f"{EXPLAINED}/state/arrows/multitask.h5",
        shell:
            "python scripts/explain_multitask.py --spec {params.spec:q} --weights {input.weights} "
            "--images {input.images} --maps {output.maps} --state {params.state} > {log} 2>&1"

    if DRAWN_AGAIN:

        rule enlarge_birds:
            """Draw explained birds again, large enough for people to look at."""
            input:
                maps=f"{EXPLAINED}/arrows/multitask.h5",
            output:
                pictures=f"{EXPLAINED}/arrows/pictures.h5",
            log:
                f"{EXPLAINED_LOGS}/enlarge_birds.log",
            conda:
                ENVIRONMENT
            params:
                spec=spec(
                    "enlarge_birds",
                    dataset=EXPLANATION["dataset"],
                    seed=EXPLANATION["seed"],
                    source=MULTITASK_SOURCE,
                    name=MULTITASK["source"],
                    side=ARROWS["side"],
                ),
            shell:
                "python scripts/enlarge_birds.py --spec {params.spec:q} --maps {input.maps} "
                "--pictures {output.pictures} > {log} 2>&1"

    rule draw_labelled_arrows:
        """Label test images with arrows: a figure of some, and each as SVG, PNG, PDF and JSON (Figure 14)."""
        input:
            images=SHOWN_IMAGES,
            maps=f"{EXPLAINED}/arrows/multitask.h5",
        output:
            **explained_figure("labelled_arrows", "labelled_arrows"),
            folder=directory(f"{EXPLAINED}/arrows/labelled"),
        log:
            f"{EXPLAINED_LOGS}/draw_labelled_arrows.log",
        conda:
            ENVIRONMENT
        params:
            spec=spec("draw_labelled_arrows"),
        shell:
            "python scripts/draw_labelled_arrows.py --spec {params.spec:q} --images {input.images} "
            "--maps {input.maps} --folder {output.folder} --figure {output.svg} > {log} 2>&1"

    rule draw_annotation_types:
        """Draw five types of annotation on one bird (Figure 9)."""
        input:
            images=SHOWN_IMAGES,
            maps=f"{EXPLAINED}/arrows/multitask.h5",
        output:
            **explained_figure("annotation_types", "annotation_types"),
        log:
            f"{EXPLAINED_LOGS}/draw_annotation_types.log",
        conda:
            ENVIRONMENT
        params:
            spec=spec("draw_annotation_types"),
        shell:
            "python scripts/draw_annotation_types.py --spec {params.spec:q} --images {input.images} "
            "--maps {input.maps} --figure {output.svg} > {log} 2>&1"

    rule draw_multitask_network:
        """Draw the multi-task network with the accuracy of each head (Figure 13)."""
        input:
            weights=f"{EXPLAINED}/multitask.safetensors",
            description=f"{EXPLAINED}/multitask.json",
            table=f"{EXPLAINED}/tables/multitask_heads.csv",
        output:
            **explained_figure("multitask_network", "multitask_network"),
        log:
            f"{EXPLAINED_LOGS}/draw_multitask_network.log",
        conda:
            ENVIRONMENT
        params:
            spec=spec("draw_multitask_network"),
        shell:
            "python scripts/draw_multitask_network.py --spec {params.spec:q} --weights {input.weights} "
            "--table {input.table} --figure {output.svg} > {log} 2>&1"


if PEOPLE:
    PEOPLE_SOURCE = {"source": source_of(MULTITASK["source"]), "name": MULTITASK["source"]}
    # What decides which images are shown, and how; not how the pages go about it.
    CHOSEN = {
        "user_study": {
            key: PEOPLE[key] for key in ("pairs", "side", "marks_from", "averaging", "annotations", "learning")
        }
    } | PEOPLE_SOURCE
    HEAT_SET, HEAT_METHOD = PEOPLE["averaging"]["member_set"], PEOPLE["averaging"]["method"]
    HEAT_WEIGHTS = f"{EXPLAINED}/{f'member_sets/{HEAT_SET}' if HEAT_SET else 'multitask'}"

    rule prepare_stimuli:
        """Write the images of the user studies, as networks and as people see them."""
        output:
            images=f"{EXPLAINED}/user_study/images.h5",
            pictures=f"{EXPLAINED}/user_study/pictures.h5",
        log:
            f"{EXPLAINED_LOGS}/prepare_stimuli.log",
        conda:
            ENVIRONMENT
        params:
            spec=spec(
                "prepare_stimuli",
                modules=[f"datasets/annotated/{PEOPLE_SOURCE['source']['source']}.py"],
                dataset=EXPLANATION["dataset"],
                seed=EXPLANATION["seed"],
                **CHOSEN,
            ),
        shell:
            "python scripts/prepare_stimuli.py --spec {params.spec:q} --images {output.images} "
            "--pictures {output.pictures} > {log} 2>&1"

    rule explain_stimuli:
        """Explain the images of the user studies: every attribute, and the species by each member."""
        input:
            weights=[f"{EXPLAINED}/multitask.safetensors", f"{HEAT_WEIGHTS}.safetensors"],
            descriptions=[f"{EXPLAINED}/multitask.json", f"{HEAT_WEIGHTS}.json"],
            images=f"{EXPLAINED}/user_study/images.h5",
        output:
            marks=f"{EXPLAINED}/user_study/marks.h5",
            heat=f"{EXPLAINED}/user_study/heat.h5",
        log:
            f"{EXPLAINED_LOGS}/explain_stimuli.log",
        cache: "omit-software"
        conda:
            ENVIRONMENT
        resources:
            gpu=1,
        params:
            spec=spec(
                "explain_stimuli",
                modules=explained_zoo(MULTITASK["backbone"])
                + (explained_zoo(MEMBER_SETS[HEAT_SET]["backbone"]) if HEAT_SET else [])
                + explanation_modules([PEOPLE["method"], HEAT_METHOD]),
                marks={
                    "seed": EXPLANATION["seed"],
                    "memory_megabytes": EXPLANATION["memory_megabytes"],
                    "method": PEOPLE["method"],
                    "target": "true",
                    "questions": questions_of(PEOPLE["attributes"]),
                },
                heat={
                    "seed": EXPLANATION["seed"],
                    "memory_megabytes": EXPLANATION["memory_megabytes"],
                    "method": HEAT_METHOD,
                },
                seed=EXPLANATION["seed"],
                **CHOSEN,
            ),
            state=f"{EXPLAINED}/state/user_study",
        shell:
            "python scripts/explain_stimuli.py --spec {params.spec:q} --multitask {input.weights[0]} "
            "--members {input.weights[1]} --images {input.images} --marks {output.marks} --heat {output.heat} "
            "--state {params.state} > {log} 2>&1"

    rule draw_stimuli:
        """Draw the stimuli of the user studies and list them in a manifest."""
        input:
            pictures=f"{EXPLAINED}/user_study/pictures.h5",
            marks=f"{EXPLAINED}/user_study/marks.h5",
            heat=f"{EXPLAINED}/user_study/heat.h5",
        output:
            folder=directory(f"{EXPLAINED}/user_study/stimuli"),
            table=f"{EXPLAINED}/user_study/manifest.csv",
        log:
            f"{EXPLAINED_LOGS}/draw_stimuli.log",
        conda:
            ENVIRONMENT
        params:
            spec=spec("draw_stimuli", seed=EXPLANATION["seed"], **CHOSEN),
        shell:
            "python scripts/draw_stimuli.py --spec {params.spec:q} --pictures {input.pictures} --marks {input.marks} "
            "--heat {input.heat} --folder {output.folder} --table {output.table} > {log} 2>&1"

    rule build_study_page:
        """Build the page of one user study from its stimuli: one file that needs nothing else."""
        input:
            manifest=f"{EXPLAINED}/user_study/manifest.csv",
            stimuli=f"{EXPLAINED}/user_study/stimuli",
            parts=STUDY_PARTS,
        output:
            page=f"{EXPLAINED}/user_study/{{study}}.html",
        log:
            f"{EXPLAINED_LOGS}/build_study_page/{{study}}.log",
        conda:
            ENVIRONMENT
        params:
            spec=lambda wildcards: spec(
                "build_study_page",
                wildcards,
                seed=EXPLANATION["seed"],
                welcome=PEOPLE["welcome"],
                break_seconds=PEOPLE["break_seconds"],
            ),
        shell:
            "python scripts/build_study_page.py --spec {params.spec:q} --manifest {input.manifest} "
            "--stimuli {input.stimuli} --parts {input.parts} --page {output.page} > {log} 2>&1"

    EXPLANATION_FILES.append(f"{EXPLAINED}/user_study/manifest.csv")
    EXPLANATION_FILES.extend(
        f"{EXPLAINED}/user_study/{study}.html" for study in ("averaging", "annotations", "learning")
    )

    rule draw_single_and_averaged:
        """Draw pairs of stimuli: one network's explanation beside the mean of several (Figure 6)."""
        input:
            pictures=f"{EXPLAINED}/user_study/pictures.h5",
            heat=f"{EXPLAINED}/user_study/heat.h5",
        output:
            **explained_figure("single_and_averaged", "single_and_averaged"),
        log:
            f"{EXPLAINED_LOGS}/draw_single_and_averaged.log",
        conda:
            ENVIRONMENT
        params:
            spec=spec("draw_single_and_averaged", method=HEAT_METHOD),
        shell:
            "python scripts/draw_single_and_averaged.py --spec {params.spec:q} --pictures {input.pictures} "
            "--heat {input.heat} --figure {output.svg} > {log} 2>&1"


if "averaging" in STUDIES_ANSWERED["ratings"]:

    rule tabulate_averaging_preferences:
        """Test what people think of single and averaged explanations (user study 1)."""
        input:
            ratings=answers_in("ratings"),
            choices=answers_in("choices"),
        output:
            **explained_table("averaging_preferences", "averaging_preferences_table", "User studies"),
        log:
            f"{EXPLAINED_LOGS}/tabulate_averaging_preferences.log",
        conda:
            ENVIRONMENT
        params:
            spec=spec("tabulate_averaging_preferences"),
        shell:
            "python scripts/tabulate_averaging_preferences.py --spec {params.spec:q} --ratings {input.ratings:q} "
            "--choices {input.choices:q} --table {output.table} --page {output.page} > {log} 2>&1"


if "annotations" in STUDIES_ANSWERED["ratings"]:

    rule tabulate_annotation_preferences:
        """Test what people think of types of annotation (user study 2; Table 8)."""
        input:
            ratings=answers_in("ratings"),
        output:
            **explained_table("annotation_preferences", "annotation_preferences_table", "User studies"),
            medians=f"{EXPLAINED}/tables/annotation_medians.csv",
        log:
            f"{EXPLAINED_LOGS}/tabulate_annotation_preferences.log",
        conda:
            ENVIRONMENT
        params:
            spec=spec("tabulate_annotation_preferences"),
        shell:
            "python scripts/tabulate_annotation_preferences.py --spec {params.spec:q} --ratings {input.ratings:q} "
            "--table {output.table} --page {output.page} --medians {output.medians} > {log} 2>&1"

    rule draw_annotation_preferences:
        """Draw the median ratings of types of annotation (Figure 10)."""
        input:
            table=f"{EXPLAINED}/tables/annotation_preferences.csv",
            medians=f"{EXPLAINED}/tables/annotation_medians.csv",
        output:
            **explained_figure("annotation_preferences", "annotation_preferences", "User studies"),
        log:
            f"{EXPLAINED_LOGS}/draw_annotation_preferences.log",
        conda:
            ENVIRONMENT
        params:
            spec=spec("draw_annotation_preferences"),
        shell:
            "python scripts/draw_annotation_preferences.py --spec {params.spec:q} --table {input.table} "
            "--medians {input.medians} --figure {output.svg} > {log} 2>&1"


if "learning" in STUDIES_ANSWERED["choices"]:

    rule tabulate_learning:
        """Test how fast people learn with each kind of feedback (user study 3; Table 9)."""
        input:
            choices=answers_in("choices"),
        output:
            **explained_table("learning", "learning_table", "User studies"),
            participants=f"{EXPLAINED}/tables/learning_participants.csv",
            medians=f"{EXPLAINED}/tables/learning_medians.csv",
        log:
            f"{EXPLAINED_LOGS}/tabulate_learning.log",
        conda:
            ENVIRONMENT
        params:
            spec=spec("tabulate_learning"),
        shell:
            "python scripts/tabulate_learning.py --spec {params.spec:q} --choices {input.choices:q} "
            "--table {output.table} --page {output.page} --participants {output.participants} "
            "--medians {output.medians} > {log} 2>&1"

    rule draw_trials_to_proficiency:
        """Draw how fast people learn with each kind of feedback (Figure 12)."""
        input:
            table=f"{EXPLAINED}/tables/learning.csv",
            medians=f"{EXPLAINED}/tables/learning_medians.csv",
        output:
            **explained_figure("trials_to_proficiency", "trials_to_proficiency", "User studies"),
        log:
            f"{EXPLAINED_LOGS}/draw_trials_to_proficiency.log",
        conda:
            ENVIRONMENT
        params:
            spec=spec("draw_trials_to_proficiency"),
        shell:
            "python scripts/draw_trials_to_proficiency.py --spec {params.spec:q} --table {input.table} "
            "--medians {input.medians} --figure {output.svg} > {log} 2>&1"
