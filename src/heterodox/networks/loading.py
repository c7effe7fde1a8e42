"""Networks by name, and trained members that take pixels.

The registry of architectures is the folder `networks/zoo`: a file there is an architecture.
"""

import math
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn.functional import interpolate

from heterodox import torchvision_operators
from heterodox.errors import UserError
from heterodox.storage.members import read_description, read_weights
from heterodox.streams import torch_draws_from, torch_stream

BATCH_VALUES = 2**22  # pixel values in a batch: 27 images of 224x224x3
LARGEST_BATCH = 128
ZOO = Path(__file__).parent / "zoo"


def names() -> list[str]:
    """Return the architectures: the files of the zoo."""
    return sorted(path.stem for path in ZOO.glob("*.py") if path.stem != "__init__")


def build(
    arch: str,
    shape: tuple[int, int, int],
    classes: int,
    model: str = "small",
    pretrained: bool | str | Path = False,
    seed: int = 0,
    member: str = "",
) -> nn.Module:
    """Return a network that maps normalised images (N, channels, H, W) to logits (N, classes).

    `shape` is (channels, H, W); a named model (not `small`) keeps its native height and width, see `native_resolution`.
    `pretrained` is False, True (the library's own weights) or a safetensors or torch weights file.
    Initial weights are a function of (seed, member) alone. Raises UserError for an unknown arch or model,
    and for weights that cannot be had or do not fit.
    """
    if arch not in names():
        raise UserError(f"arch {arch}: no such architecture; known are {', '.join(names())}")
    torchvision_operators.declare()
    with torch_draws_from(torch_stream(seed, "initial weights", member)):
        network = import_module(f"heterodox.networks.zoo.{arch}").build(shape, classes, model, pretrained is True)
    if not isinstance(pretrained, bool):
        load_weights(network, Path(pretrained), arch)
    return network


def load_weights(network: nn.Module, weights: Path, arch: str) -> None:
    """Fill `network` from a safetensors file or a state dictionary that torch saved; UserError if it does not fit."""
    load_tensors(network, lambda tensors: tensors, weights, arch)


def load_tensors(
    network: nn.Module, named: Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]], weights: Path, arch: str
) -> None:
    """Fill `network` from a file whose tensors `named` gives the network's own names; UserError as above."""
    tensors = read_weights(weights) if weights.suffix == ".safetensors" else _torch_weights(weights)
    try:
        network.load_state_dict(named(tensors))
    except RuntimeError as error:
        reason = str(error).splitlines()[-1].strip()
        raise UserError(f"{weights}: does not fit arch {arch} ({reason}); correct the file, arch or model") from error


def _torch_weights(weights: Path) -> dict[str, torch.Tensor]:
    try:
        found = torch.load(weights, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise UserError(f"{weights}: there is no such weights file; correct `pretrained`") from error
    except Exception as error:  # torch raises pickle, zip, end-of-file and runtime errors for unreadable files
        raise UserError(f"{weights}: not readable as safe torch weights; convert it to safetensors") from error
    return found.get("state_dict", found)


def available_device() -> torch.device:
    """Return the GPU where there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def native_resolution(network: nn.Module, default: Sequence[int]) -> tuple[int, int]:
    """Return the (H, W) that `network` was made for: that of a named model, or `default`, the data set's."""
    height, width = (getattr(network, "pretrained_cfg", None) or {}).get("input_size", (0, *default))[-2:]
    return height, width


def parameter_count(network: nn.Module) -> int:
    """Return the number of parameters (buffers such as running means are not counted)."""
    return sum(parameter.numel() for parameter in network.parameters())


def features(network: nn.Module, images: torch.Tensor) -> torch.Tensor:
    """Return penultimate features (N, features) of normalised images: what the last layer turns into logits."""
    if hasattr(network, "forward_head"):
        timm_network: Any = network
        return timm_network.forward_head(timm_network.forward_features(images), pre_logits=True)
    seen: list[torch.Tensor] = []
    handle = _last_layer(network).register_forward_pre_hook(lambda layer, inputs: seen.append(inputs[0]))
    try:
        network(images)
    finally:
        handle.remove()
    return seen[0].flatten(2).mean(2) if seen[0].ndim == 4 else seen[0]  # SqueezeNet's last layer is a convolution


def _last_layer(network: nn.Module) -> nn.Module:
    return [layer for layer in network.modules() if isinstance(layer, nn.Linear | nn.Conv2d)][-1]


def default_batch_size(channels: int, resolution: tuple[int, int]) -> int:
    """Return how many images of this size a batch holds where no gradient of the weights is wanted."""
    return max(1, min(LARGEST_BATCH, BATCH_VALUES // math.prod((channels, *resolution))))


class Member(nn.Module):
    """A network with its pre-processing: pixels in [0, 1] (N, channels, H, W) of any size in, logits (N, classes) out.

    Pixels of another size than `resolution` (H, W) are resized (bilinear, antialiased), then (pixels - mean) / std.
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(
        self, network: nn.Module, mean: Sequence[float], std: Sequence[float], resolution: Sequence[int]
    ) -> None:
        super().__init__()
        self.network = network
        self.resolution = (resolution[0], resolution[1])
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32).view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(std, dtype=torch.float32).view(1, -1, 1, 1))

    @property
    def batch_size(self) -> int:
        """Return how many images the member takes at once within a fixed budget of pixels."""
        return default_batch_size(self.mean.numel(), self.resolution)

    def resized(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return the pixels at the member's own resolution, still in [0, 1]; unchanged where they have it already."""
        if pixels.shape[-2:] == self.resolution:
            return pixels
        return interpolate(pixels, self.resolution, mode="bilinear", antialias=True, align_corners=False)

    def normalised(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return what the network sees: resized pixels, minus mean, divided by std, per channel."""
        return (self.resized(pixels) - self.mean) / self.std

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return logits (N, classes) of pixels in [0, 1]."""
        return self.network(self.normalised(pixels))


def load_member(weights: Path, device: torch.device | str = "cpu") -> Member:
    """Return a trained member from its safetensors file and the JSON beside it, in eval mode, without gradients.

    Raises UserError where a file is missing or damaged, or the weights do not fit the described architecture.
    """
    described = read_description(weights)
    try:
        shape = (described["channels"], *described["resolution"])
        network = build(described["arch"], shape, len(described["classes"]), described["model"])
        member = Member(network, described["mean"], described["std"], described["resolution"])
    except KeyError as error:
        raise UserError(f"{weights}: its description lacks {error}; train the member again") from error
    load_weights(network, weights, described["arch"])
    return member.eval().requires_grad_(False).to(device)
