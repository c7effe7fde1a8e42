"""Images: the splits of the data set, second test sets, and corrupted copies of the test split.

INPUTS  resources/ or the folder that config.data names
OUTPUTS results/{dataset}/data/{train,validation,test}.h5, results/{dataset}/shifts/{shift}.h5
"""


rule prepare_data:
    """Write the training, validation and test split of the data set as uint8 arrays with their stored index."""
    input:
        embedded_files(),
    output:
        train=f"{RESULTS}/data/train.h5",
        validation=f"{RESULTS}/data/validation.h5",
        test=f"{RESULTS}/data/test.h5",
    log:
        f"{LOGS}/prepare_data.log",
    cache: "omit-software"
    conda:
        ENVIRONMENT
    params:
        spec=lambda wildcards: spec(
            "prepare_data",
            modules=[f"datasets/{config['data']['source']}.py"],
            dataset=config["dataset"],
            seed=config["seed"],
            data=config["data"],
            folder_state=folder_state_of(config["data"]),
        ),
    shell:
        "python scripts/prepare_data.py --spec {params.spec:q} --train {output.train} "
        "--validation {output.validation} --test {output.test} > {log} 2>&1"


rule prepare_natural_shift:
    """Write a second test set of the same classes, such as ImageNet-V2."""
    input:
        images=f"{RESULTS}/data/test.h5",
    output:
        shift=f"{RESULTS}/shifts/{{shift}}.h5",
    log:
        f"{LOGS}/prepare_natural_shift/{{shift}}.log",
    wildcard_constraints:
        shift=one_of(config["natural_shifts"]),
    cache: "omit-software"
    conda:
        ENVIRONMENT
    params:
        spec=lambda wildcards: spec(
            "prepare_natural_shift",
            wildcards,
            modules=[f"datasets/{config['natural_shifts'][wildcards.shift]['source']}.py"],
            dataset=config["dataset"],
            data={key: config["data"][key] for key in ("resize", "crop")},
            natural_shifts={wildcards.shift: config["natural_shifts"][wildcards.shift]},
            folder_state=folder_state_of(config["natural_shifts"][wildcards.shift]),
        ),
    shell:
        "python scripts/prepare_natural_shift.py --spec {params.spec:q} --images {input.images} "
        "--shift {output.shift} > {log} 2>&1"


rule corrupt_images:
    """Corrupt every image of the test split at one severity; what was drawn for each image is stored beside it."""
    input:
        images=f"{RESULTS}/data/test.h5",
    output:
        shift=f"{RESULTS}/shifts/{{shift}}.h5",
    log:
        f"{LOGS}/corrupt_images/{{shift}}.log",
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
        state=f"{RESULTS}/state/shifts/{{shift}}.h5",
    shell:
        "python scripts/corrupt_images.py --spec {params.spec:q} --images {input.images} --shift {output.shift} "
        "--state {params.state} > {log} 2>&1"
