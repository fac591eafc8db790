# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the report keeps of what was seen of a host that does not pass."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.evidence import LONGEST, evidence_of
from tests.builders import AFFECTED, FIXED, host_run, manager_computer, record, result

from .given import Finding, outcome, text

EVENTS = {"last_success": "2026-10-01T00:00:00Z", "last_failure": "2026-11-22T03:00:00Z", "certificate_expired": True}


def test_a_host_that_passes_has_none() -> None:
    assert outcome(host_run(record=record(FIXED)), events=EVENTS).evidence is None
    assert outcome(host_run(record=record(FIXED)), Finding(text("paused")), events=EVENTS).evidence is not None


def test_of_a_host_that_nobody_saw_there_is_none() -> None:
    assert outcome(host_run(unreachable="no route")).evidence is None


def test_everything_that_was_seen_is_there() -> None:
    stopped = {"name": "ds_am", "state": "stopped"}
    seen = record(
        AFFECTED,
        services=[{"name": "ds_agent", "state": "running"}, stopped, stopped],
        problems=[{"source": "relay", "code": "no_answer", "text": "no port answers"}],
    )
    stages = {
        "upgrade": result("upgrade", "failed", details={"output": ["Unpacking", "dpkg: error"]}),
        "update": result("update", "failed", details={"evidence": "the log has: -24"}),
    }
    computer = manager_computer(status_messages=["Anti-Malware Engine Offline"])
    found = t.cast(t.Any, outcome(host_run(record=seen, stages=stages, computer=computer), events=EVENTS).evidence)
    assert found == {
        "versions": {"rpm": AFFECTED, "dsa_query": AFFECTED},
        "services": [stopped],
        "problems": [{"source": "relay", "text": "no port answers"}],
        "events": [
            {"code": "event_last_success", "values": {"time": EVENTS["last_success"]}},
            {"code": "event_last_failure", "values": {"time": EVENTS["last_failure"]}},
            {"code": "event_certificate_expired", "values": {}},
        ],
        "manager": ["Anti-Malware Engine Offline", computer["last_contact"]],
        "log": ["Unpacking", "dpkg: error", "the log has: -24"],
    }


def test_a_silent_host_shows_what_the_manager_has() -> None:
    found = t.cast(t.Any, outcome(host_run(unreachable="no route", computer=manager_computer()), events={}).evidence)
    assert (len(found["manager"]), found["versions"]) == (1, {})


@pytest.mark.parametrize("character", ["x", "経", "\U0001f98a", "\x1b", "\ud800"], ids=ascii)
def test_it_has_at_most_four_thousand_bytes(character: str) -> None:
    """Whatever a host sends, in the file as UTF-8."""
    long, many = character * 20_000, range(100)
    seen = record(
        AFFECTED,
        versions={f"{number}{long}": long for number in many},
        services=[{"name": f"{number}{long}", "state": long} for number in many],
        drivers=[{"name": f"driver {number}", "state": long} for number in many],
        problems=[{"source": long, "code": "x", "text": long}] * 100,
    )
    stages = {"upgrade": result("upgrade", "failed", details={"output": [long] * 100, "evidence": long})}
    computer = manager_computer(status_messages=[long] * 100)
    host = host_run(record=seen, stages=stages, computer=computer)
    found = evidence_of(host, {"last_failure": long, "last_success": long})
    assert found is not None and found["versions"], "what matters most is kept"
    assert len(json.dumps(found, ensure_ascii=False).encode()) <= LONGEST


def test_what_a_host_sends_instead_of_a_list_ends_nothing() -> None:
    seen = record(AFFECTED, versions=None, services="x", drivers={"a": 1}, problems=[1, None, "dsa_query: no answer"])
    stages = {"upgrade": result("upgrade", "failed", details={"output": "text", "evidence": None})}
    found = t.cast(t.Any, evidence_of(host_run(record=seen, stages=stages), "no mapping"))
    assert [each["source"] for each in found["problems"]] == ["reader", "reader", "dsa_query"]
