# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of a batch."""

from __future__ import annotations

from ansible_collections.deep_security.remediation.plugins.action import dsa_plan
from tests.builders import AFFECTED, FIXED, record
from tests.unit.controller import Controller


def test_the_hosts_of_the_batch_are_planned_and_recorded_and_no_others(controller: Controller) -> None:
    controller.inventory({"web1": {}, "web2": {"dsa_relays": None}, "web3": {}, "relay1": {}}, relays=["relay1"])
    controller.begin(web1=record(AFFECTED), web2=record(AFFECTED), web3=record(AFFECTED), relay1=record(AFFECTED))
    result = controller.act(dsa_plan, "web1", hosts=["web1", "web2"])
    assert (result["changed"], result["work"], list(result["blocked"])) == (False, ["web1"], ["web2"])
    assert "relay1" in result["blocked"]["web2"]
    hosts = {name: controller.run().host(name) for name in controller.hosts}
    assert {name: (host.planned, host.work is not None) for name, host in hosts.items()} == {
        "web1": (True, True),
        "web2": (True, False),
        "web3": (False, False),
        "relay1": (False, False),
    }
    assert (hosts["web1"].work or {})["target"] == FIXED
