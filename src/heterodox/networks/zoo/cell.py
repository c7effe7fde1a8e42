"""Networks of a searched cell (NAS-Bench-201, Dong and Yang 2020), such as a cell search hands over."""

from torch import nn

from heterodox.errors import UserError
from heterodox.networks.cell_networks import CellNetwork, parsed_model

SMALL = "0-0-0-0-0-0 cells=1 width=16"  # 3x3 convolutions on all edges


def build(shape: tuple[int, int, int], classes: int, model: str = "small", pretrained: bool = False) -> nn.Module:
    """Return a network of cells for normalised images of `shape` (channels, H, W).

    `model` is the cell's encoding, the cells per stack and the channels of the first: `0-4-2-1-2-0 cells=5 width=16`.
    """
    if pretrained:
        raise UserError(f"model {model}: a library has no weights of cells; drop `pretrained`")
    encoding, skeleton = parsed_model(SMALL if model == "small" else model)
    return CellNetwork(encoding, skeleton, shape[0], classes)
