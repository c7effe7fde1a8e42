"""Grad-CAM (Selvaraju et al. 2017): the feature maps of a late layer, weighted by how a logit depends on them.

As captum's LayerGradCam with bilinear up-sampling. Everything up to the layer is shared by members on one trunk, and
nothing goes back to the pixels.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from heterodox.errors import UserError
from heterodox.explain.interface import Setting, in_rows
from heterodox.explain.shared import Shared, cotangents


def explain(members: Shared, pixels: Tensor, targets: Tensor, setting: Setting, layer: str | None = None) -> Tensor:
    """Return the class activation maps, float32 (M, n, 1, H, W), for pixels in [0, 1] and targets (M, n).

    Each of the layer's feature maps is weighted by the mean of d logit[target] / d feature over its places; their sum,
    of which only what speaks for the target is kept (ReLU, for each member), is resized to the pixels' size. Higher =
    more evidence for the target; range 0 to infinity. `layer` is a name among the network's modules, by default the
    last convolutional stage. UserError for an unknown one.
    """
    chosen = find_layer(members.trunk, pixels[:1], layer)

    def work(rows: slice) -> Tensor:
        found = torch.stack(list(activation_maps(members, chosen, pixels[rows], targets[:, rows])))
        return found if setting.signed else found.relu()

    maps = in_rows(work, len(pixels), setting.rows)
    return interpolate(maps.flatten(0, 1), pixels.shape[-2:], mode="bilinear").unflatten(0, targets.shape).float()


def activation_maps(members: Shared, layer: nn.Module, pixels: Tensor, targets: Tensor) -> Iterator[Tensor]:
    """Yield for each member the weighted sum (n, 1, h, w) of the layer's feature maps, with its sign."""
    with torch.enable_grad(), _output_of(layer) as seen:
        features = members.trunk(pixels.detach().requires_grad_())
    activations, last = seen[-1], len(members.heads) - 1
    for place, cotangent in enumerate(cotangents(members.heads, features, targets)):
        gradient = torch.autograd.grad(features, activations, cotangent, retain_graph=place < last)[0]
        yield (gradient.mean((2, 3), keepdim=True) * activations.detach()).sum(1, keepdim=True)


@contextmanager
def _output_of(layer: nn.Module) -> Iterator[list[Tensor]]:
    """Collect the layer's output; a copy of it, or a ReLU in place behind the layer would change what is kept."""
    seen: list[Tensor] = []

    def keep(module: nn.Module, inputs: object, output: Tensor) -> Tensor:
        seen.append(output)
        return output.clone()

    handle = layer.register_forward_hook(keep)
    try:
        yield seen
    finally:
        handle.remove()


def find_layer(network: nn.Module, image: Tensor, name: str | None) -> nn.Module:
    """Return the module called `name`, its last words being enough, or by default the last convolutional stage.

    `image` is (1, C, H, W). UserError that lists the layers for a name of none or of several, and where the network
    has no feature maps.
    """
    stages = convolutional_stages(network, image)
    if name is None:
        if not stages:
            raise UserError("layer: this network has no feature maps for Grad-CAM; choose another method")
        return list(stages.values())[-1]
    found = [stage for path, stage in stages.items() if f".{path}".endswith(f".{name}")]
    if len(found) != 1:
        known = ", ".join(_top_names(list(stages)))
        raise UserError(
            f"layer {name}: {'several layers are' if found else 'no layer is'} called so; known are {known}"
        )
    return found[0]


def _top_names(paths: list[str]) -> list[str]:
    """Return the names of at most the first two levels of modules, for a message that can be read."""
    shortest = min(path.count(".") for path in paths) if paths else 0
    return [path for path in paths if path.count(".") <= shortest + 1]


def convolutional_stages(network: nn.Module, image: Tensor) -> dict[str, nn.Module]:
    """Return by name, in the order in which they finish, the modules with convolutions whose output is feature maps.

    Feature maps are (1, channels of a convolution inside, h, w) with more than one place. A convolution that is the
    classifier, as SqueezeNet's, makes none.
    """
    finished: dict[str, nn.Module] = {}

    def note(path: str, widths: set[int], module: nn.Module, inputs: object, output: object) -> None:
        if isinstance(output, Tensor) and output.ndim == 4 and output.shape[1] in widths and output[0, 0].numel() > 1:
            finished.pop(path, None)  # a module that is used twice finishes the second time
            finished[path] = module

    classifier = _convolution_as_classifier(network, image)
    handles = []
    for path, module in network.named_modules():
        convolutions = [part for part in module.modules() if isinstance(part, nn.Conv2d) and part is not classifier]
        if path and convolutions:
            widths = {part.out_channels for part in convolutions}
            handles.append(module.register_forward_hook(partial(note, path, widths)))
    try:
        with torch.no_grad():
            network(image)
    finally:
        for handle in handles:
            handle.remove()
    return finished


def _convolution_as_classifier(network: nn.Module, image: Tensor) -> nn.Module | None:
    last = [layer for layer in network.modules() if isinstance(layer, nn.Linear | nn.Conv2d)][-1:]
    with torch.no_grad():
        classifies = network(image).ndim == 2
    return last[0] if classifies and last and isinstance(last[0], nn.Conv2d) else None
