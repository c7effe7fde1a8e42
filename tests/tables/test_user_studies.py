"""The statistics of the user studies on small tables whose answers are known by hand."""

from itertools import combinations, product

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from heterodox.tables import user_studies

FIVE = ["heat_map", "boxes", "arrows", "labelled_arrows", "words"]


def signed_rank_by_counting(differences: list[float]) -> float:
    """Return Wilcoxon's exact two-sided p: the share of all signs whose smaller rank sum is as small or smaller."""
    order = np.argsort(np.argsort(np.abs(differences))) + 1
    found = min(order[np.array(differences) > 0].sum(), order[np.array(differences) < 0].sum())
    sums = [order[np.array(signs)].sum() for signs in product([False, True], repeat=len(order))]
    return float(np.mean([min(one, order.sum() - one) <= found for one in sums]))


def rank_sum_by_counting(first: list[float], second: list[float]) -> float:
    """Return Mann and Whitney's exact two-sided p: over all ways to choose which values are the first sample's."""
    values = [*first, *second]

    def u(chosen: tuple[int, ...]) -> float:
        rest = [place for place in range(len(values)) if place not in chosen]
        return sum((values[i] > values[j]) + 0.5 * (values[i] == values[j]) for i in chosen for j in rest)

    middle = len(first) * len(second) / 2
    found = abs(u(tuple(range(len(first)))) - middle)
    return float(np.mean([abs(u(ways) - middle) >= found for ways in combinations(range(len(values)), len(first))]))


def ratings(study: str, values: dict[str, dict[str, list[list[int]]]]) -> pd.DataFrame:
    """Return the table for {condition: {question: [each participant's ratings]}}."""
    rows = []
    for condition, questions in values.items():
        for question, people in questions.items():
            for person, own in enumerate(people):
                for place, rating in enumerate(own):
                    rows.append((study, f"P{person}", place, f"i{place}", condition, question, rating))
    columns = ["study", "participant", "trial", "image", "condition", "question", "rating"]
    return pd.DataFrame(rows, columns=columns)


def choices(study: str, group: str, pair: str, participant: str, right: list[bool]) -> pd.DataFrame:
    rows = [
        (study, participant, group, pair, trial, f"i{trial}", "a", "a" if one else "b")
        for trial, one in enumerate(right, 1)
    ]
    return pd.DataFrame(rows, columns=["study", "participant", "group", "pair", "trial", "image", "truth", "answer"])


def test_study_1_compares_participants_medians_by_hand() -> None:
    # Medians of Q1: 1 2 3 6 2 against 3 3 6 2 7, no two differences alike.
    single = [[1, 1, 7], [2, 2, 2], [3, 1, 4], [6, 6, 6], [2, 3, 2]]
    averaged = [[3, 3, 3], [3, 3, 1], [6, 6, 7], [2, 2, 2], [7, 7, 1]]
    table = ratings("averaging", {"single": {"Q1": single, "Q2": single}, "averaged": {"Q1": averaged, "Q2": single}})
    found = user_studies.averaging_table(table, None).set_index("measure")
    differences = [2, 1, 3, -4, 5]
    assert found.loc["Q1", "p"] == pytest.approx(signed_rank_by_counting(differences))
    assert found.loc["Q1", "p_corrected"] == pytest.approx(min(1, 3 * signed_rank_by_counting(differences)))
    assert found.loc["Q1", "statistic"] == 4
    assert found.loc["Q1", "effect"] == pytest.approx((11 - 4) / 15)
    assert (found.loc["Q1", "single_median"], found.loc["Q1", "averaged_median"]) == (2, 3)
    # Equal answers: no evidence at all, not an error.
    assert (found.loc["Q2", "p"], found.loc["Q2", "p_corrected"], found.loc["Q2", "effect"]) == (1, 1, 0)


def test_study_1_compares_the_shares_of_right_choices_and_counts_who_is_left_out() -> None:
    parts = []
    shares = [(4, 5), (6, 8), (3, 6), (5, 9), (5, 10)]  # right of 10; differences 1, 2, 3, 4, 5
    for person, counts in enumerate(shares):
        for group, count in zip(("single", "averaged"), counts, strict=True):
            right = [place < count for place in range(10)]
            parts.append(choices("averaging", group, "a / b", f"P{person}", right))
    parts.append(choices("averaging", "single", "a / b", "P9", [True] * 10))
    rated = ratings("averaging", {name: {"Q1": [[4]], "Q2": [[4]]} for name in ("single", "averaged")})
    found = user_studies.averaging_table(rated, pd.concat(parts)).set_index("measure").loc["accuracy"]
    assert found["p"] == pytest.approx(2 / 32)  # all five differences go one way
    assert found["p_corrected"] == pytest.approx(6 / 32)
    assert (found["participants"], found["left_out"]) == (5, 1)
    assert found["single_mean"] == pytest.approx(0.46)
    assert found["averaged_mean"] == pytest.approx(0.76)


def test_study_2_compares_types_by_the_paper_s_test_and_by_the_paired_one() -> None:
    low, high = [[1], [2], [3], [4]], [[5], [6], [7], [5]]
    # Four distinct values each, no ties between or within: 5, 6, 7 and a median of 6.5.
    high[3] = [6, 7]
    table = ratings("annotations", {"heat_map": {"Q1": low, "Q2": low}, "boxes": {"Q1": high, "Q2": low}})
    found = user_studies.annotation_table(table)
    assert list(found["question"]) == ["Q1", "Q2"]
    row = found.iloc[0]
    assert (row["first"], row["second"]) == ("heat_map", "boxes")
    assert row["p"] == pytest.approx(rank_sum_by_counting([1, 2, 3, 4], [5, 6, 7, 6.5])) == pytest.approx(2 / 70)
    assert row["p_corrected"] == pytest.approx(4 / 70)
    assert (row["statistic"], row["effect"], row["stars"]) == (0, 1, "")
    assert (row["first_median"], row["second_median"]) == (2.5, 6.25)
    # Differences 4, 4, 4, 2.5: all one way; tied, so by the normal approximation with its two corrections.
    ranks = np.array([3, 3, 3, 1])
    spread = np.sqrt((4 * 5 * 9 - (3**3 - 3) / 2) / 24)
    z = (ranks.sum() - 5 - 0.5) / spread
    assert row["p_paired"] == pytest.approx(2 * norm.sf(z))
    assert found.iloc[1]["p"] == pytest.approx(1.0)
    assert found.iloc[1]["p_paired"] == 1.0


def test_study_2_corrects_for_twenty_comparisons() -> None:
    generator = np.random.default_rng(0)
    people = {name: {q: generator.integers(1, 8, (12, 3)).tolist() for q in ("Q1", "Q2", "Q3")} for name in FIVE}
    found = user_studies.annotation_table(ratings("annotations", people))
    assert len(found) == 20
    np.testing.assert_allclose(found["p_corrected"], np.minimum(1, 20 * found["p"]))
    np.testing.assert_allclose(found["p_corrected_paired"], np.minimum(1, 20 * found["p_paired"]))
    assert list(zip(found["first"], found["second"], strict=True))[:4] == [
        ("heat_map", "boxes"),
        ("heat_map", "arrows"),
        ("heat_map", "labelled_arrows"),
        ("heat_map", "words"),
    ]
    medians = user_studies.condition_medians(ratings("annotations", people), "annotations")
    row = medians[(medians["question"] == "Q2") & (medians["condition"] == "arrows")].iloc[0]
    assert row["median"] == np.median([np.median(own) for own in people["arrows"]["Q2"]])
    assert row["participants"] == 12


def slow_trials(right: list[bool]) -> float:
    for count in range(1, len(right) + 1):
        if count >= 10 and sum(right[count - 10 : count]) >= 9:
            return count
    return np.nan


def test_proficiency_is_nine_of_the_last_ten() -> None:
    assert user_studies.trials_until_proficient(np.array([True] * 10)) == 10
    assert user_studies.trials_until_proficient(np.array([False] + [True] * 9)) == 10
    assert user_studies.trials_until_proficient(np.array([False, False] + [True] * 9)) == 11
    assert np.isnan(user_studies.trials_until_proficient(np.array([True] * 9)))
    for seed in range(40):
        right = np.random.default_rng(seed).random(30) < 0.8
        np.testing.assert_equal(user_studies.trials_until_proficient(right), slow_trials(right.tolist()))


def learned_in(trials: int) -> list[bool]:
    """Return answers that are proficient after exactly so many trials."""
    return [False] * (trials - 9) + [True] * 9 if trials > 10 else [True] * 10


def learning_choices(trials: dict[str, list[int]], pair: str = "a / b") -> pd.DataFrame:
    return pd.concat(
        choices("learning", group, pair, f"{group}{place}", learned_in(count))
        for group, counts in trials.items()
        for place, count in enumerate(counts)
    )


def test_study_3_excludes_two_deviations_above_the_pair_s_median() -> None:
    counts = {"control": [20, 22, 24, 80], "labelled_arrows": [10, 12, 14, 16]}
    learned = user_studies.proficiency(learning_choices(counts))
    everybody = [20, 22, 24, 80, 10, 12, 14, 16]
    assert sorted(learned["trials"]) == sorted(everybody)
    limit = np.median(everybody) + 2 * np.std(everybody, ddof=1)
    np.testing.assert_allclose(learned["limit"], limit)
    assert learned.loc[learned["excluded"], "trials"].tolist() == [80]
    found = user_studies.learning_table(learned).iloc[0]
    assert (found["n_first"], found["n_second"], found["excluded_first"]) == (3, 4, 1)
    assert found["p"] == pytest.approx(rank_sum_by_counting([20, 22, 24], [10, 12, 14, 16])) == pytest.approx(2 / 35)
    assert (found["first_median"], found["second_median"]) == (22, 13)


def test_study_3_counts_who_never_became_proficient_and_corrects_for_ten_pairs_of_groups() -> None:
    names = ["control", "heat_map", "boxes", "labelled_arrows", "words"]
    counts = {name: [10 + 2 * place, 11 + 2 * place, 20 + place] for place, name in enumerate(names)}
    table = learning_choices(counts)
    stopped = choices("learning", "control", "a / b", "quitter", [False] * 30)
    other = learning_choices(counts, "c / d")
    learned = user_studies.proficiency(pd.concat([table, stopped, other]))
    found = user_studies.learning_table(learned)
    assert len(found) == 20  # ten pairs of groups for each of two pairs of birds
    np.testing.assert_allclose(found["p_corrected"], np.minimum(1, 10 * found["p"]))
    assert found[found["pair"] == "a / b"]["never_first"].tolist() == [1, 1, 1, 1, 0, 0, 0, 0, 0, 0]
    quitter = learned[learned["participant"] == "quitter"].iloc[0]
    assert (quitter["answered"], bool(quitter["excluded"])) == (30, False)
    assert np.isnan(quitter["trials"])
    medians = user_studies.trial_medians(learned).set_index(["pair", "group"])
    assert medians.loc[("a / b", "boxes"), "median"] == 15
    assert medians.loc[("a / b", "boxes"), "participants"] == 3


def test_the_order_of_rows_does_not_matter() -> None:
    table = learning_choices({"control": [14, 20, 12], "words": [10, 11, 15]})
    shuffled = table.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(user_studies.proficiency(table), user_studies.proficiency(shuffled))


@pytest.mark.parametrize(
    ("p", "printed", "marks"),
    [(0.0004, "<0.001", "***"), (0.0019, "0.002", "**"), (0.03, "0.03", "*"), (0.05, "0.05", ""), (1.0, ">0.99", "")],
)
def test_p_is_printed_as_in_the_paper(p: float, printed: str, marks: str) -> None:
    assert user_studies.p_words(p) == printed
    assert user_studies.stars(p) == marks


def test_signed_rank_and_rank_sum_agree_with_counting_all_ways() -> None:
    generator = np.random.default_rng(4)
    for _ in range(5):
        differences = generator.permutation(np.arange(1, 9)) * generator.choice([-1, 1], 8)
        found = user_studies.signed_rank(np.zeros(8), differences)
        assert found.p == pytest.approx(signed_rank_by_counting(differences.tolist()))
        values = generator.permutation(9).tolist()
        assert user_studies.rank_sum(values[:4], values[4:]).p == pytest.approx(
            rank_sum_by_counting(values[:4], values[4:])
        )
