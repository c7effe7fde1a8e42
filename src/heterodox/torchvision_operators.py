"""Let torchvision be imported beside a CPU-only torch: call `declare` before torchvision, timm or captum is loaded."""

import functools
from importlib.machinery import PathFinder
from importlib.util import find_spec

import torch

SCHEMAS = {
    "nms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}


@functools.cache
def declare() -> None:
    """Declare the operators that torchvision's import asks for, if its compiled library cannot be loaded.

    The only published wheel of torchvision links against CUDA libraries. Beside a CPU build of torch its compiled
    part does not load, and the import then fails because it describes `nms` and `qnms`, which nobody has declared.
    A schema without an implementation is enough: models, transforms and data sets never call them.
    """
    if not _compiled_library_loads():
        for name, schema in SCHEMAS.items():
            torch.library.define(f"torchvision::{name}", schema)


def _compiled_library_loads() -> bool:
    package = find_spec("torchvision")
    library = PathFinder.find_spec("_C", package.submodule_search_locations) if package else None
    if library is None or library.origin is None:
        return False
    try:
        torch.ops.load_library(library.origin)
    except OSError:
        return False
    return True
