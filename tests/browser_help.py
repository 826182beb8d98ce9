"""A real browser for the tests, driven by the keyboard as a person would."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

NAMED = {
    "Enter": Keys.ENTER,
    "Escape": Keys.ESCAPE,
    "Tab": Keys.TAB,
    "Space": Keys.SPACE,
    "ArrowLeft": Keys.ARROW_LEFT,
    "ArrowRight": Keys.ARROW_RIGHT,
    "ArrowDown": Keys.ARROW_DOWN,
    "ArrowUp": Keys.ARROW_UP,
}


class NoBrowserError(Exception):
    """No Chromium and driver on this machine: the page cannot be tested without a real browser."""


def programs() -> tuple[str, str]:
    """Return where Chromium and its driver are; the error says how to get them."""
    browsers = ("chromium", "chromium-browser", "google-chrome", "chrome")
    browser = os.environ.get("SVP_NLP_CHROMIUM") or next(filter(None, map(shutil.which, browsers)), None)
    driver = os.environ.get("SVP_NLP_CHROMEDRIVER") or shutil.which("chromedriver")
    if not browser or not driver:
        missing = " and ".join(
            [*(["Chromium"] if not browser else []), *(["chromedriver"] if not driver else [])]
        )
        raise NoBrowserError(
            f"the tests of the review page need {missing}. Debian: apt-get install chromium chromium-driver; "
            "elsewhere install both in one version and put them on the PATH, or name them in "
            "SVP_NLP_CHROMIUM and SVP_NLP_CHROMEDRIVER"
        )
    return browser, driver


@contextmanager
def chromium(downloads: Path | None = None) -> Iterator[Browser]:
    """Start a headless Chromium that keeps nothing."""
    binary, driver = programs()
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--disable-gpu",
    ):
        options.add_argument(argument)
    options.add_argument("--window-size=1400,900")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(executable_path=driver)
    made = webdriver.Chrome(options=options, service=service)
    if downloads:
        allowed = {"behavior": "allow", "downloadPath": str(downloads)}
        made.execute_cdp_cmd("Browser.setDownloadBehavior", allowed)
    try:
        yield Browser(made)
    finally:
        made.quit()


class Browser:
    """One tab of the browser."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def open(self, address: str) -> None:
        """Open an address in this tab, as if for the first time."""
        self.driver.get("about:blank")
        self.driver.get(address)

    def run(self, script: str, *given: Any) -> Any:
        """Run JavaScript in the page and return what it returns."""
        return self.driver.execute_script(script, *given)

    def find(self, selector: str) -> WebElement:
        """Return the element of a selector."""
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def text(self, selector: str) -> str:
        """Return the words of an element, "" where there is none."""
        return str(self.run("return document.querySelector(arguments[0])?.innerText ?? ''", selector))

    def texts(self, selector: str) -> list[str]:
        """Return the words of all elements of a selector."""
        found: list[str] = self.run(
            "return [...document.querySelectorAll(arguments[0])].map((one) => one.innerText)", selector
        )
        return found

    def press(self, *keys: str, shift: bool = False) -> None:
        """Press keys one after the other, wherever the focus is."""
        for key in keys:
            chain = ActionChains(self.driver, duration=0)
            if shift:
                chain.key_down(Keys.SHIFT)
            chain.send_keys(NAMED.get(key, key))
            if shift:
                chain.key_up(Keys.SHIFT)
            chain.perform()

    def act(self, *keys: str) -> None:
        """Press keys, each an action of the page, and wait until each was done."""
        for key in keys:
            before = self.done
            self.press(key)
            self.until(lambda before=before: self.done > before, f"the page did not answer to {key}")  # type: ignore[misc]

    @property
    def done(self) -> int:
        """How many actions the page has done."""
        return int(self.run("return Number(document.querySelector('.svp-review')?.dataset.done ?? 0)"))

    def until(self, true: Callable[[], object], what: str = "nothing happened", seconds: float = 10) -> Any:
        """Wait until something is true and return it."""
        end = time.monotonic() + seconds
        while True:
            value = true()
            if value:
                return value
            if time.monotonic() > end:
                raise AssertionError(f"{what}; the page says: {self.text('.status')} {self.text('.problem')}")
            time.sleep(0.01)

    def sees(self, selector: str, words: str) -> None:
        """Wait until an element shows *words*."""
        self.until(lambda: words in self.text(selector), f"{selector} does not show {words!r}")

    def complaints(self) -> list[str]:
        """Return what the browser itself complained of: errors in the script, or broken policy."""
        return [row["message"] for row in self.driver.get_log("browser") if row["level"] == "SEVERE"]  # type: ignore[no-untyped-call]

    def picture(self, path: Path, *, width: int = 1400, height: int = 900, dark: bool = False) -> None:
        """Save what the page looks like."""
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": scheme})
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        time.sleep(0.3)
        self.driver.save_screenshot(str(path))
