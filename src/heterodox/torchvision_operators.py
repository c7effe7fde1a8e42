"""Let torchvision be imported beside a CPU-only torch: call `declare` before torchvision, timm or captum is loaded."""

import functools
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.machinery import PathFinder
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import torch

SCHEMAS = {
    "nms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}


@functools.cache
def declare() -> None:
    """Declare the operators that torchvision's import asks for, if its compiled library cannot be loaded; import it.

    It and timm are imported without torch's compiler, which would take longer than both together.

    The only published wheel of torchvision links against CUDA libraries. Beside a CPU build of torch its compiled
    part does not load, and the import then fails because it describes `nms` and `qnms`, which nobody has declared.
    A schema without an implementation is enough: models, transforms and data sets never call them.
    """
    if not _compiled_library_loads():
        for name, schema in SCHEMAS.items():
            torch.library.define(f"torchvision::{name}", schema)
    with _without_compiler():
        for package in ("torchvision", "timm"):
            import_module(package)


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


@contextmanager
def _without_compiler() -> Iterator[None]:
    """Put a stand-in for torch's compiler where imports find it, unless it is loaded already.

    Nothing here compiles, and a job that dumps a member spends more time on this import than on the member. torchvision
    imports one function of the compiler beside a remark that it avoids just that, and timm marks functions that are not
    to be compiled. Afterwards the compiler is imported as ever by whoever wants it.
    """
    if "torch._dynamo" in sys.modules:
        yield
        return
    compiler, details = ModuleType("torch._dynamo"), ModuleType("torch._dynamo.utils")
    vars(compiler).update(utils=details, disable=_unchanged)
    vars(details).update(is_compile_supported=_is_compile_supported)
    sys.modules |= {"torch._dynamo": compiler, "torch._dynamo.utils": details}
    try:
        yield
    finally:
        for name in ("torch._dynamo", "torch._dynamo.utils"):
            del sys.modules[name]


def _unchanged(function: Callable | None = None, *_: Any, **__: Any) -> Callable:
    """Stand in for the compiler's decorator that leaves a function alone, with and without arguments."""
    return function or _unchanged


def _is_compile_supported(device_type: str) -> bool:
    """Ask the compiler itself, which is imported by now."""
    return import_module("torch._dynamo.utils").is_compile_supported(device_type)
