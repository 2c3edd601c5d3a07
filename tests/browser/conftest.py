"""Chromium, the app's pages from a live server, and a worker that runs what is queued."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

# Playwright keeps an event loop in this thread, which Django would take for an asynchronous caller.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

from axe_playwright_python.base import AXE_FILE_PATH
from django.conf import settings
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.test import Client
from playwright.sync_api import Browser, Page, Playwright, sync_playwright
from pytest_django.live_server_helper import LiveServer

from tests.browser.windows import ARGUMENTS, Window, Windows

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.django_db(transaction=True))


def chromium() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for path in map(shutil.which, names) if path), None)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    if chromium() is None:
        pytest.skip("no Chromium")
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def browser(playwright: Playwright) -> Iterator[Browser]:
    started = playwright.chromium.launch(executable_path=chromium(), args=ARGUMENTS)
    yield started
    started.close()


@pytest.fixture(scope="session")
def windows(browser: Browser) -> Windows:
    return Windows(browser)


@pytest.fixture(scope="session")
def live_server() -> Iterator[LiveServer]:
    """Browsers may keep scripts and sheets, as they may those of a real server."""
    server = LiveServer("localhost", start=False)
    server.thread.static_handler = KeptStaticFiles
    server.start()
    yield server
    server.stop()


class KeptStaticFiles(StaticFilesHandler):
    def serve(self, request: Any) -> Any:
        response = super().serve(request)
        response["Cache-Control"] = "max-age=3600"
        return response


@pytest.fixture
def open_page(windows: Windows, live_server: Any) -> Iterator[Callable[..., Page]]:
    """A new page in a window of its own; the test fails on a script error or a breach of the CSP."""
    taken: list[Window] = []
    errors: list[str] = []

    def new(**options: Any) -> Page:
        window = windows.take(live_server.url, **options)
        taken.append(window)
        page = window.page(live_server.url)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on(
            "console",
            lambda said: (
                errors.append(said.text) if "Content Security Policy" in said.text else None
            ),
        )
        return page

    yield new
    for window in taken:
        windows.give_back(window)
    assert not errors, errors


@pytest.fixture
def sign_in(
    open_page: Callable[..., Page], live_server: Any, as_person: Callable[[Any], Client]
) -> Callable[..., Page]:
    """A page that is signed in as this person, and shows nothing yet."""

    def signed_in(person: Any, **options: Any) -> Page:
        page = open_page(**options)
        cookie = as_person(person).cookies[settings.SESSION_COOKIE_NAME]
        page.context.add_cookies(
            [{"name": cookie.key, "value": cookie.value, "url": live_server.url}]
        )
        return page

    return signed_in


@pytest.fixture
def signed_in_page(sign_in: Callable[..., Page], alice: Any) -> Page:
    return sign_in(alice)


@pytest.fixture
def gallery(signed_in_page: Page) -> Page:
    signed_in_page.goto("/")
    return signed_in_page


@pytest.fixture
def worker(provider: Any) -> Iterator[None]:
    """Runs what is queued, straight from the database, until the test ends."""
    from editor.jobs.drain import drain

    stop = threading.Event()

    def work() -> None:
        while not stop.wait(0.05):
            drain(2)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    yield
    stop.set()
    thread.join(30)


@pytest.fixture(scope="session")
def axe() -> str:
    return AXE_FILE_PATH.read_text()


@pytest.fixture
def accessible(axe: str) -> Callable[[Page], None]:
    """Assert that axe-core finds nothing (WCAG 2.2 AA and best practices)."""

    def check(page: Page) -> None:
        if page.evaluate("typeof axe") == "undefined":  # half a megabyte to be read
            page.evaluate(axe)
        found = page.evaluate("axe.run({ resultTypes: ['violations'] })")["violations"]
        told = [
            f"{one['id']}: {one['help']}: {[node['target'] for node in one['nodes']][:3]}"
            for one in found
        ]
        assert not told, "\n".join(told)

    return check
