"""The notebook runs as it stands, on fewer images, and prints what it says it prints."""

import os
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent.parent
NOTEBOOK = ROOT / "notebooks" / "explain_an_ensemble.ipynb"


def executed(folder: Path, parameters: str) -> NotebookNode:
    """Run the notebook with other parameters in `folder` and return it with its outputs."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    cell = next(cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", []))
    cell.source = parameters
    NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(folder)}}).execute()
    return notebook


def printed(notebook: NotebookNode) -> str:
    return "".join(
        output.text for cell in notebook.cells for output in cell.get("outputs", []) if output.output_type == "stream"
    )


def pictures(notebook: NotebookNode) -> list[str]:
    shown = [output for cell in notebook.cells for output in cell.get("outputs", []) if "data" in output]
    return [output.data["image/png"] for output in shown if "image/png" in output.data]


@pytest.fixture(autouse=True)
def library_of_this_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]))


@pytest.mark.filterwarnings("default")  # Jupyter's own, of its kernels and its sockets
def test_notebook_prints_the_average_its_overlap_and_an_arrow(tmp_path: Path) -> None:
    notebook = executed(tmp_path, "IMAGES, EPOCHS, SEED = 64, 1, 1")
    text = printed(notebook)
    assert len(re.findall(r"network \d: accuracy 0\.\d\d", text)) == 3
    rows = re.findall(r"^ ?\[+([ \d.]+)\]+$", text, re.MULTILINE)
    assert len(rows) == 8
    assert all(0 <= float(value) <= 1 for row in rows for value in row.split())
    found = re.search(r"single networks: \[([\d. ]+)\] mean ([\d.]+)\nIoU of the average: ([\d.]+)", text)
    assert found is not None
    singles = [float(value) for value in found[1].split()]
    assert len(singles) == 3
    assert float(found[2]) == pytest.approx(sum(singles) / 3, abs=2e-3)
    assert 0 <= float(found[3]) <= 1
    # The arrow's tip in a picture five times as large: pixel p has its middle at 5 (p + 1/2).
    centre = [float(value) for value in re.search(r"centre of mass .*: \[([^\]]+)\]", text)[1].split()]
    tip = [float(value) for value in re.search(r"arrow: \w+ \w+ at \[([^\]]+)\]", text)[1].split()]
    assert tip == pytest.approx([5 * (value + 0.5) for value in centre], abs=0.4)
    assert len(pictures(notebook)) >= 1


def test_notebook_is_stored_without_outputs() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code)
