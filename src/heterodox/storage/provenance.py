"""What a file says of the code that made it."""

import subprocess
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

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
