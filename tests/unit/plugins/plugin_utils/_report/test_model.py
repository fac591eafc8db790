# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a report without a host passes: only where a tier has none, as in a slice of a fleet."""

from __future__ import annotations

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._report import Report
from tests.documents import document

ROLE, LIMIT = {"host": "relay-1", "why": "role"}, {"host": "relay-1", "why": "limit"}


@pytest.mark.parametrize(
    ("playbook", "left_out", "changes", "passed"),
    [
        ("remediate_agents", [ROLE], {}, True),
        ("deep_security.remediation.remediate_relays", [ROLE, LIMIT], {}, True),
        ("remediate_agents", [LIMIT], {}, False),
        ("remediate_agents", [], {}, False),
        ("remediate_agents", [ROLE], {"errors": ["x"]}, False),
        ("remediate_agents", [ROLE], {"finished": None}, False),
        ("remediate", [ROLE], {}, False),
        ("gate", [ROLE], {}, False),
        ("report", [ROLE], {}, False),
        (None, [ROLE], {}, False),
    ],
)
def test_a_report_without_hosts_passes_for_one_tier_alone(
    playbook: str | None, left_out: list[dict[str, str]], changes: dict[str, object], passed: bool
) -> None:
    empty = document([], playbook=playbook, left_out=left_out, **changes)
    assert Report.from_dict(empty).passed is passed
