# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records, hosts, fleets and plans for unit tests: complete and healthy unless a test states otherwise."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone

from ansible_collections.deep_security.remediation.plugins.plugin_utils._advisory import load_advisory
from ansible_collections.deep_security.remediation.plugins.plugin_utils._fleet import Fleet, Plan, make_plan
from ansible_collections.deep_security.remediation.plugins.plugin_utils._messages import Message, message
from ansible_collections.deep_security.remediation.plugins.plugin_utils._run import (
    RELAY_GROUP,
    HostRun,
    Outcome,
    Reading,
    StageResult,
)
from ansible_collections.deep_security.remediation.plugins.plugin_utils._settings import Settings

Record = dict[str, t.Any]
# On POSIX and Windows: the note that is found where the run r1 has seen that of the run r0, an update that is pending,
# and whether r1 leaves the host alone.
NOTED_SINCE: list[tuple[dict[str, str] | None, bool]] = [
    ({"run": "r2", "phase": "done", "done_at": "2026-11-02T00:00:00Z"}, True),
    # The run that was seen, which has ended it meanwhile.
    ({"run": "r0", "phase": "done", "done_at": "2026-11-02T00:00:00Z"}, True),
    ({"run": "r0", "phase": "update_pending"}, False),
    # An attempt of this run whose connection was lost.
    ({"run": "r1", "phase": "done"}, False),
    (None, True),
]
AFFECTED, BETWEEN, FIXED = "20.0.0-4416", "20.0.0-4500", "20.0.2-1390"
NOW = datetime(2026, 11, 23, 2, 0, tzinfo=timezone.utc)
RELAYS = (RELAY_GROUP,)
# A package for every host, and nothing on the disk of the machine that runs the tests.
REPOSITORY: Mapping[str, t.Any] = {
    "dsa_target_version": FIXED,
    "dsa_packages": [{"version": FIXED, "repository": True}],
}
_HEALTHY: Record = {
    "problems": [],
    "activated": True,
    "manager_url": "https://dsm.example.com:4120/",
    "service": {"name": "ds_agent", "state": "running"},
    "services": [{"name": "ds_agent", "state": "running"}],
    "drivers": [],
    "running": True,
    "anti_malware": {"mode": "on", "driver_offline": False, "engine": "12.5.1008", "patterns": []},
    "remediation": None,
    "remediation_unreadable": None,
    "reboot": {"required": False, "reasons": []},
    "clock": {"utc_offset": 0, "boot_time": None, "now": None},
    "installed_at": None,
}
_PLATFORMS: Mapping[str, Record] = {
    "linux": {"os": "linux", "arch": "x86_64", "distribution": {"id": "rhel", "version": "8.10"}, "package": "rpm"},
    "windows": {"os": "windows", "arch": "x86_64", "os_version": "10.0.20348", "package": "registry"},
    "unix": {"os": "aix", "arch": "powerpc", "os_version": "7.2", "package": "lslpp"},
    "macos": {"os": "macos", "arch": "arm64", "os_version": "14.5", "package": "pkgutil"},
}


def record(
    build: str | None = AFFECTED,
    platform: str = "linux",
    *,
    relay: bool | None = False,
    phase: str | None = None,
    note: Mapping[str, t.Any] | None = None,
    **more: t.Any,
) -> Record:
    """The record of a healthy agent of that build, read from its host; of a host without an agent where build is None.

    phase: of a progress note about this very build. note: the whole note, instead. more: keys of the record.
    """
    own = dict(_PLATFORMS[platform])
    source = own.pop("package")
    if phase and note is None:
        note = {"phase": phase, "to": build, "build": build}
    installed = build is not None
    absent: Record = (
        {} if installed else {"activated": None, "running": False, "service": None, "services": [], "anti_malware": {}}
    )
    return {
        **_HEALTHY,
        **absent,
        **own,
        "platform": platform,
        "installed": installed,
        "version": build,
        "version_raw": build,
        "version_source": source if installed else None,
        "versions": {source: build, "dsa_query": build} if installed else {},
        "relay": {"enabled": relay if installed else None, "source": "tcp_4122_listener"},
        "remediation": dict(note) if note is not None else None,
        **more,
    }


def manager_computer(
    build: str | None = AFFECTED,
    relay: bool | None = False,
    days: float = 0.1,
    updates: Mapping[str, t.Any] | None = None,
    **more: t.Any,
) -> Record:
    """dsm_computer as the inventory plugin gives it. days: how long ago the agent was in contact with the Manager."""
    agent: Record = {
        "installed": True if build else None,
        "version": build,
        "version_source": "manager" if build else None,
        "versions": {"manager": build} if build else {},
        "platform": "linux",
        "os": "linux",
        "activated": True,
        "relay": {"enabled": relay, "source": "manager"},
        "updates": updates,
        "problems": [],
    }
    contact = (NOW - timedelta(days=days)).isoformat().replace("+00:00", "Z")
    return {"id": 17, "kind": "agent", "last_contact": contact, "agent": agent, **more}


def relay_hosts(relays: Mapping[str, t.Any], **more: t.Any) -> Record:
    """dsa_relay_hosts, as a stage of the Relays on the whole fleet publishes it now. more: what is otherwise."""
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    whole = {"run_id": "run-7", "at": now, "inventory": "", "complete": True, "count": len(relays)}
    return {**whole, "relays": dict(relays), **more}


def parsed(values: Mapping[str, t.Any], host: str = "host") -> Settings:
    """Settings of a host, the defaults where values has none."""
    return Settings.parse(values, host)


def result(stage: str, outcome: Outcome = "done", why: Message | None = None, **more: t.Any) -> StageResult:
    """What one stage did. more: the other fields of StageResult."""
    shown = why or message("not_readable", why=f"{stage} {outcome}")
    return StageResult(stage, outcome, shown, **{"changed": outcome in ("done", "failed"), **more})


def host_run(
    name: str = "web1",
    record: Mapping[str, t.Any] | None = None,
    groups: Sequence[str] = (),
    settings: Mapping[str, t.Any] | None = None,
    *,
    stages: Mapping[str, StageResult | Outcome] | None = None,
    unreachable: str | None = None,
    unread: str | None = None,
    computer: Mapping[str, t.Any] | None = None,
    **more: t.Any,
) -> HostRun:
    """A host of a run. record: what was read of it, None: nobody tried, but see the two that follow.

    unreachable, unread: why it gave no answer, or none that could be used. stages: results, or just their outcomes.
    settings: its dsa_ and dsm_ variables as the inventory has them, beside a package from a repository.
    """
    values = {**REPOSITORY, **(settings or {})}
    if computer is not None:
        values["dsm_computer"] = computer
    run = HostRun(name, tuple(groups), parsed(values, name), **more)
    if record is not None:
        run = run.with_reading(Reading("read", record))
    elif unreachable is not None:
        run = run.with_reading(Reading("unreachable", None, unreachable))
    elif unread is not None:
        run = run.with_reading(Reading("unread", None, unread))
    for stage, outcome in (stages or {}).items():
        run = run.after(outcome if isinstance(outcome, StageResult) else result(stage, outcome))
    return run


def relay(name: str = "relay1", build: str | None = FIXED, phase: str | None = "done", **more: t.Any) -> HostRun:
    """A Relay by its group: fixed, and updated since its upgrade. more: as for host_run()."""
    more.setdefault("groups", RELAYS)
    if not {"record", "unreachable", "unread"} & set(more):
        more["record"] = record(build, relay=build is not None, phase=phase)
    return host_run(name, **more)


def fleet_of(*hosts: HostRun, **more: t.Any) -> Fleet:
    """These hosts, in this order, at two in the morning. more: fields of Fleet."""
    return Fleet({host.host: host for host in hosts}, load_advisory(), more.pop("now", NOW), **more)


def plan_of(*hosts: HostRun, scope: Sequence[str] | None = None, predicting: bool = False, **more: t.Any) -> Plan:
    """The plan for these hosts, or for those in scope. more: fields of Fleet."""
    fleet = fleet_of(*hosts, **more)
    return make_plan(fleet, list(fleet.hosts) if scope is None else scope, predicting)
