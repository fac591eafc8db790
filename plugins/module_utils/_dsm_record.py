# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection.

"""One agent record from what the Manager knows of one computer. Unknown is None with an entry in problems."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re
import time

from ansible.module_utils.parsing.convert_bool import boolean

# What a record is made from; what is not asked for stays unknown.
EXPAND = ("computerStatus", "computerSettings", "antiMalware")
# What may be asked for: beside the above, what makes an answer several times as large and is seldom needed.
EXPANDABLE = EXPAND + ("securityUpdates",)
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
# The vendor publishes the setting, not its words.
RELAY_STATES = {"true": True, "false": False}
ENGINE_OFFLINE = r"anti-?malware engine offline"
ARCHITECTURES = ((r"\b(aarch64|arm64|64-bit arm)\b", "aarch64"), (r"\b64[ -]bit\b|x86_64", "x86_64"))
NO_AGENT = "0.0.0.0"


class Reader:
    """Makes records by patterns that the operator may replace. Raises ValueError for a pattern that is none."""

    def __init__(self, patterns=None, relay_states=None, engine_offline=ENGINE_OFFLINE, expand=EXPAND):
        wanted = dict(PLATFORM_PATTERNS, **(patterns or {}))
        for name in wanted:
            if name not in PLATFORM_PATTERNS:
                raise ValueError("%s is none of %s" % (name, ", ".join(sorted(PLATFORM_PATTERNS))))
        self._patterns = {name: _pattern(name, wanted[name]) for name in wanted}
        self._engine_offline = _pattern("engine_offline_pattern", engine_offline)
        try:
            self._relay_states = {
                str(word).lower(): boolean(state)
                for word, state in (RELAY_STATES if relay_states is None else relay_states).items()
            }
        except TypeError as error:
            raise ValueError("relay_states: %s" % error)
        self._expand = expand

    def computer(self, raw):
        """What identifies a computer in the Manager, with its agent record."""
        status = _part(raw, "computerStatus")
        appliance = bool(self._patterns["appliance"].search(_text(raw.get("platform")) or ""))
        side = "appliance" if appliance else "agent"
        contact = raw.get("lastApplianceCommunication") if appliance else None
        return {
            "id": raw.get("ID"),
            "guid": _text(raw.get("hostGUID")),
            "name": _text(raw.get("hostName")),
            "display_name": _text(raw.get("displayName")),
            "address": _text(raw.get("lastIPUsed")),
            "kind": side,
            "platform_text": _text(raw.get("platform")),
            "group_id": _number(raw.get("groupID")),
            "policy_id": _number(raw.get("policyID")),
            "relay_group_id": _number(raw.get("relayListID")),
            "protected_by_appliance": bool(raw.get("applianceFingerPrint")),
            "status": _text(status.get(side + "Status")),
            "status_messages": _texts(status.get(side + "StatusMessages")),
            "last_contact": _moment(raw.get("lastAgentCommunication")) or _moment(contact),
            "agent": self._record(raw, appliance),
        }

    def _record(self, raw, appliance):
        problems = []
        fingerprint = _text(raw.get("agentFingerPrint"))
        if appliance:  # it may have one of its own kind alone
            fingerprint = fingerprint or _text(raw.get("applianceFingerPrint"))
        version = self._version(raw, fingerprint, problems)
        os_name = self._os(raw, appliance, problems)
        # A version without a fingerprint is an agent that was deactivated; with neither, nobody knows.
        activated = True if fingerprint else False if version else None
        return {
            "installed": True if version or activated else None,
            "version": version,
            "version_raw": _text(raw.get("agentVersion")),
            "version_source": "manager" if version else None,
            "versions": {"manager": version} if version else {},
            "platform": PLATFORMS.get(os_name),
            "os": os_name,
            "os_version": None,
            "arch": self._arch(raw, os_name),
            "distribution": None,
            "install_dir": None,
            "service": {"name": None, "state": None},
            "activated": activated,
            "manager_url": None,
            "relay": {"enabled": self._relay(raw, problems), "source": "manager"},
            "anti_malware": self._anti_malware(raw, problems),
            "updates": self._updates(raw),
            "reboot": {"required": None, "reasons": []},
            "clock": None,
            "remediation": None,
            "problems": problems,
        }

    @staticmethod
    def _version(raw, fingerprint, problems):
        text = raw.get("agentVersion")
        if text is None or text in ("", NO_AGENT):
            if fingerprint:
                problems.append("the Manager knows an activated agent here, but not its version")
            else:
                by = "; an appliance protects it" if raw.get("applianceFingerPrint") else ""
                problems.append("the Manager knows no agent here: none is installed, or none is activated%s" % by)
            return None
        version = build(text)
        if version is None:
            problems.append("the Manager's version of the agent is no build number: %s" % _short(text))
        return version

    def _os(self, raw, appliance, problems):
        if appliance:
            return "linux"
        text = _text(raw.get("platform")) or ""
        found = sorted(name for name in PLATFORMS if self._patterns[name].search(text))
        if len(found) == 1:
            return found[0]
        why = "may be any of %s" % ", ".join(found) if found else "is none that is known here"
        problems.append("the Manager's platform %s %s; see platform_patterns" % (_short(text), why))
        return None

    @staticmethod
    def _arch(raw, os_name):
        if os_name not in ("windows", "linux"):
            return None
        text = (_text(raw.get("platform")) or "").lower()
        return next((name for pattern, name in ARCHITECTURES if re.search(pattern, text)), None)

    def _relay(self, raw, problems):
        if "computerSettings" not in self._expand:
            problems.append("the Relay state was not asked for")
            return None
        value = _part(_part(raw, "computerSettings"), "platformSettingRelayState").get("value")
        state = self._relay_states.get(str(value).lower())
        if state is None:
            problems.append("the Manager's Relay state is not known here: %s; see relay_states" % _short(value))
        return state

    def _anti_malware(self, raw, problems):
        """mode is on, off or None. An engine is called offline, or not, only by the module's own status."""
        if "antiMalware" not in self._expand:
            problems.append("the Anti-Malware state was not asked for")
        module = _part(raw, "antiMalware")
        status = _part(module, "moduleStatus")
        state, word, said = (
            _text(module.get("state")),
            _text(status.get("agentStatus")),
            _text(status.get("agentStatusMessage")),
        )
        messages = _texts(_part(raw, "computerStatus").get("agentStatusMessages")) + ([said] if said else [])
        offline = None
        if word == "active":
            offline = False
        if any(self._engine_offline.search(message) for message in messages):
            offline = True
        mode = state if state in ("on", "off") else "on" if word == "active" else None
        return {
            "mode": mode,
            "driver_offline": offline,
            "engine": None,
            "patterns": [],
            "state": state,
            "status": word,
            "message": said,
        }

    def _updates(self, raw):
        """How the last security update went, or None where that was not asked for."""
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


def _all_latest(components):
    """Whether every component is the newest; None where there is none, or where one that may not be says nothing."""
    known = components if isinstance(components, list) else []
    states = [item.get("latest") if isinstance(item, dict) else None for item in known]
    if any(state is False for state in states):
        return False
    return True if states and all(state is True for state in states) else None


def build(text):
    """20.0.0-6313 from the Manager's 20.0.0.6313, or None."""
    found = re.match(r"([0-9]{1,9})\.([0-9]{1,9})\.([0-9]{1,9})[.-]([0-9]{1,9})\Z", text) if _text(text) else None
    if not found:
        return None
    return "%d.%d.%d-%d" % tuple(int(number) for number in found.groups())


def _pattern(name, text):
    try:
        return re.compile(text, re.IGNORECASE)
    except (re.error, TypeError) as error:
        raise ValueError("the pattern for %s is no regular expression: %s" % (name, error))


def _part(value, name):
    """The mapping of that name, or an empty one."""
    part = value.get(name)
    return part if isinstance(part, dict) else {}


def _text(value):
    return value if isinstance(value, str) and value else None


def _texts(value):
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


def _number(value):
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _short(value):
    text = repr(value)
    return text if len(text) <= 100 else text[:100] + "..."


def _moment(milliseconds):
    """ISO 8601 in UTC from milliseconds since 1970; None for what is no moment."""
    number = _number(milliseconds)
    if number is None or not 0 < number < 253402300800000:
        return None
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(number // 1000))
