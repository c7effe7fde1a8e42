"""Invented results of a cell search, for its figures."""

import numpy as np
import pandas as pd

from heterodox.networks.cells import is_connected, to_string
from heterodox.storage.inspections import Inspection
from heterodox.tables import cell_searches

CLASSES = ["T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]


def history(seed: int = 1, size: int = 8, generations: int = 5) -> pd.DataFrame:
    """Return an invented search: random cells whose offspring have two random parents of the generation before."""
    generator = np.random.default_rng(seed)
    drawn: list[str] = []
    while len(drawn) < size * generations:
        encoding = generator.integers(0, 5, 6)
        if is_connected(encoding) and to_string(encoding) not in drawn:
            drawn.append(to_string(encoding))
    convolutions = np.array([genome.count("conv") for genome in drawn])
    generation = np.repeat(np.arange(generations), size)
    parents = [
        ";".join(generator.choice(drawn[(number - 1) * size : number * size], 2, replace=False)) if number else ""
        for number in generation
    ]
    return pd.DataFrame(
        {
            "generation": generation,
            "genome": drawn,
            "parents": parents,
            "accuracy": 0.5 + 0.06 * convolutions + generator.normal(0, 0.02, len(drawn)),
            "introspectability": 0.5 - 0.05 * convolutions + generator.normal(0, 0.02, len(drawn)),
            "training_accuracy": 0.55 + 0.06 * convolutions,
            "parameters": 2000 + 3000 * convolutions,
            "images_per_second": 4000 / (1.0 + convolutions),
        }
    )


def histories() -> dict[str, pd.DataFrame]:
    """Return an invented history per search of Table 1."""
    return {name: history(seed) for seed, name in enumerate(cell_searches.SEARCHES)}


def inspections(count: int = 4, images: int = 300, seed: int = 0) -> dict[str, Inspection]:
    """Return invented inspections: the more introspectable a cell, the better its distances tell its errors."""
    generator = np.random.default_rng(seed)
    labels, classes = generator.integers(0, 10, images), len(CLASSES)
    found = {}
    for place in range(count):
        hidden = generator.normal(size=(images, classes)) + 2.0 * np.eye(classes)[labels]
        noise = generator.normal(size=(images, classes)) * (count - place)
        half = np.triu(generator.uniform(0.05, 0.4, (classes, classes)), 1)
        means = generator.normal(size=(classes, 30))
        found[f"cell_{place + 1:02d}"] = Inspection(
            labels=labels,
            index=np.arange(images),
            logits=hidden.astype(np.float32),
            distances=(0.4 - 0.04 * hidden + 0.02 * noise).clip(0, 1).astype(np.float32),
            pair_distances=half + half.T,
            gram=means @ means.T,
            heat=generator.normal(size=(classes, 6)) * (place + 1),
            member=f"cell_{place + 1:02d}",
            genome=to_string([place % 5, 0, 1, 2, 4, place // 5]),
            accuracy=0.9 - 0.05 * place,
            introspectability=0.1 + 0.05 * place,
            classes=tuple(CLASSES),
            blocks=("stem", "cell 1", "reduction 1", "cell 2", "reduction 2", "cell 3"),
        )
    return found
