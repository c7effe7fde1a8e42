"""Scores of an invented explanation study: eight images, three members, one method or more."""

import numpy as np
import pandas as pd

from heterodox.ensembles.localisation import METRICS

SMALLER_IS_BETTER = ("union", "distance", "side_distance")
KINDS = ["mean", "not_rescaled", "draws", "centre", "random"]


def scores(member_set="bill_vgg", methods=("grad_cam",), gain=0.1, cases=8, seed=0, kinds=KINDS, spread=0.0):
    """Return scores whose averages are better than single members by about `gain` of 1, in every metric's direction.

    Each member is better than the one before by `spread`.
    """
    generator, rows = np.random.default_rng(seed), []
    for method in methods:
        for case in range(cases):
            base = {name: generator.uniform(1, 2) for name in METRICS}
            maps = [("member", place, spread * place) for place in range(3)]
            maps += [(kind, None, gain if kind in ("mean", "not_rescaled", "mean_logit") else 0.0) for kind in kinds]
            for explained, member, better in maps:
                signs = {name: -1 if name in SMALLER_IS_BETTER else 1 for name in METRICS}
                values = {name: base[name] + signs[name] * better + generator.normal(0, 0.01) for name in METRICS}
                where = {"case": case, "index": 100 + case, "row": case, "part": "bill", "label": case % 2}
                flags = {"x": 10.0, "y": 12.0, "massless": False, "constant": False, "empty_masks": 4}
                names = {"member_set": member_set, "method": method, "explained": explained, "member": member}
                rows.append(names | where | values | flags)
    return pd.DataFrame(rows)
