from pathlib import Path

import numpy as np
import pytest
import torch

from heterodox.storage.dumps import write_dump
from heterodox.storage.images import write_images
from heterodox.storage.members import write_member
from heterodox.storage.sizes import dump_bytes, image_file_bytes, weights_bytes


@pytest.mark.parametrize("shape", [(28, 28, 1), (224, 224, 3)])
@pytest.mark.parametrize("parameters", [0, 4])
def test_an_image_file_is_as_large_as_told(tmp_path: Path, shape: tuple[int, int, int], parameters: int) -> None:
    images = np.zeros((900, *shape), np.uint8)
    drawn = {f"number {place}": np.zeros(900) for place in range(parameters)}
    with write_images(tmp_path / "shift.h5", shape, np.zeros(900), np.arange(900), ["a", "b"]) as writer:
        writer.append(images, drawn)
    told = image_file_bytes(900, shape, parameters)
    assert (tmp_path / "shift.h5").stat().st_size == pytest.approx(told, rel=0.02)


@pytest.mark.parametrize("map_shape", [None, (1, 28, 28), (3, 64, 64)])
@pytest.mark.parametrize("methods", [1, 2])
def test_a_dump_is_as_large_as_told(tmp_path: Path, map_shape: tuple[int, int, int] | None, methods: int) -> None:
    maps = {} if map_shape is None else {f"method {m}": np.ones((1500, *map_shape)) for m in range(methods)}
    attributes = {"member": "resnet", "config": "x" * 200, "git_commit": "0" * 40}
    with write_dump(tmp_path / "dump.h5", np.zeros(1500), np.arange(1500), 100, attributes) as writer:
        writer.append(np.zeros((1500, 100)), maps)
    assert (tmp_path / "dump.h5").stat().st_size == pytest.approx(dump_bytes(1500, 100, map_shape, methods), rel=0.02)


def test_weights_are_as_large_as_told(tmp_path: Path) -> None:
    tensors = {f"layers.{place}.convolution.weight": torch.zeros(64, 32, 3, 3) for place in range(40)}
    tensors["head.bias"] = torch.zeros(10)
    write_member(tmp_path / "member.safetensors", tensors, {})
    values = sum(tensor.numel() for tensor in tensors.values())
    assert (tmp_path / "member.safetensors").stat().st_size == pytest.approx(weights_bytes(values, 41), rel=0.005)
    assert (tmp_path / "member.safetensors").stat().st_size == pytest.approx(weights_bytes(values), rel=0.02)
