"""Captions of the report: each is there, is used, and reads as reStructuredText once its blanks are filled in."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from docutils.core import publish_doctree
from jinja2 import StrictUndefined, Template

ROOT = Path(__file__).resolve().parent.parent.parent
CAPTIONS = sorted((ROOT / "workflow" / "report").glob("*.rst"))
JOB = SimpleNamespace(
    config={
        "dataset": "d",
        "bootstrap": 1000,
        "members": {"a": {}, "b": {}, "c": {}, "d": {}},
        "corruptions": {"lines": [1.6], "water_drop": [7.0]},
        "pools": {"p": {"k": 3, "members": ["a", "b", "c", "d"]}},
    },
    wildcards=SimpleNamespace(pool="p", shift="lines-1.6", consensus="mean_logit"),
)


@pytest.mark.parametrize("caption", CAPTIONS, ids=lambda path: path.stem)
def test_caption_is_readable(caption: Path) -> None:
    text = Template(caption.read_text(encoding="utf-8"), undefined=StrictUndefined).render(snakemake=JOB)
    document = publish_doctree(text, settings_overrides={"halt_level": 2, "report_level": 2})
    assert len(document.astext()) > 80
    assert "{" not in document.astext()


def test_rules_and_captions_belong_together() -> None:
    files = [ROOT / "Snakefile", *(ROOT / "workflow" / "rules").glob("*.smk")]
    rules = "".join(path.read_text(encoding="utf-8") for path in files)
    named = set(re.findall(r"report/(\w+)\.rst", rules)) | set(
        re.findall(r'(?:shown|explained)_(?:figure|table)\(\s*"[^"]+",\s*"(\w+)"', rules)
    )
    assert named == {path.stem for path in CAPTIONS}
