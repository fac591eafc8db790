# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finds Python interpreters of this machine for the hosts: never the one of a virtual environment."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

from .fleet import FleetError

QUESTION = (
    "import sys; print('%d.%d' % sys.version_info[:2]); print(getattr(sys, 'base_prefix', sys.prefix)); "
    "print(hasattr(sys, 'real_prefix') or sys.prefix != getattr(sys, 'base_prefix', sys.prefix))"
)


@cache
def ask(path: str) -> tuple[tuple[int, int], str] | None:
    """The version and the prefix of an interpreter, or None if it does not work or belongs to a virtual environment."""
    try:
        done = subprocess.run(
            [path, "-E", "-s", "-c", QUESTION],
            cwd="/",
            check=False,
            timeout=20,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    answer = done.stdout.decode(errors="replace").split("\n")
    if done.returncode != 0 or len(answer) < 3 or answer[2] != "False":
        return None
    major, minor = answer[0].split(".")
    return (int(major), int(minor)), answer[1]


def folders() -> list[Path]:
    home = Path(os.environ.get("HOME", "/"))
    pyenv = Path(os.environ.get("PYENV_ROOT", home / ".pyenv"))
    found = [Path("/usr/bin"), Path("/usr/local/bin"), Path("/bin")]
    for several in (pyenv / "versions", home / ".local/share/uv/python", Path("/opt")):
        with contextlib.suppress(OSError):
            found += sorted(several.glob("*/bin"))
    found.append(Path(sys.base_prefix) / "bin")
    return [folder for folder in found if os.path.isdir(folder)]


def find(name: str | None) -> tuple[str, str]:
    """Path and prefix of the interpreter called `name`; without one, of the first Python >= 3.6."""
    if name is not None and "/" in name:
        known = ask(name)
        if known is None:
            raise FleetError(f"python: {name}: does not run, or belongs to a virtual environment")
        return name, known[1]
    for folder in folders():
        path = folder / (name or "python3")
        known = ask(str(path)) if os.path.exists(path) else None
        if known is not None and (name is not None or known[0] >= (3, 6)):
            return str(path), known[1]
    raise FleetError(f"python: {name or 'Python 3.6 or newer'} was not found in " + ", ".join(map(str, folders())))
