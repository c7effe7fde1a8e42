"""Make these files anew from the official Fashion-MNIST: python resources/fashion_mnist_small/make.py FOLDER.

FOLDER holds, or receives, torchvision's copy of the official files. The rows are drawn by name, so the choice is fixed.
"""

import hashlib
import sys
from pathlib import Path

import numpy as np

from heterodox.datasets.torchvision import official_parts
from heterodox.storage.atomic import write_text
from heterodox.storage.images import write_packed_images
from heterodox.streams import stream

HERE = Path(__file__).parent
PER_CLASS = {"train": {"train": 1000, "validation": 200}, "test": {"test": 200}}


def main(folder: Path) -> None:
    """Write the three splits and their checksums beside this script."""
    parts = official_parts({"name": "FashionMNIST", "folder": folder, "download": True})
    for part, counts in PER_CLASS.items():
        rows = [
            stream(0, "fashion_mnist_small", part, label).permutation(np.flatnonzero(parts[part].labels == label))
            for label in range(10)
        ]
        start = 0
        for split, count in counts.items():
            images = parts[part].subset(np.sort(np.concatenate([row[start : start + count] for row in rows])))
            pixels = images.read(np.arange(len(images)))
            write_packed_images(HERE / f"{split}.h5", pixels, images.labels, images.index, images.classes)
            start += count
    files = sorted(HERE.glob("*.h5"))
    sums = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files]
    write_text(HERE / "SHA256SUMS", "".join(sums))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
