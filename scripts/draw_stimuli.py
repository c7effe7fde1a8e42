"""Draw the stimuli of the user studies and list them."""

from pathlib import Path

from heterodox import command
from heterodox.datasets.stimuli import pairs_of
from heterodox.figures.stimuli import plain_and_annotated
from heterodox.storage.annotations import AnnotatedFile
from heterodox.storage.answers import LEARNING
from heterodox.storage.explanations import MapFile
from heterodox.storage.pictures import write_png
from heterodox.storage.tables import write_table
from heterodox.user_study.images import StimulusImages
from heterodox.user_study.trials import EXAMPLE, all_trials, images_by_species, manifest


def draw_stimuli(spec: dict, pictures: Path, marks: Path, heat: Path, folder: Path, table: Path) -> None:
    """Write a PNG file per picture into `folder`/{study} and, last, the manifest that lists them."""
    config = spec["config"]
    with AnnotatedFile(pictures) as images, MapFile(marks) as marked, MapFile(heat) as heated:
        pairs = pairs_of(config["source"], config["user_study"]["pairs"])
        trials = all_trials(
            config["user_study"], images_by_species(images.labels, images.classes, images.index), pairs, config["seed"]
        )
        stimuli = StimulusImages(images, marked, heated, config["user_study"]["marks_from"])
        names, written = [], set()
        for trial in trials:
            condition = {"averaging": "averaged", "annotations": "heat_map"}.get(trial.study, "")
            condition = condition if trial.condition == EXAMPLE else trial.condition
            shown = stimuli.shown(trial.image, trial.study)
            plain, annotated, words = plain_and_annotated(shown, condition)
            stem = f"{trial.study}/{trial.image}"
            if stem not in written:
                # All groups of the learning study see the same image, whatever room their marks need around it.
                write_png(folder / f"{stem}.png", shown.image if trial.study == LEARNING else plain)
                written.add(stem)
            if annotated is not None:
                write_png(folder / f"{stem}-{condition}.png", annotated)
            names.append((f"{stem}.png", f"{stem}-{condition}.png" if annotated is not None else "", words))
    write_table(manifest(trials, names), table)


if __name__ == "__main__":
    command.run(draw_stimuli)
