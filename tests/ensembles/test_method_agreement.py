"""Scores of pairs by several methods, and their agreement, against the plain definitions."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from heterodox.ensembles import method_agreement
from heterodox.ensembles.bootstrap import image_weights
from heterodox.ensembles.method_agreement import agreement, chosen_rows, pair_scores, score_methods
from heterodox.errors import UserError
from heterodox.explain import interface
from heterodox.metrics.diversity import attribution_diversity
from heterodox.networks.loading import Member
from heterodox.storage.images import ImageFile, write_images
from heterodox.training.state import StateFile

METHODS = ["saliency", "integrated_gradients-3"]
COUNT, SIDE = 9, 4


@pytest.fixture
def images(tmp_path):
    path = tmp_path / "images.h5"
    pixels = np.random.default_rng(0).integers(0, 256, (COUNT, SIDE, SIDE, 1), dtype=np.uint8)
    with write_images(path, (SIDE, SIDE, 1), np.arange(COUNT) % 3, np.arange(COUNT) * 7, list("abc")) as writer:
        writer.append(pixels)
    with ImageFile(path) as file:
        yield file


@pytest.fixture
def members():
    generator = torch.Generator().manual_seed(0)
    found = {}
    for name in ("x", "y", "z"):
        network = nn.Sequential(nn.Flatten(), nn.Linear(SIDE**2, 6), nn.Tanh(), nn.Linear(6, 3))
        for parameter in network.parameters():
            parameter.data = torch.randn(parameter.shape, generator=generator)
        found[name] = Member(network, [0.5], [0.25], (SIDE, SIDE)).eval().requires_grad_(False)
    return found


def direct(members, images, rows):
    pixels = torch.from_numpy(images.images()[rows]).permute(0, 3, 1, 2).float() / 255
    table = []
    for place, row in enumerate(rows):
        for pair in combinations(members, 2):
            scores = []
            for name in METHODS:
                method, own = interface.load(name), pixels[place : place + 1]
                targets = [members[m](own).argmax(1) for m in pair]
                maps = [
                    interface.explain_member(method, members[m], own, target)
                    for m, target in zip(pair, targets, strict=True)
                ]
                scores.append(attribution_diversity(torch.stack(maps).numpy()))
            table.append([images.index[row], *pair, *scores])
    return pd.DataFrame(table, columns=["image", "first", "second", *METHODS])


def test_every_pair_and_image_has_the_diversity_of_its_own_maps(members, images):
    rows = np.array([1, 4, 8])
    pd.testing.assert_frame_equal(
        score_methods(members, images, METHODS, rows), direct(members, images, rows), rtol=1e-4
    )


def test_an_interrupted_run_goes_on_to_the_same_scores(members, images, tmp_path, monkeypatch):
    monkeypatch.setattr(Member, "batch_size", 2)
    rows, state = np.arange(COUNT), StateFile(tmp_path / "state", "this job", seconds=0)
    whole = score_methods(members, images, METHODS, rows)
    seen = []

    def killed(*values):
        seen.append(values)
        if len(seen) > 5:  # three batches of two methods have begun, two are stored
            raise KeyboardInterrupt
        return maps(*values)

    maps = method_agreement._maps
    monkeypatch.setattr(method_agreement, "_maps", killed)
    with pytest.raises(KeyboardInterrupt):
        score_methods(members, images, METHODS, rows, state=state)
    assert state.read()["done"] == 4
    del seen[:]
    monkeypatch.setattr(method_agreement, "_maps", lambda *values: (seen.append(1), maps(*values))[1])
    pd.testing.assert_frame_equal(score_methods(members, images, METHODS, rows, state=state), whole)
    assert len(seen) == 6  # three batches of two methods were left


def test_more_images_keep_those_of_fewer_and_order_does_not_matter():
    index = np.arange(50) * 3
    few, many = (chosen_rows(1, index, count) for count in (5, 20))
    assert len(few) == 5
    assert set(few) < set(many)
    assert (np.diff(many) > 0).all()
    assert set(index[::-1][chosen_rows(1, index[::-1], 5)]) == set(index[few])
    assert chosen_rows(1, index, 99).tolist() == list(range(50))


def test_a_pairs_score_by_hand():
    maps = np.zeros((3, 1, 1, 2))
    maps[0, ..., 0], maps[1, ..., 1] = 2, 5
    assert pair_scores(maps).tolist() == [0.5, 0.25, 0.25]
    assert pair_scores(maps, "none").tolist() == [(4 + 25) / 4, 1, 25 / 4]


def scored(images=40, pairs=6):
    generator = np.random.default_rng(3)
    names = list(combinations("abcd", 2))[:pairs]
    base = generator.random((1, pairs)) + 0.5 * generator.random((images, pairs))
    methods = {name: (base + noise * generator.random((images, pairs))).reshape(-1) for name, noise in
               (("s", 0.1), ("t", 0.6), ("u", 2.0))}  # fmt: skip
    keys = {
        "image": np.repeat(np.arange(images) + 7, pairs),
        "first": [a for a, _ in names] * images,
        "second": [b for _, b in names] * images,
    }
    return pd.DataFrame(keys | methods)


def test_agreement_and_intervals_are_those_of_repeated_images():
    table = scored()
    pairs, found = agreement(table, seed=2, replicates=30)
    times = image_weights(2, np.arange(40) + 7, 30).astype(int)
    values = {name: table[name].to_numpy().reshape(40, 6) for name in "stu"}
    drawn, point = [], None
    for row in [np.ones(40, int), *times]:
        means = {name: np.repeat(own, row, axis=0).mean(axis=0) for name, own in values.items()}
        r = [np.corrcoef(means[a], means[b])[0, 1] for a, b in combinations("stu", 2)]
        drawn.append([*r, np.mean(r)])
    point, drawn = drawn[0], drawn[1:]
    np.testing.assert_allclose(found["pearson"], point)
    np.testing.assert_allclose(found[["low", "high"]].T, np.percentile(drawn, [2.5, 97.5], axis=0), rtol=1e-6)
    assert found["first"].isna().tolist() == [False, False, False, True]
    assert found[["pairs", "images"]].drop_duplicates().to_numpy().tolist() == [[6, 40]]
    own = pairs[pairs["method"] == "t"]
    np.testing.assert_allclose(own["score"], values["t"].mean(axis=0))
    assert own["normalised"].min() == 0
    assert own["normalised"].max() == 1
    assert ((own["low"] < own["score"]) & (own["score"] < own["high"])).all()


def test_two_members_are_one_pair_and_have_no_correlation():
    pairs, found = agreement(scored(pairs=1), seed=1, replicates=5)
    assert pairs["normalised"].isna().all()
    assert found[["pearson", "low", "high"]].isna().all(axis=None)


def test_one_member_or_one_method_is_refused(members, images):
    with pytest.raises(UserError, match="1 members and 2 methods"):
        score_methods({"x": members["x"]}, images, METHODS, np.arange(2))
    with pytest.raises(UserError, match="3 members and 1 methods"):
        score_methods(members, images, METHODS[:1], np.arange(2))
