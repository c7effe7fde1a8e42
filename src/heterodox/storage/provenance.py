"""Where a file comes from: the code that made it, and the fingerprint of the work that will."""

import hashlib
import json
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

UNKNOWN = "unknown"


def versions(*packages: str) -> dict[str, str]:
    """Return the installed version of each package; `unknown` for a library that runs from a checkout uninstalled."""
    found = dict.fromkeys(packages, UNKNOWN)
    for package in packages:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found


def git_commit() -> str:
    """Return the commit of the checkout this library runs from, `unknown` where there is none."""
    checkout = Path(__file__).parents[3]
    if not (checkout / ".git").exists():  # an installed package may lie inside somebody else's repository
        return UNKNOWN
    with suppress(OSError, subprocess.SubprocessError):
        command = ["git", "-C", str(checkout), "rev-parse", "HEAD"]
        return subprocess.run(command, capture_output=True, check=True, text=True, timeout=10).stdout.strip()
    return UNKNOWN


def fingerprint(spec: Mapping[str, Any], inputs: Sequence[Path]) -> str:
    """Return a hash of all that decides a result: a job's spec (wildcards, configuration, code) and its input files."""
    state = hashlib.blake2b(json.dumps(spec, sort_keys=True).encode(), digest_size=16)
    for path in inputs:
        with open(path, "rb") as file:
            state.update(hashlib.file_digest(file, "blake2b").digest())
    return state.hexdigest()


def provenance(device: "torch.device | str") -> dict[str, str]:
    """Return what else decides the numbers that a network gave: package version, git commit, torch version, device."""
    import torch  # who reads dumps has no need of it

    kind = torch.device(device).type
    return {
        "package_version": versions("heterodox")["heterodox"],
        "git_commit": git_commit(),
        "torch_version": str(torch.__version__),
        "device": torch.cuda.get_device_name() if kind == "cuda" else kind,
    }
