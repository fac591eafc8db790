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
    assert report.spared(run) == []
    result = controller.act(dsa_gate, "web2")
    assert (result.get("failed"), result["msg"]) == (None, "This host passes.")
