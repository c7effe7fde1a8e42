"""Score every map of a member set against what people marked."""

from contextlib import ExitStack
from pathlib import Path

from heterodox import command
from heterodox.ensembles.localisation import Scoring, score
from heterodox.storage.annotations import AnnotatedFile
from heterodox.storage.explanations import MapFile
from heterodox.storage.tables import write_table


def score_explanations(spec: dict, maps: list[Path], images: Path, scores: Path) -> None:
    """Score the members' maps, their averages, the controls and the baselines, each known by its file's name."""
    config = spec["config"]
    with ExitStack() as stack:
        files = {path.stem: stack.enter_context(MapFile(path)) for path in maps}
        pictures = stack.enter_context(AnnotatedFile(images))
        outputs = config["task"]["presence"]
        table = score(files, pictures, config["task"], outputs, Scoring(**config["scoring"]))
    table.insert(0, "member_set", spec["wildcards"]["member_set"])
    table.insert(1, "method", spec["wildcards"]["method"])
    write_table(table, scores)


if __name__ == "__main__":
    command.run(score_explanations)
