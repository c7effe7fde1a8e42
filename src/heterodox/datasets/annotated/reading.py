"""What the published data sets share: text files, pictures and masks read with an error of one line, at one size.

Pictures have many shapes; they become squares of `size` pixels by stretching, so that no part is cut off, and masks and
key points are stretched with them.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np
from PIL import Image, ImageDraw

from heterodox.errors import UserError

Result = TypeVar("Result")
UNREADABLE = (OSError, SyntaxError, ValueError, Image.DecompressionBombError)  # what Pillow raises of damaged files


def existing(folder: Path, what: str) -> Path:
    """Return a folder or file; UserError where it is missing."""
    if not folder.exists():
        raise UserError(f"{folder}: there is no {what}; put the published data set there or correct `folder`")
    return folder


def table_rows(path: Path, columns: int) -> list[list[str]]:
    """Return the words of each line of a text file, at least `columns` of them; UserError for any other line."""
    try:
        text = existing(path, "such annotation file").read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not readable as text; unpack the published data set again") from error
    rows = [line.split() for line in text.splitlines() if line.strip()]
    for number, row in enumerate(rows, 1):
        if len(row) < columns:
            raise UserError(
                f"{path}: line {number} has {len(row)} entries instead of {columns}; unpack the data set again"
            )
    return rows


def numbers(words: Sequence[str], path: Path) -> list[float]:
    """Return words as numbers; UserError where one is none."""
    try:
        return [float(word) for word in words]
    except ValueError as error:
        raise UserError(f"{path}: {' '.join(words)!r} are no numbers; unpack the published data set again") from error


def each(function: Callable[[int], Result], rows: np.ndarray) -> list[Result]:
    """Return the results for all rows, in this order, computed by several threads: decoding runs outside Python."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(function, rows.tolist()))


def size_of(path: Path) -> tuple[int, int]:
    """Return width and height of a picture in pixels, without decoding it."""
    try:
        with Image.open(existing(path, "such image")) as file:
            return file.size
    except UNREADABLE as error:
        raise UserError(f"{path}: not a readable image; replace or remove it") from error


def picture(path: Path, size: int) -> np.ndarray:
    """Return a picture stretched to a square (bilinear, anti-aliased), uint8 (size, size, 3)."""
    try:
        with Image.open(existing(path, "such image")) as file:
            return np.asarray(file.convert("RGB").resize((size, size), Image.Resampling.BILINEAR))
    except UNREADABLE as error:
        raise UserError(f"{path}: not a readable image; replace or remove it") from error


def mask_file(path: Path, shape: tuple[int, int]) -> np.ndarray:
    """Return a mask stored as a picture, bool (H, W); what is not black belongs to the part.

    UserError where it is missing, unreadable, or of another size than its image, (width, height).
    """
    try:
        with Image.open(existing(path, "such mask")) as file:
            found = np.asarray(file.convert("L"))
    except UNREADABLE as error:
        raise UserError(f"{path}: not a readable mask; replace it") from error
    if found.shape != shape[::-1]:
        raise UserError(
            f"{path}: has {found.shape[1]} x {found.shape[0]} pixels, its image {shape[0]} x {shape[1]}; replace it"
        )
    return found > 0


def shrunk(mask: np.ndarray, size: int) -> np.ndarray:
    """Return a mask (H, W) stretched to a square, bool (size, size): pixels of which it fills half or more.

    What is too fine to fill half a pixel anywhere keeps the pixel that it fills most, so that no part vanishes.
    """
    share = np.asarray(
        Image.fromarray(mask.astype(np.float32)).resize((size, size), Image.Resampling.BOX), dtype=np.float32
    )
    found = share >= 0.5
    if mask.any() and not found.any():
        found[np.unravel_index(share.argmax(), share.shape)] = True
    return found


def stretched(points: np.ndarray, shape: tuple[int, int], size: int) -> np.ndarray:
    """Return key points (n, 2) of an image of `shape` (width, height) in pixels of the square.

    The centre of the upper left pixel is (0, 0) in both.
    """
    return (points + 0.5) * size / np.array(shape, float) - 0.5


def centroid(mask: np.ndarray) -> np.ndarray:
    """Return the centre of mass of a mask (H, W) as (x, y) in pixels, NaN of an empty one."""
    rows, columns = np.nonzero(mask)
    return np.array([columns.mean(), rows.mean()]) if len(rows) else np.full(2, np.nan)


def polygon(points: Sequence[float], shape: tuple[int, int]) -> np.ndarray:
    """Return the pixels, bool (H, W), whose centres lie in a polygon x0, y0, x1, y1, ... of an image (width, height).

    COCO counts from the corner of the image, so the centre of the first pixel is (0.5, 0.5). Drawn nine times as
    large, as Pillow takes whole pixels along an outline as well.
    """
    scale = 9
    width, height = shape
    image = Image.new("1", (width * scale, height * scale))
    corners = [(float(x) * scale - 0.5, float(y) * scale - 0.5) for x, y in zip(points[::2], points[1::2], strict=True)]
    ImageDraw.Draw(image).polygon(corners, fill=1)
    return np.asarray(image)[scale // 2 :: scale, scale // 2 :: scale].copy()


def run_lengths(counts: str | Sequence[int], shape: tuple[int, int], where: str) -> np.ndarray:
    """Return a mask (H, W) from COCO's run lengths, column by column, beginning with a run outside.

    A list holds the lengths, a text COCO's packing of them. UserError, beginning with `where`, unless they fill the
    image (width, height).
    """
    lengths = _unpacked(counts) if isinstance(counts, str) else [int(count) for count in counts]
    width, height = shape
    if sum(lengths) != width * height or min(lengths, default=0) < 0:
        raise UserError(f"{where}: run lengths of {sum(lengths)} pixels for an image of {width} x {height}; replace it")
    values = np.arange(len(lengths)) % 2 == 1
    return np.repeat(values, lengths).reshape(width, height).T


def _unpacked(text: str) -> list[int]:
    """Return the run lengths in COCO's text: five bits a letter, a sixth for `more`, from the fourth on differences."""
    lengths: list[int] = []
    value = shift = 0
    for letter in text.encode():
        bits = letter - 48
        value |= (bits & 31) << shift
        shift += 5
        if bits & 32:
            continue
        if bits & 16:
            value -= 1 << shift
        lengths.append(value + (lengths[-2] if len(lengths) > 2 else 0))
        value = shift = 0
    return lengths
