from itertools import combinations

import numpy as np
import pandas as pd
import pytest

from heterodox.errors import UserError
from heterodox.figures import similarity_maps
from heterodox.figures.teams import Team
from tests.figures.study import all_words, misplaced_texts

SIZES = {"resnet": 42, "vit": 12, "a_member_with_a_very_long_name": 160, "deit": 3}


def similarity(members) -> pd.DataFrame:
    generator, parts = np.random.default_rng(0), []
    for first, second in combinations(members, 2):
        layers = [[f"layer {n}" for n in range(SIZES[name])] for name in (first, second)]
        part = pd.MultiIndex.from_product(layers, names=["layer_a", "layer_b"]).to_frame(index=False)
        values = generator.uniform(-0.1, 1, len(part))
        parts.append(part.assign(first=first, second=second, shift="clean", cka=values))
    return pd.concat(parts, ignore_index=True)


def teams(*members: list[str]) -> list[Team]:
    titles = ["Heterogeneous", "Diverse attributions at the last stable epoch of the smallest lambda", "c"]
    return [Team(title, names, 0.782, 0.3) for title, names in zip(titles, members, strict=False)]


@pytest.mark.parametrize("count", [1, 3])
def test_texts_are_legible(count: int) -> None:
    names = list(SIZES)
    figure = similarity_maps.draw(similarity(names), teams(names[:3], names[1:], names[:2])[:count])
    assert misplaced_texts(figure) == []
    words = all_words(figure)
    assert "(a)  Heterogeneous, accuracy 78.2 %" in words
    assert "Layer of vit" in words


def test_a_map_has_the_layers_of_the_first_member_upwards_and_of_the_second_to_the_right() -> None:
    table = similarity(["vit", "deit"])
    figure = similarity_maps.draw(table, teams(["vit", "deit"]))
    (shown,) = [axes for axes in figure.findobj() if getattr(axes, "images", None) and axes.get_xlabel()]
    values = shown.images[0].get_array()
    assert values.shape == (12, 3)
    row = table[(table["layer_a"] == "layer 5") & (table["layer_b"] == "layer 2")]
    assert values[5, 2] == row["cka"].item()
    assert shown.get_ylim() == (0.5, 12.5)
    assert shown.get_xlabel() == "Layer of deit"


def test_a_pair_that_was_not_measured_is_named() -> None:
    with pytest.raises(UserError, match="no similarity of resnet and deit"):
        similarity_maps.draw(similarity(["resnet", "vit"]), teams(["resnet", "deit"]))
