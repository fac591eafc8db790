# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""make check, make test and make test-all: stages side by side, each to its end, whatever the others do.

    python -m tests.run.all check|test|all [STAGE ...]

.venv has to hold its pip and the collections alone: this fills it. Logs are kept in build/logs. The last line sums
everything up. With KEEP_DURATIONS=1 what each file of tests took is written to tests/durations.json, by which the
longest file starts first the next time.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from tests.run.common import DURATIONS, POWERSHELL, ROOT, Tally, environment, say

LOGS = ROOT / "build" / "logs"
TESTS = ("pytest", "-q", "-m", "not matrix", "--durations", "10")
# Stages of their own.
SEPARATE = [f"--ignore={folder}" for folder in ("tests/unit", *POWERSHELL)]
# A file of fleets stays in one process, since its tests share a fleet. Fleets wait: hence more processes than cores.
FLEETS = (*TESTS, "-n", "3", "--dist", "loadfile", "--no-loadscope-reorder", *SEPARATE, "tests")
UNITS = (*TESTS, "tests/unit")
# Two processes are sooner done, and collect the tests twice: worth it where there is time left of the second processor.
UNITS_AT_ONCE = (*TESTS, "-n", "2", "--dist", "worksteal", "tests/unit")
# Longest first: the order in which they start. Each is the arguments of Python's -m.
STAGES: Mapping[str, Mapping[str, Sequence[str]]] = {
    "check": {"lint": ("tests.run.lint",), "unit": UNITS_AT_ONCE},
    "test": {
        "fleets": FLEETS,
        "sanity": ("tests.run.sanity", "ends"),
        "matrix": ("tests.run.matrix", "ends"),
        "powershell": ("tests.run.powershell",),
        "unit": UNITS,
        "importer": ("tests.run.importer",),
        "lint": ("tests.run.lint",),
    },
    "all": {
        "fleets": FLEETS,
        "sanity": ("tests.run.sanity",),
        "matrix": ("tests.run.matrix", "all"),
        "powershell": ("tests.run.powershell",),
        "mutants": ("tests.mutants",),
        "unit": UNITS,
        "importer": ("tests.run.importer",),
        "lint": ("tests.run.lint",),
    },
}
# Fleets have time limits, sanity and powershell are long rows; the rest takes the time that they leave.
FIRST = ("fleets", "sanity", "powershell")
# They have environments of their own, and begin while pip fills .venv, which is waiting for most of the time.
ALONE = ("sanity", "matrix", "importer")
# How often what is not a terminal gets a line about the stages that run, in seconds.
PAUSE = 60
SLOWEST = 10
_COUNT = re.compile(r"(\d+) (passed|failed|skipped|errors?)\b")
_PROGRESS = re.compile(r"\[ *\d+%\]|Running sanity test .*|(?:ok|FAILED) .*")


@dataclass
class Stage:
    """One stage while it runs and after it."""

    name: str
    process: subprocess.Popen[bytes]
    began: float = field(default_factory=time.monotonic)
    seconds: float | None = None
    computed: float = 0

    @property
    def log(self) -> Path:
        """What it prints."""
        return LOGS / f"{self.name}.log"

    @property
    def junit(self) -> Path:
        """pytest's report, where it is pytest that runs."""
        return LOGS / f"{self.name}.xml"

    def ended(self) -> bool:
        """True once, when it has ended. Its CPU time is that of all that it has waited for."""
        if self.seconds is not None:
            return False
        ended, status, usage = os.wait4(self.process.pid, os.WNOHANG)
        if not ended:
            return False
        self.process.returncode = os.waitstatus_to_exitcode(status)
        self.seconds = time.monotonic() - self.began
        self.computed = usage.ru_utime + usage.ru_stime
        return True

    def line(self) -> str:
        """Its name, its state and its time."""
        passed = self.process.returncode == 0
        state = "running" if self.seconds is None else "ok" if passed else "FAILED"
        if self.seconds is None:
            return f"{self.name:10} {state:8} {time.monotonic() - self.began:4.0f} s  {self.progress()}"
        return f"{self.name:10} {state:8} {self.seconds:4.0f} s, CPU {self.computed:4.0f} s  {self.tally()}"

    def progress(self) -> str:
        """The share of the tests that is done, or the last check."""
        found = _PROGRESS.findall(self.log.read_text(encoding="utf-8", errors="replace"))
        return found[-1][:80] if found else ""

    def tally(self) -> Tally:
        """The numbers in the last line that has some. A failed stage without a failure counts as one."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        last = next((found for line in reversed(lines) if (found := _COUNT.findall(line))), [])
        count: Counter[str] = Counter()
        for number, what in last:
            count["failed" if what.startswith("error") else what] += int(number)
        failed = max(count["failed"], 1) if self.process.returncode else count["failed"]
        return Tally(count["passed"], failed, count["skipped"])


def start(name: str, arguments: Sequence[str]) -> Stage:
    """Start a stage in a session of its own, so that all that it starts can be ended with it."""
    if arguments[0] == "pytest":
        arguments = (*arguments, "--junitxml", str(LOGS / f"{name}.xml"))
    polite = [] if name in FIRST else ["nice", "-n", "10"]
    with (LOGS / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            [*polite, sys.executable, "-m", *arguments],
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    if polite:
        # Where Linux groups processes by session it weighs those groups, and "nice" changes nothing between stages.
        with suppress(OSError):
            Path(f"/proc/{process.pid}/autogroup").write_text("10", encoding="ascii")
    return Stage(name, process)


def watch(stages: Sequence[Stage]) -> None:
    """Show each stage as it ends, and on the way there where they are."""
    shown = time.monotonic()
    while any(stage.seconds is None for stage in stages):
        for stage in stages:
            if stage.ended():
                say(stage.line())
        if time.monotonic() - shown >= PAUSE:
            shown = time.monotonic()
            for stage in stages:
                if stage.seconds is None:
                    say(stage.line())
        time.sleep(0.2)


def measured(stages: Sequence[Stage]) -> tuple[Counter[str], Counter[str]]:
    """Seconds by test and by file, of every test that pytest ran."""
    tests: Counter[str] = Counter()
    files: Counter[str] = Counter()
    for stage in stages:
        if stage.junit.exists():
            for case in ElementTree.parse(stage.junit).getroot().iter("testcase"):
                seconds = float(case.get("time", "0"))
                name = case.get("classname", "")
                tests[f"{name}::{case.get('name')}"] += seconds  # type: ignore[assignment]
                files[name] += seconds  # type: ignore[assignment]
    return tests, files


def main(suite: str, *chosen: str) -> int:
    """The stages of a suite, or those of them that are chosen."""
    wanted = {name: arguments for name, arguments in STAGES[suite].items() if not chosen or name in chosen}
    LOGS.mkdir(parents=True, exist_ok=True)
    for old in LOGS.iterdir():
        old.unlink()
    # Without this a "kill" would leave the stages behind; Ctrl-C ends in the same way.
    signal.signal(signal.SIGTERM, lambda *dummy: sys.exit(1))
    say(f"Side by side: {', '.join(wanted)}")
    stages = [start(name, arguments) for name, arguments in wanted.items() if name in ALONE]
    try:
        if subprocess.run(["sh", "tests/run/venv.sh", "lint"], cwd=ROOT, check=False).returncode:
            return 1
        stages += [start(name, arguments) for name, arguments in wanted.items() if name not in ALONE]
        watch(stages)
    finally:
        for stage in stages:
            if stage.seconds is None:
                os.killpg(stage.process.pid, signal.SIGTERM)
    for stage in stages:
        if stage.process.returncode:
            say(f"\n== {stage.name} failed\n{stage.log.read_text(encoding='utf-8', errors='replace').rstrip()}")
    tests, files = measured(stages)
    say("\nThe slowest tests, with what they prepare for others:")
    for name, took in tests.most_common(SLOWEST):
        say(f"{took:6.1f} s  {name}")
    if os.environ.get("KEEP_DURATIONS"):
        kept = {name: round(took, 1) for name, took in sorted(files.items()) if took >= 1}
        DURATIONS.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    say("")
    total = Tally()
    for stage in stages:
        say(stage.line())
        total += stage.tally()
    say(str(total))
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
