# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The gate by what an inventory says that the Manager knows: no host is there, and nothing may pass by accident."""

from __future__ import annotations

import re
import typing as t
from datetime import datetime, timezone
from pathlib import Path

import pytest
import yaml

from tests import report_schema
from tests.conftest import Run

AFFECTED, FIXED = "20.0.0-4416", "20.0.2-1390"


def computer(number: int, build: str) -> dict[str, t.Any]:
    """dsm_computer of a Linux Agent that spoke to the Manager just now."""
    now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    agent = {
        "installed": True,
        "version": build,
        "version_source": "manager",
        "platform": "linux",
        "os": "linux",
        "activated": True,
        "relay": {"enabled": False, "source": "manager"},
    }
    return {"id": number, "kind": "agent", "last_contact": now, "agent": agent}


def by_manager(number: int, build: str) -> dict[str, t.Any]:
    """A host whose dsa_source in the inventory is the Manager."""
    return {"dsa_source": "manager", "dsm_computer": computer(number, build)}


@pytest.mark.parametrize(
    ("hosts", "extra", "arguments", "status"),
    [
        # As an extra variable: all hosts as one.
        ({"a": {"dsm_computer": computer(1, FIXED)}}, {"dsa_source": "manager"}, (), 0),
        (
            {"a": {"dsm_computer": computer(1, FIXED)}, "b": {"dsm_computer": computer(2, AFFECTED)}},
            {"dsa_source": "manager"},
            (),
            2,
        ),
        # One that the Manager does not know is not known to comply.
        ({"a": {"dsm_computer": computer(1, FIXED)}, "b": {}}, {"dsa_source": "manager"}, (), 2),
        (
            {"a": {"dsm_computer": computer(1, FIXED)}, "b": {"dsm_computer": computer(2, AFFECTED)}},
            {"dsa_source": "manager"},
            ("--limit", "a"),
            0,
        ),
        # By the inventory, for some hosts only: the others are read, here in vain or not at all.
        ({"a": by_manager(1, FIXED), "b": by_manager(2, FIXED)}, {}, (), 0),
        ({"a": by_manager(1, FIXED), "b": by_manager(2, AFFECTED)}, {}, (), 2),
        ({"a": {"__assess_result": {"agent": computer(1, FIXED)["agent"]}}, "b": by_manager(2, AFFECTED)}, {}, (), 2),
        ({"a": by_manager(2, AFFECTED), "b": {"__assess_result": {"agent": computer(1, FIXED)["agent"]}}}, {}, (), 2),
        ({"a": by_manager(1, AFFECTED)}, {"dsa_gate": False}, (), 0),
    ],
)
def test_the_exit_status_says_whether_the_fleet_complies(
    run_playbook: Run,
    tmp_path: Path,
    hosts: dict[str, t.Any],
    extra: dict[str, t.Any],
    arguments: tuple[str, ...],
    status: int,
) -> None:
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(yaml.safe_dump({"all": {"hosts": hosts}}), encoding="utf-8")
    done = run_playbook("deep_security.remediation.gate", inventory, extra, *arguments)
    assert done.returncode == status, done.stdout
    report = report_schema.read(tmp_path / "dsa-reports" / "report.json")
    wanted = {"a"} if arguments else set(hosts)
    assert {outcome["host"] for outcome in report["hosts"]} == wanted
    assert report["passed"] == (status == 0 and "dsa_gate" not in extra)
    # AWX and the recap show these hosts as failed, and no other.
    failed = {line.split()[0] for line in done.stdout.splitlines() if re.search(r" : ok=.* failed=[1-9]", line)}
    not_passed = {outcome["host"] for outcome in report["hosts"] if not outcome["passed"]}
    assert failed == (not_passed if status else set())


def test_of_two_managers_both_must_have_been_read(run_playbook: Run, tmp_path: Path) -> None:
    """One whose inventory could not be read leaves its hosts out, and the rest would pass for all."""
    hosts = tmp_path / "hosts.yml"
    read, unread = tmp_path / "a.dsm.yml", tmp_path / "b.dsm.yml"
    for path in (read, unread):
        path.write_text("plugin: deep_security.remediation.dsm\nurl: https://127.0.0.1:1\napi_key: none\n")
    everybody = {"hosts": {"a": by_manager(1, FIXED)}, "vars": {"dsm_inventories": [str(read)]}}
    hosts.write_text(yaml.safe_dump({"all": everybody}), encoding="utf-8")
    done = run_playbook("deep_security.remediation.gate", hosts, {"dsa_source": "manager"}, "-i", str(unread))
    assert done.returncode == 2, done.stdout
    # A path that is longer than a line is broken.
    text = f"the Manager's inventory {unread} could not be read"
    assert "".join(text.split()) in "".join(done.stdout.split())
