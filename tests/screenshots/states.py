# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports of every state that a page can show, as they could come from a real fleet."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping

from tests.documents import Row, document, failing, fleet, row

Document = dict[str, t.Any]
_SITES = ("tokyo", "osaka", "nagoya")
_WINDOWS: Row = {"platform": "windows", "os": "windows", "site": "osaka", "relays": ["relay-2"]}
_SOON = "Will be replaced in December"
_NO_ROOT = "DigiCert Trusted Root G4 is not in the store of trusted roots."
_OFFLINE = (
    "The Anti-Malware engine is offline, so the host is not protected. Restart the host; if it stays offline, run the "
    "playbook recover."
)


def compliant() -> Document:
    """Everything done, by a job of AWX."""
    return document(
        [*_relays(), *_agents(36)],
        playbook="remediate",
        change_id="CHG0041877",
        started_by={"user": "awx", "awx_job": "1842", "awx_job_name": "Remediate KA-0016311", "awx_user": "m.tanaka"},
    )


def mixed() -> Document:
    """The morning after the first change window: most is done, some hosts need a person."""
    hosts = [*_relays(), *_agents(30), *_needing_attention()]
    waivers = [
        _waiver("applied", ["file-old"], hosts="file-old", verdicts=["affected"], reason=_SOON),
        _waiver("expired", [], hosts="db-*", verdicts=["unreachable"], reason="Moves soon", expires="2026-10-31"),
        _waiver("unused", [], hosts="lab-*", findings=["reboot_pending"], reason="Laboratory, reboots on Sundays"),
        _waiver(
            "applied", ["win-2"], kind="precheck", hosts=None, checks=["root_certificates"], owner=None, expires=None,
            reason="Roots come by group policy",
        ),
    ]  # fmt: skip
    return document(
        hosts,
        playbook="remediate",
        limit="!lab",
        change_id="CHG0041877",
        warnings=["dsa_target_verison is no variable of this collection: did you mean dsa_target_version?"],
        left_out=[{"host": f"lab-{number}", "why": "limit"} for number in range(1, 8)],
        waivers=waivers,
        difference=_difference(),
    )


def readiness() -> Document:
    """A prediction before the change window."""
    would: Row = {
        "done": "would upgrade and update", "ready": True, "next": _next("run_without_check"), "target": "20.0.2-1390",
    }  # fmt: skip
    blocked: Row = {"os": "aix", "done": "blocked", "ready": False, "next": _next("provide_package")}
    hosts = [
        *(row(f"relay-{number}", role="relay", relays=[], ready=True) for number in (1, 2)),
        *(row(f"web-{number}", ready=True, site="osaka") for number in range(1, 5)),
        *(failing(f"app-{number}", site=_SITES[number % 3], **would) for number in range(1, 15)),
        *(failing(f"win-{number}", reboot="would reboot", **would, **_WINDOWS) for number in (1, 2, 3)),
        *(failing(f"aix-{number}", platform="unix", **blocked) for number in (1, 2)),
        failing("db-1", "unreachable", ready=False),
    ]
    counts = {
        "complies": 6, "would_upgrade": 17, "would_update": 17, "would_reboot": 3, "would_reboot_later": 0, "silent": 1,
        "blocked": {"no_package_in": 2}, "ready": False,
    }  # fmt: skip
    return document(hosts, playbook="remediate", check_mode=True, gate_on="readiness", passed=False, readiness=counts)


def unfinished() -> Document:
    """What stands in the file while a run goes on, or after it was killed."""
    hosts = [failing(f"web-{number}", "unknown", next=_next("run_again"), role=None) for number in range(1, 9)]
    return document(hosts, advisory="", title="", source="", finished=None, passed=False)


def errors() -> Document:
    """A run that its settings stopped."""
    wrong = [
        "dsa_package_dir is /srv/packges, which is no folder: create it, or correct the path",
        "there is no host to report on, and nothing is proven: check --limit, dsa_hosts and the groups",
    ]
    return document([], errors=wrong, passed=False)


STATES: Mapping[str, Callable[[], Document]] = {
    "compliant": compliant,
    "mixed": mixed,
    "readiness": readiness,
    "unfinished": unfinished,
    "errors": errors,
    "fleet": fleet,
}


def _next(code: str) -> dict[str, t.Any]:
    return {"code": code, "values": {}}


def _relays() -> list[Row]:
    return [
        row("dsm", role="manager", platform="linux", relays=[], site="tokyo"),
        row(
            "relay-1", role="relay", relays=[], version_before="20.0.0-4416", done="upgraded and updated", seconds=412.6
        ),
        row("relay-2", role="relay", relays=[], site="osaka", platform="windows", os="windows", version="20.0.0-8453"),
    ]


def _agents(count: int) -> list[Row]:
    places = (("linux", "linux", "20.0.2-1390"), ("windows", "windows", "20.0.0-8453"), ("unix", "aix", "20.0.2-1390"))
    found = []
    for number in range(count):
        platform, os, build = places[(0, 0, 1, 0, 1, 2)[number % 6]]
        done = {"version_before": "20.0.0-4416", "done": "upgraded and updated", "seconds": 61.0 + number}
        found.append(
            row(
                f"{('web', 'app', 'mail')[number % 3]}-{number // 3 + 1}",
                platform=platform,
                os=os,
                site=_SITES[number * 5 % 7 % 3],
                relays=["relay-1" if number % 2 else "relay-2"],
                version=build,
                **(done if number % 4 else {"version_before": build}),
            )
        )
    return found


def _needing_attention() -> list[Row]:
    check = {
        "name": "root_certificates", "result": "fail", "waived": False, "evidence": "", "reason": _NO_ROOT,
        "remedy": "Import it, or set dsa_certificates_import: true.",
    }  # fmt: skip
    stopped: Row = {
        "done": "blocked", "next": _next("remove_obstacle"), "prechecks": [check],
        "error": f"precheck: root_certificates: {_NO_ROOT}",
    }  # fmt: skip
    offline_finding = {
        "code": "anti_malware_offline", "values": {}, "message": _OFFLINE, "fails_gate": True,
        "sentence": "finding_anti_malware_offline_windows",
    }  # fmt: skip
    offline: Row = {
        "passed": False, "next": _next("look_at_agent"), "done": "upgraded and updated",
        "findings": [offline_finding],
        "reason": f"{row()['reason']} {_OFFLINE}",
    }  # fmt: skip
    waived = {"for": "verdict", "code": "affected", "reason": _SOON, "owner": "K. Sato", "expires": "2026-12-31"}
    return [
        *(failing(f"win-{number}", **stopped, **_WINDOWS) for number in (1, 3, 4)),
        row("win-2", **offline, **_WINDOWS),
        *(failing(f"db-{number}", "unreachable", site="nagoya", platform=None, os=None) for number in (1, 2)),
        failing("sol-1", "indeterminate", platform="unix", os="solaris", version="20.0.2-700", next=_next("upgrade")),
        failing("file-old", passed=True, waived=[waived]),
        row("build-1", role="appliance", relays=[], reboot="pending", site=None),
    ]


def _waiver(state: str, used_by: list[str], **changes: t.Any) -> dict[str, t.Any]:
    return {
        "kind": "gate", "hosts": None, "verdicts": [], "findings": [], "checks": [], "owner": "K. Sato",
        "expires": "2026-12-31", "state": state, "used_by": used_by, **changes,
    }  # fmt: skip


def _difference() -> dict[str, t.Any]:
    baseline = {
        "run_id": "89abcdef01234567",
        "started": "2026-11-20T02:00:00+00:00",
        "finished": "2026-11-20T02:04:00+00:00",
    }
    fixed = [each["host"] for each in _agents(30) if each["done"] != "nothing"]
    return {
        "baseline": baseline, "fixed": fixed, "newly_affected": [], "regressed": ["win-2"], "gone": ["mail-99"],
        "new": ["sol-1"],
    }  # fmt: skip
