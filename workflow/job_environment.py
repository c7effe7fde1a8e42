"""Let jobs run with the Python that runs Snakemake and with the library of this checkout."""

import os
import sys
from pathlib import Path


def set_search_paths(root: Path) -> None:
    """Put this Python's folder first on PATH and `root`/src first on PYTHONPATH; jobs inherit both.

    Neither an activated environment nor an installed library is then needed, and another checkout's is never used.
    """
    for name, folder in (("PATH", Path(sys.executable).parent), ("PYTHONPATH", root / "src")):
        before = os.environ.get(name, "").split(os.pathsep)
        os.environ[name] = os.pathsep.join(
            [str(folder), *(entry for entry in before if entry and entry != str(folder))]
        )
