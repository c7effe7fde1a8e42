"""Put into one table how well the members of every set answer, alone and together."""

import json
from pathlib import Path

import pandas as pd

from heterodox import command
from heterodox.storage.annotations import AnnotatedFile
from heterodox.storage.atomic import write_text
from heterodox.storage.explanations import AnswerFile
from heterodox.storage.tables import write_table
from heterodox.tables import pages
from heterodox.tables.answers import answers_row, truths_of

NOTE = (
    "Members: mean over single members; ensemble: their mean probability. Area under the ROC curve: mean over outputs, "
    "one against the rest. Interval of the difference: bootstrap over images; p: paired t-test over members."
)


def tabulate_answers(spec: dict, answers: list[Path], images: list[Path], table: Path, page: Path) -> None:
    """Write accuracy and area under the ROC curve of each file of answers, the annotated images beside each."""
    config, rows = spec["config"], []
    for path, pictures, task in zip(answers, images, config["tasks"], strict=True):
        with AnswerFile(path) as answered, AnnotatedFile(pictures) as annotated:
            truths, known = truths_of(annotated, task, json.loads(answered.attributes["outputs"]))
            logits, index, multi_label = answered.logits()[known], answered.index[known], bool(task["presence"])
            row = answers_row(logits, truths[known], index, multi_label, config["seed"], config["replicates"])
        rows.append({"member_set": path.stem, **row})
    found = pd.DataFrame(rows)
    write_table(found, table)
    write_text(page, pages.page(found, "What members answer", NOTE))


if __name__ == "__main__":
    command.run(tabulate_answers)
