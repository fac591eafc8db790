# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the Manager's data make of a host in the report."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._report import Outcome
from ansible_collections.deep_security.remediation.plugins.plugin_utils._run import HostRun
from tests.builders import AFFECTED, FIXED, fleet_of, host_run, manager_computer, record

from .given import made_of

BY_MANAGER, BOTH = {"dsa_source": "manager"}, {"dsa_source": "both"}
FAILED = {"certificate_expired": True, "last_failure": "2026-11-22T03:00:00Z", "last_success": None}


def outcome(host: HostRun, **more: t.Any) -> Outcome:
    """What the report says about one host, by a real fleet at two in the morning."""
    return made_of(fleet_of(host, **more), [host.host]).outcomes[0]


@pytest.mark.parametrize(
    ("host", "verdict", "source"),
    [
        (host_run(computer=manager_computer(FIXED), settings=BY_MANAGER), "fixed", "manager"),
        (host_run(computer=manager_computer(AFFECTED), settings=BY_MANAGER), "affected", "manager"),
        (host_run(computer=manager_computer(None), settings=BY_MANAGER), "unknown", "host"),
        (host_run(settings=BY_MANAGER), "unknown", None),
        (host_run(record=record(FIXED), computer=manager_computer(AFFECTED), settings=BY_MANAGER), "fixed", "host"),
        (host_run(computer=manager_computer(FIXED), unreachable="no route", settings=BOTH), "unreachable", None),
        (host_run(computer=manager_computer(FIXED)), "unknown", None),
        (host_run(record=record(AFFECTED), computer=manager_computer(FIXED)), "affected", "host"),
    ],
)
def test_a_verdict_names_the_source_that_is_judged(host: HostRun, verdict: str, source: str | None) -> None:
    found = outcome(host)
    assert (found.verdict, found.source, found.passed) == (verdict, source, verdict == "fixed")


def test_what_the_manager_has_of_a_silent_host_is_in_its_reason() -> None:
    found = outcome(host_run(computer=manager_computer(AFFECTED), unreachable="no route", settings=BOTH))
    assert f"By the Manager it has {AFFECTED}, last contact 2026-11-22" in found.reason


def test_a_disagreement_names_both_builds_and_fails_no_host() -> None:
    found = outcome(host_run(record=record(FIXED), computer=manager_computer(AFFECTED)))
    assert found.passed
    assert f"The host gives build {FIXED}, the Manager {AFFECTED}" in found.reason


@pytest.mark.parametrize(
    ("updates", "passed"),
    [
        ({"status": "error", "message": "9017 -24", "latest": False}, False),
        ({"status": "active", "latest": False}, True),  # the newest pattern is on its way
    ],
)
def test_a_fixed_host_whose_updates_fail_by_the_manager_does_not_pass(updates: t.Any, passed: bool) -> None:
    found = outcome(host_run(computer=manager_computer(FIXED, updates=updates), settings=BY_MANAGER))
    assert found.passed is passed
    assert ("updates of this agent fail, by the Manager: 9017 -24" in found.reason) is not passed


@pytest.mark.parametrize(
    ("events", "read", "found"),
    [
        (FAILED, record(AFFECTED), True),
        (FAILED, record(FIXED), True),
        (FAILED, record(FIXED, phase="done"), True),
        ({**FAILED, "last_success": "2026-11-22T02:00:00Z"}, record(AFFECTED), True),
        ({**FAILED, "certificate_expired": False}, record(AFFECTED), False),
        (None, record(AFFECTED), False),
    ],
)
def test_events_of_failed_updates_are_in_the_report_and_fail_the_host(events: t.Any, read: t.Any, found: bool) -> None:
    reported = outcome(host_run(record=read, computer=manager_computer()), events={"17": events})
    assert ("updates_failing" in {finding["code"] for finding in reported.findings}) is found
    if found:
        assert "event 9017 with error code -24, last at 2026-11-22T03:00:00Z" in reported.reason
        assert not reported.passed


@pytest.mark.parametrize(
    ("listens", "known", "words"),
    [
        (False, True, "The Manager has this computer as a Relay, and nothing listens on the host"),
        (True, False, "The Manager does not have this computer as a Relay, but something listens on the host"),
    ],
)
def test_a_disagreement_about_a_relay_says_what_the_host_shows(listens: bool, known: bool, words: str) -> None:
    found = outcome(host_run(record=record(FIXED, relay=listens), computer=manager_computer(FIXED, known)))
    assert words in found.reason
