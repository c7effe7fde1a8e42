"""Draw pairs of stimuli: one network's explanation beside the mean of several."""

from pathlib import Path

from heterodox import command
from heterodox.explain.averaging import averaged, normalised
from heterodox.figures import single_and_averaged, style
from heterodox.figures.stimuli import enlarged
from heterodox.storage.annotations import AnnotatedFile
from heterodox.storage.explanations import MapFile

ROWS = 3


def draw_single_and_averaged(spec: dict, pictures: Path, heat: Path, figure: Path) -> None:
    """Draw the first images of different species that were explained for the first study."""
    shown: dict[int, single_and_averaged.Stimulus] = {}
    with AnnotatedFile(pictures) as images, MapFile(heat) as heated:
        row_of = {int(identity): row for row, identity in enumerate(images.index)}
        for place, (identity, label) in enumerate(zip(heated.index, heated.labels, strict=True)):
            if int(label) in shown or len(shown) == ROWS:
                continue
            row = row_of[int(identity)]
            image = images.images(row, row + 1)[0]
            maps = heated.maps(place, place + 1)[0]
            single, mean = (enlarged(one, image.shape[:2]) for one in (normalised(maps[:1])[0], averaged(maps)))
            shown[int(label)] = single_and_averaged.Stimulus(image, single, mean, images.classes[int(label)])
        members = heated.shape[0]
    style.save(single_and_averaged.draw(list(shown.values()), members, spec["config"]["method"]), figure)


if __name__ == "__main__":
    command.run(draw_single_and_averaged)
