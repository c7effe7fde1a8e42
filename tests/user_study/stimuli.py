"""Small stimuli: coloured squares instead of birds, with a manifest, for pages that are to be clicked through."""

from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from heterodox.user_study import pages, trials

RESOURCES = Path(__file__).resolve().parent.parent.parent / "resources" / "user_study"
PAIRS = [("blue finch", "red finch"), ("long grebe", "short grebe"), ("grey duck", "gold duck")]
IMAGES = {name: list(range(40 * place, 40 * place + 40)) for place, name in enumerate(sum(PAIRS, ()))}


def make_manifest(folder: Path, shown: list[trials.Trial]) -> pd.DataFrame:
    """Draw a square per picture into `folder` and return the manifest of these trials."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = []
    for trial in shown:
        plain = f"{trial.image}.png"
        annotated = f"{trial.image}-{trial.condition}.png" if trial.condition not in ("control", "words") else ""
        words = f"Look at number {trial.image}, <b>please</b>." if trial.condition == "words" else ""
        for name in filter(None, (plain, annotated)):
            seed = sum(map(ord, name))
            Image.fromarray(np.full((24, 24, 3), np.random.default_rng(seed).integers(0, 256, 3), np.uint8)).save(
                folder / name
            )
        pictures.append((plain, annotated, words))
    return trials.manifest(shown, pictures)


def write_page(path: Path, study: str, shown: list[trials.Trial], **settings) -> pages.Study:
    """Write the page of a study with these trials and return what it holds."""
    manifest = make_manifest(path.parent / "pictures", shown)
    content = pages.study_of(
        manifest, study, lambda name: pages.picture_uri(path.parent / "pictures" / name), seed=3, **settings
    )
    parts = {file.name: file.read_text(encoding="utf-8") for file in RESOURCES.iterdir()}
    path.write_text(pages.page(content, parts), encoding="utf-8")
    return content
