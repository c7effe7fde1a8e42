"""What a study writes and asks for on a cluster, stage by stage, as a Markdown table.

`python workflow/sizing.py [--configfile configs/imagenet.yaml]` counts the jobs of `snakemake -n`; what each asks for
is what that call says under the profile (`--profile`), and what it writes follows from the shapes of its data. Images
and classes are counted in the data; where they are not on this machine, options say how many there are.
"""

import argparse
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))  # this checkout's library, never another one

from heterodox.corruptions.interface import draw_parameters
from heterodox.datasets import image_folder, interface
from heterodox.datasets.image_sets import ImageSet
from heterodox.errors import UserError
from heterodox.storage.sizes import dump_bytes, image_file_bytes, weights_bytes

RESOURCES = Path(__file__).resolve().parent.parent / "resources"
# Training images, test images, classes and shape of what torchvision offers, as published; none of it need be here.
PUBLISHED = {
    "FashionMNIST": (60_000, 10_000, 10, (28, 28, 1)),
    "CIFAR10": (50_000, 10_000, 10, (32, 32, 3)),
    "CIFAR100": (50_000, 10_000, 100, (32, 32, 3)),
}
NETWORKS = {"train_member", "pretrain_backbone", "probe_member", "fetch_member", "fetch_backbone"}


@dataclass(frozen=True)
class Job:
    """One planned job: its rule and spec, and what its first attempt asks for."""

    rule: str
    spec: dict[str, Any]
    minutes: int
    megabytes: int
    gpu: int

    @property
    def wildcards(self) -> dict[str, str]:
        """Return the wildcards by name."""
        return self.spec["wildcards"]


class Counts(NamedTuple):
    """How many images and classes there are; None where the data tell."""

    train: int | None = None
    images: int | None = None
    classes: int | None = None
    natural_images: int | None = None


def plan(configfile: str | None, profile: str) -> str:
    """Return what a dry run of the whole study says; UserError with Snakemake's own line where it refuses."""
    if not Path(profile, "config.yaml").is_file():
        raise UserError(f"{profile}: there is no profile here; name the folder of its config.yaml with --profile")
    chosen = ["--configfile", configfile] if configfile else []
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--forceall", "--printshellcmds", "--nocolor"]
    done = subprocess.run([*command, "--profile", profile, *chosen], capture_output=True, text=True, check=False)
    if done.returncode:
        said = [line.strip() for line in (done.stderr + done.stdout).splitlines() if line.strip()]
        raise UserError(next((line for line in said if line.startswith("config: ")), said[-1] if said else "no plan"))
    return done.stdout


def jobs_of(text: str) -> list[Job]:
    """Return the jobs in a dry run's output that run a script; those that only collect files write nothing."""
    blocks = re.findall(r"^ *(?:local)?rule (\w+):\n((?: +.*\n)*)Shell command: (.*)$", text, re.MULTILINE)
    return [_job(rule, block, command) for rule, block, command in blocks if "--spec" in command]


def _job(rule: str, block: str, command: str) -> Job:
    asked = dict(re.findall(r"(\w+)=(\d+)(?=,|$)", block, re.MULTILINE))
    words = shlex.split(command)
    spec = json.loads(words[words.index("--spec") + 1])
    if not {"runtime", "mem_mb"} <= asked.keys():
        raise UserError(f"the profile gives {rule} no runtime or no mem_mb; set them in its default-resources")
    return Job(rule, spec, int(asked["runtime"]), int(asked["mem_mb"]), int(asked.get("gpu", 0)))


class Sizes:
    """The bytes that each job of a study writes."""

    def __init__(self, jobs: Iterable[Job], counts: Counts) -> None:
        jobs = list(jobs)
        self.config = next(job.spec["config"] for job in jobs if job.rule == "prepare_data")
        self.splits = {name: len(images) for name, images in self._splits(counts).items()}
        natural = [job for job in jobs if job.rule == "prepare_natural_shift"]
        self.natural = {job.wildcards["shift"]: self._natural_images(job, counts) for job in natural}
        self._values = cache(self._values)

    def _splits(self, counts: Counts) -> dict[str, ImageSet]:
        data = self.config["data"]
        parts = official_parts(data, counts)
        self.shape, self.classes = parts["test"].shape, parts["test"].classes
        return interface.divide(parts, data, self.config["dataset"], self.config["seed"])

    def _natural_images(self, job: Job, counts: Counts) -> int:
        if counts.natural_images is not None:
            return counts.natural_images
        name, config = job.wildcards["shift"], job.spec["config"]
        with hint("--natural-images"):
            return len(image_folder.second_test_set(config["data"] | config["natural_shifts"][name], self.classes))

    def of(self, job: Job) -> int | None:
        """Return the bytes that a job writes; None where it is not counted: tables and figures are small."""
        if job.rule in NETWORKS:
            network = job.spec["config"]["member"]
            return self._values(network["arch"], network.get("model", "small"))
        counted = {
            "prepare_data": lambda: sum(image_file_bytes(count, self.shape) for count in self.splits.values()),
            "prepare_natural_shift": lambda: image_file_bytes(self._images(job), self.shape),
            "corrupt_images": lambda: image_file_bytes(self._images(job), self.shape, self._drawn(job)),
            "train_team": lambda: self._team(job),
            "dump_member": lambda: self._dump(job),
            "dump_team": lambda: self._dump(job) * len(job.spec["config"]["members"]),
            "dump_subnetworks": lambda: self._dump(job) * len(job.spec["config"]["members"]),
        }
        return counted[job.rule]() if job.rule in counted else None

    def _images(self, job: Job) -> int:
        return self.natural.get(job.wildcards["shift"], self.splits["test"])

    def _drawn(self, job: Job) -> int:
        config = job.spec["config"]
        drawn = draw_parameters(job.wildcards["shift"], config["dataset"], config["seed"], np.arange(1), self.shape)
        return len(drawn)

    def _dump(self, job: Job) -> int:
        height, width, channels = self.shape
        methods = job.spec["config"]["methods"]
        shape = (channels, height, width) if methods else None
        return dump_bytes(self._images(job), len(self.classes), shape, len(methods))

    def _team(self, job: Job) -> int:
        team = job.spec["config"]["team"]
        return sum(self._values(arch, team["model"]) for arch in team["archs"])

    def _values(self, arch: str, model: str) -> int:
        import torch  # only studies with networks wait for it

        from heterodox.networks.loading import build

        height, width, channels = self.shape
        with torch.device("meta"):  # shapes alone: nothing is drawn, nothing takes memory
            tensors = build(arch, (channels, height, width), len(self.classes), model).state_dict()
        return weights_bytes(sum(tensor.numel() for tensor in tensors.values()), len(tensors))


@contextmanager
def hint(options: str) -> Iterator[None]:
    """Let an error about data that are not here name the options that stand for them."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{error}; or say how many images there are with {options}") from error


def official_parts(data: dict[str, Any], counts: Counts) -> dict[str, ImageSet]:
    """Return the official parts of the data, from its files or as said; UserError where neither tells them."""
    said = any(count is not None for count in (counts.train, counts.images, counts.classes))
    if said and data["source"] != "image_folder":
        raise UserError("--train, --images and --classes are for image folders; this study's data are counted without")
    if said:
        return made_parts(*folder_counts(data, counts), (data["crop"], data["crop"], 3))
    if data["source"] == "torchvision" and data["name"] in PUBLISHED:
        return made_parts(*PUBLISHED[data["name"]])
    with hint("--train, --images and --classes"):
        return interface.load(data["source"]).official_parts({"folder": RESOURCES, **data})


def folder_counts(data: dict[str, Any], counts: Counts) -> tuple[int, int, int]:
    """Return training images, test images and classes of a folder that is not here; UserError where one is not said."""
    train = counts.train if data["train"] is not None else 0
    if train is None or counts.images is None or counts.classes is None:
        raise UserError("give --train, --images and --classes together; one does not tell the others")
    return train, counts.images, counts.classes


def made_parts(train: int, test: int, classes: int, shape: tuple[int, int, int]) -> dict[str, ImageSet]:
    """Return a training and a test part of so many images, every class its share, that cannot be read."""

    def unread(rows: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    counts = {"train": train, "test": test} if train else {"test": test}
    names = [str(number) for number in range(classes)]
    return {
        part: ImageSet(np.arange(count) % classes, np.arange(count), names, shape, unread)
        for part, count in counts.items()
    }


def gigabytes(size: int) -> str:
    """Return bytes as GB (10^9) with two decimals."""
    return f"{size / 1e9:,.2f}" if size >= 5e6 else "< 0.01"


def stages() -> list[str]:
    """Return the rules in the order in which the Snakefile reads."""
    return list(_rules_in(Path("Snakefile")))


def _rules_in(file: Path) -> Iterator[str]:
    """Yield the rules of a file and of what it includes; the file of a study that is not there has none."""
    if not file.is_file():
        return
    for kind, name in re.findall(
        r'^ *(rule|include:) "?([\w/.]+)"?:?$', file.read_text(encoding="utf-8"), re.MULTILINE
    ):
        if kind == "rule":
            yield name
        else:
            yield from _rules_in(file.parent / name)


def row(stage: str, jobs: list[Job], written: list[int | None]) -> str:
    """Return the line of one stage, or of all of them."""
    total = [size for size in written if size is not None]
    hours = sum(job.minutes for job in jobs) / 60
    memory = " to ".join(f"{value / 1000:g}" for value in sorted({job.megabytes for job in jobs}))
    minutes = " to ".join(str(value) for value in sorted({job.minutes for job in jobs}))
    place = "GPU" if all(job.gpu for job in jobs) else "CPU"
    size = gigabytes(sum(total)) if total else "-"
    return f"| {stage} | {len(jobs)} | {size} | {place} | {memory} | {minutes} | {hours:,.1f} |"


def table(jobs: list[Job], sizes: Sizes) -> str:
    """Return the table, with its reading below it."""
    lines = [
        "| stage | jobs | GB written | runs on | GB of memory asked | minutes asked | hours at most |",
        "|---|---:|---:|---|---:|---:|---:|",
    ]
    for rule in sorted({job.rule for job in jobs}, key=stages().index):
        mine = [job for job in jobs if job.rule == rule]
        lines.append(row(f"`{rule}`", mine, [sizes.of(job) for job in mine]))
    written = sum(sizes.of(job) or 0 for job in jobs)
    hours = {gpu: sum(job.minutes for job in jobs if bool(job.gpu) == gpu) / 60 for gpu in (True, False)}
    lines.append(f"| **all** | **{len(jobs)}** | **{gigabytes(written)}** | | | | |")
    return "\n".join(lines) + (
        f"\n\n{len(sizes.classes):,} classes of images of {' x '.join(map(str, sizes.shape))}; "
        + ", ".join(f"{count:,} {name}" for name, count in (sizes.splits | sizes.natural).items())
        + f".\nAsked for, so upper bounds and no measurements: at most {hours[True]:,.1f} GPU hours and "
        f"{hours[False]:,.1f} CPU job hours, if no job needs a second attempt.\n"
        "GB written are 10^9 bytes, by the shapes of images, weights and dumps, uncompressed. Not counted (-): tables "
        "and figures, which are small; nor logs and the state files of jobs that run.\n"
    )


def count(text: str) -> int:
    """Return a number of images or classes from the command line."""
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of at least 1")
    return int(text)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--configfile", help="the study; by default config.yaml")
    parser.add_argument("--profile", default="workflow/profiles/slurm", help="the folder of the cluster's profile")
    folder = "of an image folder that is not on this machine"
    parser.add_argument("--train", type=count, help=f"training images {folder}")
    parser.add_argument("--images", type=count, help=f"test images {folder}")
    parser.add_argument("--classes", type=count, help=f"classes {folder}")
    parser.add_argument("--natural-images", type=count, help=f"images {folder}, per natural shift")
    options = parser.parse_args()
    try:
        jobs = jobs_of(plan(options.configfile, options.profile))
        counts = Counts(options.train, options.images, options.classes, options.natural_images)
        sys.stdout.write(table(jobs, Sizes(jobs, counts)))
    except UserError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
