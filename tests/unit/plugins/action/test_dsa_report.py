# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report of a play of one's own, which fails the play where a host does not pass."""

from __future__ import annotations

import pytest

from ansible_collections.deep_security.remediation.plugins.action import dsa_remediate, dsa_report
from tests.builders import AFFECTED, FIXED, record
from tests.unit.controller import Controller
from tests.unit.plugins.plugin_utils._stages.fake import FakePort


@pytest.mark.parametrize(
    ("build", "gate", "passed", "failed"),
    [(AFFECTED, True, False, True), (AFFECTED, False, False, False), (FIXED, True, True, False)],
)
def test_a_play_fails_where_a_host_does_not_pass_and_the_gate_is_on(
    controller: Controller, build: str, gate: bool, passed: bool, failed: bool
) -> None:
    controller.inventory({"web1": {"dsa_gate": gate}, "web2": {"dsa_gate": gate}})
    controller.ports["web1"] = FakePort(record(build, phase="done"), host="web1")
    controller.act(dsa_remediate, hosts=["web1"], stages=["read"])
    result = controller.act(dsa_report, hosts=["web1"])
    assert (result["failed"], result["passed"], result["path"]) == (failed, passed, str(controller.report))
    reported = controller.reported()
    assert ([host["host"] for host in reported["hosts"]], reported["passed"]) == (["web1"], passed)
    assert reported["left_out"] == [{"host": "web2", "why": "play"}]


def test_a_play_whose_report_cannot_be_written_fails_although_all_hosts_pass(controller: Controller) -> None:
    controller.ports["web1"] = FakePort(record(FIXED, phase="done"), host="web1")
    controller.act(dsa_remediate, stages=["read"])
    controller.report.unlink()
    controller.report.mkdir()
    result = controller.act(dsa_report)
    assert (result["failed"], result["passed"]) == (True, False)
    assert f"dsa_report_path is {controller.report}, which is no file" in result["msg"]
