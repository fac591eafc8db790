# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""make matrix: the tests marked "matrix" with every supported ansible-core that the Pythons of this machine allow.

python -m tests.run.matrix ends: with the oldest and the newest of them, as part of make test.
"""

from __future__ import annotations

import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.pythons import interpreters
from tests.run.common import FAILED, SKIPPED, Tally, environment, requirement, run, say, tally_of, venv

# Which Pythons can drive a release; the first that is found is taken. The order spreads the round over the Pythons.
CORES = {
    "2.16": ("3.10", "3.11", "3.12"),
    "2.18": ("3.11", "3.12", "3.13"),
    "2.19": ("3.13", "3.12", "3.11"),
    "2.20": ("3.12", "3.13", "3.14"),
    "2.21": ("3.14", "3.13", "3.12"),
}
# Where the marked tests are: to look through all the others takes longer than to run these.
MARKED = ("tests/artifact", "tests/integration/matrix", "tests/powershell/test_forms.py")
# pytest's status when nothing is marked.
NO_TESTS = 5


def one_core(core: str) -> tuple[Tally, str]:
    """One release: what came of it, and what to say about it."""
    version = next((version for version in CORES[core] if version in interpreters()), None)
    if version is None:
        return SKIPPED, f"skipped core {core}: needs one of Python {', '.join(CORES[core])}; none found"
    start = time.monotonic()
    try:
        venv_bin = venv(f"core-{core}", interpreters()[version], [f"ansible-core=={core}.*", *requirement("test")])
    except RuntimeError as error:
        return FAILED, f"FAILED core {core}: no environment for it: {error}"
    with tempfile.TemporaryDirectory(prefix="matrix-") as folder:
        report = Path(folder) / "report.xml"
        arguments = ["-q", "-m", "matrix", *MARKED, "-p", "no:cacheprovider", "--junitxml", str(report)]
        status, output = run([venv_bin / "python", "-m", "pytest", *arguments], environment(venv_bin))
        if status == NO_TESTS:
            return SKIPPED, f"skipped core {core}: no test is marked matrix"
        tally = tally_of(report, status)
    took = f"core {core} on Python {version}: {tally} ({time.monotonic() - start:.1f} s)"
    return tally, f"ok     {took}" if not status else f"FAILED {took}\n{output}"


def ends() -> list[str]:
    """The oldest and the newest ansible-core that can be run here; what cannot be run stays, so that it is reported."""
    found = [core for core, pythons in CORES.items() if set(pythons) & interpreters().keys()] or list(CORES)
    return list(dict.fromkeys((found[0], found[-1])))


def main(which: str = "all") -> Tally:
    """These, two at a time."""
    total = Tally()
    with ThreadPoolExecutor(max_workers=2) as pool:
        for tally, text in pool.map(one_core, ends() if which == "ends" else CORES):
            say(text)
            total += tally
    return total


if __name__ == "__main__":
    result = main(*sys.argv[1:])
    say(str(result))
    sys.exit(1 if result.failed else 0)
