# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The playbook gate_host: whatever gives the limit, it is the gate of exactly one host, or nothing is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import report_schema
from tests.conftest import Run

PLAYBOOK = "deep_security.remediation.gate_host"
# Nothing listens on that port: a host that is read is one that does not answer. double is also the name of a group.
INVENTORY = """
all:
  vars: {ansible_host: 127.0.0.1, ansible_port: 1}
  hosts: {web-1: {}, db-1: {}, double: {}}
  children:
    web: {hosts: {web-1: {}}}
    double: {hosts: {db-1: {}}}
"""


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    file = tmp_path / "inventory.yml"
    file.write_text(INVENTORY, encoding="ascii")
    return file


@pytest.mark.parametrize("limit", ["web", "double", "web-1,db-1", "web-1:!db-1", "web-*", None])
def test_other_limits_are_refused(run_playbook: Run, inventory: Path, tmp_path: Path, limit: str | None) -> None:
    done = run_playbook(PLAYBOOK, inventory, {}, *(("--limit", limit) if limit else ()))
    assert done.returncode == 2, done.stdout
    assert "is not the name of one host of the inventory" in done.stdout
    assert "TASK [Read]" not in done.stdout
    assert not (tmp_path / "dsa-reports").exists()


@pytest.mark.parametrize("given", [("--limit", "web-1"), ("-e", "ansible_limit=web-1")], ids=["limit", "variable"])
def test_the_gate_of_one_host(run_playbook: Run, inventory: Path, tmp_path: Path, given: tuple[str, str]) -> None:
    done = run_playbook(PLAYBOOK, inventory, {}, *given)
    assert done.returncode == 2, done.stdout
    assert [each["host"] for each in report_schema.read(tmp_path / "dsa-reports" / "report.json")["hosts"]] == ["web-1"]
