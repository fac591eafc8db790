# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A document with something in every field, and the same with one text in place of every text in it."""

from __future__ import annotations

import typing as t

from tests.documents import document, failing, row
from tests.report_schema import check

# Keys of these are data, such as a site; all others are names of fields.
_BY_NAME = ("verdicts", "done", "next", "roles", "platforms", "sites", "builds", "blocked", "versions")
_WAIVED = {
    "for": "verdict",
    "code": "affected",
    "reason": "the site is closed",
    "owner": "ops",
    "expires": "2027-01-31",
}


def whole() -> dict[str, t.Any]:
    """A prediction that three hosts are in: one passes, one is waived, one does not pass."""
    finding = {
        "code": "service_not_running",
        "values": {"state": "dead"},
        "message": "it is dead",
        "sentence": "finding_service_not_running",
        "fails_gate": True,
    }
    check_of_windows = {"name": "sha2", "result": "fail", "waived": True, "reason": "no", "values": {}, "message": "no"}
    some = {"target": "20.0.2-1390", "stage": "upgrade", "diagnostics": "/var/d.zip", "reboot": "would reboot"}
    bad = failing("bad", **some, error="upgrade: dpkg ended with 1", findings=[finding], prechecks=[check_of_windows])
    rows = [row("good", ready=True), failing("waived", passed=True, waived=[_WAIVED]), {**bad, "ready": False}]
    waiver = {name: value for name, value in _WAIVED.items() if name not in ("for", "code")}
    waivers = [
        {"kind": "gate", "hosts": "*", "verdicts": ["affected"], "findings": [], "checks": [], **waiver, **each}
        for each in (
            {"state": "applied", "used_by": ["waived"]},
            {"state": "expired", "used_by": []},
            {"state": "unused", "used_by": []},
        )
    ]
    run = {"run_id": "0", "started": "2026-11-20T02:00:00+00:00", "finished": "2026-11-20T02:10:00+00:00"}
    made = document(
        rows,
        playbook="remediate",
        check_mode=True,
        limit="x",
        dsa_hosts="y",
        change_id="CHG1",
        started_by={"user": "u", "awx_job": "1", "awx_job_name": "n", "awx_user": "a"},
        errors=["no room"],
        warnings=["misspelt"],
        left_out=[{"host": "db1", "why": "limit"}],
        waivers=waivers,
        merged_from=[{**run, "playbook": "gate", "check_mode": False, "passed": True, "limit": "z"}],
        difference={
            "baseline": run,
            **{name: ["bad"] for name in ("fixed", "newly_affected", "regressed", "gone", "new")},
        },
        readiness={
            **dict.fromkeys(("complies", "would_upgrade", "would_update", "would_reboot", "would_reboot_later"), 1),
            "silent": 0,
            "blocked": {"no_package": 1},
            "ready": False,
        },
    )
    made["summary"]["left_out"] = 1
    check(made)
    return made


def planted(value: t.Any, text: str, name: str = "") -> t.Any:
    """The same with this text in place of every text in it, and of every key that is data."""
    if isinstance(value, dict):
        data = name in _BY_NAME and "code" not in value
        return {text if data else key: planted(item, text, key) for key, item in value.items()}
    if isinstance(value, list):
        return [planted(item, text) for item in value]
    return text if isinstance(value, str) else value
