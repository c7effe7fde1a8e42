"""Dumps: what one member says about one shift.

INPUTS  results/{dataset}/members/{member}.safetensors, results/{dataset}/data/test.h5 or shifts/{shift}.h5
OUTPUTS results/{dataset}/dumps/{member}/{shift}.h5
"""


rule dump_member:
    """Store a member's logits and, where somebody wants them, saliency maps for every image of a shift."""
    input:
        weights=f"{RESULTS}/members/{{member}}.safetensors",
        description=f"{RESULTS}/members/{{member}}.json",
        images=lambda wildcards: images_of(wildcards.shift),
    output:
        dump=f"{RESULTS}/dumps/{{member}}/{{shift}}.h5",
    log:
        f"{LOGS}/dump_member/{{member}}/{{shift}}.log",
    wildcard_constraints:
        member=one_of(name for name in OWN if name in LISTED),
    cache: "omit-software"
    conda:
        ENVIRONMENT
    resources:
        gpu=1,
    params:
        spec=lambda wildcards: spec(
            "dump_member",
            wildcards,
            modules=zoo(wildcards.member) + explanation_modules(methods_of(**wildcards)),
            dataset=config["dataset"],
            seed=config["seed"],
            methods=methods_of(**wildcards),
        ),
        state=f"{RESULTS}/state/dumps/{{member}}/{{shift}}.h5",
    shell:
        "python scripts/dump_member.py --spec {params.spec:q} --weights {input.weights} --images {input.images} "
        "--dump {output.dump} --state {params.state} > {log} 2>&1"
