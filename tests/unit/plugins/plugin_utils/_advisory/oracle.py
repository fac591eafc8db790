# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the decision share.

The expected values in this folder come from the vendor's article, never from the code under test.
"""

from __future__ import annotations

import copy
import functools
import json
import re
from collections.abc import Sequence
from typing import Any, cast

from ansible_collections.deep_security.remediation.plugins.plugin_utils._advisory import (
    Advisory,
    Context,
    Verdict,
    decide,
    load_advisory,
)

KEYS = {
    "verdict",
    "compliant",
    "reason",
    "reason_code",
    "action",
    "advisory",
    "line",
    "platform",
    "version",
    "affected_up_to",
    "fixed_from",
}
COMPLIANT = {"fixed", "not_affected", "mitigated", "not_applicable", "not_installed"}
NOT_COMPLIANT = {"affected", "indeterminate", "conditional", "unknown"}
ACTIONS = {"none", "upgrade", "fix_relay", "ask_support", "investigate"}
REASON_LIMIT = 400
"""A reason is one sentence in a table: the longest that still reads as one."""


@functools.cache
def shipped() -> Advisory:
    return load_advisory("KA-0016311")


def agent(platform: object, version: object, **more: object) -> dict[str, Any]:
    """An agent record with only what the decision needs."""
    return {"installed": True, "platform": platform, "version": version, **more}


def no_agent(platform: object = "linux") -> dict[str, Any]:
    return {"installed": False, "platform": platform, "version": None, "versions": {}}


def judge(
    record: object,
    *,
    relays: Sequence[object] | None = None,
    certificate_replaced: bool = False,
    not_installed_compliant: bool = True,
    advisory: Advisory | None = None,
) -> Verdict:
    """Decide, and check what holds for every verdict, whatever the record was."""
    context = Context(
        relays=cast(Any, relays),
        certificate_replaced=certificate_replaced,
        not_installed_compliant=not_installed_compliant,
    )
    before = copy.deepcopy((record, relays))
    verdict = decide(cast(Any, record), advisory or shipped(), context)
    assert (record, relays) == before, "deciding changed its input"

    answer = verdict.as_dict()
    assert set(answer) == KEYS
    json.dumps(answer)
    assert verdict.verdict in COMPLIANT | NOT_COMPLIANT
    assert verdict.action in ACTIONS
    assert isinstance(verdict.compliant, bool)
    refused = verdict.verdict == "not_installed" and not not_installed_compliant
    assert verdict.compliant == (verdict.verdict in COMPLIANT and not refused)
    if not refused:
        assert (verdict.action == "none") == verdict.compliant
    assert verdict.reason.strip()
    assert len(verdict.reason) <= REASON_LIMIT
    assert verdict.reason.isprintable(), "a reason is one line of readable text"
    assert re.fullmatch(r"[a-z][a-z0-9_]*", verdict.reason_code)
    return verdict


def outcome(verdict: Verdict) -> tuple[str, str]:
    return verdict.verdict, verdict.action
