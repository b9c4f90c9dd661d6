"""A page of a made-up run in headless Chromium, for tests of what a reader sees and does."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import ape
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"


Made = TypeVar("Made", bound=Callable[..., Any])


def module_fixture(make: Made) -> Made:
    """A fixture of a module that touches no chain: ape would otherwise roll its own back around it."""
    made: Made = ape.fixture(scope="module", chain_isolation=False)(make)
    return made


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's browser; a test without one is skipped."""
    binary = shutil.which("chromium")
    if binary is None:
        pytest.skip("chromium is not installed: `apt-get install chromium` brings the browser that this test drives")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=binary, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@dataclass
class Seen:
    """What a page said and asked for while it was open."""

    messages: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@contextmanager
def opened(
    browser: Browser, file: Path, *, width: int = 1280, dark: bool = False, fragment: str = ""
) -> Iterator[tuple[Page, Seen]]:
    """A page in a window of its own, with whatever it writes to the console or asks of a host."""
    window = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light", accept_downloads=True
    )
    page, seen = window.new_page(), Seen()
    page.on("console", lambda message: seen.messages.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: seen.messages.append(f"error: {error}"))
    local = ("file:", "data:", "blob:")
    page.on("request", lambda sent: None if sent.url.startswith(local) else seen.requests.append(sent.url))
    page.goto(file.as_uri() + fragment)
    yield page, seen
    window.close()


def serious(page: Page) -> list[str]:
    """Places where axe finds something serious or critical."""
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: `make setup` brings it")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[dict[str, Any]] = page.evaluate("axe.run().then((found) => found.violations)")
    return [
        f"{one['id']}: {json.dumps([node['target'] for node in one['nodes']][:3])}"
        for one in found
        if one["impact"] in ("serious", "critical")
    ]
