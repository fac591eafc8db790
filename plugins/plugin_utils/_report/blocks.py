# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Hosts that need attention, one block for each reason, most urgent first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .._messages import Texts
from .document import Document, Row

# So many texts of one reason have a block each; of more, one stands for all.
_APART = 3
# What comes by itself when another host is fixed, or the run is repeated.
_LATER = ("nothing", "fix_failed_first", "fix_relay_first", "run_again", "run_without_check")


@dataclass(frozen=True)
class Block:
    """reason: a sentence; where the hosts have several, that of most of them. next: what to do."""

    hosts: tuple[str, ...]
    reason: str
    next: str
    urgency: int
    example: str | None = None
    """The host that the reason is of, where the hosts have several."""


def needing_attention(document: Document) -> list[Row]:
    """The hosts by which the run does not pass, most urgent first."""
    rows = [row for row in document["hosts"] if not settled(row, document["gate_on"])]
    if document["errors"]:
        # That no host was read is no reason of its own: the errors are.
        rows = [row for row in rows if row["reason_code"] != "not_read"]
    return sorted(rows, key=urgency)


def settled(row: Row, gate_on: str) -> bool:
    """Whether a host is no obstacle to the run's result."""
    ready = gate_on == "readiness" and row["ready"] is True
    return ready or bool(row["passed"])


def urgency(row: Row) -> int:
    """Lower is more urgent: failed, a Relay, any other, what waits for another host, what passes."""
    if row["done"] == "failed":
        return 0
    if row["passed"]:
        return 4
    if row["role"] == "relay":
        return 1
    return 3 if row["next"]["code"] in _LATER else 2


def blocks_of(rows: list[Row], texts: Texts) -> list[Block]:
    """rows: from needing_attention()."""
    kinds: dict[tuple[str, str, str], dict[str, list[Row]]] = {}
    for row in rows:
        why = against(row)
        then = texts(f"next_{row['next']['code']}", **row["next"]["values"])
        # What one platform needs, such as a build, is wrong for another: no example stands for both.
        kind = kinds.setdefault((then, str(why["code"]), str(row["platform"])), {})
        kind.setdefault(texts.message(why), []).append(row)
    blocks: list[Block] = []
    for (then, *dummy), by_text in kinds.items():
        if len(by_text) <= _APART:
            blocks += [_block(found, text, then) for text, found in by_text.items()]
            continue
        text, most = max(by_text.items(), key=lambda item: len(item[1]))
        everybody = [row for found in by_text.values() for row in found]
        blocks.append(_block(everybody, text, then, most[0]["host"]))
    return sorted(blocks, key=lambda block: (block.urgency, -len(block.hosts)))


def _block(rows: list[Row], reason: str, then: str, example: str | None = None) -> Block:
    hosts = tuple(str(row["host"]) for row in rows)
    return Block(hosts, reason, then, min(map(urgency, rows)), example)


def against(row: Row) -> Mapping[str, Any]:
    """What stands against a host, as a message: the finding of one that complies, else the first of its reasons."""
    waived = {entry["code"] for entry in row["waived"]}
    findings = [each for each in row["findings"] if each["fails_gate"] and each["code"] not in waived]
    if findings and row["compliant"] and row["done"] not in ("failed", "blocked"):
        return {"code": findings[0]["sentence"], "values": findings[0]["values"]}
    first: Mapping[str, Any] = next(iter(row["reasons"]), {"code": row["reason_code"], "values": {}})
    return first
