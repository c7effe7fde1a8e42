"""Print as JSON every job of the study in this folder, and the Python modules that Snakemake loaded to list them.

A job's `key` is that of its outputs in Snakemake's cache; `codes` tells what each code digest is made of. A change of
what is `recorded` of it runs it again.
"""

import contextlib
import io
import json
import sys
from pathlib import Path

from snakemake.api import SnakemakeApi
from snakemake.caching.hash import ProvenanceHashMap
from snakemake.settings.types import ConfigSettings, DAGSettings, OutputSettings, Quietness, ResourceSettings

sys.path.insert(0, "workflow")
import code_digest

CODES: dict[str, dict[str, str]] = {}


class NotedDigests(code_digest.CodeDigests):
    """Digests that leave a note of their parts."""

    def digest(self, script, modules=()):
        modules = list(modules)
        found = super().digest(script, modules)
        CODES[found] = self.parts(script, modules)
        return found


code_digest.CodeDigests = NotedDigests


def jobs(target: str, config: str | None) -> list[dict]:
    """Return the jobs that lead to `target`, of the config file given or the default one."""
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
        study = api.workflow(
            resource_settings=ResourceSettings(cores=1),
            config_settings=ConfigSettings(configfiles=[Path(config)] if config else []),
            snakefile=Path("Snakefile"),
        )
        graph = study.dag(dag_settings=DAGSettings(targets={target}, forceall=True))
        with contextlib.redirect_stdout(io.StringIO()):
            graph.summary()
        keys = ProvenanceHashMap()
        return [
            {
                "rule": job.rule.name,
                "docstring": job.rule.docstring,
                "wildcards": dict(job.wildcards_dict),
                "params": [str(value) for value in job.params],
                "recorded": [str(value) for value in job.non_derived_params],
                "inputs": [str(file) for file in job.input],
                "outputs": [str(file) for file in job.output],
                "named_outputs": sorted(dict(job.output.items())),
                "logs": [str(file) for file in job.log],
                "shell": job.rule.shellcmd,
                "command": job.shellcmd,
                "cached": bool(job.rule.cache.flag),
                "key": study._workflow.async_run(keys.get_provenance_hash(job)) if job.rule.cache.flag else None,
            }
            for job in study._workflow.dag.jobs
        ]


if __name__ == "__main__":
    found = jobs(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
    print("RESULT" + json.dumps({"jobs": found, "codes": CODES, "modules": sorted(sys.modules)}))
