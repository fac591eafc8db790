# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host that does not pass fails, with its reason; no other host does."""

from __future__ import annotations

from ansible_collections.deep_security.remediation.plugins.action import dsa_gate
from ansible_collections.deep_security.remediation.plugins.plugin_utils._ansible import report
from tests.builders import AFFECTED, FIXED, record
from tests.unit.controller import Controller


def test_a_host_that_does_not_pass_fails_with_its_reason(controller: Controller) -> None:
    run = controller.inventory(["web1", "web2"]).begin(web1=record(AFFECTED), web2=record(FIXED, phase="done"))
    reasons = report.end(run).failing
    assert list(reasons) == ["web1"]
    result = controller.act(dsa_gate, "web1")
    assert (result["failed"], result["msg"]) == (True, reasons["web1"])
    assert result["msg"] == "affected: Upgrade the agent with the playbook remediate."
    assert AFFECTED in result["reason"], "what is the host's own stands there"
    assert report.spared(run) == []
    result = controller.act(dsa_gate, "web2")
    assert (result.get("failed"), result["msg"]) == (None, "This host passes.")


def test_the_cause_of_silent_hosts_is_the_same_text(controller: Controller) -> None:
    run = controller.inventory(["web1", "web2"]).begin()
    for name in controller.hosts:
        run.journal.append(name, "read", status="unreachable", why=f"no route to {name}")
    report.end(run)
    results = [controller.act(dsa_gate, name) for name in controller.hosts]
    assert {result["msg"] for result in results} == {
        "unreachable: Make the host reachable from the controller, then run again."
    }
    assert ["web1" in results[0]["reason"], "web2" in results[1]["reason"]] == [True, True]
