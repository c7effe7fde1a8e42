"""What birders prefer: median ratings of types of annotation, with the pairs that differ (Figure 10 of the paper)."""

import pandas as pd
from matplotlib.figure import Figure

from heterodox.figures import brackets, style

QUESTIONS = {"Q1": "Q1: emphasizes the important areas", "Q2": "Q2: would recommend using it"}


@style.theme()
def draw(medians: pd.DataFrame, comparisons: pd.DataFrame) -> Figure:
    """Draw a panel per question: medians over participants of their median ratings, 1 to 7, quartiles as whiskers.

    medians: columns question, condition, participants, median, low, high; comparisons: question, first, second, stars.
    Stars are * p < 0.05, ** p < 0.01, *** p < 0.001, corrected for all pairs and questions.
    """
    rows = medians[medians["question"].isin(QUESTIONS)].rename(columns={"condition": "name"})
    names = list(dict.fromkeys(rows["name"]))
    figure = Figure(figsize=(style.FULL_WIDTH, 3.1))
    panels = figure.subplots(1, len(QUESTIONS), sharey=True)
    ends = []
    for axes, (question, title) in zip(panels, QUESTIONS.items(), strict=True):
        own = rows[rows["question"] == question]
        brackets.draw_medians(axes, own, names, 7.0)
        pairs = comparisons[comparisons["question"] == question]
        ends.append(brackets.draw_brackets(axes, pairs, names, max(7.0, brackets.highest(own)), 7.4))
        axes.set_title(title)
    panels[0].set_ylim(0.5, max(ends))
    panels[0].set_yticks(range(1, 8))
    panels[0].set_ylabel("Median rating, 1 disagree to 7 agree")
    return figure
