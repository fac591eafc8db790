# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes what ansible-core would send to a Windows host for each scenario.

    python -m tests.workflows.windows.payloads DIR

A Windows host cannot build it itself: Ansible's controller does not run there.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from lab.windows.engine.build import Builder
from tests.workflows.windows.scenarios import SCENARIOS


def main(folder: Path) -> None:
    """A file for each, named by its place: the script that WinRM starts, and what it reads from standard input."""
    folder.mkdir(parents=True, exist_ok=True)
    builder = Builder()
    try:
        for number, one in enumerate(SCENARIOS):
            script, data = builder.module(one.module, one.options, one.check_mode, 0)
            content = json.dumps({"name": one.name, "script": script, "data": data.decode()})
            (folder / f"{number:02}.json").write_text(content, encoding="utf-8")
    finally:
        builder.close()
    print(f"{len(SCENARIOS)} payloads in {folder}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
