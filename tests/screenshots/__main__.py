# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""make screenshots: pictures of the HTML report in every state, in build/screenshots, and the one of README.

They are for people to look at. Paper needs pdftoppm (Debian: poppler-utils), Japanese a font (fonts-noto-cjk).
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import typing as t
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.browser.chromium import MISSING, chromium, executable
from tests.run.common import ROOT, collections_path
from tests.screenshots.states import STATES

OUT = ROOT / "build" / "screenshots"
README = ROOT / "docs" / "images" / "report.png"


@dataclass(frozen=True)
class Shot:
    """One picture. open: hosts whose evidence is shown."""

    name: str
    state: str
    language: str = "en"
    scheme: t.Literal["light", "dark"] = "light"
    width: int = 1280
    open: tuple[str, ...] = ()
    height: int = 0
    """Of the window; 0 for the whole page."""


SHOTS = (
    Shot("compliant", "compliant"),
    Shot("mixed", "mixed"),
    Shot("evidence", "mixed", open=("win-1", "sol-1", "win-2")),
    Shot("readiness", "readiness"),
    Shot("unfinished", "unfinished"),
    Shot("errors", "errors"),
    Shot("fleet", "fleet"),
    Shot("japanese", "mixed", language="ja", open=("win-1",)),
    Shot("dark", "mixed", scheme="dark", open=("win-1",)),
    Shot("narrow", "mixed", width=390, open=("win-1",)),
    Shot("readme", "mixed", height=1265),
)


def write(state: str, language: str) -> Path:
    """The page of a state."""
    sys.path.insert(0, str(collections_path()))
    from ansible_collections.deep_security.remediation.plugins.plugin_utils._messages import Texts
    from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.html.page import page

    file = OUT / f"{state}-{language}.html"
    file.write_bytes(page(STATES[state](), Texts(language)))
    return file


def opened(browser: Browser, shot: Shot) -> Page:
    """The page in the browser, as the picture needs it."""
    size: t.Any = {"width": shot.width, "height": shot.height or 900}
    tab = browser.new_page(viewport=size, color_scheme=shot.scheme)
    tab.goto(write(shot.state, shot.language).as_uri())
    for host in shot.open:
        tab.locator("#rows button.host", has_text=host).first.click()
    return tab


def print_on_paper(browser: Browser, state: str) -> None:
    """A PDF, and its pages as pictures."""
    tab = opened(browser, Shot("print", state, scheme="dark"))
    file = OUT / f"print-{state}.pdf"
    tab.pdf(path=file, prefer_css_page_size=True, print_background=False)
    if shutil.which("pdftoppm"):
        subprocess.run(["pdftoppm", "-png", "-r", "70", "-l", "6", file, file.with_suffix("")], check=True)
    else:
        print("There is no pdftoppm (Debian: poppler-utils): the PDF has no pictures of its pages.")


def main() -> int:
    """All of them, or those that are named."""
    if executable() is None:
        print(f"No screenshots: {MISSING}.")
        return 1
    OUT.mkdir(parents=True, exist_ok=True)
    chosen = sys.argv[1:]
    with chromium() as browser:
        for shot in SHOTS:
            if not chosen or shot.name in chosen:
                opened(browser, shot).screenshot(path=OUT / f"{shot.name}.png", full_page=not shot.height)
        for state in ("mixed", "fleet"):
            if not chosen or "print" in chosen:
                print_on_paper(browser, state)
    if not chosen or "readme" in chosen:
        README.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(OUT / "readme.png", README)
    print(f"Screenshots: {OUT}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
