# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long a report takes until it can be used: python -m tests.browser.opening report.html"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import Browser

from tests.browser.chromium import MISSING, chromium, executable

# From the beginning of the navigation; the search is one that no host matches, which goes through all texts.
_MEASURE = """() => {
  const opened = performance.getEntriesByType("navigation")[0].domContentLoadedEventEnd;
  const began = performance.now();
  const find = document.getElementById("find");
  find.value = "nowhere";
  find.dispatchEvent(new Event("input"));
  const searched = performance.now() - began;
  return new Promise((resolve) => requestAnimationFrame(() => resolve([opened, searched])));
}"""


def seconds(browser: Browser, file: Path) -> tuple[float, float]:
    """Until the table can be used, and for the first search in it."""
    tab = browser.new_page()
    tab.goto(file.absolute().as_uri())
    opened, searched = tab.evaluate(_MEASURE)
    tab.close()
    return opened / 1000, searched / 1000


def main() -> int:
    """Measure one file."""
    if executable() is None:
        print(f"Not measured: {MISSING}.")
        return 1
    with chromium() as browser:
        opened, searched = seconds(browser, Path(sys.argv[1]))
    print(f"opened in {opened:.2f} s, searched in {searched:.2f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
