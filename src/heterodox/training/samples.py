"""Which training images each member of an ensemble sees (paper, section 3.1)."""

import numpy as np

from heterodox.errors import UserError
from heterodox.streams import stream

STRATEGIES = ("random_heads", "leave_one_bucket_out", "bagging")


def sample_rows(strategy: str, rows: np.ndarray, members: int, seed: int, name: str) -> list[np.ndarray]:
    """Return, for each member, the training images it sees, int64, out of `rows`.

    `random_heads`: all of them, the members differ by their first weights and the order of images.
    `leave_one_bucket_out`: the images are dealt at random into as many buckets as members, equal to within one image;
    member k sees all but bucket k. `bagging`: as many as there are, drawn with replacement. Raises UserError for
    fewer than two members or images than buckets where one bucket is left out.
    """
    if strategy == "random_heads":
        return [rows] * members
    if strategy == "bagging":
        return [
            rows[np.sort(stream(seed, "bag", name, member).integers(0, len(rows), len(rows)))]
            for member in range(members)
        ]
    if strategy != "leave_one_bucket_out":
        raise UserError(f"strategy {strategy}: unknown; there are {', '.join(STRATEGIES)}")
    if not 2 <= members <= len(rows):
        raise UserError(f"member_sets.{name}: {members} members cannot each leave out one bucket of {len(rows)} images")
    buckets = np.array_split(stream(seed, "buckets", name).permutation(len(rows)), members)
    return [rows[np.setdiff1d(np.arange(len(rows)), bucket)] for bucket in buckets]
