# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Short texts of the reports."""

from __future__ import annotations

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._messages import Texts
from ansible_collections.deep_security.remediation.plugins.plugin_utils._report import labels
from tests.documents import failing, row

EN = Texts("en")


@pytest.mark.parametrize(
    ("prefix", "value", "expected"),
    [
        ("verdict_name", "not_affected", "Not affected"),
        ("done", "upgraded and updated", "Upgraded and updated"),
        ("platform", "macos", "macOS"),
        ("platform", None, "Not known"),
        ("platform", "plan9", "plan9"),
        ("role", "\x1b[31m", "\\x1b[31m"),
    ],
    ids=["verdict", "done", "own capitals", "none", "unknown", "nasty"],
)
def test_label(prefix: str, value: object, expected: str) -> None:
    assert labels.label(EN, prefix, value) == expected


def test_counted() -> None:
    assert labels.counted(EN, "page_group_hosts", 1) == "1 host"
    assert labels.counted(EN, "page_group_hosts", 12345) == "12,345 hosts"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-11-27T23:50:00+09:00", "2026-11-27 14:50"),
        ("2026-11-27T23:50:00Z", "2026-11-27 23:50"),
        ("yesterday\x07", "yesterday\\x07"),
    ],
    ids=["zone", "utc", "no time"],
)
def test_moment(value: str, expected: str) -> None:
    assert labels.moment(value) == expected


def test_long_texts_are_cut() -> None:
    assert len(labels.shown("x" * 1_000_000)) < 1100
    assert labels.shown(None) == ""


def test_next_step_and_reason() -> None:
    assert labels.next_step(EN, row()) == ""
    assert labels.next_step(EN, failing("a")) == "Upgrade the agent with the playbook remediate."
    assert labels.reason(EN, failing("a")) == failing("a")["reason"]
    assert "影響" in labels.reason(Texts("ja"), failing("a"))
