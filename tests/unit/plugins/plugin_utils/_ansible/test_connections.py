# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two hosts that Ansible would reach over one SSH connection."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._ansible.connections import shared
from tests.unit.controller import Controller

Variables = dict[str, t.Any]
HOST = {"ansible_host": "192.0.2.1", "ansible_user": "root"}
JUMP = {**HOST, "ansible_ssh_common_args": "-J bastion-osaka"}
KEPT = "-o ControlMaster=auto -o ControlPersist=60s"
NO_MASTER = {"ansible_ssh_args": "-o ControlMaster=no -o ControlPersist=60s"}
NO_PATH = {"ansible_ssh_args": f"{KEPT} -o ControlPath=none"}
NONE = {"ansible_ssh_args": "-C"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (HOST, JUMP),
        (JUMP, {**HOST, "ansible_ssh_common_args": "-J bastion-tokyo"}),
        (HOST, {**HOST, "ansible_ssh_extra_args": "-o ProxyCommand=nc"}),
        (HOST, {**HOST, "ansible_ssh_args": f"{KEPT} -J bastion"}),
        (HOST, {**HOST, "ansible_ssh_executable": "/opt/ssh-osaka"}),
        (HOST, {"ansible_ssh_host": "192.0.2.1", "ansible_ssh_user": "root", "ansible_ssh_common_args": "-J bastion"}),
        ({**HOST, "ansible_control_path_dir": "/tmp/x"}, {**JUMP, "ansible_control_path_dir": "/tmp/x"}),
        ({**HOST, "ansible_control_path": "%(directory)s/x"}, {**JUMP, "ansible_control_path": "%(directory)s/x"}),
        (
            {**HOST, "ansible_ssh_args": f"{KEPT} -o ControlPath=/tmp/%h"},
            {**JUMP, "ansible_ssh_args": f"{KEPT} -o ControlPath=/tmp/%h"},
        ),
        # It opens none, and uses that of the other one.
        ({**HOST, **NO_MASTER}, JUMP),
        # The first one counts.
        (HOST, {**HOST, "ansible_ssh_common_args": "-J bastion -o ControlMaster=no"}),
    ],
)
def test_one_connection(one: Variables, other: Variables) -> None:
    for hosts in ({"a": one, "b": other}, {"a": other, "b": one}):
        assert shared(hosts, hosts).startswith(
            "a and b have the same ansible_host, port and user behind different ways;"
        )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (HOST, HOST),
        (JUMP, JUMP),
        (HOST, {**JUMP, "ansible_host": "192.0.2.2"}),
        (HOST, {**JUMP, "ansible_port": 2222}),
        (HOST, {**JUMP, "ansible_ssh_port": 2222}),
        (HOST, {**JUMP, "ansible_user": "dsa"}),
        (HOST, {**JUMP, "ansible_control_path_dir": "/tmp/osaka"}),
        (HOST, {**JUMP, "ansible_control_path": "%(directory)s/osaka-%%h"}),
        (HOST, {**HOST, "ansible_ssh_common_args": "-J bastion -o ControlPath=/tmp/osaka-%h"}),
        (HOST, {**HOST, "ansible_ssh_common_args": "-J bastion -o ControlPath=none"}),
        ({**HOST, **NONE}, {**JUMP, **NONE}),
        (HOST, {**JUMP, **NONE}),
        ({**HOST, **NO_MASTER}, {**JUMP, **NO_MASTER}),
        ({**HOST, **NO_PATH}, {**JUMP, **NO_PATH}),
        ({**HOST, "ansible_connection": "winrm"}, {**JUMP, "ansible_connection": "winrm"}),
        ({**HOST, "ansible_connection": "local"}, {**JUMP, "ansible_connection": "local"}),
    ],
)
def test_two_connections(one: Variables, other: Variables) -> None:
    hosts = {"a": one, "b": other}
    assert shared(hosts, hosts) == ""


def test_the_first_pairs_are_named() -> None:
    hosts = {
        f"{site}{number}": {**own, "ansible_host": f"192.0.2.{number}"}
        for number in range(5)
        for site, own in (("tokyo", HOST), ("osaka", JUMP))
    }
    text = shared(hosts, hosts)
    assert text.startswith("tokyo0 and osaka0; tokyo1 and osaka1; tokyo2 and osaka2 have")
    assert ", as do 2 more;" in text
    assert text.endswith("set ansible_control_path_dir for each site. Nothing was changed")


@pytest.mark.parametrize("playbook", ["gate", "remediate", "remediate_agents", "recover"])
def test_the_run_ends_before_a_host_is_read(controller: Controller, playbook: str) -> None:
    controller.inventory({"web1": HOST, "web2": JUMP})
    assert controller.begin(playbook).errors[0].startswith("web1 and web2 have the same ansible_host")


@pytest.mark.parametrize("limit", [{}, {"dsa_hosts": "web1"}], ids=["all", "an Agent"])
def test_a_relay_outside_the_run_counts(controller: Controller, limit: Variables) -> None:
    controller.inventory({"web1": HOST, "relay1": JUMP}, relays=["relay1"])
    controller.play = limit
    assert "ansible_control_path_dir" in controller.begin("remediate_agents").errors[0]


def test_hosts_that_nothing_connects_to_do_not(controller: Controller) -> None:
    controller.inventory({"web1": HOST, "web2": JUMP})
    assert controller.begin("report").errors == []
    manager = {"dsa_source": "manager", "dsm_computer": {"id": 1, "kind": "agent"}}
    controller.inventory({"web1": {**HOST, **manager}, "web2": {**JUMP, **manager}})
    assert controller.begin("gate").errors == []
