# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Puts the collection ansible.windows beside this one, once: from what requirements/collections.txt names.

That package wants a newer Python than the engine here may have; what is taken out of it runs on the hosts, and on every
engine that the collection itself allows.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

from tests.run.common import ROOT, collections_path, run, say

REQUIREMENT = ROOT / "requirements" / "collections.txt"
INSIDE = "ansible_collections/ansible/windows/"


def wanted() -> str:
    """The requirement, without comments."""
    lines = REQUIREMENT.read_text(encoding="utf-8").splitlines()
    return next(line.strip() for line in lines if line.strip() and not line.startswith("#"))


def folder() -> Path:
    """Where the collection is."""
    return collections_path() / INSIDE


def there() -> bool:
    """Whether it is there, in the wanted release."""
    stamp = folder() / "made-from"
    return stamp.exists() and stamp.read_text(encoding="utf-8") == wanted()


def bring() -> str | None:
    """Download and unpack it; a text says why that is not possible."""
    with tempfile.TemporaryDirectory(prefix="collections-") as scratch:
        options = ["--no-deps", "--ignore-requires-python", "--only-binary", ":all:", "--dest", scratch]
        pip: list[str | Path] = [sys.executable, "-m", "pip", "download", "-qq", "--disable-pip-version-check"]
        status, output = run([*pip, *options, wanted()])
        if status:
            return output.strip().splitlines()[-1] if output.strip() else f"pip ended with exit status {status}"
        with zipfile.ZipFile(next(Path(scratch).glob("*.whl"))) as archive:
            archive.extractall(scratch, [name for name in archive.namelist() if name.startswith(INSIDE)])
        new = Path(scratch) / INSIDE
        (new / "made-from").write_text(wanted(), encoding="utf-8")
        target = folder()
        shutil.rmtree(target, ignore_errors=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(new, target)
    return None


def main() -> int:
    """Whatever happens the rest goes on: without it there are no Windows hosts."""
    if not there():
        say("Downloading ansible.windows, once")
        problem = bring()
        if problem:
            say(f"ansible.windows could not be downloaded, so Windows hosts are left out: {problem}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
