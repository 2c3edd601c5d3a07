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

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from tests.conftest import PASSWORD

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
    started = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
    yield started
    started.close()


@pytest.fixture
def open_page(browser: Browser, live_server: Any) -> Iterator[Callable[..., Page]]:
    """A new page in a window of its own; the test fails on a script error or a breach of the CSP."""
    opened: list[BrowserContext] = []
    errors: list[str] = []

    def new(**options: Any) -> Page:
        context = browser.new_context(
            **{"viewport": {"width": 1440, "height": 900}, "base_url": live_server.url, **options}
        )
        context.set_default_timeout(15_000)
        opened.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on(
            "console",
            lambda said: (
                errors.append(said.text) if "Content Security Policy" in said.text else None
            ),
        )
        return page

    yield new
    for context in opened:
        context.close()
    assert not errors, errors


@pytest.fixture
def sign_in(open_page: Callable[..., Page]) -> Callable[..., Page]:
    """Sign this person in as people do: by the form."""

    def signed_in(person: Any, **options: Any) -> Page:
        page = open_page(**options)
        page.goto("/")
        page.get_by_label("Username or email").fill(person.username)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/")
        return page

    return signed_in


@pytest.fixture
def signed_in_page(sign_in: Callable[..., Page], alice: Any) -> Page:
    return sign_in(alice)


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
def axe() -> Axe:
    return Axe()


@pytest.fixture
def accessible(axe: Axe) -> Callable[[Page], None]:
    """Assert that axe-core finds nothing (WCAG 2.2 AA and best practices)."""

    def check(page: Page) -> None:
        found = axe.run(page).response["violations"]
        told = [
            f"{one['id']}: {one['help']}: {[node['target'] for node in one['nodes']][:3]}"
            for one in found
        ]
        assert not told, "\n".join(told)

    return check
