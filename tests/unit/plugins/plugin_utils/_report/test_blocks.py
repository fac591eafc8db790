# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts that need attention, grouped by reason."""

from __future__ import annotations

import typing as t

from ansible_collections.deep_security.remediation.plugins.plugin_utils._messages import Texts
from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.blocks import (
    Block,
    blocks_of,
    needing_attention,
)
from tests.documents import document, failing, row

TEXTS = Texts("en")


def blocks(*rows: dict[str, t.Any], **changes: t.Any) -> list[Block]:
    return blocks_of(needing_attention(document(rows, **changes)), TEXTS)


def because(host: str, code: str, **changes: t.Any) -> dict[str, t.Any]:
    """A host with a reason of its own."""
    values = changes.pop("values", {})
    return failing(host, **{"reasons": [{"code": code, "values": values}], **changes})


def lost(host: str, why: str) -> dict[str, t.Any]:
    return because(host, "unreachable", values={"why": why})


def test_hosts_that_pass_are_in_no_block() -> None:
    assert blocks(row("a"), row("b", verdict="affected", compliant=False)) == []


def test_hosts_that_were_not_read_for_an_error_of_the_run_have_no_block() -> None:
    unread = because("a", "not_read", reason_code="not_read")
    assert [block.hosts for block in blocks(unread, failing("b"), errors=["no such folder"])] == [("b",)]
    assert [block.hosts for block in blocks(unread)] == [("a",)]


def test_hosts_with_the_same_reason_are_one_block() -> None:
    (block,) = blocks(failing("a"), row("b"), failing("c"))
    assert block.hosts == ("a", "c")
    assert block.example is None
    assert "20.0.0-4416 is affected" in block.reason
    assert block.next == TEXTS("next_upgrade")


def test_the_same_reason_with_another_remedy_is_another_block() -> None:
    other = failing("b", next={"code": "decide_build", "values": {}})
    assert [block.hosts for block in blocks(failing("a"), other)] == [("a",), ("b",)]


def test_a_few_texts_of_one_reason_stand_apart_and_many_have_an_example() -> None:
    few = blocks(*(lost(f"web-{number}", f"port {number}") for number in range(3)))
    assert [(block.hosts, block.example) for block in few] == [((f"web-{number}",), None) for number in range(3)]
    (many,) = blocks(*(lost(f"web-{number}", f"port {number // 2}") for number in range(9)))
    assert len(many.hosts) == 9
    assert many.example == "web-0"
    assert many.reason == TEXTS("unreachable", why="port 0")


def test_the_most_urgent_comes_first_and_then_what_most_hosts_have() -> None:
    found = blocks(
        because("waits", "relays_first", next={"code": "fix_relay_first", "values": {}}, done="blocked"),
        because("one", "not_read"),
        *(failing(f"many-{number}") for number in range(3)),
        because("relay", "unreachable", values={"why": "timeout"}, role="relay"),
        because("breaks", "lost", values={"stage": "upgrade", "why": "x"}, done="failed"),
    )
    assert [block.hosts[0] for block in found] == ["breaks", "relay", "many-0", "one", "waits"]


def finding(code: str, fails_gate: bool = True) -> dict[str, t.Any]:
    return {"code": code, "sentence": f"sentence_of_{code}", "values": {}, "message": "x", "fails_gate": fails_gate}


def test_a_host_that_complies_is_held_by_its_finding() -> None:
    (block,) = blocks(row("a", passed=False, findings=[finding("harmless", False), finding("offline")]))
    assert block.reason == TEXTS("sentence_of_offline")


def test_a_finding_that_is_waived_is_not_what_holds_a_host() -> None:
    waived = [{"for": "finding", "code": "offline", "reason": "x", "owner": "y", "expires": "2027-01-01"}]
    (block,) = blocks(row("a", passed=False, findings=[finding("offline"), finding("down")], waived=waived))
    assert block.reason == TEXTS("sentence_of_down")


def test_for_readiness_a_host_that_can_be_worked_on_needs_no_attention() -> None:
    ready, stuck = failing("a", ready=True), failing("b", ready=False)
    assert [block.hosts for block in blocks(ready, stuck, row("c"), gate_on="readiness")] == [("b",)]
    assert [block.hosts for block in blocks(ready, stuck, row("c"))] == [("a", "b")]
