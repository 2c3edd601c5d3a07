"""Chromium's windows for tests: started lean, and used again with all that a test left taken away.

A context that has shown the app before has its scripts in its cache, which halves what a page costs.
What a test cannot be rid of (routes, scripts for each page, permissions, a clock) ends with its context.
"""

import json
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page

USUAL = {"viewport": {"width": 1440, "height": 900}}
MOST_KEPT = 6
STORED = "cookies,local_storage,indexeddb,cache_storage,service_workers,file_systems"

# Playwright's own list, which ours would replace, then what only Chromium's own interface needs: it
# would start a process with each window for suggestions under an address bar that nobody sees.
FEATURES_OFF = (
    "AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable", "LensOverlay", "MediaRouter", "PaintHolding",
    "ThirdPartyStoragePartitioning", "AvoidCorsURLLoaderRestartOnRedirect", "OptimizationHints",
    "NetworkTimeServiceQuerying", "AimEnabled", "PreconnectToSearch",
    "WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "PreloadTopChromeWebUI",
)  # fmt: skip
ARGUMENTS = ["--no-sandbox", "--disable-gpu", f"--disable-features={','.join(FEATURES_OFF)}"]

LASTING = (
    "add_init_script", "expose_binding", "expose_function", "grant_permissions", "on", "once",
    "route", "route_from_har", "route_web_socket", "set_extra_http_headers", "set_geolocation",
    "set_offline",
)  # fmt: skip
CLOCK = ("install", "fast_forward", "pause_at", "run_for", "set_fixed_time", "set_system_time")


class Window:
    """A context that knows whether somebody else may have it after this test."""

    def __init__(self, context: BrowserContext, options: str) -> None:
        self.context = context
        self.options = options
        self.is_changed = False
        self.was_used = False
        context.set_default_timeout(15_000)
        for name in LASTING:
            self._watch(context, name)
        for name in CLOCK:
            self._watch(context.clock, name)

    def page(self, origin: str) -> Page:
        page = self.context.new_page()
        if self.was_used:
            session = self.context.new_cdp_session(page)
            session.send("Storage.clearDataForOrigin", {"origin": origin, "storageTypes": STORED})
            session.detach()
        self.was_used = True
        return page

    def empty(self) -> None:
        for page in self.context.pages:
            page.close()
        self.context.clear_cookies()

    def _watch(self, owner: Any, name: str) -> None:
        method = getattr(owner, name)

        def watched(*values: Any, **named: Any) -> Any:
            self.is_changed = True
            return method(*values, **named)

        setattr(owner, name, watched)


class Windows:
    """Of one browser: those that are free are kept, the last used ones first."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.free: list[Window] = []

    def take(self, base_url: str, **options: Any) -> Window:
        wanted = {"base_url": base_url, **USUAL, **options}
        written = json.dumps(wanted, sort_keys=True, default=str)
        for window in self.free:
            if window.options == written:
                self.free.remove(window)
                return window
        return Window(self.browser.new_context(**wanted), written)

    def give_back(self, window: Window) -> None:
        if window.is_changed:
            window.context.close()
            return
        window.empty()
        self.free.insert(0, window)
        for old in self.free[MOST_KEPT:]:
            old.context.close()
        del self.free[MOST_KEPT:]
