# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tests of the PowerShell, with the lines that they run: `python -m tests.run.powershell [ARGUMENT of pytest ...]`.

A line counts where a statement begins on it. Ends with 1 where a test fails, or where fewer lines are run than LEAST.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from lab.windows.engine import missing
from lab.windows.engine.coverage import PLUGINS, VARIABLE, Places
from tests import warm
from tests.run.common import POWERSHELL, say

DEFAULT = ["-m", "not matrix", "--durations", "10", *POWERSHELL]
# Where the hosts are. PowerShell lists every folder above its own at each task; that of other temporary files may have
# thousands of entries, which took a tenth of the processor time.
HOSTS = "/var/tmp"
# In percent, of all files together.
LEAST = 95.0


def ranges(lines: set[int]) -> str:
    """Lines as a person reads them: 3, 7-9."""
    parts: list[list[int]] = []
    for line in sorted(lines):
        if parts and line == parts[-1][1] + 1:
            parts[-1][1] = line
        else:
            parts.append([line, line])
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in parts)


def report(found: Mapping[str, tuple[Places, Places]]) -> float:
    """Show what was run of each file and in all; the share of lines in percent.

    A line is run where every statement that begins on it is: in `if (...) { return }` the second one counts too.
    """
    seen, total = [0, 0], [0, 0]
    for name, (hit, places) in found.items():
        lines = {line for line, dummy in places}
        missed = {line for line, dummy in places - hit}
        tail = f", not run: {ranges(missed)}" if missed else ""
        say(f"{name:40} {len(lines - missed):4} of {len(lines):4} lines{tail}")
        seen = [seen[0] + len(lines - missed), seen[1] + len(hit)]
        total = [total[0] + len(lines), total[1] + len(places)]
    shares = [100 * part / whole for part, whole in zip(seen, total, strict=True)]
    kinds = zip(("lines", "statements"), seen, total, shares, strict=True)
    say("PowerShell: " + ", ".join(f"{run} of {all_of} {kind} ({share:.1f} %)" for kind, run, all_of, share in kinds))
    return shares[0]


def main(arguments: list[str]) -> int:
    """The exit status. Without pwsh the tests that need it skip themselves, and nothing is counted."""
    with tempfile.NamedTemporaryFile() as file, tempfile.TemporaryDirectory(dir=HOSTS) as hosts:
        if not missing():
            os.environ[VARIABLE] = file.name
        options = ["-q", "-p", "no:cacheprovider", "--basetemp", f"{hosts}/hosts"]
        status = int(pytest.main([*options, *(arguments or DEFAULT)]))
        if missing():
            say(f"lines of PowerShell are not counted: {missing()}")
            return status
        # That of the tests: one more would have to become warm.
        share = report(warm.engine().coverage(PLUGINS, Path(file.name)))
    if share < LEAST:
        say(f"FAILED: less than {LEAST:g} % of the lines of PowerShell were run")
    return status or int(share < LEAST)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
