"""Django's admin from a release, in Chromium: every widget works, nothing is missing, every URL has its fingerprint.

The project is real, its release is made by the command line, and gunicorn serves both, with WhiteNoise for the files.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import write_files
from tests.support.admin_project import FILES
from tests.support.browser import PATIENCE, Browser, Page
from tests.support.needs import missing

pytest_plugins = ["tests.support.browser_fixture"]
pytestmark = pytest.mark.slow

# What the page names and what it fetched, by any way: tags, style sheets, scripts.
STATIC_URLS = """
const urls = performance.getEntriesByType("resource").map(entry => entry.name);
for (const element of document.querySelectorAll("[src], link[href], use")) {
  urls.push(element.src || element.href.baseVal || element.href);
}
return urls.filter(url => url.includes("/static/")).map(url => new URL(url).pathname.slice("/static/".length));
"""


@dataclass
class AdminSite:
    url: str
    log_file: Path
    released: frozenset[str]

    def answers(self) -> list[tuple[str, int]]:
        """Path and status of all requests so far, as gunicorn logged them."""
        lines = self.log_file.read_text().splitlines()
        return [(path, int(status)) for path, status in (line.rsplit(" ", 1) for line in lines)]


@pytest.fixture(scope="module")
def admin_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AdminSite]:
    for name in ("gunicorn", "whitenoise", "django"):
        if importlib.util.find_spec(name) is None:
            missing(f"{name} is not installed")
    directory = tmp_path_factory.mktemp("admin")
    write_files(directory, FILES)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("ASSETBUILD_M", "DJANGO"))}
    environment["DJANGO_SETTINGS_MODULE"] = "site_of_books.settings"

    def run(*command: str) -> None:
        subprocess.run([sys.executable, *command], cwd=directory, env=environment, capture_output=True, check=True)

    run("-m", "assetbuild", "init", "--django")
    settings = directory / "assetbuild.toml"
    settings.write_text(settings.read_text().replace("br = 11", "br = 4"))  # half of the time
    run("-m", "assetbuild", "build", "--flat", "release")
    run("data.py")
    run("manage.py", "check", "--deploy", "--fail-level", "WARNING", "--tag", "staticfiles")
    manifest = json.loads((directory / "release/manifest.json").read_bytes())
    log_file = directory / "access.log"
    command = ["-m", "gunicorn", "site_of_books.wsgi", "--bind", "127.0.0.1:0", "--workers", "2", "--threads", "4"]
    command += ["--access-logfile", str(log_file), "--access-logformat", "%(U)s %(s)s", "--error-logfile", "errors.log"]
    with subprocess.Popen([sys.executable, *command], cwd=directory, env=environment) as server:
        try:
            released = frozenset(entry["file"] for entry in manifest["assets"].values())
            yield AdminSite(_address(directory / "errors.log"), log_file, released)
        finally:
            server.terminate()
            server.wait(PATIENCE)


def _address(log: Path) -> str:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        match = log.exists() and re.search(r"Listening at: (http://[\d.:]+)", log.read_text())
        if match:
            return match[1]
        time.sleep(0.05)
    raise AssertionError(log.read_text())


@pytest.fixture(scope="module")
def signed_in(browser: Browser, admin_site: AdminSite) -> AdminSite:
    page = browser.open(admin_site.url + "/admin/")
    check(page, admin_site)
    page.script("document.querySelector('#id_username').focus()")
    page.type("admin\tadmin\n")
    page.settle("document.querySelector('#content-main .app-library')")
    check(page, admin_site)
    return admin_site


def check(page: Page, site: AdminSite) -> None:
    """No error and no warning in the console, nothing failed, and every file of ours is of the release."""
    page.settle()
    said = [message for message in page.console if message.level not in ("INFO", "DEBUG")]
    assert (said, [answer for answer in page.bad if answer.status != 302]) == ([], [])
    found = set(page.script(STATIC_URLS))
    assert found
    assert found - site.released == set()


def click(page: Page, selector: str) -> None:
    """As a visitor does: scrolled to, and not covered by anything."""
    from selenium.webdriver.common.by import By

    element = page.browser.driver.find_element(By.CSS_SELECTOR, selector)
    page.script("arguments[0].scrollIntoView({block: 'center'})", element)
    element.click()


def value(page: Page, selector: str) -> Any:
    return page.script("return document.querySelector(arguments[0]).value", selector)


def in_popup(page: Page, opener: str) -> Page:
    """The page in the window that a click on `opener` opens, which the driver then looks at."""
    driver = page.browser.driver
    before = set(driver.window_handles)
    click(page, opener)
    end = time.monotonic() + PATIENCE
    while not (new := set(driver.window_handles) - before) and time.monotonic() < end:
        time.sleep(0.02)
    driver.switch_to.window(new.pop())
    popup = Page(page.browser, page.url)
    popup.settle("document.readyState === 'complete' && document.querySelector('#content')")
    return popup


def back(page: Page, until: str) -> None:
    """To the page that opened the window, which closes itself."""
    driver = page.browser.driver
    end = time.monotonic() + PATIENCE
    while len(driver.window_handles) > 1 and time.monotonic() < end:
        time.sleep(0.02)
    driver.switch_to.window(driver.window_handles[0])
    page.settle(until)


@pytest.fixture
def change(browser: Browser, signed_in: AdminSite) -> Page:
    return browser.open(signed_in.url + "/admin/library/book/1/change/", "window.extra")


@pytest.mark.parametrize(
    "path",
    [
        "/admin/",
        "/admin/library/book/",
        "/admin/library/book/?good__exact=1&o=-1",
        "/admin/library/book/add/",
        "/admin/library/book/1/delete/",
        "/admin/library/book/1/history/",
        "/admin/auth/user/1/change/",
        "/admin/auth/user/add/",
        "/admin/password_change/",
    ],
)
def test_a_page_of_the_admin_misses_nothing(browser: Browser, signed_in: AdminSite, path: str) -> None:
    check(browser.open(signed_in.url + path), signed_in)


def test_the_calendar_and_the_clock_open(change: Page, signed_in: AdminSite) -> None:
    change.script("document.querySelectorAll('details').forEach(each => each.open = true)")
    change.script(
        "document.querySelectorAll('.collapse.collapsed').forEach(each => each.classList.remove('collapsed'))"
    )
    click(change, ".field-printed .date-icon")
    change.settle("document.querySelector('.calendarbox').offsetHeight")
    check(change, signed_in)
    click(change, ".calendarbox .calendar td:not(.nonday) a")
    assert value(change, "#id_printed") == "2020-01-01"
    click(change, ".field-sold .clock-icon")
    change.settle("[...document.querySelectorAll('.clockbox')].some(box => box.offsetHeight)")
    icon = change.script("return getComputedStyle(document.querySelector('.clock-icon, .date-icon')).backgroundImage")
    assert re.search(r"/static/admin/img/icon-(clock|calendar)\.[0-9a-f]{16}\.svg", icon)
    check(change, signed_in)


def test_select2_searches_and_selects(change: Page, signed_in: AdminSite) -> None:
    click(change, ".field-author .select2-selection")
    change.script("document.querySelector('.select2-search__field').focus()")  # Select2 with an older jQuery does not
    change.type("Author 3")
    change.settle("document.querySelectorAll('.select2-results__option[aria-selected]').length === 1")
    check(change, signed_in)
    change.type("\n")
    assert change.script("return document.querySelector('#id_author').selectedOptions[0].text") == "Author 3"
    check(change, signed_in)


def test_many_are_chosen_from_two_lists(change: Page, signed_in: AdminSite) -> None:
    change.script("document.querySelector('#id_topics_from').options[0].selected = true")
    change.script("document.querySelector('#id_topics_from').dispatchEvent(new Event('change', {bubbles: true}))")
    add = change.script("return document.querySelector('#id_topics_add') ? '#id_topics_add' : '#id_topics_add_link'")
    click(change, add)
    change.settle("document.querySelector('#id_topics_to').options.length === 1")
    check(change, signed_in)


def test_another_row_has_widgets_of_its_own(change: Page, signed_in: AdminSite) -> None:
    click(change, ".add-row a")
    change.settle("document.querySelector('#id_chapter_set-1-written')")
    click(change, "#chapter_set-1 .date-icon")
    change.settle("[...document.querySelectorAll('.calendarbox')].some(box => box.offsetHeight)")
    check(change, signed_in)


def test_a_popup_adds_what_the_page_then_selects(change: Page, signed_in: AdminSite) -> None:
    popup = in_popup(change, "#add_id_editor")
    check(popup, signed_in)
    popup.script("document.querySelector('#id_name').focus()")
    popup.type("Somebody new\n")
    back(change, "document.querySelector('#id_editor').selectedOptions[0].text === 'Somebody new'")
    check(change, signed_in)


def test_a_popup_looks_up_an_id(change: Page, signed_in: AdminSite) -> None:
    popup = in_popup(change, "#lookup_id_reader")
    check(popup, signed_in)
    click(popup, "#result_list tbody tr:last-child th a")
    back(change, "document.querySelector('#id_reader').value === '1'")
    check(change, signed_in)


def test_what_was_changed_is_saved(change: Page, signed_in: AdminSite) -> None:
    change.script("document.querySelector('#id_title').value = 'Another title'")
    click(change, "[name=_save]")
    change.settle("document.querySelector('.messagelist .success')")
    check(change, signed_in)
    assert "Another title" in change.script("return document.querySelector('#result_list').textContent")


def test_integrity_and_nonce_are_accepted_on_a_page_of_the_project(browser: Browser, admin_site: AdminSite) -> None:
    page = browser.open(admin_site.url + "/", "document.querySelector('#classic').textContent")
    check(page, admin_site)
    assert page.script("return [said.textContent, classic.textContent, getComputedStyle(said).color]") == [
        "said",
        "classic",
        "rgb(1, 2, 3)",
    ]
    tags = page.script(
        "return [...document.querySelectorAll('script, link')].map(tag => [!!tag.integrity, !!tag.nonce])"
    )
    assert tags == [[True, True]] * 6


def test_the_server_was_never_asked_for_what_is_not_there(admin_site: AdminSite) -> None:
    assert [(path, status) for path, status in admin_site.answers() if status not in (200, 204, 302, 304)] == []
