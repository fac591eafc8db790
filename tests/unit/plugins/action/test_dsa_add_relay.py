# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A Relay of another slice, as Ansible adds a host."""

from __future__ import annotations

from ansible_collections.deep_security.remediation.plugins.action import dsa_add_relay
from tests.builders import relay_hosts
from tests.unit.controller import Controller


def test_a_relay_is_added_to_its_group_with_its_connection_alone(controller: Controller) -> None:
    own = {"ansible_host": "192.0.2.1", "dsa_certificate_replaced": True}
    controller.play = {"dsa_relay_hosts": relay_hosts({"relay1": own, "relay2": {}})}
    result = controller.act(dsa_add_relay, relay="relay1")
    assert result["add_host"] == {
        "host_name": "relay1",
        "groups": ["deep_security_relays"],
        "host_vars": {"ansible_host": "192.0.2.1"},
    }
    assert result["changed"] is False
