"""The pages of the user studies in a real browser: whole runs by clicks, and the CSV against what was clicked."""

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from heterodox.storage.answers import CHOICES, RATINGS, read_choices, read_ratings
from heterodox.tables.user_studies import proficiency, trials_until_proficient
from heterodox.user_study import trials
from tests.debian.conftest import Begin, Browser
from tests.user_study.stimuli import IMAGES, PAIRS, write_page

SEED = 3


def answer_rated_trial(browser: Browser, generator: np.random.Generator, study: str) -> list[dict]:
    """Answer the trial that is shown with random answers, submit it, and return what was clicked."""
    shown = browser.one(".trial")
    clicked = [{"image": shown.get_attribute("data-image"), "condition": shown.get_attribute("data-condition")}]
    for fieldset in browser.all("fieldset"):
        options = fieldset.find_elements("css selector", "input")
        chosen = options[generator.integers(len(options))]
        browser.script("arguments[0].click()", chosen)  # scrolling by hand to 400 buttons takes the test's time
        clicked.append({"question": fieldset.get_attribute("data-question"), "value": chosen.get_attribute("value")})
    browser.click("#continue")
    return clicked


def expected_ratings(study: str, clicked: list[list[dict]]) -> pd.DataFrame:
    rows = [
        (study, "P07", number, first["image"], first["condition"], answer["question"], int(answer["value"]))
        for number, (first, *answers) in enumerate(clicked, 1)
        for answer in answers
        if answer["question"] != "species"
    ]
    return pd.DataFrame(rows, columns=list(RATINGS))


def test_averaging_study_hands_out_what_was_clicked(browser: Browser, begin: Begin, tmp_path: Path) -> None:
    shown = trials.averaging_trials(IMAGES, PAIRS, 4, SEED)
    write_page(tmp_path / "study.html", "averaging", shown)
    browser.open(tmp_path / "study.html")
    begin("P07")
    generator, clicked = np.random.default_rng(0), []
    while browser.phase == "trial":
        assert len(browser.all(".pictures img")) == 2
        clicked.append(answer_rated_trial(browser, generator, "averaging"))
        if len(clicked) == 3:
            browser.driver.refresh()
    for button in browser.all("[data-table]"):
        button.click()
    assert len(clicked) == 8
    assert {(first["image"], first["condition"]) for first, *_ in clicked} == {
        (f"image-{trial.image:05d}", trial.condition) for trial in shown if trial.condition != "example"
    }
    pd.testing.assert_frame_equal(
        browser.table("ratings-averaging-P07.csv"), expected_ratings("averaging", clicked), check_dtype=False
    )
    choices = browser.table("choices-averaging-P07.csv")
    truth = {f"image-{trial.image:05d}": (trial.pair, trial.species) for trial in shown}
    assert list(choices.columns) == list(CHOICES)
    assert choices["answer"].tolist() == [answers[0]["value"] for _, *answers in clicked]
    assert list(zip(choices["pair"], choices["truth"], strict=True)) == [truth[i] for i in choices["image"]]
    assert choices["group"].tolist() == [first["condition"] for first, *_ in clicked]
    assert len(read_ratings([browser.downloads / "ratings-averaging-P07.csv"])) == 16
    assert len(read_choices([browser.downloads / "choices-averaging-P07.csv"])) == 8


def test_annotation_study_toggles_keeps_a_draft_and_goes_on_after_a_reload(
    browser: Browser, begin: Begin, tmp_path: Path
) -> None:
    shown = trials.annotation_trials(IMAGES, PAIRS, 2, SEED)
    write_page(tmp_path / "study.html", "annotations", shown)
    browser.open(tmp_path / "study.html")
    begin("P07")
    generator, clicked = np.random.default_rng(1), []
    while browser.phase == "trial":
        condition = browser.one(".trial").get_attribute("data-condition")
        number = int(browser.one(".trial").get_attribute("data-image").removeprefix("image-"))
        pictures = [f"{number}-{condition}.png" if condition != "words" else f"{number}.png", f"{number}.png"]
        for picture in [*pictures, pictures[0]]:
            assert browser.one("#toggle img").get_attribute("data-picture") == picture
            if condition == "words":
                words = browser.one(".words")
                plain = browser.one("#toggle").get_attribute("aria-pressed") == "true"
                assert words.is_displayed() != plain
                assert plain or words.text == f"Look at number {number}, <b>please</b>."
            browser.click("#toggle")
        if len(clicked) == 4:
            chosen = browser.all("[data-question=Q2] input")[5]
            browser.script("arguments[0].click()", chosen)
            browser.driver.refresh()
            assert browser.one("[data-question=Q2] input:checked").get_attribute("value") == "6"
            assert not browser.all("[data-question=Q1] input:checked")
            browser.click("#continue")  # Q1 and Q3 are not answered
            assert browser.one(".trial").get_attribute("data-image") == f"image-{number:05d}"
        clicked.append(answer_rated_trial(browser, generator, "annotations"))
    assert len({first["image"] for first, *_ in clicked}) == len(clicked) == 10
    browser.click("[data-table=ratings]")
    pd.testing.assert_frame_equal(
        browser.table("ratings-annotations-P07.csv"), expected_ratings("annotations", clicked), check_dtype=False
    )


def pair_until_proficient(browser: Browser, right: list[bool]) -> list[dict]:
    """Answer the birds of one pair right or not as told, and return what was clicked."""
    clicked = []
    while browser.phase == "trial":
        shown = browser.one(".trial")
        image = shown.get_attribute("data-image")
        truth = next(n for n, images in IMAGES.items() if int(image.removeprefix("image-")) in images)
        names = [button.get_attribute("data-species") for button in browser.all(".answer")]
        answer = truth if right[len(clicked)] else next(name for name in names if name != truth)
        browser.script("arguments[0].click()", browser.one(f".answer[data-species='{answer}']"))
        assert browser.phase == "feedback"
        clicked.append({"pair": shown_pair(browser), "image": image, "truth": truth, "answer": answer})
        if len(clicked) == 5:
            browser.driver.refresh()
            assert browser.phase == "feedback"
        verdict = browser.one(".verdict").get_attribute("class").split()[-1]
        assert verdict == ("right" if answer == truth else "wrong")
        browser.click("#continue")
    return clicked


def shown_pair(browser: Browser) -> str:
    return browser.one(".trial").get_attribute("data-pair") or ""


def test_learning_study_stops_at_nine_of_the_last_ten(browser: Browser, begin: Begin, tmp_path: Path) -> None:
    shown = trials.learning_trials(IMAGES, PAIRS, 20, SEED)
    content = write_page(tmp_path / "study.html", "learning", shown, break_seconds=2)
    browser.open(tmp_path / "study.html")
    begin("4")
    # The first pair takes 22 trials, so its 20 images are shuffled again; the second and third one the least, ten.
    lesson = [[True, False] * 7 + [True] * 30, [True] * 30, [False] + [True] * 30]
    clicked = []
    for place, right in enumerate(lesson):
        one = pair_until_proficient(browser, right)
        assert len(one) == trials_until_proficient(np.array(right))
        clicked.append(one)
        if place < 2:
            assert browser.phase == "break"
            assert not browser.one("#continue").is_enabled()
            browser.driver.refresh()
            started = time.monotonic()
            while not browser.one("#continue").is_enabled():
                assert time.monotonic() - started < 5
                time.sleep(0.1)
            browser.click("#continue")
    assert browser.phase == "end"
    assert [len(one) for one in clicked] == [22, 10, 10]
    assert len({choice["image"] for choice in clicked[0]}) == 20
    browser.click("[data-table=choices]")
    table = browser.table("choices-learning-4.csv")
    assert list(table.columns) == list(CHOICES)
    expected = [choice | {"trial": number} for one in clicked for number, choice in enumerate(one, 1)]
    for name in ("pair", "image", "truth", "answer", "trial"):
        assert table[name].tolist() == [choice[name] for choice in expected]
    assert set(table["group"]) == {content["groups"][3]} == {"labelled_arrows"}
    learned = proficiency(read_choices([browser.downloads / "choices-learning-4.csv"]))
    assert sorted(learned["trials"]) == [10, 10, 22]


@pytest.mark.parametrize(("participant", "group"), [("1", "control"), ("5", "words"), ("7", "heat_map")])
def test_feedback_shows_what_the_group_gets(
    browser: Browser, begin: Begin, tmp_path: Path, participant: str, group: str
) -> None:
    shown = trials.learning_trials(IMAGES, PAIRS[:1], 4, SEED)
    content = write_page(tmp_path / "study.html", "learning", shown)
    browser.open(tmp_path / "study.html")
    begin(participant)
    names = content["pairs"][0]["names"]
    # Six birds of four images: they come again, in another order.
    seen = []
    for _ in range(6):
        browser.click(".answer:last-child")
        image = int(browser.one(".trial").get_attribute("data-image").removeprefix("image-"))
        truth = next(name for name, images in IMAGES.items() if image in images)
        article = "an" if names[truth][0] in "EI" else "a"
        assert browser.heading == f"This is {article} {names[truth]}."
        picture = browser.one(".trial img").get_attribute("data-picture")
        assert picture == (f"{image}-{group}.png" if group == "heat_map" else f"{image}.png")
        assert len(browser.all(".words")) == (group == "words")
        assert not any(name in browser.one("main").text for name in names)  # the real ones tell too much
        seen.append(image)
        browser.click("#continue")
    assert len(set(seen[:4])) == 4
    assert len(set(seen[4:])) == 2
    browser.click("#save-so-far")
    assert browser.table(f"choices-learning-{participant}.csv")["group"].tolist() == [group] * 6


def test_a_trial_can_be_answered_with_the_keyboard_alone(browser: Browser, tmp_path: Path) -> None:
    write_page(tmp_path / "study.html", "averaging", trials.averaging_trials(IMAGES, PAIRS, 2, SEED))
    browser.open(tmp_path / "study.html")

    def press(*keys: str) -> None:
        for key in keys:
            ActionChains(browser.driver).send_keys(key).perform()

    press(Keys.TAB, "P1", Keys.ENTER)
    assert browser.phase == "introduction"
    assert browser.script("return document.activeElement === document.querySelector('h1')")
    press(Keys.TAB, Keys.ENTER)
    assert browser.phase == "trial"
    press(Keys.TAB, Keys.SPACE, Keys.ARROW_DOWN)  # the second species
    press(Keys.TAB, Keys.SPACE, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)  # Q1: 3
    press(Keys.TAB, Keys.SPACE)  # Q2: 1
    values = [field.get_attribute("value") for field in browser.all("input:checked")]
    assert values == ["red finch", "3", "1"]
    assert all(field.accessible_name for field in browser.all("input, button") if field.is_displayed())
    press(Keys.ENTER)
    assert browser.one("#progress-text").text == "Trial 2 of 4"


def test_two_participants_share_a_browser_and_one_may_come_back(browser: Browser, begin: Begin, tmp_path: Path) -> None:
    write_page(tmp_path / "study.html", "averaging", trials.averaging_trials(IMAGES, PAIRS, 1, SEED))
    browser.open(tmp_path / "study.html")
    for participant in ("A", "B"):
        begin(participant)
        while browser.phase == "trial":
            answer_rated_trial(browser, np.random.default_rng(2), "averaging")
        browser.click("#another")
    browser.click("[data-table=ratings]")
    assert browser.table("ratings-averaging-all.csv")["participant"].tolist() == ["A"] * 4 + ["B"] * 4
    browser.one("#participant").send_keys("A")
    browser.click("#begin")
    assert browser.phase == "end"
