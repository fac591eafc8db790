# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names that look like ours and are not."""

from __future__ import annotations

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._settings import (
    Settings,
    internal_variables,
    suspicious_groups,
    unknown_variables,
)
from ansible_collections.deep_security.remediation.plugins.plugin_utils._settings.unknown import OUTPUTS


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("dsa_reboott", "dsa_reboot"),
        ("dsa_relay", "dsa_relays"),
        ("dsm_ulr", "dsm_url"),
        ("DSA_GATE", "dsa_gate"),
        ("dsa_bacth", "dsa_batch"),
    ],
)
def test_a_misspelt_variable_is_named_with_what_was_meant(name: str, near: str) -> None:
    (problem,) = unknown_variables([name, "ansible_host", "my_dsa_gate"])
    assert problem.variable == name
    assert name in problem.text and f"Did you mean {near}?" in problem.text


def test_a_variable_that_is_like_none_is_named_too() -> None:
    (problem,) = unknown_variables(["dsm_qqqqqqqqqqqq"])
    assert "dsm_qqqqqqqqqqqq" in problem.text and "Did you mean" not in problem.text


def test_settings_and_old_names_are_known() -> None:
    assert unknown_variables(Settings.names()) == []


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("deepsecurity_relays", "deep_security_relays"),
        ("deep_security_relay", "deep_security_relays"),
        ("deep-security-relays", "deep_security_relays"),
        ("DEEP_SECURITY_RELAYS", "deep_security_relays"),
        ("DeepSecurityRelays", "deep_security_relays"),
        ("dsa_relays", "deep_security_relays"),
        ("relays_deep_security", "deep_security_relays"),
        ("deep_securty_relays", "deep_security_relays"),
        ("deep_security_realys", "deep_security_relays"),
        ("deep_security_relayss", "deep_security_relays"),
        ("deep_security_manager", "deep_security_managers"),
        ("deepsecurity_agents", "deep_security_agents"),
        ("deep_security_applainces", "deep_security_appliances"),
    ],
)
def test_a_group_that_looks_like_ours_is_named_with_what_was_meant(name: str, meant: str) -> None:
    (problem,) = suspicious_groups([name, "all", "web"])
    assert problem.variable == name
    assert f"is not {meant}" in problem.text


@pytest.mark.parametrize(
    "name",
    [
        "deep_security_relays",
        "deep_security_agents",
        "deep_security_managers",
        "deep_security_appliances",
        "deep_security_windows",
        "deep_security_linux",
        "deep_security_verdict_affected",
        "deep_security_verdict_not_installed",
        "deep_security_relays_tokyo",
        "deep_security_relay_eu",
        "deep_security_relays_2",
        "tokyo_deep_security_relays",
        "deep_security",
        "relays",
        "mail_relays",
        "web_agents",
        "managers",
        "__dsa_relays",
    ],
)
def test_a_group_with_a_name_of_its_own_is_left_alone(name: str) -> None:
    assert suspicious_groups([name]) == []


@pytest.mark.parametrize(
    ("name", "internal"),
    [
        ("__assess_result", True),
        ("__plan_result", True),
        ("__security_update_wave", True),
        ("__dsa_agents", True),
        ("__upgrade_manager_run", True),
        ("__mine", False),
        ("assess_result", False),
        ("dsa_gate", False),
    ],
)
def test_what_is_internal_may_not_be_set(name: str, internal: bool) -> None:
    problems = internal_variables([name])
    assert [problem.variable for problem in problems] == ([name] if internal else [])


def test_what_a_run_publishes_is_known_and_sets_nothing() -> None:
    """The next node of a workflow has it as extra variables."""
    assert unknown_variables(["dsa_result", "dsa_relay_hosts"]) == []
    assert [problem.variable for problem in unknown_variables(["dsa_results"])] == ["dsa_results"]
    assert not set(OUTPUTS) & Settings.names()
