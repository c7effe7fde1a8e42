"""Time of planning a study against planning a bare Snakefile of the same graph: python -m bench.graph [--repeats N].

Each study is planned with `snakemake -n` in a copy of the checkout, in turn with a bare Snakefile that is generated
from the study's own jobs: as many jobs, the same input and output files, wildcards, but no config, no params, no
functions, no logs, no profile. Seconds are medians; processor time (user + system, in brackets) stands for itself where
other programs keep the cores busy, and the ratio is one of processor times.

imagenet   configs/imagenet.yaml with a few made images instead of the data; target: at most 2 times bare
generated  the default study grown to 100 members and 48 corrupted copies, 5,159 jobs; target: at most 15 s
"""

import argparse
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import yaml

from tests.workflow.conftest import Checkout, add_made_images, grown_study
from tests.workflow.test_rules import study_of


def pattern(file: str, wildcards: dict[str, str]) -> str:
    """Return the file's name with the job's wildcards in place of their values."""
    for name, value in wildcards.items():
        file = re.sub(rf"(?<![\w-]){re.escape(value)}(?![\w-])", f"{{{name}}}", file)
    return file


def bare_snakefile(jobs: list[dict]) -> str:
    """Return a Snakefile with the same jobs and files, a rule for each set of patterns that jobs share."""
    rules: dict[tuple[tuple[str, ...], tuple[str, ...]], list[dict[str, str]]] = {}
    for job in sorted(jobs, key=lambda job: job["rule"] != "all"):  # the first rule is the target
        files = [tuple(pattern(file, job["wildcards"]) for file in job[kind]) for kind in ("inputs", "outputs")]
        rules.setdefault((files[0], files[1]), []).append(job["wildcards"])
    return "\n".join(bare_rule(number, *files, seen) for number, (files, seen) in enumerate(rules.items()))


def bare_rule(number: int, inputs: tuple[str, ...], outputs: tuple[str, ...], seen: list[dict[str, str]]) -> str:
    lines = [f"rule r{number}:", f"    input: {list(inputs)}"]
    if outputs:
        values = {name: "|".join(sorted({re.escape(each[name]) for each in seen})) for name in seen[0]}
        lines += [f"    output: {list(outputs)}"]
        lines += [f"    wildcard_constraints: **{values}"] * bool(values)
        lines += ['    shell: "touch {output}"']
    return "\n".join(lines) + "\n"


def seconds_of(command: list[str], folder: Path, jobs: int) -> tuple[float, float]:
    """Return the elapsed and the processor time of a command that must plan this many jobs."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    elapsed, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    assert re.search(rf"^total +{jobs}$", done.stdout, re.MULTILINE), done.stdout[-2000:]
    return elapsed, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def bench(name: str, checkout: Checkout, config: str, repeats: int) -> None:
    jobs = study_of("all", config, checkout.folder)["jobs"]
    bare = checkout.folder / "bare"
    bare.mkdir(exist_ok=True)
    (bare / "Snakefile").write_text(bare_snakefile(jobs), encoding="utf-8")
    for file in {file for job in jobs for file in job["inputs"]} - {file for job in jobs for file in job["outputs"]}:
        (bare / file).parent.mkdir(parents=True, exist_ok=True)
        (bare / file).touch()
    plan = [sys.executable, "-m", "snakemake", "-n"]
    sides = {"study": ([*plan, "--configfile", config], checkout.folder), "bare": (plan, bare)}
    times: dict[str, list[tuple[float, float]]] = {side: [] for side in sides}
    for _ in range(repeats):
        for side, (command, folder) in sides.items():
            times[side].append(seconds_of(command, folder, len(jobs)))
    found = {side: [median(column) for column in zip(*rows, strict=True)] for side, rows in times.items()}
    shown = ", ".join(f"{side} {elapsed:.2f} s ({used:.2f} s)" for side, (elapsed, used) in found.items())
    print(f"{name:9} {len(jobs):5} jobs: {shown}, ratio {found['study'][1] / found['bare'][1]:.2f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        checkout = Checkout(Path(folder) / "checkout")
        add_made_images(checkout)
        bench("imagenet", checkout, "configs/imagenet.yaml", options.repeats)
        (checkout.folder / "grown.yaml").write_text(yaml.safe_dump(grown_study(100, 12), sort_keys=False))
        bench("generated", checkout, "grown.yaml", max(options.repeats // 2, 1))


if __name__ == "__main__":
    main()
