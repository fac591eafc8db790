# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""One agent record from the Manager's raw reading of one computer. Unknown is None, with an entry in problems."""

from __future__ import annotations

import re
import time
import typing as t
from collections.abc import Collection, Mapping

from ...module_utils import _dsm_computers
from ...module_utils._dsm_computers import ENGINE_OFFLINE, EXPAND, NO_AGENT, RELAY_STATES
from .._advisory import BuildError, parse_build
from .._text import clean_tree, shorten
from .shape import Problem, blank_record

Raw = Mapping[str, t.Any]

# The Manager's platform is free text. appliance is no operating system: it runs on Linux and is judged as Linux.
PLATFORM_PATTERNS = {
    "windows": r"\bwindows\b",
    "linux": r"linux\b|\bred ?hat\b|\bcentos\b|\bsuse\b|\bubuntu\b|\bdebian\b|\brocky\b|\bfedora\b",
    "aix": r"\baix\b",
    "solaris": r"\bsolaris\b|\bsunos\b",
    "macos": r"\bmac ?os\b|\bos x\b",
    "appliance": r"\bvirtual appliance\b|\bdsva\b",
}
PLATFORMS = {"windows": "windows", "linux": "linux", "aix": "unix", "solaris": "unix", "macos": "macos"}
_ARCHITECTURES = ((r"\b(aarch64|arm64|64-bit arm)\b", "aarch64"), (r"\b64[ -]bit\b|x86_64", "x86_64"))
# Year 9999 ends: no date has more.
_LAST_MOMENT = 253402300800000


class Reader:
    """Makes records by patterns that the operator may replace. Raises ValueError for a pattern that is none."""

    def __init__(
        self,
        patterns: Mapping[str, str] | None = None,
        relay_states: Mapping[str, t.Any] | None = None,
        engine_offline: str = ENGINE_OFFLINE,
        expand: Collection[str] = EXPAND,
    ) -> None:
        wanted = {**PLATFORM_PATTERNS, **(patterns or {})}
        for name in wanted:
            if name not in PLATFORM_PATTERNS:
                raise ValueError(f"{name} is none of {', '.join(sorted(PLATFORM_PATTERNS))}")
        self._patterns = {name: _pattern(name, wanted[name]) for name in wanted}
        self._engine_offline = _pattern("engine_offline_pattern", engine_offline)
        self._relay_states = _dsm_computers.parse_relay_states(RELAY_STATES if relay_states is None else relay_states)
        self._expand = expand

    def computer(self, answer: Raw) -> dict[str, t.Any]:
        """What identifies a computer in the Manager, with its agent record. answer: the Manager's, or a raw reading."""
        raw: Raw = clean_tree(_dsm_computers.reading(answer))
        status = _part(raw, "computerStatus")
        appliance = bool(self._patterns["appliance"].search(_text(raw.get("platform")) or ""))
        kind = "appliance" if appliance else "agent"
        contact = raw.get("lastApplianceCommunication") if appliance else None
        return {
            "id": raw.get("ID"),
            "guid": _text(raw.get("hostGUID")),
            "name": _text(raw.get("hostName")),
            "display_name": _text(raw.get("displayName")),
            "address": _text(raw.get("lastIPUsed")),
            "kind": kind,
            "platform_text": _text(raw.get("platform")),
            "group_id": _number(raw.get("groupID")),
            "policy_id": _number(raw.get("policyID")),
            "relay_group_id": _number(raw.get("relayListID")),
            "protected_by_appliance": bool(raw.get("applianceFingerPrint")),
            "status": _text(status.get(f"{kind}Status")),
            "status_messages": _texts(status.get(f"{kind}StatusMessages")),
            "last_contact": _moment(raw.get("lastAgentCommunication")) or _moment(contact),
            "agent": self._record(raw, appliance),
        }

    def _record(self, raw: Raw, appliance: bool) -> dict[str, t.Any]:
        problems: list[Problem] = []
        fingerprint = _text(raw.get("agentFingerPrint"))
        if appliance:  # it may have one of its own kind alone
            fingerprint = fingerprint or _text(raw.get("applianceFingerPrint"))
        version, versions = self._version(raw, fingerprint, problems)
        os_name = self._os(raw, appliance, problems)
        # A version without a fingerprint is an agent that was deactivated; with neither it is unknown.
        activated = True if fingerprint else False if version else None
        return {
            **blank_record(),
            "installed": True if version or activated else None,
            "version": version,
            "version_raw": _text(raw.get("agentVersion")),
            "version_source": "manager" if version else None,
            "versions": versions,
            "platform": PLATFORMS.get(os_name or ""),
            "os": os_name,
            "arch": _arch(raw, os_name),
            "activated": activated,
            "relay": {"enabled": self._relay(raw, problems), "source": "manager"},
            "anti_malware": self._anti_malware(raw, problems),
            "updates": self._updates(raw),
            "problems": problems,
        }

    @staticmethod
    def _version(
        raw: Raw, fingerprint: str | None, problems: list[Problem]
    ) -> tuple[str | None, dict[str, str | None]]:
        """The build, and what the source manager named. A version that is no build is kept there as text."""
        text = raw.get("agentVersion")
        if text is None or text in ("", NO_AGENT):
            if fingerprint:
                _add(problems, "missing", "the Manager has an activated agent here, but not its version")
                return None, {"manager": None}
            by = "; an appliance protects it" if raw.get("applianceFingerPrint") else ""
            _add(problems, "missing", f"the Manager has no agent here: none is installed, or none is activated{by}")
            return None, {}
        try:
            build = parse_build(text).text
        except BuildError as error:
            _add(problems, "unreadable", f"the Manager's version of the agent: {error}")
            return None, {"manager": text if isinstance(text, str) else shorten(text)}
        return build, {"manager": build}

    def _os(self, raw: Raw, appliance: bool, problems: list[Problem]) -> str | None:
        if appliance:
            return "linux"
        text = _text(raw.get("platform")) or ""
        found = sorted(name for name in PLATFORMS if self._patterns[name].search(text))
        if len(found) == 1:
            return found[0]
        why = f"may be any of {', '.join(found)}" if found else "is unknown"
        _add(problems, "unsupported", f"the Manager's platform {shorten(text)} {why}; see platform_patterns")
        return None

    def _relay(self, raw: Raw, problems: list[Problem]) -> bool | None:
        if "computerSettings" not in self._expand:
            _add(problems, "not_requested", "the Relay state was not requested; see expand")
            return None
        state: bool | None = _dsm_computers.is_relay(raw, self._relay_states)
        if state is None:
            value = shorten(_dsm_computers.relay_value(raw))
            _add(problems, "unreadable", f"the Manager's Relay state is {value}; see relay_states")
        return state

    def _anti_malware(self, raw: Raw, problems: list[Problem]) -> dict[str, t.Any]:
        """mode is on, off or None. Whether an engine is offline follows from the module's own status alone."""
        if "antiMalware" not in self._expand:
            _add(problems, "not_requested", "the Anti-Malware state was not requested; see expand")
        module = _part(raw, "antiMalware")
        status = _part(module, "moduleStatus")
        state, agent_status = _text(module.get("state")), _text(status.get("agentStatus"))
        text = _text(status.get("agentStatusMessage"))
        messages = _texts(_part(raw, "computerStatus").get("agentStatusMessages")) + ([text] if text else [])
        offline = False if agent_status == "active" else None
        if any(self._engine_offline.search(each) for each in messages):
            offline = True
        return {
            "mode": state if state in ("on", "off") else "on" if agent_status == "active" else None,
            "driver_offline": offline,
            "engine": None,
            "patterns": [],
            "state": state,
            "status": agent_status,
            "message": text,
        }

    def _updates(self, raw: Raw) -> dict[str, t.Any] | None:
        """How the last security update went, or None where that was not requested."""
        if "securityUpdates" not in self._expand:
            return None
        updates = _part(raw, "securityUpdates")
        status = _part(updates, "updateStatus")
        return {
            "status": _text(status.get("status")),
            "message": _text(status.get("statusMessage")),
            "last_changed": _moment(updates.get("lastChanged")),
            "latest": _all_latest(updates.get("antiMalware")),
        }


def with_records(result: dict[str, t.Any]) -> dict[str, t.Any]:
    """The result of a module that returns raw readings, with records instead.

    reading, which goes: the module's options for a Reader. computer, before, computers: the raw readings.
    """
    options = result.pop("reading", None)
    if options is None:  # it failed
        return result
    reader = Reader(**options)
    for key in ("computer", "before"):
        if result.get(key):
            result[key] = reader.computer(result[key])
    if "computers" in result:
        result["computers"] = [reader.computer(raw) for raw in result["computers"]]
    return result


def _add(problems: list[Problem], code: str, text: str) -> None:
    problems.append({"source": "manager", "code": code, "text": text})


def _arch(raw: Raw, os_name: str | None) -> str | None:
    if os_name not in ("windows", "linux"):
        return None
    text = (_text(raw.get("platform")) or "").lower()
    return next((name for pattern, name in _ARCHITECTURES if re.search(pattern, text)), None)


def _all_latest(components: object) -> bool | None:
    """Whether every component is the newest; None where there is none, or where one that may not be does not tell."""
    known = components if isinstance(components, list) else []
    states = [item.get("latest") if isinstance(item, Mapping) else None for item in known]
    if any(state is False for state in states):
        return False
    return True if states and all(state is True for state in states) else None


def _pattern(name: str, text: str) -> re.Pattern[str]:
    try:
        return re.compile(text, re.IGNORECASE)
    except (re.error, TypeError) as error:
        raise ValueError(f"the pattern for {name} is no regular expression: {error}") from None


def _part(value: Raw, name: str) -> Raw:
    """The mapping of that name, or an empty one."""
    part = value.get(name)
    return part if isinstance(part, Mapping) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _texts(value: object) -> list[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _moment(milliseconds: object) -> str | None:
    """ISO 8601 in UTC from milliseconds since 1970; None for what is no moment."""
    number = _number(milliseconds)
    if number is None or not 0 < number < _LAST_MOMENT:
        return None
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(number // 1000))
