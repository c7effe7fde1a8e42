"""Corruptions by name: every other module of this folder but `arrays` is one, with `draw_parameters` and `apply`."""

import io
import math
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
from PIL import Image

from heterodox.errors import UserError
from heterodox.storage.images import ImageFile, write_images
from heterodox.storage.rows import State
from heterodox.streams import stream

SHARED_MODULES = {"__init__", "interface", "arrays"}
SMALLEST_SIDE = 8
# As many pixels as keep the intermediate arrays of one step in a processor's cache; a GPU takes whole batches.
PIXELS_AT_ONCE = 2**16


def names() -> list[str]:
    """Return the names of all corruptions: the listing of this folder."""
    return sorted({path.stem for path in Path(__file__).parent.glob("*.py")} - SHARED_MODULES)


def load(name: str) -> ModuleType:
    """Return the module of a corruption; UserError for a name that has none."""
    if name not in names():
        raise UserError(f"corruption '{name}' is unknown; there are {', '.join(names())}")
    return import_module(f"heterodox.corruptions.{name}")


def shift_name(corruption: str, severity: float) -> str:
    """Return the shift's name, such as `lines-1.6`: the severity as Python writes this number."""
    return f"{corruption}-{float(severity)!r}"


def parse_shift(shift: str) -> tuple[str, str]:
    """Return the corruption's name and its severity as written in the shift's name.

    One severity has one spelling, because the text is part of the key of the random streams. Raises UserError for a
    severity that is no positive number or is spelt otherwise (`lines-1.60`, `plasma-4`), and for an unknown corruption.
    """
    corruption, _, text = shift.partition("-")
    load(corruption)
    try:
        severity = float(text)
    except ValueError:
        raise UserError(
            f"shift '{shift}': the severity '{text}' is not a number; write for example {corruption}-1.5"
        ) from None
    if not 0 < severity < math.inf:
        raise UserError(f"shift '{shift}': the severity must be a positive number")
    if text != repr(severity):
        raise UserError(
            f"shift '{shift}': write the severity as {severity!r}, that is {shift_name(corruption, severity)}"
        )
    return corruption, text


def draw_parameters(
    shift: str, dataset: str, seed: int, index: np.ndarray, shape: tuple[int, int, int]
) -> dict[str, np.ndarray]:
    """Return the parameters of the images with these indices, each (N,).

    Every image has a stream of its own, keyed by study seed, data set, index, corruption and severity.
    """
    corruption, severity = parse_shift(shift)
    draw = load(corruption).draw_parameters
    drawn = [
        draw(stream(seed, "corruption", dataset, int(image), corruption, severity), shape, float(severity))
        for image in index
    ]
    return {name: np.array([one[name] for one in drawn]) for name in (drawn[0] if drawn else ())}


def apply(corruption: str, images: np.ndarray, parameters: Mapping[str, np.ndarray], device: str = "cpu") -> np.ndarray:
    """Return the corrupted images, uint8 (N, H, W, C), computed piece by piece on the device.

    On the CPU the arithmetic is the reference, NumPy's float64; torch does it elsewhere, where a few values in a
    hundred thousand may differ by one grey level.
    """
    module = load(corruption)
    size = len(images) if device != "cpu" else max(1, PIXELS_AT_ONCE // math.prod(images.shape[1:3]))
    result = np.empty_like(images)
    for start in range(0, len(images), size):
        piece = slice(start, start + size)
        chosen = {name: values[piece] for name, values in parameters.items()}
        result[piece] = _apply_on(module, images[piece], chosen, device)
    return result


def _apply_on(module: ModuleType, images: np.ndarray, parameters: dict[str, np.ndarray], device: str) -> np.ndarray:
    if device == "cpu":
        return module.apply(images, parameters)
    import torch  # kept local: the reference does without it

    return module.apply(torch.from_numpy(images).to(device), parameters).cpu().numpy()


def jpeg_round_trip(images: np.ndarray, quality: int) -> np.ndarray:
    """Return `images` (N, H, W, 1 or 3) after JPEG compression; the published sets of ImageNet-C took quality 85."""
    return np.stack([_jpeg(image, quality) for image in images])


def _jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    held = io.BytesIO()
    Image.fromarray(image.squeeze(-1) if image.shape[-1] == 1 else image).save(held, "JPEG", quality=quality)
    return np.asarray(Image.open(held)).reshape(image.shape)


def corrupt(
    source: Path,
    target: Path,
    shift: str,
    dataset: str,
    seed: int,
    jpeg_quality: int | None = None,
    device: str = "cpu",
    state: State | None = None,
) -> None:
    """Write the corrupted copy of an image file, batch by batch, with the parameters drawn for every image.

    With a state a later attempt goes on where a killed one was.
    Raises UserError for a bad shift, images smaller than 8 pixels or of other than 1 or 3 channels, a bad quality.
    """
    corruption, severity = parse_shift(shift)
    if jpeg_quality is not None and not 1 <= jpeg_quality <= 100:
        raise UserError(f"jpeg_quality: {jpeg_quality} is not between 1 and 100; leave it empty for no compression")
    attributes = {"dataset": dataset, "shift": shift, "corruption": corruption, "severity": severity, "seed": seed}
    if jpeg_quality is not None:
        attributes["jpeg_quality"] = jpeg_quality
    with ImageFile(source) as images:
        _check_shape(images)
        shape = images.image_shape
        with write_images(target, shape, images.labels, images.index, images.classes, attributes, state) as writer:
            for start, batch in images.batches(first=writer.filled):
                parameters = draw_parameters(shift, dataset, seed, images.index[start : start + len(batch)], shape)
                corrupted = apply(corruption, batch, parameters, device)
                writer.append(
                    corrupted if jpeg_quality is None else jpeg_round_trip(corrupted, jpeg_quality), parameters
                )


def _check_shape(images: ImageFile) -> None:
    height, width, channels = images.image_shape
    if min(height, width) < SMALLEST_SIDE or channels not in (1, 3):
        raise UserError(
            f"{images.path}: images of {height} x {width} x {channels}; corruptions need sides of at least "
            f"{SMALLEST_SIDE} pixels and 1 or 3 channels"
        )
