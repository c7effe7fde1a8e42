import numpy as np
import pytest
import torch

from heterodox.errors import UserError
from heterodox.training.images import mean_and_std, pixels, read_images


def test_a_file_is_read_whole(files):
    images = read_images(files["train"], torch.device("cpu"))
    assert (len(images), images.shape, images.classes) == (96, (1, 8, 8), ("left", "right"))
    assert images.images.dtype == torch.uint8
    assert len(images.first(10)) == 10


def test_an_empty_file_is_one_line(rewrite, tmp_path):
    with pytest.raises(UserError, match=r"none\.h5: holds no images"):
        read_images(rewrite(tmp_path / "none.h5", 0, 1), torch.device("cpu"))


def test_mean_and_std_agree_with_numpy_in_any_chunks():
    values = np.random.default_rng(0).integers(0, 256, (50, 4, 5, 3)).astype(np.uint8)
    values[..., 2] = 17
    for chunk_bytes in (1, 7 * 8 * 60, 2**26):
        mean, std = mean_and_std(torch.from_numpy(values), chunk_bytes)
        assert mean == pytest.approx((values / 255).mean((0, 1, 2)), rel=1e-12)
        assert std[:2] == pytest.approx((values / 255).std((0, 1, 2))[:2], rel=1e-9)
        assert std[2] == 1.0


def test_pixels_are_shares_with_channels_first():
    images = torch.tensor([0, 51, 255], dtype=torch.uint8).view(1, 1, 1, 3)
    assert pixels(images).flatten().tolist() == pytest.approx([0, 0.2, 1])
    assert pixels(images).shape == (1, 3, 1, 1)


def test_the_sums_take_bounded_memory_whatever_the_images_size(monkeypatch):
    seen, long = [], torch.Tensor.long
    monkeypatch.setattr(torch.Tensor, "long", lambda part: seen.append(part.numel()) or long(part))
    mean_and_std(torch.zeros(120, 224, 224, 3, dtype=torch.uint8))
    assert sum(seen) == 120 * 224 * 224 * 3
    assert 2**25 < 8 * max(seen) <= 2**26
