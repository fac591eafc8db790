# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Relays of other slices: what is published of them, and what is taken of it."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._ansible import relay_hosts
from ansible_collections.deep_security.remediation.plugins.plugin_utils._settings import SettingsError
from tests.builders import AFFECTED, FIXED, record
from tests.unit.controller import Controller

PLAIN = {
    "ansible_host": "192.0.2.1",
    "ansible_port": 22,
    "ansible_user": "root",
    "ansible_connection": "ssh",
    "ansible_become": True,
}
SECRETS = {
    "ansible_password": "S3CRET",
    "ansible_ssh_pass": "S3CRET",
    "ansible_become_password": "S3CRET",
    "ansible_become_pass": "S3CRET",
    "ansible_ssh_private_key_file": "/S3CRET",
    "ansible_ssh_private_key": "S3CRET",
    "ansible_ssh_common_args": "-o ProxyCommand=S3CRET",
    "dsm_api_key": "S3CRET",
    "dsa_certificate_replaced": True,
}


def published(controller: Controller, playbook: str) -> dict[str, dict[str, t.Any]] | None:
    run = controller.begin(playbook, web1=record(AFFECTED), relay1=record(FIXED))
    return relay_hosts.published(run.fleet(), run.variables["hostvars"], playbook)


@pytest.mark.parametrize("playbook", ["remediate", "remediate_relays"])
def test_the_relays_are_published_with_what_reaches_them(controller: Controller, playbook: str) -> None:
    controller.inventory({"web1": {}, "relay1": {**PLAIN, **SECRETS}, "odd": {}}, relays=["relay1"])
    assert published(controller, playbook) == {"relay1": PLAIN, "odd": {}}, "one that was not read may be a Relay"


@pytest.mark.parametrize("playbook", ["gate", "remediate_agents", "report"])
def test_no_other_playbook_publishes_a_part(controller: Controller, playbook: str) -> None:
    controller.inventory({"web1": {}, "relay1": PLAIN}, relays=["relay1"])
    assert published(controller, playbook) is None


@pytest.mark.parametrize("value", ["{{ lookup('pipe', 'id') }}", "{% raw %}", "x" * 400, ["a"], {"a": 1}, 1.5])
def test_what_is_no_plain_value_is_neither_published_nor_taken(controller: Controller, value: object) -> None:
    controller.inventory({"web1": {}, "relay1": {"ansible_host": value}}, relays=["relay1"])
    found = published(controller, "remediate")
    assert found is not None
    assert found["relay1"] == {}
    assert relay_hosts.given({relay_hosts.VARIABLE: {"relay1": {"ansible_host": value}}}) == {"relay1": {}}


def test_a_variable_whose_template_fails_is_left_out() -> None:
    class Own(dict[str, t.Any]):
        def get(self, name: str, default: object = None) -> object:
            if name == "ansible_port":
                raise ValueError("undefined")
            return super().get(name, default)

    assert relay_hosts._connection(Own(PLAIN)) == {k: v for k, v in PLAIN.items() if k != "ansible_port"}


def test_of_what_is_given_only_the_connection_is_taken() -> None:
    """No variable can make a Relay count as fixed."""
    lies = {**PLAIN, **SECRETS, "dsm_computer": {"agent": record(FIXED)}, "dsa_role": "agent", "__dsa_read": {}}
    for value in ({"relay1": lies}, json.dumps({"relay1": lies})):
        assert relay_hosts.given({relay_hosts.VARIABLE: value}) == {"relay1": PLAIN}


@pytest.mark.parametrize("value", [["relay1"], "relay1", {"relay1": "x"}, {"": {}}, {"a\nb": {}}], ids=repr)
def test_what_is_no_output_of_the_stage_is_refused(value: object) -> None:
    with pytest.raises(SettingsError, match="dsa_relay_hosts"):
        relay_hosts.given({relay_hosts.VARIABLE: value})


@pytest.mark.parametrize("value", [None, "", {}, {"relay1": None}], ids=repr)
def test_an_empty_one_adds_nothing_that_is_known(controller: Controller, value: object) -> None:
    controller.inventory(["web1", "relay1"], relays=["relay1"])
    controller.play = {"dsa_relay_hosts": value}
    assert controller.query("begin") == ["web1"]
    assert (controller.query("adding"), controller.query("lacking")) == ([], [])


def test_relays_that_the_inventory_lacks_are_added_once_and_are_not_what_the_run_is_about(
    controller: Controller,
) -> None:
    controller.play = {"dsa_relay_hosts": {"relay1": PLAIN, "web1": PLAIN}}
    assert controller.query("begin") == ["web1"]
    assert (controller.query("adding"), controller.query("lacking")) == (["web1"], ["relay1"])
    # What the task does; group_vars of the slice are not those of a host that is added.
    controller.inventory({"web1": {"dsa_gate": True}, "relay1": PLAIN}, relays=["relay1"])
    controller.hosts["relay1"].pop("dsa_report_path")
    assert controller.query("read", playbook="remediate_agents") == ["web1"]
    assert controller.query("relays_outside") == ["relay1"]
    assert controller.run().errors == []
    # An import behind it, in the same command.
    controller.play = {"dsa_relay_hosts": {"relay1": PLAIN, "relay2": {}}}
    controller.query("begin")
    assert (controller.query("adding"), controller.query("lacking")) == (["web1"], ["relay2"])
    assert controller.query("read", playbook="remediate") == ["web1"]


def test_a_wrong_one_is_an_error_before_a_host_is_read(controller: Controller) -> None:
    controller.play = {"dsa_relay_hosts": "relay1"}
    assert (controller.query("begin"), controller.query("adding")) == (["web1"], [])
    assert controller.query("read", playbook="remediate") == []
    assert (controller.query("report"), controller.query("gate")) == (["web1"], ["web1"])
    assert controller.reported()["errors"][0].startswith("dsa_relay_hosts is 'relay1'")
