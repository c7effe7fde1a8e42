"""ImageNet-16-120 (Chrabaszcz et al. 2017; Dong and Yang 2020): ImageNet at 16 x 16, its first 120 classes.

The published batches are pickles, which may run any code when they are read, so they are not. The images come from
folders of ImageNet's own images, or of images that are 16 x 16 already.
"""

import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from heterodox.datasets.image_folder import ENDINGS, opened, part_folders
from heterodox.datasets.image_sets import ImageSet
from heterodox.errors import UserError

SIDE = 16
BATCH = re.compile(r"(train_data_batch_\d+|val_data)(\.pkl)?")
# The first 120 in the order of ImageNet's development kit, by which the published labels are numbered.
CLASSES: list[str] = re.findall(
    r"n\d{8}",
    """
n02119789 n02100735 n02110185 n02096294 n02102040 n02066245 n02509815 n02124075 n02417914 n02123394 n02125311
n02423022 n02346627 n02077923 n02110063 n02447366 n02109047 n02089867 n02102177 n02091134 n02092002 n02071294
n02442845 n02504458 n02092339 n02098105 n02096437 n02114712 n02105641 n02128925 n02091635 n02088466 n02096051
n02117135 n02138441 n02097130 n02493509 n02457408 n02389026 n02443484 n02110341 n02089078 n02086910 n02445715
n02093256 n02113978 n02106382 n02441942 n02113712 n02113186 n02105162 n02415577 n02356798 n02488702 n02123159
n02098413 n02422699 n02114855 n02094433 n02111277 n02132136 n02119022 n02091467 n02106550 n02422106 n02091831
n02120505 n02104365 n02086079 n02112706 n02098286 n02095889 n02484975 n02137549 n02500267 n02129604 n02090721
n02396427 n02108000 n02391049 n02412080 n02108915 n02480495 n02110806 n02128385 n02107683 n02085936 n02094114
n02087046 n02100583 n02096177 n02494079 n02105056 n02101556 n02123597 n02481823 n02105505 n02088094 n02085782
n02489166 n02364673 n02114548 n02134084 n02480855 n02090622 n02113624 n02093859 n02403003 n02097298 n02108551
n02493793 n02107142 n02096585 n02107574 n02107908 n02086240 n02102973 n02112018 n02093647 n02397096
""",
)


def official_parts(data: Mapping[str, Any]) -> dict[str, ImageSet]:
    """Return the train and test part under `data.folder`: `train/`, and `val/` or `test/`, or as these keys say.

    Each has a folder per class, named by its WordNet id; those of other classes are passed over. An image is made
    16 x 16 by averaging over boxes, as the published ones were, whatever its proportions. The index is the image's
    place in its part: classes in the published order, files in order of their names.
    Raises UserError where a folder is missing, a class is, or the folder holds the published pickles.
    """
    folder = Path(data["folder"])
    _refuse_pickles(folder)
    return {part: _image_set(path) for part, path in part_folders(data).items()}


def _refuse_pickles(folder: Path) -> None:
    found = sorted(path.name for path in folder.glob("*data*") if path.is_file() and BATCH.fullmatch(path.name))
    if found:
        raise UserError(
            f"{folder}: holds the published batches ({found[0]}), which are pickles and may run any code when "
            "read; give a folder of ImageNet's images, train/ and val/ with a folder per class"
        )


def _image_set(folder: Path) -> ImageSet:
    missing = [name for name in CLASSES if not (folder / name).is_dir()]
    if missing:
        raise UserError(
            f"{folder}: lacks the folder {missing[0]}, one of {len(missing)} missing classes of 120; add them"
        )
    groups = [sorted(path for path in (folder / name).iterdir() if path.suffix.lower() in ENDINGS) for name in CLASSES]
    paths = [path for group in groups for path in group]
    if not paths:
        raise UserError(f"{folder}: there are no images in its class folders; it takes {', '.join(sorted(ENDINGS))}")
    labels = np.repeat(np.arange(len(CLASSES)), [len(group) for group in groups])
    return ImageSet(labels, np.arange(len(paths)), list(CLASSES), (SIDE, SIDE, 3), partial(_read, paths))


def _read(paths: list[Path], rows: np.ndarray) -> np.ndarray:
    with ThreadPoolExecutor() as pool:  # decoding and resizing run outside Python's lock
        return np.stack(list(pool.map(lambda row: _read_image(paths[row]), rows)))


def _read_image(path: Path) -> np.ndarray:
    return np.asarray(opened(path).resize((SIDE, SIDE), Image.Resampling.BOX))
