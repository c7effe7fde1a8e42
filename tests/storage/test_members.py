from pathlib import Path

import pytest
import torch

from heterodox.errors import UserError
from heterodox.storage.members import description_path, read_description, read_weights, write_member


def test_weights_and_description_come_back(tmp_path: Path) -> None:
    weights = {"layer.weight": torch.randn(4, 3).t(), "steps": torch.tensor(7)}
    write_member(tmp_path / "swin.safetensors", weights, {"member": "swin", "mean": [0.5]})
    read = read_weights(tmp_path / "swin.safetensors")
    assert read.keys() == weights.keys()
    assert all(torch.equal(read[name], weights[name]) for name in weights)
    assert read_description(tmp_path / "swin.safetensors") == {"member": "swin", "mean": [0.5]}


def test_what_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "swin.safetensors"
    for read in (read_weights, read_description):
        with pytest.raises(UserError, match=r"there (is|are) no such"):
            read(path)
    write_member(path, {"weight": torch.zeros(100)}, {})
    path.write_bytes(path.read_bytes()[:-50])
    description_path(path).write_text("{")
    for read, kind in [(read_weights, "safetensors"), (read_description, "JSON")]:
        with pytest.raises(UserError, match=f"not readable as {kind}") as caught:
            read(path)
        assert "\n" not in str(caught.value)
