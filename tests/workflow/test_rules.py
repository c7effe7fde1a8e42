"""The rules keep the project's conventions: names, docstrings, logs, and all that decides a result in the params.

What a cached rule's key lacks would hand one job's result to another, so an audit goes over every cached job.
"""

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.workflow.conftest import Checkout, add_made_images
from workflow.code_digest import DISTRIBUTIONS, CodeDigests

ROOT = Path(__file__).resolve().parent.parent.parent
EXPENSIVE = {
    "prepare_data",
    "prepare_natural_shift",
    "corrupt_images",
    "train_member",
    "pretrain_backbone",
    "probe_member",
    "fetch_member",
    "fetch_backbone",
    "dump_member",
    "train_team",
    "dump_team",
    "train_supernetwork",
    "extract_subnetworks",
    "dump_subnetworks",
    "measure_similarity",
    "prepare_pruning_data",
    "train_pruning_backbone",
    "extract_features",
    "ablate_detection",
    "search_masks",
    "search_channels",
    "train_front_heads",
    "explain_front_heads",
    "compare_recipes",
    "export_front_members",
    "corrupt_pruning_images",
    "dump_pruned_members",
    "search_cells",
    "train_cells",
    "dump_cells",
    "inspect_cells",
    "repair_cell",
    "train_wide_cell",
    "compare_cell_recipes",
    "prepare_annotated_images",
    "train_explained_backbone",
    "extract_trunk_features",
    "train_member_set",
    "train_multitask",
    "explain_member_set",
    "predict_member_set",
    "explain_multitask",
    "explain_stimuli",
}
# Rules that do to the pruning study's files what another rule does to all others.
SCRIPTS = {"corrupt_pruning_images": "corrupt_images", "score_pruned_pool": "score_ensembles"}
# Expensive ones whose code is all imported by its own name.
IMPORTED_BY_NAME = {"search_masks", "train_front_heads", "compare_recipes"}


def study_of(target: str, config: str | None = None, folder: Path = ROOT) -> dict:
    command = [sys.executable, str(ROOT / "tests/workflow/list_jobs.py"), target, *([config] if config else [])]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    line = next(line for line in done.stdout.splitlines() if line.startswith("RESULT"))
    return json.loads(line.removeprefix("RESULT"))


def imported_names(text: str) -> set[str]:
    """Return the modules that a source imports, as plain text tells: independent of how the digests find them."""
    text = re.sub(r"(?m)^if TYPE_CHECKING:\n(?:    .*\n|\n)+", "", text)
    return {name for pair in re.findall(r"(?m)^ *(?:from ([\w.]+) import |import ([\w.]+))", text) for name in pair} - {
        ""
    }


def missing_imports(parts: dict[str, str]) -> Iterator[str]:
    """Yield what the files of a code digest import and it does not hold: library files, pins of packages."""
    for file in (part for part in parts if part.endswith(".py")):
        for name in imported_names((ROOT / file).read_text(encoding="utf-8")):
            top = name.partition(".")[0]
            module = f"src/{name.replace('.', '/')}"
            if top == "heterodox":
                needed = f"{module}/__init__.py" if (ROOT / module).is_dir() else f"{module}.py"
            else:
                needed = f"pin of {DISTRIBUTIONS.get(top, top)}"
            if top not in sys.stdlib_module_names and needed not in parts:
                yield f"{file} imports {name}, but {needed} is not in the code digest"


def values_of(node: Any, key: str) -> Iterator[Any]:
    """Yield all values of a key, however deep it stands."""
    if isinstance(node, dict):
        yield from (value for name, value in node.items() if name == key)
        for value in node.values():
            yield from values_of(value, key)


def named_modules(job: dict, spec: dict, config: dict) -> Iterator[str]:
    """Yield the library files that a job loads by a name in the configuration."""
    study = config.get("explanation_study")
    if study and job["outputs"][0].startswith(f"results/{study['dataset']}/"):
        yield from explained_modules(job, spec, study)
        return
    if "member" in job["wildcards"]:
        yield f"networks/zoo/{config['members'][job['wildcards']['member']]['arch']}.py"
    if job["rule"] == "corrupt_images":
        yield f"corruptions/{job['wildcards']['shift'].rpartition('-')[0]}.py"
    yield from (f"datasets/{source}.py" for source in values_of(spec["config"], "source"))
    yield from (f"explain/{method}.py" for methods in values_of(spec["config"], "methods") for method in methods)


def explained_modules(job: dict, spec: dict, study: dict) -> Iterator[str]:
    """Yield the library files that a job of the explanation study loads by name: a source, networks, methods."""
    wildcards = job["wildcards"]
    if job["rule"] == "prepare_annotated_images":
        yield f"datasets/annotated/{study['sources'][wildcards['source']]['source']}.py"
        return
    backbones = {wildcards.get("backbone")} - {None}
    if "member_set" in wildcards:
        backbones.add(study["member_sets"][wildcards["member_set"]]["backbone"])
    if job["rule"] in ("train_multitask", "explain_multitask", "explain_stimuli"):
        backbones.add(study["multitask"]["backbone"])
    if job["rule"] == "explain_stimuli":
        backbones.add(study["member_sets"][study["user_study"]["averaging"]["member_set"]]["backbone"])
    yield from (f"networks/zoo/{study['backbones'][backbone]['arch']}.py" for backbone in backbones)
    methods = {wildcards.get("method"), *values_of(spec["config"], "method")} - {None}
    yield from (f"explain/{method.partition('-')[0]}.py" for method in methods)


def job_faults(job: dict, codes: dict[str, dict[str, str]], config: dict) -> Iterator[str]:
    spec = next(json.loads(text) for text in job["params"] if text.startswith("{"))
    if spec["wildcards"] != job["wildcards"]:
        yield f"its params know the wildcards {sorted(spec['wildcards'])} of {sorted(job['wildcards'])}"
    for word in set(re.findall(r"(?<!\{)\{(\w+)", job["shell"])) - {"params", "input", "output", "log"}:
        yield f"its shell line uses {word}, which is in no key"
    parts = codes[spec["code"]]
    for file in {f"src/heterodox/{module}" for module in named_modules(job, spec, config)} - parts.keys():
        yield f"{file} is not in the code digest"
    yield from missing_imports(parts)


def cache_faults(study: dict, config: dict) -> set[str]:
    """Return all that could change a cached job's outputs without changing the key under which they are kept."""
    cached = [job for job in study["jobs"] if job["cached"]]
    found = {f"{job['rule']}: {fault}" for job in cached for fault in job_faults(job, study["codes"], config)}
    keys = Counter(job["key"] for job in cached)
    return found | {f"{job['rule']}: has the key of another job" for job in cached if keys[job["key"]] > 1}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Return a checkout with made images, in which all shipped studies have a graph; its files may not be changed."""
    checkout = Checkout(tmp_path_factory.mktemp("made") / "checkout")
    add_made_images(checkout)
    return checkout


@pytest.fixture(scope="module")
def study() -> dict:
    return study_of("all")


@pytest.fixture(scope="module")
def jobs(study: dict) -> list[dict]:
    return study["jobs"]


@pytest.fixture(scope="module")
def working(jobs: list[dict]) -> list[dict]:
    """Return the jobs that run something, not the mere targets."""
    return [job for job in jobs if job["shell"]]


def test_the_default_study_has_the_expected_jobs(working: list[dict]) -> None:
    rules = [job["rule"] for job in working]
    assert rules.count("dump_member") == 14 * 5
    assert rules.count("train_member") + rules.count("probe_member") == 14
    assert rules.count("train_team") == 8 * 2
    assert rules.count("dump_team") == 8 * 2 * 5
    assert rules.count("dump_subnetworks") == 5
    assert rules.count("search_masks") == 10 * 4  # runs of three scopes, and of random masks
    assert rules.count("search_cells") == 5
    assert rules.count("dump_cells") == 5
    assert rules.count("score_ensembles") == 2 * 5 + 4  # cells on corrupted images


def test_every_rule_has_a_docstring(jobs: list[dict]) -> None:
    assert {job["rule"] for job in jobs if not job["docstring"]} == set()


def test_rule_script_and_log_have_one_name(working: list[dict]) -> None:
    for job in working:
        script = SCRIPTS.get(job["rule"], job["rule"])
        assert f"python scripts/{script}.py " in job["shell"]
        assert len(job["logs"]) == 1
        log = Path(job["logs"][0])
        assert job["rule"] in (log.parts[3], log.stem), log
        function = (ROOT / "scripts" / f"{script}.py").read_text()
        assert f"def {script}(" in function
        assert f"command.run({script})" in function


def test_every_script_but_the_summary_and_the_launcher_has_a_rule(working: list[dict]) -> None:
    text = "".join(file.read_text(encoding="utf-8") for file in (ROOT / "workflow/rules").glob("*.smk"))
    scripts = {file.stem for file in (ROOT / "scripts").glob("*.py")} - {"summarise_study", "on_ray"}
    assert {name for name in scripts if f"rule {name}:" not in text} == set()


def test_wildcards_and_code_digest_stand_in_the_params(working: list[dict]) -> None:
    digests = CodeDigests(ROOT)
    for job in working:
        texts = [json.loads(text) for text in job["params"] if text.startswith("{")]
        specs = [text for text in texts if "code" in text]  # how a search is spread decides no result
        assert len(specs) == 1, job["rule"]
        spec = specs[0]
        assert job["wildcards"].items() <= spec["wildcards"].items(), job["rule"]
        assert len(spec["code"]) == 16
        loads_by_name = spec["code"] != digests.digest(f"scripts/{SCRIPTS.get(job['rule'], job['rule'])}.py")
        assert loads_by_name == (
            job["rule"]
            in {*EXPENSIVE, "draw_corruption_panel", "sweep_lambda", "compare_methods", "evaluate_multitask"}
            - IMPORTED_BY_NAME
        ), job["rule"]


def test_a_sweep_explains_all_images_of_a_batch_whatever_its_team_does(working: list[dict]) -> None:
    specs = {
        (job["rule"], values["wildcards"].get("sweep")): values["config"]["team"]
        for job in working
        for values in map(json.loads, (text for text in job["params"] if text.startswith("{")))
        if job["rule"] == "sweep_lambda" or values.get("wildcards", {}).get("team") == "attribution"
        if "team" in values.get("config", {})
    }
    assert specs["train_team", None]["explained"] == 8
    literal = specs["sweep_lambda", "literal_attribution"]
    assert (literal["normalise"], literal["explained"]) == ("none", None)


def test_shell_commands_read_no_config_and_no_wildcards(working: list[dict]) -> None:
    for job in working:
        assert "{config" not in job["shell"]
        assert "{wildcards" not in job["shell"]
        assert "{params.spec:q}" in job["shell"]


def test_expensive_rules_can_be_cached(working: list[dict]) -> None:
    for job in working:
        assert job["cached"] == (job["rule"] in EXPENSIVE), job["rule"]
        assert len(job["outputs"]) == 1 or not job["cached"] or len(job["named_outputs"]) == len(job["outputs"])


@pytest.mark.parametrize("path", ["config.yaml", "tests/smoke/config.yaml", "configs/imagenet.yaml"])
def test_nothing_is_missing_from_the_key_of_a_cached_job(made: Checkout, path: str) -> None:
    found = study_of("all", str(ROOT / path), made.folder)
    assert len({job["rule"] for job in found["jobs"] if job["cached"]}) >= 5
    assert cache_faults(found, yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))) == set()


def test_the_audit_finds_what_is_missing_from_a_key(checkout: Checkout) -> None:
    """Every line is a rule made wrong in its own way; the audit names all of them."""
    rules = "workflow/rules"
    checkout.edit(f"{rules}/data.smk", '"corrupt_images",\n            wildcards,', '"corrupt_images",')
    checkout.edit(f"{rules}/members.smk", "modules=zoo(wildcards.member, *teachers_of(wildcards.member)),", "")
    checkout.edit(f"{rules}/members.smk", "--backbone {input.backbone}", "--backbone {input.backbone} {wildcards}")
    checkout.edit(f"{rules}/members.smk", '"pretrain_backbone",\n            wildcards,', '"pretrain_backbone",')
    checkout.edit("workflow/code_digest.py", "packages |= more_packages", "packages |= {'numpy'}")
    found = cache_faults(study_of("all", None, checkout.folder), yaml.safe_load((ROOT / "config.yaml").read_text()))
    assert "corrupt_images: its params know the wildcards [] of ['shift']" in found
    assert "corrupt_images: has the key of another job" not in found  # another corruption's module is another key
    assert "pretrain_backbone: its params know the wildcards [] of ['member']" in found
    assert "train_member: src/heterodox/networks/zoo/vgg.py is not in the code digest" in found
    assert "probe_member: its shell line uses wildcards, which is in no key" in found
    assert any("import" in fault and "pin of torch is not in the code digest" in fault for fault in found)


def test_a_statement_a_pin_a_value_and_an_image_change_the_keys_they_reach(checkout: Checkout) -> None:
    add_made_images(checkout)
    study = checkout.folder / "configs/imagenet.yaml"
    study.write_text(study.read_text().replace("seeds: [1, 2, 3]", "seeds: [1]"))  # all rules, half the jobs

    def keys() -> dict[tuple[str, ...], str]:
        jobs = study_of("all", "configs/imagenet.yaml", checkout.folder)["jobs"]
        return {(job["rule"], *job["outputs"]): job["key"] for job in jobs if job["cached"]}

    def rules_with_other_keys(file: str, old: str, new: str, together: bool = True) -> set[str]:
        checkout.edit(file, old, new)
        found = keys()
        checkout.edit(file, new, old)
        other = {job[0] for job in before if before[job] != found[job]}
        assert not together or all(before[job] != found[job] for job in before if job[0] in other)
        return other

    before = keys()
    every_rule = {job[0] for job in before}
    statement = ("src/heterodox/storage/atomic.py", "import errno\n", "import errno\n\nCHANGED = 1\n")
    assert rules_with_other_keys(*statement) == every_rule
    pins = (checkout.folder / "envs/requirements.txt").read_text(encoding="utf-8")
    numpy = next(line for line in pins.splitlines() if line.startswith("numpy=="))
    assert rules_with_other_keys("envs/requirements.txt", f"{numpy}\n", "numpy==9.9.9\n") == every_rule
    method = ("configs/imagenet.yaml", "seed: 1\n", "seed: 1\nexplanations: {methods: [integrated_gradients]}\n")
    # A rule's jobs change together, but for members of no pool: their dumps hold no maps.
    assert rules_with_other_keys(*method, together=False) == {
        "dump_member",
        "dump_team",
        "dump_subnetworks",
    }
    (checkout.folder / "data/imagenet/val/n01440764/more.png").write_bytes(b"image")
    assert not before.items() & keys().items()


def test_params_of_two_jobs_of_one_rule_differ(working: list[dict]) -> None:
    seen = [(job["rule"], tuple(job["params"])) for job in working]
    assert len(seen) == len(set(seen))


def test_the_test_split_reaches_only_corruptions_dumps_and_their_pictures(working: list[dict]) -> None:
    readers = {job["rule"] for job in working for file in job["inputs"] if file.endswith("data/test.h5")}
    assert readers == {
        "corrupt_images",
        "dump_member",
        "dump_team",
        "dump_subnetworks",
        "dump_cells",
        "inspect_cells",
        "repair_cell",
        "train_wide_cell",
        "measure_similarity",
        "compare_methods",
        "draw_saliency_maps",
        "draw_attribution_maps",
        "draw_agreeing_pixels",
        # The pruning study divides it, and reads its own part after the search.
        "prepare_pruning_data",
        "extract_features",
        "ablate_detection",
        "explain_front_heads",
        "draw_pruning_attention",
        "corrupt_pruning_images",
        "dump_pruned_members",
    }


def test_no_pruning_search_sees_test_images_or_their_features(working: list[dict]) -> None:
    for rule in ("train_pruning_backbone", "search_masks", "search_channels", "compare_recipes"):
        files = {Path(file).stem for job in working if job["rule"] == rule for file in job["inputs"]}
        assert files, rule
        assert not {"test", "ood_test"} & files, rule


def test_the_snakefile_imports_neither_torch_nor_the_library(study: dict) -> None:
    packages = {name.partition(".")[0] for name in study["modules"]}
    assert "snakemake" in packages
    assert not {"torch", "timm", "heterodox"} & packages
