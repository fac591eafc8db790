# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sites that depend on update bundles, and virtual appliances: what the operator has to bring."""

from __future__ import annotations

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._fleet import Fleet
from ansible_collections.deep_security.remediation.plugins.plugin_utils._run import HostRun
from tests.builders import AFFECTED, FIXED, fleet_of, host_run, manager_computer, plan_of, record, relay

from .common import codes

computer = manager_computer


OFFLINE = {"dsa_bundle_relay": "maker"}


def site(maker: HostRun) -> Fleet:
    """The Relay that makes the bundle, and an offline site: its Relay, done already, and an Agent that is fixed."""
    agent = {**OFFLINE, "dsa_relays": ["offrelay"]}
    return fleet_of(
        maker,
        relay("offrelay", settings=OFFLINE),
        host_run("offagent", record(FIXED, phase="done"), settings=agent),
    )


@pytest.mark.parametrize(
    ("maker", "code"),
    [
        (relay("maker"), None),
        (relay("maker", settings=OFFLINE), None),
        (relay("maker", phase=None), None),
        (relay("maker", AFFECTED), "relay_not_fixed"),
        (relay("maker", unreachable="no route"), "unreachable"),
    ],
)
def test_an_offline_site_passes_only_with_the_maker_of_its_bundle(maker: HostRun, code: str | None) -> None:
    fleet = site(maker)
    for name in ("offrelay", "offagent"):
        found = fleet.findings(fleet.hosts[name])
        assert [finding.code for finding in found if finding.fails_gate] == (["bundle_relay_not_fixed"] if code else [])
        assert all(code in codes(finding.message) for finding in found if code)


def test_an_offline_relay_waits_for_the_maker_of_its_bundle() -> None:
    maker, offline = relay("maker", AFFECTED), relay("offrelay", AFFECTED, settings=OFFLINE)
    for predicting in (False, True):
        made = plan_of(maker, offline, predicting=predicting)
        assert set(made.work) == {"maker"}
        assert codes(made.blocked["offrelay"])[0] == "bundle_relay_not_fixed"


def test_the_maker_of_a_bundle_gets_its_update_although_nobody_is_below_it() -> None:
    agent = host_run("offagent", record(), settings={**OFFLINE, "dsa_relays": ["offrelay"]})
    made = plan_of(relay("maker", phase=None), relay("offrelay", settings=OFFLINE), agent)
    assert set(made.work) == {"maker"}
    assert codes(made.blocked["offagent"])[0] == "bundle_relay_not_fixed"


def test_a_prediction_does_not_rest_on_a_relay_that_is_blocked() -> None:
    maker = relay("maker", AFFECTED, settings={"dsa_target_version": None})
    offline = relay("offrelay", AFFECTED, settings=OFFLINE)
    agent = host_run("offagent", record(), settings={"dsa_relays": ["offrelay"]})
    assert plan_of(maker, offline, agent, predicting=True).work == {}


def test_bundles_in_a_circle_end_no_run() -> None:
    one = relay("one", AFFECTED, settings={"dsa_bundle_relay": "two"})
    two = relay("two", AFFECTED, settings={"dsa_bundle_relay": "one"})
    assert set(plan_of(one, two).blocked) == {"one", "two"}


@pytest.mark.parametrize(
    ("package", "code"),
    [
        (None, "appliance_by_manager"),
        ("Agent-RedHat_EL7-20.0.0-4726.x86_64.zip", "appliance_package"),
        ("Agent-RedHat_EL7-20.0.0-8453.x86_64.zip", "appliance_package"),
        ("Agent-RedHat_EL7-20.0.0-4725.x86_64.zip", "appliance_package_unusable"),
        ("Agent-RedHat_EL7-20.0.0-8454.x86_64.zip", "appliance_package_unusable"),
        ("Agent-RedHat_EL7-20.0.1-5000.x86_64.zip", "appliance_package_unusable"),
        ("Agent-RedHat_EL8-20.0.0-5000.x86_64.zip", "appliance_package_unusable"),
        ("Agent-Core-RedHat_EL7-20.0.0-5000.x86_64.rpm", "appliance_package_unusable"),
        ("20.0.0-5000", "appliance_package_unusable"),
    ],
)
def test_appliances_are_upgraded_by_the_operator(package: str | None, code: str) -> None:
    settings = {"dsa_appliance_package": package} if package else {}
    for groups, known in (([], computer(AFFECTED, kind="appliance")), (["deep_security_appliances"], None)):
        made = plan_of(relay(), host_run("dsva", record(), groups, settings, computer=known))
        assert codes(made.blocked["dsva"]) == [code]
