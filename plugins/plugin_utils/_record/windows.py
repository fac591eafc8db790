# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""From the raw reading of a Windows host (win_dsa_info) to its agent record."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from .._advisory import build_or_none
from .._text import one_line
from .answer import Answer
from .dsa_query import QueryAnswer, read_query
from .registry import Key, Unreadable
from .remediation import read_note
from .services import NOT_RUNNING, Service, read_windows_services
from .shape import AgentRecord, add_problem, blank_record, clock_of, part, set_versions, text_of
from .windows_paths import program_folder
from .windows_reboot import reboot_due, windows_reboot
from .windows_relay import windows_relay
from .windows_version import windows_version

SERVICE, ENGINE, DRIVERS = "ds_agent", "Amsp", ("tmcomm", "tmactmon", "tmevtmgr")
# The Manager, the Notifier and the Relay of older versions are entries of their own.
_AGENT = re.compile(r"deep security agent\b(?!.*\b(?:manager|notifier|relay)\b)", re.IGNORECASE)
_DAY = re.compile(r"(?:19|20)[0-9]{6}")
_FIRST = "trend micro deep security agent"
_PRODUCT_CODE = re.compile(r"\{[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}\}", re.IGNORECASE)
# A problem with one of these may be why no agent was found.
_FINDS_AGENT = frozenset(("registry", "file", "dsa_query", "folder", "service", "reader"))


def windows_record(reading: Mapping[str, object]) -> AgentRecord:
    """The agent record of a Windows host. Never raises for what the reading holds."""
    record = blank_record()
    record["os"] = record["platform"] = "windows"
    _add_observed(record, reading)
    programs = part(reading, "programs")
    services = read_windows_services(part(reading, "services"), (SERVICE, ENGINE, *DRIVERS))
    service = services[SERVICE]
    commands, timeout = part(reading, "commands"), reading.get("timeout")
    query = read_query(Answer.of(commands["dsa_query"]), timeout) if "dsa_query" in commands else QueryAnswer({})
    if query.code:
        add_problem(record, "dsa_query", query.code, query.text)
    record["running"] = _running(service, query)
    record["service"] = {"name": SERVICE, "state": service.state}
    if service.state is None:
        add_problem(record, "service", "unreadable", f"the state of {SERVICE} is not known: {service.raw}")
    entries = _entries(record, part(reading, "uninstall"))
    _add_versions(record, entries, part(programs, "dsa"), query)
    record["installed_at"] = _installed_at(entries, record["clock"]["utc_offset"])
    folders = _folders(reading, service)
    _decide_installed(record, reading, bool(entries))
    record["remediation"], record["remediation_unreadable"] = read_note(part(part(reading, "files"), "note"))
    if record["remediation_unreadable"]:
        add_problem(record, "note", "unreadable", record["remediation_unreadable"])
    _add_reboot(record, reading, folders)
    if record["installed"] is False:
        return record

    record["install_dir"] = text_of(reading.get("install_dir"))
    record["product_code"] = next(filter(None, map(_product_code, entries)), None)
    record["services"] = [{"name": name, "state": services[name].state} for name in (SERVICE, ENGINE)]
    record["drivers"] = [{"name": name, "state": services[name].state} for name in DRIVERS]
    record["activated"], record["manager_url"] = query.activated, query.manager_url
    record["anti_malware"] = query.anti_malware
    if "dsa_query" not in commands:
        seen = part(programs, "dsa_query")
        gone = seen.get("exists") is False or record["install_dir"] is None
        text = f"{one_line(seen.get('path') or 'dsa_query.cmd')} {'is not there' if gone else 'was not run'}"
        add_problem(record, "dsa_query", "missing" if gone else "no_answer", text)
    _add_relay(record, part(reading, "relay"), folders, service)
    return record


def _add_observed(record: AgentRecord, reading: Mapping[str, object]) -> None:
    """Fill in the host's system and clock."""
    version = windows_version(part(reading, "keys"))
    for text in version.problems:
        add_problem(record, "platform", "unreadable", text)
    if version.nt_version is not None and version.build is not None:
        record["os_version"] = f"{version.nt_version}.{version.build}"
    record["arch"] = version.arch
    record["clock"] = clock_of(part(reading, "clock"))
    if record["clock"]["boot_time"] is None:
        why = part(reading, "clock").get("error") or "the time of the last start was not read"
        add_problem(record, "clock", "unreadable", one_line(why))


def _has_problem(record: AgentRecord, *sources: str) -> bool:
    return any(problem["source"] in sources for problem in record["problems"])


def _running(service: Service, query: QueryAnswer) -> bool | None:
    """Whether the agent was seen to run: as a service, or because it answered."""
    if service.state == "running" or query.values:
        return True
    return False if service.state in NOT_RUNNING else None


def _entries(record: AgentRecord, uninstall: Mapping[str, object]) -> list[Key]:
    """The agent's entries among the installed programs, the one with its usual name first."""
    listed, errors = uninstall.get("entries"), uninstall.get("errors")
    for each in errors if isinstance(errors, list) else ():
        add_problem(record, "registry", "denied", one_line(each))
    if not isinstance(listed, list) or not isinstance(errors, list):
        add_problem(record, "registry", "no_answer", "the installed programs were not read")
    found = []
    for value in listed if isinstance(listed, list) else ():
        key = Key.of(value, "an entry of the installed programs")
        try:
            name = " ".join((key.text("DisplayName") or "").split())
        except Unreadable as error:
            add_problem(record, "registry", "unreadable", str(error))
            continue
        if _AGENT.search(name):
            found.append((name.lower() != _FIRST, key))
    return [key for dummy, key in sorted(found, key=lambda each: each[0])]


def _product_code(entry: Key) -> str | None:
    name = entry.path.rpartition("\\")[2]
    return name if _PRODUCT_CODE.fullmatch(name) else None


def _installed_at(entries: Sequence[Key], utc_offset: int | None) -> str | None:
    """The beginning of the day on which Windows Installer installed or repaired the agent last: it keeps no time."""
    days = []
    for entry in entries:
        try:
            text = entry.text("InstallDate") or ""
            days += [datetime.strptime(text, "%Y%m%d")] if _DAY.fullmatch(text) else []
        except ValueError:  # no text, or no day
            continue
    if not days or utc_offset is None:
        return None
    return (max(days) - timedelta(minutes=utc_offset)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _add_versions(
    record: AgentRecord, entries: Sequence[Key], program: Mapping[str, object], query: QueryAnswer
) -> None:
    """Fill in the build by every source."""
    found: dict[str, str | None] = {}
    listed = [_listed_version(record, entry) for entry in entries]
    different = {getattr(build_or_none(version), "text", version) for version in listed if version is not None}
    half_installed = len(different) > 1
    if half_installed:
        text = "lists more than one version, an upgrade did not finish: " + ", ".join(sorted(map(one_line, different)))
        add_problem(record, "registry", "half_installed", text)
    if entries:
        # An entry without a version may be that of an older build.
        found["registry"] = None if half_installed or None in listed else listed[0]
    if program.get("exists") is True or (program.get("exists") is None and program.get("path")):
        found["file"] = text_of(program.get("version"))
        if found["file"] is None:
            why = one_line(program.get("error") or "it has no version")
            add_problem(record, "file", "unreadable", f"{one_line(program.get('path'))}: {why}")
    if query.values:
        found["dsa_query"] = query.version
    set_versions(record, found, () if half_installed else ("registry", "file", "dsa_query"))


def _listed_version(record: AgentRecord, entry: Key) -> str | None:
    try:
        version = entry.text("DisplayVersion")
    except Unreadable as error:
        add_problem(record, "registry", "unreadable", str(error))
        return None
    if not version:
        add_problem(record, "registry", "incomplete", f"{entry.path} has no DisplayVersion")
    return version or None


def _decide_installed(record: AgentRecord, reading: Mapping[str, object], listed: bool) -> None:
    """An agent that runs, or has its service, is installed, whatever the registry lists; otherwise what is left counts.

    It is absent only where every source could be read, and shows nothing of it.
    """
    if listed or record["running"] or record["service"]["state"] not in (None, "missing"):
        record["installed"] = True
        return
    keys, programs, left = part(reading, "keys"), part(reading, "programs"), []
    service_key = Key.of(keys.get("service"), "service")
    for name in ("dsa", "dsa_query", "dsa_control"):
        seen = part(programs, name)
        if seen.get("exists") is True:
            left.append(f"{one_line(seen.get('path') or name)} is there")
        elif seen.get("exists") is not False and ("install_dir" not in reading or reading["install_dir"] is not None):
            add_problem(record, "file", "denied", f"whether {one_line(seen.get('path') or name)} is there is not known")
    for name in ("product", "product_spaced", "product_32"):
        # The folder that it names may be where the agent is.
        try:
            Key.of(keys.get(name), name).text("InstallationFolder")
        except Unreadable as error:
            add_problem(record, "folder", "denied", str(error))
    if service_key.exists:
        left.append(f"the key of the service {SERVICE} is there")
    elif service_key.exists is None:
        add_problem(record, "service", "denied", f"{service_key.path}: {service_key.error}")
    if left:
        add_problem(record, "registry", "leftovers", f"no agent is listed, and {', '.join(left)}")
    elif not _has_problem(record, *_FINDS_AGENT):
        record["installed"] = False


def _folders(reading: Mapping[str, object], service: Service) -> list[str]:
    """Every folder in which the agent is or may be."""
    given = reading.get("folders")
    listed = [reading.get("install_dir"), *(given if isinstance(given, list) else ()), program_folder(service.path)]
    return list(dict.fromkeys(folder for folder in listed if isinstance(folder, str) and folder))


def _add_reboot(record: AgentRecord, reading: Mapping[str, object], folders: Sequence[str]) -> None:
    record["reboot"], problems = windows_reboot(reading, folders)
    for text in problems:
        add_problem(record, "reboot", "unreadable", text)
    # Also without an agent: its removal may require one.
    if reboot_due(record["remediation"], record["clock"]):
        record["reboot"]["required"] = True
        text = "the agent's installer required one, and none is known since"
        record["reboot"]["reasons"].append({"code": "agent_installer", "text": text})


def _add_relay(record: AgentRecord, relay: Mapping[str, object], folders: Sequence[str], service: Service) -> None:
    try:
        enabled, source = windows_relay(relay, folders, service.process_id)
    except Unreadable as error:
        add_problem(record, "relay", "no_answer", str(error))
        return
    if enabled is None:
        text = f"port {one_line(relay.get('port'), 20)} is open, and it cannot be decided whose it is"
        add_problem(record, "relay", "denied", text)
    elif enabled is False and service.state != "running":
        enabled = None  # a Relay that does not run listens nowhere either
    record["relay"] = {"enabled": enabled, "source": source}
