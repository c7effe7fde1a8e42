"""Heterodox: when models differ, what does it buy? `snakemake --list-rules` tells what each rule does."""

# A study is complete in one file: another one replaces config.yaml instead of being merged into it.
if not workflow.overwrite_configfiles:

    configfile: "config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"


if config["data"]:

    include: "workflow/rules/data.smk"
    include: "workflow/rules/members.smk"
    include: "workflow/rules/dumps.smk"


if TEAMS:

    include: "workflow/rules/teams.smk"


if SUBNETWORKS:

    include: "workflow/rules/supernetwork.smk"


if config["method_agreement"]:

    include: "workflow/rules/methods.smk"


if POOLS:

    include: "workflow/rules/ensembles.smk"


if config["pools"]:

    include: "workflow/rules/paper.smk"
    include: "workflow/rules/findings.smk"


if config["explanation_study"]:

    include: "workflow/rules/explanations.smk"


if config["pruning"]:

    include: "workflow/rules/pruning.smk"


if config["cells"]:

    include: "workflow/rules/cells.smk"


rule tables:
    """Make the tables of every study."""
    input:
        STUDY_TABLES,


rule figures:
    """Draw the figures of every study."""
    input:
        STUDY_FIGURES,


rule all:
    """Run every study."""
    default_target: True
    input:
        STUDY_TABLES,
        STUDY_FIGURES,
        STUDY_FILES,


onstart:
    code_digest.save_snapshot()
