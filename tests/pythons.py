# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which Pythons this machine has: python -m tests.pythons prints them."""

from __future__ import annotations

import functools
import os
import subprocess
from pathlib import Path

VERSIONS = ("2.7", "3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14")
# A virtual environment's own is none of the machine's, by whatever name it is reached.
_WHO = """
import sys
if sys.prefix != getattr(sys, "base_prefix", sys.prefix):
    sys.exit(1)
print("%d.%d %s" % (sys.version_info[0], sys.version_info[1], sys.executable))
"""


@functools.cache
def interpreters() -> dict[str, Path]:
    """Every Python of VERSIONS on PATH or among pyenv's, oldest first: {"3.6": Path("/usr/bin/python3.6")}.

    The distribution's own stands before others of its version, for the reason that is in tests/run/venv.sh.
    """
    folders = [Path("/usr/bin")]
    folders += [Path(folder) for folder in os.environ["PATH"].split(os.pathsep) if folder]
    # os.path answers "no" for a folder of somebody else, where pathlib raises.
    folders = [folder for folder in folders if not os.path.exists(folder.parent / "pyvenv.cfg")]
    # The scripts of pyenv take longer than all else, and those that run a Python run one of its versions below.
    folders = [folder for folder in folders if folder.name != "shims"]
    folders += sorted(Path.home().glob(".pyenv/versions/*/bin"), reverse=True)
    found: dict[str, Path] = {}
    for version in VERSIONS:
        for folder in folders:
            python = _real(folder / f"python{version}", version)
            if python:
                found[version] = python
                break
    return found


def _real(candidate: Path, version: str) -> Path | None:
    """The interpreter behind a name, if it runs: the shims of pyenv are there for every version and run few."""
    if not os.access(candidate, os.X_OK):
        return None
    try:
        done = subprocess.run([candidate, "-c", _WHO], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    said, dummy, path = done.stdout.strip().partition(" ")
    return Path(path) if done.returncode == 0 and said == version and path else None


if __name__ == "__main__":
    for name, where in interpreters().items():
        print(f"{name:5} {where}")
