"""A headless Chromium of Debian's, with a fresh profile and a folder of its own for downloads."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

FLAGS = ["headless=new", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking"]
FLAGS += ["disable-component-update", "disable-sync", "disable-dev-shm-usage", "window-size=1280,900"]


class Browser:
    """What the tests do in a browser: open, click, read, and wait for a download."""

    def __init__(self, folder: Path) -> None:
        self.downloads = folder / "downloads"
        self.downloads.mkdir(parents=True)
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for flag in [*FLAGS, f"user-data-dir={folder / 'profile'}"]:
            options.add_argument(f"--{flag}")
        options.add_experimental_option(
            "prefs",
            {
                "download.default_directory": str(self.downloads),
                "profile.default_content_setting_values.automatic_downloads": 1,
            },
        )
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))

    def open(self, page: Path) -> None:
        self.driver.get(page.as_uri())

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def click(self, selector: str) -> None:
        self.one(selector).click()

    def script(self, text: str, *values: object) -> object:
        return self.driver.execute_script(text, *values)

    @property
    def phase(self) -> str:
        return self.one("#stage").get_attribute("data-phase") or ""

    @property
    def heading(self) -> str:
        return self.one("h1").text

    def table(self, name: str) -> pd.DataFrame:
        """Return a downloaded table once it is there."""
        path = self.downloads / name
        for _ in range(100):
            if path.is_file():
                return pd.read_csv(path, dtype={"participant": str})
            time.sleep(0.1)
        raise AssertionError(f"{name} did not come; there is {[file.name for file in self.downloads.iterdir()]}")


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    opened = Browser(tmp_path / "browser")
    yield opened
    messages = opened.driver.get_log("browser")
    requests = opened.script(
        "return performance.getEntriesByType('resource').map(e => e.name).filter(n => !/^(data|blob):/.test(n))"
    )
    opened.driver.quit()
    assert messages == []
    assert requests == []


Begin = Callable[[str], None]


@pytest.fixture
def begin(browser: Browser) -> Begin:
    """Return how a participant enters the study and passes the introduction."""

    def begin_as(participant: str) -> None:
        assert "null" not in browser.one("body").text
        browser.one("#participant").send_keys(participant)
        browser.click("#begin")
        assert browser.phase == "introduction"
        browser.click("#continue")

    return begin_as
