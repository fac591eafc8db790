# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether two names lead to one host, by their variables."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._ansible.addresses import (
    Addresses,
    address,
    connection_of,
)

HOST = {"ansible_host": "192.0.2.1"}
WINRM = {**HOST, "ansible_connection": "winrm"}
PSRP = {**HOST, "ansible_connection": "ansible.builtin.psrp"}
JUMP = {"ansible_ssh_common_args": "-J bastion-osaka"}
Variables = dict[str, t.Any]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (HOST, {**HOST, "ansible_port": 22}),
        (HOST, {**HOST, "ansible_port": "22", "ansible_connection": "ssh", "ansible_user": "root"}),
        ({"ansible_host": "Relay.example.com."}, {"ansible_host": "relay.EXAMPLE.com"}),
        (HOST, {"inventory_hostname": "192.0.2.1"}),
        ({"ansible_connection": "local"}, {"ansible_connection": "local", "ansible_host": "192.0.2.1"}),
        ({**HOST, "ansible_connection": "winrm"}, {**HOST, "ansible_connection": "psrp", "ansible_port": 5986}),
        ({**HOST, **JUMP}, {**HOST, **JUMP}),
        ({"ansible_host": "localhost"}, {"ansible_host": "127.0.0.1"}),
        (HOST, {"ansible_host": "192.0.2.9", "ansible_ssh_host": "192.0.2.1"}),
        ({**HOST, "ansible_port": 2222}, {**HOST, "ansible_port": 22, "ansible_ssh_port": 2222}),
        ({**WINRM, "ansible_port": 5985}, {**WINRM, "ansible_winrm_port": "5985"}),
        (HOST, {**HOST, "ansible_winrm_port": 5985, "ansible_psrp_host": "192.0.2.9"}),  # of other connections
    ],
)
def test_one_host(one: Variables, other: Variables) -> None:
    assert address("a", one) == address(other.get("inventory_hostname", "b"), other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({}, {}),
        (HOST, {"ansible_host": "192.0.2.2"}),
        (HOST, {**HOST, "ansible_port": 2222}),
        (HOST, {**HOST, **JUMP}),
        ({**HOST, "ansible_connection": "winrm"}, HOST),
        ({"ansible_connection": "local"}, {}),
        ({**HOST, "ansible_ssh_port": 22733}, {**HOST, "ansible_ssh_port": 22772}),
        (HOST, {**HOST, "ansible_ssh_host": "192.0.2.2"}),
        ({**WINRM, "ansible_winrm_host": "192.0.2.2"}, WINRM),
        ({**PSRP, "ansible_psrp_host": "192.0.2.2"}, PSRP),
        ({**PSRP, "ansible_psrp_port": 5985}, PSRP),
    ],
)
def test_two_hosts(one: Variables, other: Variables) -> None:
    assert address("a", one) != address("b", other)


def test_ways_are_looked_at_where_a_place_is_shared_alone() -> None:
    """To fill in the templates of the ways of thousands of hosts takes longer than to read them."""
    looked_at: list[str] = []

    class Own(dict[str, t.Any]):
        def get(self, name: str, default: object = None) -> object:
            if name == "ansible_ssh_common_args":
                looked_at.append(self["name"])
            return super().get(name, default)

    hosts = {name: Own(name=name, **HOST) for name in ("tokyo", "osaka")}
    hosts |= {"osaka": Own(name="osaka", **HOST, **JUMP), "kyoto": Own(name="kyoto", **JUMP), "nara": Own(name="nara")}
    addresses = Addresses(hosts)
    assert len({addresses(name) for name in hosts}) == len(hosts)
    assert set(looked_at) == {"tokyo", "osaka"}


def test_what_is_published_is_where_the_host_is_reached() -> None:
    own = {
        "ansible_host": "192.0.2.9",
        "ansible_ssh_host": "192.0.2.1",
        "ansible_ssh_port": 22733,
        "ansible_ssh_user": "dsa",
    }
    assert connection_of(own) == {**HOST, "ansible_port": 22733, "ansible_user": "dsa"}


def test_a_variable_whose_template_fails_is_left_out() -> None:
    class Own(dict[str, t.Any]):
        def get(self, name: str, default: object = None) -> object:
            if name == "ansible_port":
                raise ValueError("undefined")
            return super().get(name, default)

    assert connection_of(Own({**HOST, "ansible_port": 22})) == HOST
