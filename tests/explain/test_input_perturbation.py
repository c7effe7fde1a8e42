import numpy as np
import pytest
import torch

from heterodox.explain.input_perturbation import perturbed, perturbed_logits
from heterodox.metrics.detection import odin
from heterodox.networks import loading
from heterodox.networks.loading import Member
from heterodox.storage.images import ImageFile, write_images


class Linear(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.weight = torch.randn(5, 2 * 3 * 3, generator=generator)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images.flatten(1) @ self.weight.T


@pytest.mark.parametrize("temperature", [1.0, 1000.0])
def test_pixels_move_along_the_sign_of_the_gradient_that_the_formula_gives(temperature):
    network = Linear()
    member = Member(network, [0.4, 0.2], [0.5, 0.1], (3, 3)).eval()
    pixels = torch.rand(6, 2, 3, 3)
    with torch.no_grad():
        logits = member(pixels).double() / temperature
    chance = logits.softmax(1)
    of_class = torch.nn.functional.one_hot(logits.argmax(1), 5).double() - chance
    gradient = (of_class @ network.weight.double()).view(6, 2, 3, 3) / torch.tensor([0.5, 0.1]).view(1, 2, 1, 1)
    moved = perturbed(member, pixels, 0.01, temperature)
    torch.testing.assert_close(moved, pixels + 0.01 * gradient.sign().float())
    # What the network sees moves by epsilon over the channel's standard deviation.
    change = (member.normalised(moved) - member.normalised(pixels)).abs()
    torch.testing.assert_close(change[:, 0], torch.full((6, 3, 3), 0.02), rtol=1e-3, atol=0)
    torch.testing.assert_close(change[:, 1], torch.full((6, 3, 3), 0.1), rtol=1e-3, atol=0)


def test_a_small_step_makes_the_network_surer():
    member = Member(loading.build("vgg", (1, 28, 28), 4, seed=1), [0.5], [0.3], (28, 28)).eval()
    pixels = torch.rand(8, 1, 28, 28)
    with torch.no_grad():
        before, after = member(pixels), member(perturbed(member, pixels, 1e-3, 1000.0))
    assert (odin(after.numpy()) > odin(before.numpy())).all()
    assert not pixels.requires_grad


def test_a_file_is_perturbed_image_by_image(tmp_path, monkeypatch):
    images = np.random.default_rng(0).integers(0, 256, (10, 28, 28, 1), dtype=np.uint8)
    with write_images(tmp_path / "i.h5", (28, 28, 1), np.zeros(10), np.arange(10), ["a"]) as writer:
        writer.append(images)
    member = Member(loading.build("vgg", (1, 28, 28), 4, seed=1), [0.5], [0.3], (28, 28)).eval().requires_grad_(False)
    pixels = torch.from_numpy(images).permute(0, 3, 1, 2) / 255
    monkeypatch.setattr(Member, "batch_size", 4)
    with ImageFile(tmp_path / "i.h5") as file, torch.no_grad():
        plain = perturbed_logits(member, file, 0.0, 1000.0)
        np.testing.assert_allclose(plain, member(pixels), rtol=1e-4, atol=1e-5)
        moved = perturbed_logits(member, file, 0.02, 1000.0)
        expected = member(perturbed(member, pixels, 0.02, 1000.0))
        np.testing.assert_allclose(moved, expected, rtol=1e-3, atol=1e-5)
    assert np.abs(moved - plain).max() > 1e-3
