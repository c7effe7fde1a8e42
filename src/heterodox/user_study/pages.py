"""One page per user study that needs nothing else: no network, no server, no other file.

The page's own text, style and program are the files of resources/user_study; what it shows comes from the stimuli's
manifest (`trials.MANIFEST`), so a manifest that was edited, or made by other means, gives a page as well.
"""

import base64
import hashlib
import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image

from heterodox.errors import UserError
from heterodox.storage.answers import ANNOTATIONS, AVERAGING, LEARNING
from heterodox.tables.user_studies import ENOUGH, WINDOW
from heterodox.user_study.trials import EXAMPLE, MANIFEST, species_of

WEBP_QUALITY = 90
PARTS = {"STYLE": "page.css", "SCRIPT": "page.js"}
# Section 6.2 of the paper names the ends and the middle; these are the usual words between them.
SCALE = ["Strongly disagree", "Disagree", "Slightly disagree", "Neutral", "Slightly agree", "Agree", "Strongly agree"]
TITLES = {
    AVERAGING: "Which highlighting helps to identify a bird?",
    ANNOTATIONS: "Which explanation helps to identify a bird?",
    LEARNING: "Learning to tell birds apart",
}
QUESTIONS = {
    AVERAGING: [
        "This highlighting emphasizes the areas of the bird that I think are important for identification.",
        "I would recommend using this highlighting to help identify this bird.",
    ],
    ANNOTATIONS: [
        "This explanation emphasizes the areas of the bird that I think are important for identification.",
        "I would recommend using this explanation to help identify this bird.",
        "I am confident in my answers to the above questions.",
    ],
}
HEAT = "Colours show how much each area counts: the brighter, the more important for naming the bird."
INTRODUCTIONS = {
    AVERAGING: [
        "A computer named the birds that you will see, and highlighted what it looked at.",
        HEAT,
        "In each trial, choose the bird's species and say how far you agree with two statements about the "
        "highlighting. The same image without highlighting is always shown beside it.",
    ],
    ANNOTATIONS: [
        "Each image of a bird comes with one kind of explanation: boxes, arrows, arrows with labels, a heat map, or a "
        "description in words.",
        f"Below is a heat map. {HEAT}",
        "Click on an image to see it without its explanation, and again to bring the explanation back. In each trial, "
        "say how far you agree with three statements.",
    ],
    LEARNING: [
        "You will learn to tell two similar birds apart, by trying. For each image choose the bird's name; then you "
        "are told whether it was right.",
        "At first you have to guess. A pair is done as soon as nine of your last ten answers were right; after a "
        "short break the next pair follows.",
    ],
}
Study = dict[str, Any]


def picture_uri(path: Path) -> str:
    """Return a picture's file as a data URI: WebP, a fifth of the size of the PNG it is made from."""
    try:
        with Image.open(path) as picture:
            stream = io.BytesIO()
            picture.convert("RGB").save(stream, "WEBP", quality=WEBP_QUALITY, method=4)
    except (OSError, SyntaxError) as error:
        raise UserError(f"{path}: not a readable picture; make the stimuli again or correct the manifest") from error
    return "data:image/webp;base64," + base64.b64encode(stream.getvalue()).decode("ascii")


def study_of(
    manifest: pd.DataFrame,
    study: str,
    uri_of: Callable[[str], str],
    seed: int,
    welcome: Sequence[str] = (),
    break_seconds: int = 60,
) -> Study:
    """Return all that a study's page holds, as JSON has it.

    manifest: rows of one or more studies; uri_of: a picture's data URI from its name in the manifest; seed: orders are
    drawn in the page from it and the participant; welcome: paragraphs of the first page, such as a consent; a break of
    `break_seconds` stands between the pairs of the learning study. UserError for a manifest that lacks something.
    """
    _check(manifest, study)
    rows = manifest[manifest["study"] == study].fillna("")
    shown = rows[rows["condition"] != EXAMPLE]
    content: Study = {
        "study": study,
        "title": TITLES[study],
        "seed": seed,
        "welcome": list(welcome) or ["Thank you for taking part."],
        "introduction": INTRODUCTIONS[study],
        "example": _example(rows[rows["condition"] == EXAMPLE]),
        "pictures": {name: uri_of(name) for name in sorted({*rows["plain"], *rows["annotated"]} - {""})},
    }
    content |= _learning(shown, break_seconds) if study == LEARNING else _rated(shown, study)
    # Answers to other images, or in another order, are not to be continued.
    digest = hashlib.blake2b(json.dumps(content, sort_keys=True).encode(), digest_size=6).hexdigest()
    return content | {"key": digest}


def _check(manifest: pd.DataFrame, study: str) -> None:
    missing = [name for name in MANIFEST if name not in manifest.columns]
    if missing:
        raise UserError(f"manifest: lacks the column {', '.join(missing)}; make the stimuli again")
    if not ((manifest["study"] == study) & (manifest["condition"] != EXAMPLE)).any():
        raise UserError(f"manifest: has no trials of the study {study!r}; make its stimuli")


def _example(rows: pd.DataFrame) -> dict[str, str] | None:
    if rows.empty:
        return None
    return {"picture": rows["annotated"].iloc[0], "description": "A bird with a heat map", "caption": "An example"}


def _rated(rows: pd.DataFrame, study: str) -> Study:
    trials = [
        {
            "image": row.image,
            "condition": row.condition,
            "pair": row.pair,
            "truth": row.species,
            "plain": row.plain,
            # What is described in words has no marks in the picture.
            "annotated": row.annotated or row.plain,
            "words": row.words,
        }
        for row in rows.itertuples()
    ]
    questions = [{"id": f"Q{place}", "text": text} for place, text in enumerate(QUESTIONS[study], 1)]
    content: Study = {"scale": SCALE, "questions": questions, "trials": trials}
    if study == AVERAGING:
        # Look-alikes stand side by side, also one of which no image is shown.
        by_pair = rows.groupby("pair", sort=True)["species"]
        content["species"] = [name for pair, own in by_pair for name in sorted(species_of(str(pair), own))]
    return content


def _learning(rows: pd.DataFrame, break_seconds: int) -> Study:
    pairs = []
    for pair, own in rows.groupby("pair", sort=True):
        images = []
        for image, group in own.groupby("image", sort=True):
            first = group.iloc[0]
            marks = zip(group["condition"], group["annotated"], strict=True)
            images.append(
                {
                    "image": image,
                    "truth": first["species"],
                    "plain": first["plain"],
                    "annotated": {condition: picture for condition, picture in marks if picture},
                    "words": next((text for text in group["words"] if text), ""),
                }
            )
        pairs.append({"pair": pair, "names": _names(own), "images": images})
    groups = list(dict.fromkeys(rows["condition"]))
    return {"groups": groups, "pairs": pairs, "window": WINDOW, "enough": ENOUGH, "break_seconds": break_seconds}


def _names(rows: pd.DataFrame) -> dict[str, str]:
    names = dict(zip(rows["species"], rows["pseudonym"], strict=True))
    if len(names) != 2 or len(set(names.values())) != 2 or not all(names.values()):
        raise UserError(f"manifest: pair {rows['pair'].iloc[0]!r} needs two species with two pseudonyms; correct it")
    return names


def page(study: Study, parts: Mapping[str, str]) -> str:
    """Return the page: `parts` holds page.html and what goes into it, page.css and page.js, by file name."""
    # No `<` in the JSON: nothing in it can end the element that it stands in.
    data = json.dumps(study, sort_keys=True, ensure_ascii=False).replace("<", "\\u003c")
    title = study["title"].replace("&", "&amp;").replace("<", "&lt;")
    filled = parts["page.html"].replace("@@TITLE@@", title)
    for name, file in PARTS.items():
        filled = filled.replace(f"@@{name}@@", parts[file])
    return filled.replace("@@STUDY@@", data)
