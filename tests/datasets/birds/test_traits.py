from itertools import product

import numpy as np

from heterodox.datasets.birds import traits


def test_a_bird_depends_on_seed_flock_and_place_alone() -> None:
    all_birds, some = traits.draw(3, "flock", range(20)), traits.draw(3, "flock", [7, 2])
    for name in traits.VALUES:
        np.testing.assert_array_equal(all_birds.traits[name][[7, 2]], some.traits[name])
    for name in traits.POSE:
        np.testing.assert_array_equal(all_birds.pose[name][[7, 2]], some.pose[name])
    np.testing.assert_array_equal(all_birds.scenery[[7, 2]], some.scenery)
    for other in (traits.draw(4, "flock", range(20)), traits.draw(3, "another", range(20))):
        assert not np.isclose(other.pose["x"], all_birds.pose["x"]).any()


def test_every_combination_of_parts_is_a_species_of_its_own() -> None:
    names = [traits.species_of(values) for values in product(*traits.SPECIES_TRAITS.values())]
    assert names == traits.species_names()
    assert len(set(names)) == 3 * 6 * 2 * 2


def test_species_and_family_are_those_of_the_parts() -> None:
    birds = traits.draw(1, "flock", range(50))
    names = traits.species_names()
    for place, (species, family) in enumerate(zip(birds.species, birds.families, strict=True)):
        values = [choices[birds.traits[part][place]] for part, choices in traits.SPECIES_TRAITS.items()]
        assert names[species] == traits.species_of(values)
        assert names[species].endswith(traits.FAMILIES[family])
        assert (
            traits.FAMILIES[family]
            == {
                ("dark", "rounded"): "Robin",
                ("dark", "forked"): "Swallow",
                ("gold", "rounded"): "Babbler",
                ("gold", "forked"): "Drongo",
            }[values[2], values[3]]
        )


def test_look_alikes_are_ten_species_in_pairs_that_differ_in_one_part() -> None:
    combinations = dict(zip(traits.species_names(), product(*traits.SPECIES_TRAITS.values()), strict=True))
    pairs = traits.look_alikes()
    assert len({species for first, second, _ in pairs for species in (first, second)}) == 10
    for first, second, part in pairs:
        differing = [
            name
            for name, one, other in zip(traits.SPECIES_TRAITS, combinations[first], combinations[second], strict=True)
            if one != other
        ]
        assert differing == [part]
    assert {part for _, _, part in pairs} == {"bill", "wing", "eye", "tail"}


def test_values_are_equally_frequent() -> None:
    birds = traits.draw(1, "flock", range(3000))
    for name, values in traits.VALUES.items():
        counts = np.bincount(birds.traits[name], minlength=len(values))
        expected = 3000 / len(values)
        assert (np.abs(counts - expected) < 5 * np.sqrt(expected)).all(), name
