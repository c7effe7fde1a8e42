"""Scripts as processes of their own, for tests that kill them."""

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).resolve().parent.parent / "scripts"


def run_here(script: str, values: dict[str, Any]) -> None:
    """Call the script's function in this process, which saves importing torch once more."""
    runpy.run_path(str(SCRIPTS / f"{script}.py"))[script](**values)


def started(script: str, values: dict[str, Any], log: Path, before: str = "pass") -> subprocess.Popen[bytes]:
    """Start the script as a process of its own, after the statement `before`; what it says goes to `log`."""
    options = []
    for name, value in values.items():
        words = [json.dumps(value)] if isinstance(value, dict) else value if isinstance(value, list) else [value]
        options += ["--" + name.replace("_", "-"), *map(str, words)]
    path = str(SCRIPTS / f"{script}.py")
    program = f"import runpy, sys; {before}; del sys.argv[0]; runpy.run_path(sys.argv[0], run_name='__main__')"
    call = [sys.executable, "-c", program, path, *options]
    with log.open("wb") as stream:
        return subprocess.Popen(call, env={**os.environ, "OMP_NUM_THREADS": "1"}, stderr=stream)
