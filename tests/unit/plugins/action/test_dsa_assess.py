# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A record that is read or given, judged by the advisory and the Relays of the task."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.errors import AnsibleActionFail

from ansible_collections.deep_security.remediation.plugins.action import dsa_assess
from tests.builders import AFFECTED, FIXED, record
from tests.run.common import ROOT
from tests.unit.controller import Controller
from tests.unit.plugins.plugin_utils._stages.fake import LOST

ADVISORY = ROOT / "plugins" / "plugin_utils" / "_advisory" / "ka_0016311.yml"
OLD = "10.0.0-2775"  # before the lines that have a fix: its Relays decide


def test_a_host_is_read_where_no_record_is_given(controller: Controller) -> None:
    result = controller.act(dsa_assess)
    assert (result["changed"], result["verdict"], result["agent"]["version"]) == (False, "affected", AFFECTED)
    assert controller.ports["web1"].calls == ["dsa_info"]
    assert not controller.begun, "it is no part of a run"


def test_a_record_that_is_given_is_judged_without_the_host(controller: Controller) -> None:
    result = controller.act(dsa_assess, agent=record(FIXED, activated=False))
    assert result["verdict"] == "fixed"
    assert "not_activated" in [finding["code"] for finding in result["findings"]]
    assert controller.ports == {}


@pytest.mark.parametrize(("relay", "verdict"), [(FIXED, "not_affected"), (AFFECTED, "affected")])
def test_the_relays_of_the_task_count(controller: Controller, relay: str, verdict: str) -> None:
    judged = controller.act(dsa_assess, agent=record(OLD), relays=[record(relay, relay=True)])
    assert judged["verdict"] == verdict
    assert controller.act(dsa_assess, agent=record(OLD))["verdict"] == "conditional"


def test_the_advisory_of_the_task_counts(controller: Controller, tmp_path: Path) -> None:
    own = tmp_path / "own.yml"
    own.write_text(ADVISORY.read_text(encoding="utf-8").replace("KA-0016311", "KA-9999999"), encoding="utf-8")
    assert controller.act(dsa_assess, agent=record(), advisory=str(own))["advisory"] == "KA-9999999"
    assert controller.act(dsa_assess, agent=record())["advisory"] == "KA-0016311"
    with pytest.raises(AnsibleActionFail, match="missing"):
        controller.act(dsa_assess, advisory=str(tmp_path / "missing.yml"))
    assert controller.ports == {}, "it is reported before the host is read"


def test_a_host_that_cannot_be_reached_is_unreachable(controller: Controller) -> None:
    controller.port("web1").answers["dsa_info"] = [LOST]
    assert controller.act(dsa_assess) == {"unreachable": True, "msg": "no route to host"}
