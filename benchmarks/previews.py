"""From the moment at which the provider sends a preview to the moment at which a browser shows it.

A provider that streams sends one preview halfway through each call; Chromium has the page of the edit
open and polls as it always does. Both look at the same clock.
"""

import os
import time
from statistics import median
from typing import Any

from playwright.sync_api import Page, sync_playwright

from benchmarks import drawing, people, processes
from benchmarks.figures import Figure
from benchmarks.provider import KEY, ExactProvider, exact_provider
from benchmarks.stack import Stack, running_stack

SIZE = (1152, 864)
BOX = (420, 300, 720, 560)
DELAY_S = 5.0
EDITS = 6
GOAL_S = 1.5
CHROMIUM = "/usr/bin/chromium"
SHOWN = """() => [...document.querySelectorAll('main img')].some(
    image => image.src.includes('/partial/') && image.complete && image.naturalWidth > 0)"""


def measure() -> list[Figure]:
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # Playwright's loop runs in this thread
    people.set_up()
    with exact_provider() as provider:
        variables = {"PROVIDER_BASE_URL": f"{provider.origin}/v1", "PROVIDER_API_KEY": KEY}
        with running_stack(**variables) as stack, sync_playwright() as playwright:
            provider.wait(DELAY_S)
            photo = people.add_photo(people.make_person(), drawing.png(SIZE))
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            page = signed_in(browser.new_context(), stack, photo.created_by)
            waits = [one_preview(provider, stack, page, photo) for _ in range(EDITS)]
            browser.close()
    busy = processes.slowdown(5)
    beside = f"worst of {EDITS}; median {median(waits):.2f} s"
    return [
        Figure("preview sent to preview shown", max(waits), "s", beside, goal=GOAL_S),
        Figure("  other work on these cores", busy, "x", "plain work, against alone"),
    ]


def signed_in(context: Any, stack: Stack, person: Any) -> Page:
    pairs = (pair.split("=", 1) for pair in people.cookies_of(person).split("; "))
    url = f"http://127.0.0.1:{stack.port}"
    context.add_cookies([{"name": name, "value": value, "url": url} for name, value in pairs])
    page: Page = context.new_page()
    return page


def one_preview(provider: ExactProvider, stack: Stack, page: Page, photo: Any) -> float:
    edit = people.submit(photo, drawing.mask_png(SIZE, BOX), partial_images=1)
    page.goto(f"http://127.0.0.1:{stack.port}/edits/{edit.pk}/")
    page.wait_for_function(SHOWN, polling=20, timeout=30_000)
    shown_at = time.time()
    sent_at = provider.partials()[-1]
    people.wait_for_success([edit], 60)
    return shown_at - sent_at
