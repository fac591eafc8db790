# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A browser, and a report opened in it as a file. A test that leaves an error in the console or a request fails."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from ansible_collections.deep_security.remediation.plugins.plugin_utils._messages import Texts
from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.html.page import page
from tests.browser.chromium import MISSING, chromium, executable

Open = Callable[..., Page]


# While it is open there is a running event loop, in which no other test of this process could run one of its own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if executable() is None:
        pytest.skip(MISSING)
    with chromium() as found:
        yield found


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """opened(document, language, **settings of the browser) is its page."""
    contexts = []
    seen: list[str] = []

    def open_it(document: Mapping[str, t.Any], language: str = "en", **settings: t.Any) -> Page:
        file = tmp_path / "report.html"
        file.write_bytes(page(document, Texts(language)))
        context = browser.new_context(accept_downloads=True, reduced_motion="reduce", **settings)
        contexts.append(context)
        tab = context.new_page()
        tab.on("console", lambda message: seen.append(f"console: {message.text}"))
        tab.on("pageerror", lambda error: seen.append(f"error: {error}"))
        tab.on("dialog", lambda dialog: seen.append(f"dialog: {dialog.message}"))
        tab.on("request", lambda request: seen.append(request.url))
        tab.goto(file.as_uri())
        return tab

    yield open_it
    for context in contexts:
        context.close()
    # The file itself, and what the page makes for its own export, is no request to anywhere.
    own = (f"{tmp_path.as_uri()}/report.html", "blob:")
    assert [each for each in seen if not each.startswith(own)] == []
