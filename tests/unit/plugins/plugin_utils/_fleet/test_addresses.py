# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two Relays with one address: one of them was not read, so its build is not proven and its Agents are blocked."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._run import HostRun
from tests.builders import AFFECTED, FIXED, fleet_of, host_run, plan_of, record, relay

from .common import codes

AGENT = host_run("web1", record())
TWINS = {"tokyo": "192.0.2.1", "osaka": "192.0.2.1"}


def at(name: str) -> object:
    """The address of a host."""
    return TWINS.get(name, name)


@pytest.mark.parametrize("predicting", [False, True])
@pytest.mark.parametrize("other", [relay("osaka"), relay("osaka", groups=())], ids=["by its group", "by its listener"])
def test_agents_wait(other: HostRun, predicting: bool) -> None:
    made = plan_of(relay("tokyo"), other, AGENT, address=at, predicting=predicting)
    assert codes(made.blocked["web1"]) == ["relays_first", "relay_same_address", "relay_same_address"]
    for text in ("tokyo and osaka", "osaka and tokyo", "ansible_host"):
        assert text in made.blocked["web1"].text


def test_agents_wait_below_a_relay_with_the_address_of_an_agent() -> None:
    """What was read under the name of the Relay is the Agent: the Relay may be anything."""
    made = plan_of(relay("tokyo"), host_run("osaka", record()), AGENT, address=at)
    assert codes(made.blocked["web1"]) == ["relays_first", "relay_same_address"]
    assert "tokyo and osaka" in made.blocked["web1"].text


def test_a_relay_that_check_mode_would_fix_is_no_better() -> None:
    made = plan_of(relay("tokyo", AFFECTED), relay("osaka", AFFECTED), AGENT, address=at, predicting=True)
    assert set(made.work) == {"tokyo", "osaka"}
    assert "relay_same_address" in codes(made.blocked["web1"])


@pytest.mark.parametrize(
    "hosts",
    [
        [relay("kyoto"), relay("nara")],
        [relay("tokyo"), host_run("osaka", unreachable="no route", settings={"dsa_role": "agent"})],
    ],
    ids=["two addresses", "an Agent that is silent"],
)
def test_other_hosts_hold_nobody_back(hosts: list[HostRun]) -> None:
    assert "web1" in plan_of(*hosts, AGENT, address=at).work


def test_an_agent_below_another_relay_goes() -> None:
    named = host_run("web2", record(), settings={"dsa_relays": ["kyoto"]})
    made = plan_of(relay("tokyo"), relay("osaka"), relay("kyoto"), AGENT, named, address=at)
    assert (set(made.work), set(made.blocked)) == ({"web2"}, {"web1"})


def test_an_agent_whose_verdict_depends_on_them_does_not_pass() -> None:
    old = host_run("old", record("10.0.0-100"))
    assert fleet_of(relay("tokyo"), relay("osaka"), old).verdict(old).verdict == "not_affected"
    assert fleet_of(relay("tokyo"), relay("osaka"), old, address=at).verdict(old).verdict == "conditional"


def test_each_address_is_made_once() -> None:
    """Ansible fills in the templates of a host anew for each."""
    looked_at: list[str] = []

    def seen(name: str) -> object:
        looked_at.append(name)
        return name

    agents: t.Sequence[HostRun] = [host_run(f"web{number}", record()) for number in range(9)]
    plan_of(relay("tokyo"), relay("osaka", FIXED), *agents, address=seen)
    assert sorted(looked_at) == sorted({"tokyo", "osaka", *(agent.host for agent in agents)})
