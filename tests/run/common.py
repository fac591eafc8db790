# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the scripts behind make share. Standard library only: they also run before anything is installed."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache"
# What runs PowerShell without a lab: in one process, with one warm engine. The last file ends the processes of that.
POWERSHELL = (
    "tests/powershell",
    "tests/workflows",
    "tests/lab/test_twins.py",
    "tests/lab/test_engine_standins.py",
    "tests/lab/test_engine.py",
)
# File of tests → what it took, in seconds. The longest starts first, or the last process would run it alone.
DURATIONS = ROOT / "tests" / "durations.json"
NAMESPACE, NAME = "deep_security", "remediation"


@dataclass(frozen=True)
class Tally:
    """How many checks ended how."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


PASSED, FAILED, SKIPPED = Tally(passed=1), Tally(failed=1), Tally(skipped=1)


def say(text: str) -> None:
    """Prints at once, so that lines keep their order among those of the programs started here."""
    print(text, flush=True)


def collections_path() -> Path:
    """A folder for ANSIBLE_COLLECTIONS_PATH in which the collection is a link to this repository."""
    path = ROOT / ".venv" / "collections"
    link = path / "ansible_collections" / NAMESPACE / NAME
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink() or link.resolve() != ROOT:
        # Made beside and renamed: several test workers may come by at once.
        new = link.with_name(f"{NAME}.{os.getpid()}")
        new.symlink_to(ROOT)
        new.replace(link)
    return path


def environment(venv_bin: Path | None = None) -> dict[str, str]:
    """The environment for the tools: the collection is found, and no setting of the person who runs this is."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    env.pop("PYTHONPATH", None)
    # What is installed is compiled when it is first imported (--no-compile); kept, or every process would compile anew.
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    env["ANSIBLE_COLLECTIONS_PATH"] = str(collections_path())
    env["PATH"] = f"{venv_bin or Path(sys.executable).parent}{os.pathsep}{env['PATH']}"
    return env


def run(command: Sequence[str | Path], env: Mapping[str, str] | None = None, cwd: Path = ROOT) -> tuple[int, str]:
    """Runs a command to its end; its exit status and everything it printed."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment() if env is None else env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    return done.returncode, done.stdout


def check(name: str, command: Sequence[str | Path], env: Mapping[str, str] | None = None, cwd: Path = ROOT) -> Tally:
    """Runs a command as one check: one line when it passes, all of its output when it does not."""
    start = time.monotonic()
    status, output = run(command, env, cwd)
    say(f"{'ok    ' if status == 0 else 'FAILED'} {name} ({time.monotonic() - start:.1f} s)")
    if status:
        say(f"{output.rstrip()}\n{name} ended with exit status {status}")
    return FAILED if status else PASSED


def skip(name: str, reason: str) -> Tally:
    """Says that a check was left out, and why."""
    say(f"skipped {name}: {reason}")
    return SKIPPED


def venv(name: str, python: Path, requirements: Sequence[str]) -> Path:
    """The bin folder of a virtual environment under .cache, made now unless it is there and still fits."""
    folder = CACHE / name
    content = "".join(path.read_text() for path in sorted((ROOT / "requirements").glob("*.txt")))
    wanted = hashlib.sha256(repr((str(folder), str(python), list(requirements), content)).encode()).hexdigest()
    stamp = folder / "made-from"
    if not stamp.exists() or stamp.read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        # The pip that is here serves them all: to install one into each costs more than what they need.
        make: list[str | Path] = [python, "-m", "venv", "--without-pip", folder]
        pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "--disable-pip-version-check"]
        fill: list[str | Path] = [*pip, "install", "-qq", "--no-compile", *requirements]
        for command in (make, fill):
            status, output = run(command)
            if status:
                raise RuntimeError(f"{' '.join(map(str, command))} ended with exit status {status}:\n{output}")
        stamp.write_text(wanted)
    return folder / "bin"


def requirement(name: str) -> list[str]:
    """pip's arguments for one of the files in requirements/."""
    return ["-r", str(ROOT / "requirements" / f"{name}.txt")]


def files_of_the_project() -> list[str]:
    """What git keeps or would keep: no leftovers of builds and tools. Paths below the repository."""
    status, output = run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"])
    if status:
        raise RuntimeError(f"This needs git and a clone of the repository (apt-get install git). git said:\n{output}")
    return sorted({name for name in output.split("\0") if name and (ROOT / name).is_file()})


def tally_of(report: Path, status: int) -> Tally:
    """The numbers in pytest's report. A status that the numbers do not explain counts as one more failure."""
    tally = Tally()
    if report.exists():
        for suite in ElementTree.parse(report).getroot().iter("testsuite"):
            count = {name: int(suite.get(name, "0")) for name in ("tests", "failures", "errors", "skipped")}
            failed = count["failures"] + count["errors"]
            tally += Tally(count["tests"] - failed - count["skipped"], failed, count["skipped"])
    return tally + FAILED if status and not tally.failed else tally
