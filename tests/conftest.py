"""Fixtures that several test files share: a browser, a page, a JupyterLab."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest
from browser.jupyterlab import JupyterLab, running_lab

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

BROWSER_NAMES = ("chromium", "chromium-browser", "google-chrome")
BROWSER_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
HOW_TO_INSTALL = (
    "no Chromium found. Install one with `apt-get install chromium fonts-noto-cjk`, or with "
    "`playwright install chromium` where the network allows it; ATTENTION_EDU_CHROMIUM may name "
    "any other"
)


@dataclass
class PageRecord:
    """What a page did: `page.record` of the fixture `page`."""

    console_errors: list[str] = field(default_factory=list)
    page_errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what opens a browser, and run its files last.

    Playwright's synchronous interface keeps an event loop running in this thread until the session
    ends. Whatever runs a loop of its own, such as the check of the notebooks, comes before it. Each
    worker takes whole files, in this order.
    """
    browsing = [item for item in items if "chromium" in getattr(item, "fixturenames", ())]
    for item in browsing:
        item.add_marker("browser")
    last = {item.path for item in browsing}
    items.sort(key=lambda item: item.path in last)  # stable: the order within each half stays


def pytest_runtest_setup() -> None:
    """Keep TensorFlow's log handler from closing what pytest captures with.

    Whenever an application of Jupyter sets its logging up, all handlers are closed; that of absl
    closes its stream with it, unless it is the real one.
    """
    absl = sys.modules.get("absl.logging")
    if absl is not None:
        absl.get_absl_handler().python_handler.stream = sys.__stderr__


def absent(what: str) -> NoReturn:
    """Skip the test, or fail it on the machines that must run everything (CI=true)."""
    if os.environ.get("CI") == "true":
        pytest.fail(what, pytrace=False)
    pytest.skip(what)


def chromium_path() -> str | None:
    """Return the browser to test with: the one that the user names, or the first one found."""
    named = os.environ.get("ATTENTION_EDU_CHROMIUM")
    if named:
        return shutil.which(named)
    return next(filter(None, map(shutil.which, BROWSER_NAMES)), None)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A headless Chromium for the whole session."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        absent("Playwright is not installed: `pip install playwright`")
    with sync_playwright() as playwright:
        path = chromium_path()
        own = playwright.chromium.executable_path  # where `playwright install` puts one
        if path is None and not os.environ.get("ATTENTION_EDU_CHROMIUM") and Path(own).exists():
            path = own
        if path is None:
            absent(HOW_TO_INSTALL)
        browser = playwright.chromium.launch(
            headless=True, executable_path=path, args=list(BROWSER_ARGUMENTS)
        )
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """An empty page in a context of its own; `page.record` holds what it did."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    record = PageRecord()
    page.on(
        "console",
        lambda message: (
            record.console_errors.append(message.text) if message.type == "error" else None
        ),
    )
    page.on("pageerror", lambda error: record.page_errors.append(str(error)))
    page.on("request", lambda request: record.requests.append(request.url))
    page.record = record
    yield page
    context.close()


@pytest.fixture(scope="session")
def jupyter_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterLab]:
    """A JupyterLab of its own on this machine, with a copy of the course's notebooks."""
    with running_lab(tmp_path_factory.mktemp("jupyterlab")) as lab:
        yield lab
