# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Below a Relay in trouble no Agent is touched, whatever the trouble; and it goes when the Relay is mended."""

from __future__ import annotations

import typing as t

import pytest

from .conftest import FIXED, IMPATIENT, LabFleet, StartFleet, deb

RELAY_FAULTS = (
    "package_install_fails",
    "security_update_fails",
    "security_update_never_finishes",
    "reports_wrong_build",
    "unreachable",
    "service_does_not_start",
    "dsa_query_hangs",
)


@pytest.fixture(scope="module")
def troubled(start_fleet: StartFleet) -> LabFleet:
    """A Relay a fault with an Agent below each, one good Relay, and an Agent that may use any of them."""
    hosts: dict[str, t.Any] = {"good": deb(role="relay"), "below-good": deb(uses=["good"]), "below-all": deb()}
    hosts["below-good"]["vars"] = {"dsa_relays": ["good"]}
    for fault in RELAY_FAULTS:
        name = fault.replace("_", "-")
        hosts[name] = deb(role="relay", faults={fault: True})
        hosts[f"below-{name}"] = deb(uses=[name], vars={"dsa_relays": [name]})
    return start_fleet({"packages": [FIXED], "hosts": hosts})


def test_agents_wait(troubled: LabFleet) -> None:
    done = troubled.play("remediate", dsa_max_fail_percentage=100, **IMPATIENT)
    assert done.returncode == 2, done.stdout
    outcomes = troubled.report()
    for fault in RELAY_FAULTS:
        name = fault.replace("_", "-")
        below = f"below-{name}"
        assert not outcomes[name]["passed"], name
        assert outcomes[below]["done"] == "blocked", below
        assert f"Relays come first: {name}" in outcomes[below]["reason"]
        assert not troubled.touches(below)
    assert not troubled.touches("below-all")
    assert outcomes["below-good"]["passed"]


def test_and_then_go(troubled: LabFleet) -> None:
    for fault in RELAY_FAULTS:
        troubled.heal(fault.replace("_", "-"))
    done = troubled.play("remediate", **IMPATIENT)
    assert done.returncode == 0, done.stdout
    troubled.assert_relays_came_first("below-good")
