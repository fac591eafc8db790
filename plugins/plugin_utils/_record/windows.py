# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""From the record of win_dsa_info to the agent record.

Windows sends a record and no raw reading. Its problems and reboot reasons are texts that begin with what they are
about: this is the one place that knows these texts (Get-DsaRecord and what it calls in _DeepSecurityAgent.psm1).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from .remediation import check_note
from .services import NOT_RUNNING, WINDOWS
from .shape import AgentRecord, Json, Problem, add_problem, blank_record, clock_of, part, set_versions, text_of

_SOURCES = ("registry", "file", "dsa_query")
# How a problem begins -> its source and, where the text tells no more, its code.
_PROBLEMS: tuple[tuple[str, str, str], ...] = (
    (r"dsa_query: (no answer to) ", "dsa_query", "incomplete"),
    (r"dsa_query: (no answer within|it said nothing) ", "dsa_query", "no_answer"),
    (r"dsa_query: .* is not there$", "dsa_query", "missing"),
    (r"dsa_query: ", "dsa_query", "no_answer"),
    (r"registry: lists more than one version", "registry", "half_installed"),
    (r"registry: ", "registry", "unreadable"),
    (r"file: ", "file", "unreadable"),
    (r"the agent's folder: ", "folder", "unreadable"),
    (r"the version of Windows: ", "platform", "unreadable"),
    (r"the time of the last start: ", "clock", "unreadable"),
    (r"reboot, [a-z_]+: ", "reboot", "unreadable"),
    (r"the state of its services: ", "service", "unreadable"),
    (r"the service \S+: it is ", "service", "unreadable"),
    (r"whether it is a Relay: ", "relay", "unreadable"),
    (r"port \d+ is open", "relay", "denied"),
    (r".+? (cannot be read: |is damaged \()", "note", "unreadable"),
)
_SERVICE = re.compile(r"the service \S+: it is (?P<state>.*)")
# A problem with one of these may be why no agent was found.
_FINDS_AGENT = frozenset(("registry", "file", "dsa_query", "folder", "service", "reader"))


def windows_record(agent: Mapping[str, object]) -> AgentRecord:
    """The agent record of a Windows host, from what win_dsa_info returned as agent. Never raises for what it holds."""
    record = blank_record()
    given = agent.get("problems")
    texts = [text for text in given if isinstance(text, str)] if isinstance(given, list) else []
    record["problems"] = [_problem(text) for text in texts]
    for key in ("installed", "activated"):
        value = agent.get(key)
        record[key] = value if isinstance(value, bool) else None
    for key in ("os", "platform", "os_version", "arch", "install_dir", "manager_url", "product_code"):
        record[key] = text_of(agent.get(key))  # type: ignore[literal-required]
    record["clock"] = clock_of(part(agent, "clock"))
    record["relay"] = {**record["relay"], **part(agent, "relay")}
    record["anti_malware"] = {**record["anti_malware"], **part(agent, "anti_malware")}
    _add_versions(record, agent)
    _add_services(record, agent, texts)
    record["reboot"] = _reboot(part(agent, "reboot"))
    _add_note(record, agent)
    if record["installed"] is False and any(each["source"] in _FINDS_AGENT for each in record["problems"]):
        record["installed"] = None  # it was not found, and not everything could be searched
    return record


def _problem(text: str) -> Problem:
    for pattern, source, code in _PROBLEMS:
        found = re.match(pattern, text, re.DOTALL)
        if found:
            prefix, colon, rest = text.partition(": ")
            return {"source": source, "code": code, "text": rest if colon and prefix == source else text}
    return {"source": "reader", "code": "unreadable", "text": text}


def _add_versions(record: AgentRecord, agent: Mapping[str, object]) -> None:
    versions = {str(source): text_of(text) for source, text in part(agent, "versions").items()}
    codes = {(problem["source"], problem["code"]) for problem in record["problems"]}
    anti_malware = record["anti_malware"]
    answered = ("dsa_query", "incomplete") in codes or record["activated"] is not None or anti_malware.get("mode")
    if answered:
        versions.setdefault("dsa_query", None)
    half_installed = ("registry", "half_installed") in codes
    if half_installed:
        versions["registry"] = None
    first = text_of(agent.get("version_source"))
    set_versions(record, versions, () if half_installed else ([first] if first else _SOURCES))


def _add_services(record: AgentRecord, agent: Mapping[str, object], texts: list[str]) -> None:
    """Its service and that of Anti-Malware, the drivers, and whether any of it runs."""
    service, anti_malware = part(agent, "service"), part(agent, "anti_malware")
    engine = part(anti_malware, "service")
    # What is none of three words is null in the record, and a problem names it.
    others = [found["state"] for found in map(_SERVICE.match, texts) if found]
    raw = text_of(service.get("state")) or next(iter(others), None)
    state = _state(raw)
    record["service"] = {"name": text_of(service.get("name")), "state": state}
    if state is not None:
        record["problems"] = [each for each in record["problems"] if not _SERVICE.match(each["text"])]
    elif raw and not others:
        add_problem(record, "service", "unreadable", f"the service {service.get('name')}: it is {raw}")
    parts = [(service.get("name"), state)]
    if record["installed"] is not False:
        # Other products have a service of this name: without an agent it is no sign of one.
        parts.append((engine.get("name"), _state(engine.get("state"))))
    record["services"] = [{"name": name, "state": each} for name, each in parts if text_of(name)]
    drivers = part(anti_malware, "drivers").items()
    record["drivers"] = [{"name": str(name), "state": _state(driver)} for name, driver in drivers]
    if state == "running" or "dsa_query" in record["versions"]:
        record["running"] = True
    elif state in NOT_RUNNING:
        record["running"] = False


def _state(word: object) -> str | None:
    return WINDOWS.get(word) if isinstance(word, str) else None


def _reboot(reboot: Mapping[str, object]) -> Json:
    reasons = []
    given = reboot.get("reasons")
    for text in given if isinstance(given, list) else ():
        code, colon, rest = str(text).partition(": ")
        reasons.append({"code": code, "text": rest} if colon else {"code": "unnamed", "text": str(text)})
    required = reboot.get("required")
    return {"required": required if isinstance(required, bool) else None, "reasons": reasons}


def _add_note(record: AgentRecord, agent: Mapping[str, object]) -> None:
    noted = [problem["text"] for problem in record["problems"] if problem["source"] == "note"]
    if noted:
        record["remediation_unreadable"] = noted[0]
    elif agent.get("remediation") is not None:
        record["remediation"], why = check_note(agent["remediation"])
        if why:
            text = f"the progress note is damaged ({why}); check what was done on this host"
            record["remediation_unreadable"] = text
            add_problem(record, "note", "unreadable", text)
