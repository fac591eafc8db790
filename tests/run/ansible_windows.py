# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Puts the collections ansible.windows and awx.awx beside this one, once: from what requirements/collections.txt names.

That package wants a newer Python than the engine here may have; what is taken out of it runs on the hosts, or against
the API of AWX, and on every engine that the collection itself allows.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import zipfile
from pathlib import Path

from tests.run.common import ROOT, collections_path, run, say

REQUIREMENT = ROOT / "requirements" / "collections.txt"
INSIDE = ("ansible_collections/ansible/windows/", "ansible_collections/awx/awx/")


def wanted() -> str:
    """The requirement, without comments."""
    lines = REQUIREMENT.read_text(encoding="utf-8").splitlines()
    return next(line.strip() for line in lines if line.strip() and not line.startswith("#"))


def there() -> bool:
    """Whether they are there, in the wanted release."""
    stamps = [collections_path() / inside / "made-from" for inside in INSIDE]
    return all(stamp.exists() and stamp.read_text(encoding="utf-8") == wanted() for stamp in stamps)


def bring() -> str | None:
    """Download and unpack them; a text says why that is not possible."""
    with tempfile.TemporaryDirectory(prefix="collections-") as scratch:
        options = ["--no-deps", "--ignore-requires-python", "--only-binary", ":all:", "--dest", scratch]
        pip: list[str | Path] = [sys.executable, "-m", "pip", "download", "-qq", "--disable-pip-version-check"]
        status, output = run([*pip, *options, wanted()])
        if status:
            return output.strip().splitlines()[-1] if output.strip() else f"pip ended with exit status {status}"
        with zipfile.ZipFile(next(Path(scratch).glob("*.whl"))) as archive:
            archive.extractall(scratch, [name for name in archive.namelist() if name.startswith(INSIDE)])
        for inside in INSIDE:
            new, target = Path(scratch) / inside, collections_path() / inside
            (new / "made-from").write_text(wanted(), encoding="utf-8")
            shutil.rmtree(target, ignore_errors=True)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(new, target)
    return None


def main() -> int:
    """Whatever happens the rest goes on: without them no Windows hosts, and no tests of the role controller."""
    if not there():
        say("Downloading ansible.windows and awx.awx, once")
        problem = bring()
        if problem:
            say(f"ansible.windows and awx.awx could not be downloaded, so what needs them is left out: {problem}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
