"""What is known of each image that people see: its picture, its marks, its maps."""

import json
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from heterodox.errors import UserError
from heterodox.explain.averaging import averaged, normalised
from heterodox.explain.marks import Mark, label_of, mark_of_map, mark_of_part
from heterodox.networks.tasks import CLASSES
from heterodox.storage.annotations import AnnotatedFile
from heterodox.storage.explanations import MapFile

MARKS_FROM = ("network", "parts")


class Shown(NamedTuple):
    """An image, uint8 (H, W, C), its marks, where its bird is, bool (H, W), and maps (h, w) in [0, 1] by condition."""

    image: np.ndarray
    marks: list[Mark]
    bird: np.ndarray
    heat: dict[str, np.ndarray]


class Answer(NamedTuple):
    """What a map explains: the value of a question, whether it is the true one (None: unknown), and the map."""

    value: str
    right: bool | None
    heat: np.ndarray


class QuestionMaps:
    """Averaged maps of several questions per image, from a file that explain.multitask made."""

    def __init__(self, file: MapFile) -> None:
        self._file = file
        try:
            self.questions: list[str] = json.loads(file.attributes["questions"])
            self._values: dict[str, list[str]] = json.loads(file.attributes["values"])
            self._rows = {int(identity): row for row, identity in enumerate(file.index[:: len(self.questions)])}
        except (KeyError, ValueError) as error:
            raise UserError(f"{file.path}: holds no maps of questions; explain the multi-task network again") from error

    @property
    def identities(self) -> list[int]:
        """Return the images' identities in their order."""
        return list(self._rows)

    def answers(self, identity: int) -> dict[str, Answer]:
        """Return the answer to each question for one image; UserError for an image that nobody explained."""
        if identity not in self._rows:
            raise UserError(f"{self._file.path}: image {identity} is not explained; explain the stimuli again")
        first = self._rows[identity] * len(self.questions)
        maps = self._file.maps(first, first + len(self.questions))[:, 0]
        found = {}
        for place, (question, heat) in enumerate(zip(self.questions, maps, strict=True)):
            target, label = int(self._file.targets[first + place, 0]), int(self._file.labels[first + place])
            found[question] = Answer(self._values[question][target], target == label if label >= 0 else None, heat)
        return found


class Explained(NamedTuple):
    """An image with the marks that the networks themselves predict, what they call it, and what of that is right."""

    shown: Shown
    title: str
    right: bool
    all_right: bool


def explained_images(images: AnnotatedFile, questions: QuestionMaps) -> Iterator[tuple[int, Explained]]:
    """Yield each explained image by its identity; `images` may show them larger than the networks saw them."""
    row_of = {int(identity): row for row, identity in enumerate(images.index)}
    for identity in questions.identities:
        row = row_of[identity]
        image = images.images(row, row + 1)[0]
        answers = questions.answers(identity)
        marks = marks_of(answers, image.shape[1] / next(iter(answers.values())).heat.shape[1])
        masks = [images.masks(part, row, row + 1)[0] for part in images.parts]
        bird = bird_of(masks, marks, image.shape[:2])
        shown = Shown(image, marks, bird, {"heat_map": heat_of(answers)})
        species = answers.get(CLASSES)
        title = species.value if species else images.classes[int(images.labels[row])]
        right = species is None or species.right is not False
        yield identity, Explained(shown, title, right, all(one.right is not False for one in answers.values()))


def heat_of(answers: dict[str, Answer]) -> np.ndarray:
    """Return the map of the species or, where the networks were not asked about it, the mean of its attributes'."""
    if CLASSES in answers:
        return answers[CLASSES].heat
    return averaged(np.stack([answer.heat for answer in answers.values()]))


def marks_of(answers: dict[str, Answer], factor: float) -> list[Mark]:
    """Return the marks of all attributes that an image has, on an image `factor` times as large as the maps."""
    marks = []
    for question, answer in answers.items():
        text = label_of(question, answer.value) if question != CLASSES else None
        if text is not None:
            marks.append(mark_of_map(text, answer.heat).resized(factor))
    return marks


class StimulusImages:
    """The images of the user studies with all that can be drawn on them.

    images: as people see them; marked: maps of attributes and species; heated: all members' maps for the first study;
    marks_from: `network`, where the maps point, or `parts`, where people marked the parts that attributes are named by.
    """

    def __init__(self, images: AnnotatedFile, marked: MapFile, heated: MapFile, marks_from: str) -> None:
        self._images, self._marks_from = images, marks_from
        self._questions = QuestionMaps(marked)
        self._heated = heated
        self._heated_rows = {int(identity): row for row, identity in enumerate(heated.index)}
        self._rows = {int(identity): row for row, identity in enumerate(images.index)}

    def shown(self, identity: int, study: str) -> Shown:
        """Return an image for one of the studies: with `single` and `averaged` maps, or with marks and `heat_map`."""
        row = self._rows[identity]
        image = self._images.images(row, row + 1)[0]
        if study == "averaging":
            maps = self._heated.maps(at := self._heated_rows[identity], at + 1)[0]
            heat = {"single": normalised(maps[:1])[0], "averaged": averaged(maps)}
            return Shown(image, [], np.zeros(image.shape[:2], bool), heat)
        answers = self._questions.answers(identity)
        marks = self._part_marks(row, answers) if self._marks_from == "parts" else self._map_marks(image, answers)
        masks = [self._images.masks(part, row, row + 1)[0] for part in self._images.parts]
        bird = bird_of(masks, marks, image.shape[:2])
        return Shown(image, marks, bird, {"heat_map": heat_of(answers)})

    def _map_marks(self, image: np.ndarray, answers: dict[str, Answer]) -> list[Mark]:
        width = next(iter(answers.values())).heat.shape[1]
        return marks_of(answers, image.shape[1] / width)

    def _part_marks(self, row: int, answers: dict[str, Answer]) -> list[Mark]:
        marks = []
        for question, answer in answers.items():
            text = label_of(question, answer.value) if question != CLASSES else None
            if text is None:
                continue
            mask = self._images.masks(question, row, row + 1)[0]
            point = self._images.key_points(question)[row] if question in self._images.points else np.full(2, np.nan)
            mark = mark_of_part(text, mask, point)
            marks += [mark] if mark else []
        return marks


def bird_of(masks: Sequence[np.ndarray], marks: Sequence[Mark], shape: Any) -> np.ndarray:
    """Return where the bird is, bool (H, W): its parts' masks or, where nobody made any, the boxes of its marks."""
    bird = np.zeros(shape, bool)
    for mask in masks:
        bird |= mask
    if not bird.any():
        for left, top, right, bottom in (mark.box for mark in marks):
            bird[int(top) : int(np.ceil(bottom)), int(left) : int(np.ceil(right))] = True
    return bird
