# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the report of a large fleet costs in each format and language, in a process of its own."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
import typing as t
from collections.abc import Callable
from functools import partial
from pathlib import Path

import tests.conftest  # noqa: F401 - puts the collection on the path
from tests.documents import fleet

Made = t.TypeVar("Made")
HOSTS, NOT_PASSED = 10_000, 1_000


def reports() -> None:
    """Print a table for each language."""
    for language in ("en", "ja"):
        subprocess.run([sys.executable, "-m", "tests.bench.report", language], check=True)


def measure(language: str) -> None:
    """Make the document and every format of it, then write all as a run does."""
    from ansible_collections.deep_security.remediation.plugins.plugin_utils._messages import Texts
    from ansible_collections.deep_security.remediation.plugins.plugin_utils._report import Report
    from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.files import write
    from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.formats import FORMATS

    report, texts = Report.from_dict(fleet(HOSTS, NOT_PASSED)), Texts(language)
    print(f"\n{HOSTS} hosts, {NOT_PASSED} of them not passing, {language}: wall s, CPU s, MB")
    line("document", report.as_dict)
    document = report.as_dict()
    for name, format_ in FORMATS.items():
        line(name, partial(format_.face, document, texts))
    with tempfile.TemporaryDirectory(prefix="dsa-bench-") as folder:
        written = line("all, written", lambda: write(document, Path(folder) / "report.json", FORMATS, texts))
        if written.problem:
            sys.exit(written.problem)
        print("html in a browser: ", end="", flush=True)
        subprocess.run([sys.executable, "-m", "tests.browser.opening", Path(folder) / "report.html"], check=False)
    print(f"memory at most: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB", flush=True)


def line(name: str, work: Callable[[], Made]) -> Made:
    """Print what it costs, and the size of bytes; give what it made."""
    wall, cpu = time.perf_counter(), time.process_time()
    made = work()
    size = f"{len(made) / 1e6:8.2f}" if isinstance(made, bytes) else ""
    print(f"{name:14}{time.perf_counter() - wall:6.2f}{time.process_time() - cpu:8.2f}{size}")
    return made


if __name__ == "__main__":
    measure(sys.argv[1])
