"""The claims of the cell paper, each with its number or direction and how a study answers it.

Carmichael, Moon & Jacobs, "Learning Interpretable Models Through Multi-Objective NAS". Accuracies are shares of images.
"""

from heterodox.tables import cell_study as study
from heterodox.tables.claims import ABOVE, BELOW, Claim, Range, within

NOTE = (
    "Each claim allows a range of values. It agrees where the whole 95 % interval of what was found here lies in that "
    "range, differs where the whole interval lies outside, and is undecided otherwise. Comparisons of medians of "
    "searches are over the cells of one run each, those of the most with the least introspectable cell over test "
    "images; neither speaks of what another run would find. Largest values and hypervolumes have no interval, and so "
    "stay undecided: they hang on a few cells, and one run per search does not tell how far another would get. Where "
    "n counts cells of the first fronts, these stand for the front, whose own cells are too few."
)
SEARCH = "Does a search for both objectives pay?"
EVOLUTION = "How do the objectives trade off, and are they inherited?"
STRUCTURE = "What are accurate and introspectable cells made of?"
COSTS = "What else comes with introspectability?"
TRUST = "Is introspectability good for trust and debugging?"

CLAIMS = (
    Claim(
        "multi-hypervolume",
        SEARCH,
        "4.3, Table 1",
        "A search for both objectives covers more hypervolume than one for accuracy",
        "0.347 to 0.314, 0.293 to 0.237, 0.111 to 0.099",
        ABOVE,
        study.compared_searches("multi", "single", "hypervolume"),
    ),
    Claim(
        "multi-introspectability",
        SEARCH,
        "4.3, Table 1",
        "It finds more introspectable cells",
        "0.390 to 0.353, 0.552 to 0.328, 0.317 to 0.301",
        ABOVE,
        study.compared_searches("multi", "single", "largest introspectability"),
    ),
    Claim(
        "multi-median-accuracy",
        SEARCH,
        "4.3, Table 1",
        "Its median accuracy is lower",
        "-0.2, -9.7 and -5.8 points",
        BELOW,
        study.compared_searches("multi", "single", "median accuracy"),
    ),
    Claim(
        "multi-largest-accuracy",
        SEARCH,
        "4.3, Table 1",
        "Its largest accuracy is comparable",
        "0.0, +0.2 and -0.5 points",
        within(0.0, 0.01),
        study.compared_searches("multi", "single", "largest accuracy"),
    ),
    Claim(
        "regularised-front-hypervolume",
        SEARCH,
        "4.3, Table 1",
        "The regulariser on the front covers more hypervolume than the search alone",
        "0.424 to 0.347, 0.361 to 0.293, 0.117 to 0.111",
        ABOVE,
        study.compared_searches("multi_regulariser", "multi", "hypervolume"),
    ),
    Claim(
        "regulariser-hypervolume",
        SEARCH,
        "4.3, Table 1",
        "The regulariser on random cells covers less hypervolume than on the front",
        "0.341 to 0.424, 0.229 to 0.361, 0.099 to 0.117",
        BELOW,
        study.compared_searches("regulariser", "multi_regulariser", "hypervolume"),
    ),
    Claim(
        "trade-off",
        EVOLUTION,
        "5, Figure 2",
        "Accuracy and introspectability trade off",
        "clear trade-off",
        BELOW,
        study.correlation_of_cells("accuracy", "introspectability", front=False),
    ),
    Claim(
        "optimality-heritable",
        EVOLUTION,
        "4.3, Figure 3",
        "Pareto optimality is mildly heritable",
        "mildly",
        ABOVE,
        study.heritability("optimal"),
    ),
    Claim(
        "accuracy-heritable",
        EVOLUTION,
        "4.3, Figure 3",
        "Accuracy is heritable",
        "not quantified",
        ABOVE,
        study.heritability("accuracy"),
    ),
    Claim(
        "introspectability-heritable",
        EVOLUTION,
        "4.3, Figure 3",
        "Introspectability is heritable",
        "not quantified",
        ABOVE,
        study.heritability("introspectability"),
    ),
    Claim(
        "convolutions-accurate",
        STRUCTURE,
        "4.3, Figure 4",
        "Along the front, more accurate cells have more convolutions",
        "yes, all tasks",
        ABOVE,
        study.correlation_of_cells("accuracy", "convolutions", front=True),
    ),
    Claim(
        "poolings-introspectable",
        STRUCTURE,
        "4.3, Figure 4",
        "Along the front, more introspectable cells have more poolings",
        "yes, all tasks",
        ABOVE,
        study.correlation_of_cells("introspectability", "poolings", front=True),
    ),
    Claim(
        "convolution-3x3-first",
        STRUCTURE,
        "E, Tables E1 to E3",
        "3x3 convolutions are the most frequent operation of the front",
        "+0.35, +0.20 and +0.27",
        ABOVE,
        study.operation_lead(),
    ),
    Claim(
        "common-motif-1",
        STRUCTURE,
        "F, Tables F1 to F3",
        "More than 67 % of the front share a motif of size 1",
        "0.82, 0.71 and 0.68",
        Range(lower=0.67),
        study.motif_share(1),
    ),
    Claim(
        "common-motif-2",
        STRUCTURE,
        "F, Tables F1 to F3",
        "More than 45 % of the front share a motif of size 2",
        "0.45, 0.50 and 0.47",
        Range(lower=0.45),
        study.motif_share(2),
    ),
    *(
        Claim(
            f"{short}-{objective}",
            COSTS,
            f"J, Figure {figure}",
            f"{words} {'rises' if sign is ABOVE else 'falls'} with {objective}",
            "yes, not quantified",
            sign,
            study.cost(cost, objective),
        )
        for short, cost, words, figure, signs in (
            ("generalisation", "generalisation_error", "Generalisation error", "J4", (ABOVE, BELOW)),
            ("parameters", "parameters", "The number of parameters", "J5", (ABOVE, BELOW)),
            ("speed", "images_per_second", "Training speed", "J6", (BELOW, ABOVE)),
        )
        for objective, sign in zip(("accuracy", "introspectability"), signs, strict=True)
    ),
    Claim(
        "calibration-follows",
        TRUST,
        "4.3, Figure 7",
        "Calibration by activations is the better, the more introspectable a cell is",
        "yes, not quantified",
        ABOVE,
        study.calibration_by_introspectability(),
    ),
    Claim(
        "calibration-over-softmax",
        TRUST,
        "4.3, Figure 7",
        "Above an introspectability of 0.18 activations are better calibrated than softmax",
        "above 0",
        ABOVE,
        study.calibration_lead(0.18),
    ),
    Claim(
        "mispredictions",
        TRUST,
        "4.3, Figure 8",
        "An introspectable cell's scores find its mispredictions better",
        "yes, not quantified",
        ABOVE,
        study.debugging_lead("mispredictions", 20),
    ),
    Claim(
        "label-errors",
        TRUST,
        "4.3, Figure 8",
        "An introspectable cell's scores find more wrong labels",
        "about +0.20 at the 20th percentile",
        ABOVE,
        study.debugging_lead("label_errors", 20),
    ),
    Claim(
        "distances-tell-confusion",
        TRUST,
        "K",
        "Classes whose means are close are taken for each other",
        "r of 0.85 and 0.59",
        ABOVE,
        study.confusion(None),
    ),
    Claim(
        "distances-tell-more",
        TRUST,
        "K",
        "They tell more in introspectable cells",
        "0.85 to 0.59",
        ABOVE,
        study.confusion("ends"),
    ),
    Claim(
        "repair-confusion",
        TRUST,
        "K, Figure K8",
        "Pushing the closest pair apart lowers its confusion",
        "improvement, not quantified",
        BELOW,
        study.repaired("confused"),
    ),
    Claim(
        "repair-accuracy",
        TRUST,
        "K",
        "The repair does not change accuracy much",
        "within 0.6 points over 10 trials",
        within(0.0, 0.006),
        study.repaired("accuracy"),
    ),
)
