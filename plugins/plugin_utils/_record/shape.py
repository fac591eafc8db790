# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The agent record: what one host says about its agent. Unknown is None with an entry in problems, never a guess."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Iterable, Mapping

from .._advisory import BuildError, parse_build
from .._text import clean

Json = dict[str, t.Any]
# More than any build has; the rest of a longer text is cut, and it stays unreadable.
_LONGEST_BUILD = 120
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


class Problem(t.TypedDict):
    """Why something of the record is not known.

    source: rpm, dpkg, lslpp, pkg, pkginfo, pkgutil, registry, file, dsa_query (the sources of a build), packages (all
    databases together), folder, service, relay, note, reboot, clock, platform, reader (the reading as a whole).
    code: no_answer (nothing of use came), incomplete (some of it is missing), unreadable (what came cannot be read),
    missing (it is not there), denied (it cannot be seen), half_installed, leftovers (no database knows the agent, and
    something of it is there), unsupported.
    """

    source: str
    code: str
    text: str


class AgentRecord(t.TypedDict):
    """The agent record. dsa_info documents each key."""

    installed: bool | None
    version: str | None
    version_raw: str | None
    version_source: str | None
    versions: dict[str, str | None]
    platform: str | None
    os: str | None
    os_version: str | None
    arch: str | None
    distribution: Json | None
    install_dir: str | None
    installed_at: str | None
    running: bool | None
    service: Json
    services: list[Json]
    drivers: list[Json]
    activated: bool | None
    manager_url: str | None
    relay: Json
    anti_malware: Json
    reboot: Json
    clock: Json
    product_code: str | None
    remediation: Json | None
    remediation_unreadable: str | None
    problems: list[Problem]


def blank_record() -> AgentRecord:
    """A record that knows nothing."""
    return {
        "installed": None,
        "version": None,
        "version_raw": None,
        "version_source": None,
        "versions": {},
        "platform": None,
        "os": None,
        "os_version": None,
        "arch": None,
        "distribution": None,
        "install_dir": None,
        "installed_at": None,
        "running": None,
        "service": {"name": None, "state": None},
        "services": [],
        "drivers": [],
        "activated": None,
        "manager_url": None,
        "relay": {"enabled": None, "source": None},
        "anti_malware": {"mode": None, "driver_offline": None, "engine": None, "patterns": []},
        "reboot": {"required": None, "reasons": []},
        "clock": {"utc_offset": None, "boot_time": None, "now": None},
        "product_code": None,
        "remediation": None,
        "remediation_unreadable": None,
        "problems": [],
    }


def unreadable_record(problem_text: str) -> AgentRecord:
    """The record of a host whose reader gave nothing, for that reason."""
    record = blank_record()
    add_problem(record, "reader", "no_answer", problem_text)
    return record


def add_problem(record: AgentRecord, source: str, code: str, text: str) -> None:
    """Note why something is not known."""
    record["problems"].append({"source": source, "code": code, "text": text})


def set_versions(record: AgentRecord, found: Mapping[str, str | None], order: Iterable[str]) -> None:
    """Fill in what the sources name, in one spelling where it can be read, and the version by the first in order.

    A source that named no build, or none that can be read, stays in versions and gets a problem, if it has none.
    """
    readable = {}
    for source, text in found.items():
        known = any(problem["source"] == source for problem in record["problems"])
        record["versions"][source] = None if text is None else clean(text, _LONGEST_BUILD)
        try:
            record["versions"][source] = readable[source] = parse_build(text).text
        except BuildError as error:
            if text is not None:
                add_problem(record, source, "unreadable", str(error))
            elif not known:
                add_problem(record, source, "incomplete", "it answered and named no build")
    first = next((source for source in order if found.get(source) is not None), None)
    if first is not None:
        record["version_source"], record["version_raw"] = first, clean(found[first] or "", _LONGEST_BUILD)
        record["version"] = readable.get(first)


def part(value: object, key: str) -> Mapping[str, t.Any]:
    """A mapping in a mapping, empty where there is none."""
    inner = value.get(key) if isinstance(value, Mapping) else None
    return inner if isinstance(inner, Mapping) else {}


def text_of(value: object) -> str | None:
    """A text that says something, None for everything else."""
    return value if isinstance(value, str) and value else None


def number_of(value: object) -> int | None:
    """A whole number, None for everything else: true is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def time_of(value: object) -> str | None:
    """A point in time, ISO 8601 in UTC, None for everything else."""
    return value if isinstance(value, str) and _TIME.fullmatch(value) else None


def clock_of(value: Mapping[str, t.Any]) -> Json:
    """The clock of a reading, with None for what is not known."""
    return {
        "utc_offset": number_of(value.get("utc_offset")),
        "boot_time": time_of(value.get("boot_time")),
        "now": time_of(value.get("now")),
    }
