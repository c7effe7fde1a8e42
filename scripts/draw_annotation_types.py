"""Draw five types of annotation on one bird."""

from pathlib import Path

from heterodox import command
from heterodox.explain.marks import described
from heterodox.figures import annotation_types, style
from heterodox.figures.stimuli import enlarged, layout_of
from heterodox.storage.annotations import AnnotatedFile
from heterodox.storage.explanations import MapFile
from heterodox.user_study.images import QuestionMaps, explained_images


def draw_annotation_types(spec: dict, images: Path, maps: Path, figure: Path) -> None:
    """Draw the figure of the first image about which the networks are right in everything, else of the first."""
    with AnnotatedFile(images) as file, MapFile(maps) as explained:
        questions = QuestionMaps(explained)
        found = [one for _, one in explained_images(file, questions)]
    one = next((one for one in found if one.all_right), found[0])
    shown = one.shown
    layout = layout_of(shown, annotation_types.SIDE, annotation_types.TEXT_POINTS)
    heat = enlarged(shown.heat["heat_map"], shown.image.shape[:2])
    words = described([mark.text for mark in shown.marks])
    boxes = [mark.box for mark in shown.marks]
    style.save(annotation_types.draw(shown.image, layout, boxes, heat, words, one.title), figure)


if __name__ == "__main__":
    command.run(draw_annotation_types)
