"""Chromium without a window, as the judge of what a page does: what it says, asks for and looks like.

It reaches 127.0.0.1 and nothing else. The browser and its driver are the system's; nothing is downloaded for them.
"""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from tests.support.needs import missing

PATIENCE = 30  # seconds until what a page waits for counts as never; it mostly comes within one
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SWITCHES = (
    "--headless=new",
    "--no-sandbox",  # root has none in a container
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--disable-sync",
    "--force-color-profile=srgb",
    "--hide-scrollbars",
    "--no-first-run",
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--window-size=1200,900",
)
# What runs before the page's own scripts: all time stands still, so that two visits see the same.
STILL = "const at = 1767268800000; Date.now = () => at; Math.random = () => 0.5;"
_HOST = re.compile(r"https?://127\.0\.0\.1:\d+")
# "URL LINE:COLUMN text", and a URL may hold anything but a space.
_PLACE = re.compile(r"(?:\S+ (?:\d+(?::\d+)?|-) )?(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True, order=True)
class Message:
    """One line of the console. `level` and `source` are Chromium's words; `text` is without place and host."""

    level: str
    source: str
    text: str


@dataclass(frozen=True, slots=True, order=True)
class Answer:
    """What came of one request. `status` is 0 where nothing came, and `failure` says why."""

    url: str
    status: int
    failure: str = ""


@dataclass
class Page:
    """A page that has been loaded; `console` and `answers` hold all since then, and grow with each `settle`."""

    browser: Browser
    url: str
    console: list[Message] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    _requests: dict[str, str] = field(default_factory=dict)
    _pending: set[str] = field(default_factory=set)  # a worker's script stays here: the rest is told to the worker

    def script(self, code: str, *arguments: Any) -> Any:
        """What the function body `code` returns, or what its promise comes to."""
        return self.browser.driver.execute_script(code, *arguments)

    def settle(self, until: str = "true") -> None:
        """Wait until the expression is true, fonts are loaded and nothing is asked for any more; read the logs."""
        end = time.monotonic() + PATIENCE
        while not self.script(f"return Boolean({until})"):
            if time.monotonic() > end:
                self._read_logs()
                raise AssertionError(f"'{until}' is not true after {PATIENCE} seconds: {self.console}, {self.bad}")
            time.sleep(0.02)
        quiet = 0
        while quiet < (20 if self._pending else 2) and time.monotonic() < end:
            self.script(_FRAMES)
            quiet = 0 if self._read_logs() else quiet + 1

    @property
    def errors(self) -> list[Message]:
        """What the console calls an error: uncaught ones, 404s, violations of a policy or of an integrity."""
        return [message for message in self.console if message.level == "SEVERE"]

    @property
    def bad(self) -> list[Answer]:
        return [answer for answer in self.answers if answer.failure or not 200 <= answer.status < 300]

    def styles(self, normalize: Callable[[str], str] = str) -> dict[str, dict[str, str]]:
        """Element and pseudo-element -> property -> computed value, custom properties too, hosts left out.

        `normalize` is called once for each distinct value. Animations are moved to their ends.
        """
        names, values, elements = json.loads(self.script(_STYLES))
        plain = [normalize(_HOST.sub("", value)) for value in values]
        return {path: {names[name]: plain[value] for name, value in pairs} for path, pairs in elements}

    def type(self, text: str) -> None:
        """Press keys, into whatever has the focus."""
        from selenium.webdriver import ActionChains

        ActionChains(self.browser.driver).send_keys(text).perform()

    def _read_logs(self) -> bool:
        """Whether they held anything new."""
        driver = self.browser.driver
        messages = [_message(entry) for entry in driver.get_log("browser")]
        self.console += messages
        events = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
        before = len(self.answers)
        for event in events:
            self._hear(event["method"], event["params"])
        return bool(messages) or len(self.answers) > before

    def _hear(self, method: str, params: dict[str, Any]) -> None:
        key = params.get("requestId", "")
        if method == "Network.requestWillBeSent" and params["request"]["url"].startswith("http"):
            self._requests[key] = params["request"]["url"]
            self._pending.add(key)
        elif method == "Network.responseReceived" and key in self._requests:
            self.answers.append(Answer(params["response"]["url"], params["response"]["status"]))
        elif method == "Network.loadingFailed" and key in self._requests and not params.get("canceled"):
            failure = params.get("blockedReason") or params["errorText"]
            self.answers.append(Answer(self._requests[key], 0, failure))
        if method in ("Network.responseReceived", "Network.loadingFailed"):
            self._pending.discard(key)


@dataclass
class Browser:
    """One Chromium for many pages. `profile_dir` is a directory that it may fill."""

    binary: str
    driver_binary: str
    profile_dir: Path

    @cached_property
    def driver(self) -> Any:
        from selenium import webdriver

        options = webdriver.ChromeOptions()
        options.binary_location = self.binary
        for switch in (*SWITCHES, f"--user-data-dir={self.profile_dir}"):
            options.add_argument(switch)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("NO_PROXY", "localhost,127.0.0.1")  # a proxy cannot reach the driver
            driver = webdriver.Chrome(options, webdriver.ChromeService(self.driver_binary))
        driver.set_script_timeout(PATIENCE)
        driver.set_page_load_timeout(PATIENCE)
        driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": STILL})
        return driver

    def open(self, url: str, until: str = "true", scale: int = 1) -> Page:
        """The page at `url`, settled; `scale` is device pixels to one of CSS."""
        self.driver.get("about:blank")
        for log in ("browser", "performance"):
            self.driver.get_log(log)  # what the page before said at its end
        metrics = {"width": 1200, "height": 900, "deviceScaleFactor": scale, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        page = Page(self, url)
        self.driver.get(url)
        page.settle(until)
        return page

    def close(self) -> None:
        if "driver" in self.__dict__:
            self.driver.quit()


def find_browser(profile_dir: Path) -> Browser:
    """The system's browser. Skips the test where there is none; under CI that is a failure."""
    binary = next(filter(None, map(shutil.which, BROWSERS)), None)
    driver = shutil.which("chromedriver")
    if not binary or not driver:
        missing("Chromium is not installed" if driver else "chromedriver is not installed")
    return Browser(binary, driver, profile_dir)


def changes(before: dict[str, dict[str, str]], after: dict[str, dict[str, str]]) -> set[tuple[str, str, str, str]]:
    """Element, property and both values of all that differs between two results of `Page.styles`."""
    found = set()
    for path in before.keys() | after.keys():
        one, other = before.get(path, {}), after.get(path, {})
        if one != other:
            names = {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}
            found |= {(path, name, one.get(name, ""), other.get(name, "")) for name in names}
    return found


def _message(entry: dict[str, Any]) -> Message:
    match = _PLACE.fullmatch(entry["message"])
    assert match
    return Message(entry["level"], entry.get("source", ""), _HOST.sub("", match[1]))


# Two frames, so that what scripts have just changed has been laid out and asked for.
_FRAMES = """
await document.fonts.ready;
const frame = () => new Promise(done => requestAnimationFrame(done));
await frame();
await frame();
"""

_STYLES = """
for (const animation of document.getAnimations()) {
  try { animation.finish(); } catch { animation.pause(); animation.currentTime = 0; }
}
const names = [], values = [], elements = [], nameAt = new Map(), valueAt = new Map();
const at = (text, list, index) => {
  if (!index.has(text)) { index.set(text, list.length); list.push(text); }
  return index.get(text);
};
const pair = (name, value) => [at(name, names, nameAt), at(value, values, valueAt)];
const path = element => {
  const steps = [];
  for (; element; element = element.parentElement) {
    let nth = 1;
    for (let other = element; (other = other.previousElementSibling); ) nth++;
    steps.unshift(element.localName + ":" + nth);
  }
  return steps.join(">");
};
for (const element of document.querySelectorAll("*")) {
  for (const pseudo of ["", "::before", "::after", "::marker", "::placeholder"]) {
    const style = getComputedStyle(element, pseudo || null);
    if (pseudo === "::marker" ? getComputedStyle(element).display !== "list-item"
        : pseudo === "::placeholder" ? element.localName !== "input"
        : pseudo && style.content === "none") continue;
    const pairs = Array.from(style, name => pair(name, style.getPropertyValue(name)));
    elements.push([path(element) + pseudo, pairs]);
  }
}
return JSON.stringify([names, values, elements]);  // as one value: many small ones are slow to come over
"""
