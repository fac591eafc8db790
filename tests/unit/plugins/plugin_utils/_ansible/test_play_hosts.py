# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts of a play under one name, with Ansible's own inventory."""

from __future__ import annotations

import typing as t
from types import SimpleNamespace

import pytest
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader

from ansible_collections.deep_security.remediation.plugins.plugin_utils._ansible.play_hosts import in_short

NAMES = [f"web{number}" for number in range(5)]


@pytest.fixture
def inventory() -> t.Any:
    """Five hosts in a group, without the last by --limit."""
    manager = InventoryManager(DataLoader(), sources=[",".join(NAMES) + ","])
    manager.add_group("site")
    for name in NAMES:
        manager.add_host(name, group="site")
    manager.subset("!web4")
    return manager


def hosts_of(inventory: t.Any, pattern: list[str]) -> list[str]:
    return [host.name for host in inventory.get_hosts(pattern)]


def test_one_name_is_exactly_these_hosts_in_their_order(inventory: t.Any) -> None:
    groups, variables = inventory.get_groups_dict(), SimpleNamespace(_inventory=inventory)
    first, second = (in_short(names, variables) for names in (["web2", "web0"], ["web3", "web1", "web2"]))
    assert (len(first), len(second), first == second) == (1, 1, False)
    assert hosts_of(inventory, first) == ["web2", "web0"]
    assert hosts_of(inventory, second) == ["web3", "web1", "web2"]
    inventory.restrict_to_hosts([inventory.get_host("web0")])
    assert hosts_of(inventory, first) == ["web0"], "a batch"
    inventory.remove_restriction()
    assert inventory.get_groups_dict() == groups
    assert {group.name for group in inventory.get_host("web2").get_groups()} <= set(groups)
    assert hosts_of(inventory, ["*"]) == NAMES[:4], "nor does a pattern fit it"


def test_one_host_keeps_its_name(inventory: t.Any) -> None:
    variables = SimpleNamespace(_inventory=inventory)
    assert (in_short(["web1"], variables), in_short([], variables)) == (["web1"], [])


@pytest.mark.parametrize(
    "hostvars",
    [
        {},
        SimpleNamespace(_inventory=None),
        SimpleNamespace(_inventory=SimpleNamespace(get_host=str, get_hosts=list, _pattern_cache={})),
    ],
    ids=["no inventory", "another inventory", "another cache"],
)
def test_where_ansible_takes_no_name_the_hosts_keep_theirs(hostvars: t.Any) -> None:
    assert in_short(["a", "b"], hostvars) == ["a", "b"]


def test_a_host_that_the_inventory_leaves_out_keeps_all_names(inventory: t.Any) -> None:
    """The play would leave it out without a message."""
    assert in_short(["web1", "web4"], SimpleNamespace(_inventory=inventory)) == ["web1", "web4"]
