# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Windows host is not read yet: it is unknown, with the reason, and never passes."""

from __future__ import annotations

import json
from pathlib import Path

from tests.conftest import Run


def test_a_windows_host_is_unknown_and_said_so(run_playbook: Run, tmp_path: Path) -> None:
    inventory = tmp_path / "inventory.yml"
    inventory.write_text(
        "all: {hosts: {win1: {ansible_connection: winrm, ansible_host: 127.0.0.1}}}\n", encoding="utf-8"
    )
    done = run_playbook("deep_security.remediation.gate", inventory)
    assert done.returncode == 2, done.stdout
    report = json.loads((tmp_path / "dsa-reports" / "report.json").read_text(encoding="utf-8"))
    assert report["hosts"][0]["verdict"] == "unknown"
    assert "does not read Windows hosts" in report["hosts"][0]["reason"]
