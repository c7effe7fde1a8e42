"""Heterodox: when models differ, what does it buy? `snakemake --list-rules` tells what each rule does."""

# A study is complete in one file: another one replaces config.yaml instead of being merged into it.
if not workflow.overwrite_configfiles:

    configfile: "config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/members.smk"
include: "workflow/rules/dumps.smk"


if TEAMS:

    include: "workflow/rules/teams.smk"


if SUBNETWORKS:

    include: "workflow/rules/supernetwork.smk"


if config["method_agreement"]:

    include: "workflow/rules/methods.smk"


include: "workflow/rules/ensembles.smk"
include: "workflow/rules/paper.smk"
include: "workflow/rules/findings.smk"


rule all:
    """Run every study."""
    default_target: True
    input:
        rules.resilience.input,
        rules.tables.input,
        rules.figures.input,


onstart:
    code_digest.save_snapshot()
