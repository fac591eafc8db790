# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host is verified by two sources, its verdict and its health, or says why not."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._run import StageResult
from tests.builders import AFFECTED, FIXED, record

from .fake import FAILED, FakePort, carried, run_of, work


def verified(port: FakePort, wanted: Any = None, settings: Any = None) -> StageResult:
    return carried(port, run_of(port, wanted, settings), ["verify"]).stages["verify"]


def test_a_verified_host_changes_nothing_and_gives_its_record() -> None:
    result = verified(FakePort(record(FIXED, phase="done")))
    assert (result.outcome, result.changed) == ("done", False)
    assert (result.record or {})["version"] == FIXED


@pytest.mark.parametrize(
    "state",
    [
        {"versions": {"rpm": FIXED}},
        {"versions": {"rpm": FIXED, "dsa_query": AFFECTED}},
        {"versions": {"rpm": FIXED, "dsa_query": None}},
        {"service": {"name": "ds_agent", "state": "stopped", "raw": "inactive"}},
        {"service": {"name": "ds_agent", "state": "paused"}},
        {"service": {"name": "ds_agent", "state": "pending"}},
        {"service": {"name": "ds_agent", "state": "missing"}},
        {"service": {"name": "ds_agent", "state": None}},
        {"services": [{"name": "ds_agent", "state": "running"}, {"name": "Amsp", "state": "failed"}]},
        {"remediation": {"phase": "update_pending"}},
        {"remediation": {"phase": "done", "self_protection": "off"}},
        {"remediation": None, "remediation_unreadable": "it is damaged"},
        {"installed": None, "version": None, "versions": {}},
    ],
)
@pytest.mark.parametrize("platform", ["linux", "windows"])
def test_a_host_that_is_not_verified_says_why(platform: str, state: dict[str, Any]) -> None:
    port = FakePort({**record(FIXED, platform), **state}, answers={"dsa_upgrade protect": [FAILED]})
    result = verified(port, settings={"dsa_verify_timeout": 30})
    assert result.outcome == "failed"
    assert len(result.message.text) > len("not verified after 30 s: ")
    assert result.record is not None
    assert port.seconds == 30
    shown = [line for line in port.shown if "not verified yet" in line]
    assert shown and all(line.startswith("verify: ") for line in shown)


def test_a_build_below_the_planned_one_is_not_verified() -> None:
    port = FakePort(record(FIXED))
    assert verified(port, work(target="20.0.3-1"), {"dsa_verify_timeout": 1}).outcome == "failed"


def test_an_agent_that_answers_late_is_waited_for() -> None:
    port = FakePort(record(FIXED))
    silent = {**record(FIXED), "versions": {"rpm": FIXED}, "problems": [{"source": "dsa_query", "text": "no answer"}]}
    port.answers["dsa_info"] = [silent, silent]
    assert verified(port).outcome == "done"
    assert port.seconds == 20
