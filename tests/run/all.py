# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""make test: everything, in order, to the end even when something fails; the last line sums all of it up."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.run import importer, lint, matrix, sanity
from tests.run.common import FAILED, ROOT, Tally, environment, say, tally_of


def pytest() -> Tally:
    """All tests but those of the matrix, which is a stage of its own.

    A file stays in one process, since its tests may share a fleet. They wait a lot: hence more processes than cores.
    """
    with tempfile.TemporaryDirectory(prefix="pytest-") as folder:
        report = Path(folder) / "report.xml"
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-m",
            "not matrix",
            "-n",
            "3",
            "--dist",
            "loadfile",
            "--durations",
            "10",
        ]
        status = subprocess.run(
            [*command, "--junitxml", str(report)], cwd=ROOT, env=environment(), stdin=subprocess.DEVNULL, check=False
        ).returncode
        return tally_of(report, status)


STAGES: dict[str, Callable[[], Tally]] = {
    "lint": lint.main,
    "tests": pytest,
    "sanity": lambda: sanity.main([]),
    "importer": importer.main,
    "matrix": matrix.main,
}


def main() -> int:
    """Every stage; a stage that breaks down is a failure and does not keep the next one from running."""
    lines = []
    total = Tally()
    for name, stage in STAGES.items():
        say(f"\n== {name}")
        start = time.monotonic()
        try:
            tally = stage()
        except Exception as error:
            say(f"{name} broke down: {error}")
            tally = FAILED
        total += tally
        lines.append(f"{name:10} {tally} ({time.monotonic() - start:.0f} s)")
    say("\n== summary\n" + "\n".join(lines))
    say(str(total))
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main())
