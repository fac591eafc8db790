# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""From the raw reading of a POSIX host (module_utils/_agent/record.py) to its agent record."""

from __future__ import annotations

from collections.abc import Mapping

from .._text import one_line
from .answer import Answer
from .dsa_query import QueryAnswer, read_query
from .packages import DATABASES, packages
from .remediation import read_note
from .services import NAMES, NOT_RUNNING, Service, read_service
from .shape import AgentRecord, Json, add_problem, blank_record, clock_of, part, set_versions, text_of, time_of

# The names of the agent's packages in Debian's mark of a pending reboot.
_PACKAGES = frozenset(("ds-agent", "ds_agent"))


def posix_record(reading: Mapping[str, object]) -> AgentRecord:
    """The agent record of a host. Never raises for what the reading holds."""
    record = blank_record()
    record["clock"] = clock_of(part(reading, "clock"))
    os_name = text_of(reading.get("os"))
    record["os"], record["platform"] = os_name, text_of(reading.get("platform"))
    record["os_version"], record["arch"] = text_of(reading.get("os_version")), text_of(reading.get("arch"))
    if os_name is None or os_name not in DATABASES:
        uname = reading.get("uname")
        system = uname[0] if isinstance(uname, list) and uname else None
        text = f"the operating system {one_line(system or os_name, 60)} is none of {', '.join(sorted(DATABASES))}"
        add_problem(record, "platform", "unsupported", text)
        return record

    answers = {str(name): Answer.of(answer) for name, answer in part(reading, "commands").items()}
    files = part(reading, "files")
    timeout = reading.get("timeout")
    query = read_query(answers["dsa_query"], timeout) if "dsa_query" in answers else QueryAnswer({})
    service = read_service(os_name, answers)
    record["running"] = _running(reading, os_name, service, query)
    record["service"] = {"name": NAMES[os_name], "state": service.state}
    if query.code:
        add_problem(record, "dsa_query", query.code, query.text)
    _add_packages(record, os_name, answers, timeout, query)
    _decide_installed(record, reading)
    record["remediation"], record["remediation_unreadable"] = read_note(part(files, "note"))
    if record["remediation_unreadable"]:
        add_problem(record, "note", "unreadable", record["remediation_unreadable"])
    record["reboot"] = _reboot(record, files)
    if os_name == "linux":
        record["distribution"] = _distribution(part(files, "os_release").get("text"))
    if record["installed"] is False:
        return record

    record["install_dir"] = text_of(reading.get("install_dir"))
    record["installed_at"] = _installed_at(part(reading, "programs"))
    record["services"] = [{"name": NAMES[os_name], "state": service.state}]
    if service.state is None:
        text = f"its state is not known: {service.raw or answers.get('service', Answer()).why(timeout)}"
        add_problem(record, "service", "unreadable" if service.raw else "no_answer", text)
    record["activated"], record["manager_url"] = query.activated, query.manager_url
    record["anti_malware"] = query.anti_malware
    if "dsa_query" not in answers:
        seen = part(part(reading, "programs"), "dsa_query")
        gone = seen.get("exists") is False
        text = f"{seen.get('path')} {'is not there' if gone else 'may not be seen by this user'}"
        add_problem(record, "dsa_query", "missing" if gone else "denied", text)
    record["relay"] = _relay(record, reading, os_name, service)
    return record


def _running(reading: Mapping[str, object], os_name: str, service: Service, query: QueryAnswer) -> bool | None:
    """Whether the agent was seen to run: as a service, as a process, or because it answered."""
    processes = part(reading, "processes")
    if service.state == "running" or query.values or processes.get("agent"):
        return True
    if os_name == "linux":
        return False if processes.get("agent") == [] and processes.get("hidden") is False else None
    return False if service.state in NOT_RUNNING else None


def _add_packages(
    record: AgentRecord, os_name: str, answers: Mapping[str, Answer], timeout: object, query: QueryAnswer
) -> None:
    """Fill in installed, as the package databases say, and the build by every source."""
    found = packages(os_name, answers, timeout)
    for source, package in found.items():
        if package.code:
            add_problem(record, source, package.code, package.text)
    versions = {source: package.version for source, package in found.items() if package.installed}
    if query.values:
        versions["dsa_query"] = query.version
    half_installed = any(package.code == "half_installed" for package in found.values())
    set_versions(record, versions, () if half_installed else [*found, "dsa_query"])
    states = {package.installed for package in found.values()}
    if True in states:
        record["installed"] = True
    elif states == {False}:
        record["installed"] = False
    if not states:
        add_problem(record, "packages", "missing", f"no package database is there ({', '.join(DATABASES[os_name])})")


def _decide_installed(record: AgentRecord, reading: Mapping[str, object]) -> None:
    """An agent that runs is installed, whatever the databases say; one of which something is left may be."""
    if record["running"]:
        record["installed"] = True
    if record["installed"] is not False:
        return
    programs = part(reading, "programs")
    left = [
        f"{part(programs, name).get('path') or name} is there or cannot be seen"
        for name in ("ds_agent", "dsa_query")
        if part(programs, name).get("exists") is not False
    ]
    service = record["service"]
    if service["state"] not in ("missing", None):
        left.append(f"the service {service['name']} is {service['state']}")
    if record["running"] is None:
        left.append("whether a process of it runs could not be seen")
    if left:
        record["installed"] = None
        add_problem(record, "packages", "leftovers", f"no package database knows the agent, and {', '.join(left)}")


def _installed_at(programs: Mapping[str, object]) -> str | None:
    """When the agent's main files were changed last."""
    return max(filter(None, (time_of(part(programs, name).get("changed")) for name in programs)), default=None)


def _distribution(text: object) -> Json | None:
    """{id, version} of a Linux distribution, by its os-release."""
    values = {}
    for line in text.split("\n") if isinstance(text, str) else ():
        key, equals, value = line.strip().partition("=")
        if equals:
            values[key] = value.strip("\"'")
    return {"id": values["ID"], "version": values.get("VERSION_ID")} if values.get("ID") else None


def _reboot(record: AgentRecord, files: Mapping[str, object]) -> Json:
    """Debian's mark of a pending reboot, with the packages that want one; elsewhere nothing is known."""
    mark, listed = part(files, "reboot_required"), part(files, "reboot_required_pkgs")
    if mark.get("exists") is False:
        return {"required": None, "reasons": []}
    if mark.get("exists") is not True:
        add_problem(record, "reboot", "no_answer", "whether a reboot is required was not read")
        return {"required": None, "reasons": []}
    text = listed.get("text")
    names = sorted(set(text.split())) if isinstance(text, str) else []
    ours = [name for name in names if name in _PACKAGES]
    whose = ours or names or ["unnamed package"]
    reason = {
        "code": "agent_installer" if ours else "reboot_required_file",
        "text": f"{mark.get('path')}: {one_line(', '.join(whose), 200)}",
    }
    # A list that is missing or cut may have named the agent.
    whole = bool(names) and listed.get("cut") is False
    return {"required": True if ours else False if whole else None, "reasons": [reason]}


def _relay(record: AgentRecord, reading: Mapping[str, object], os_name: str, service: Service) -> Json:
    """{enabled, source}: on Linux a Relay's agent process listens on the Relay port. A heuristic."""
    if os_name != "linux":
        # Relays exist on Windows and Linux only.
        return {"enabled": False if record["installed"] else None, "source": "platform"}
    listener, processes = part(reading, "relay"), part(reading, "processes")
    port, sockets = listener.get("port"), listener.get("sockets")
    if not isinstance(sockets, int) or isinstance(sockets, bool):
        why = one_line(listener.get("error") or "no reason given")
        add_problem(record, "relay", "no_answer", f"the listening ports could not be read: {why}")
        return {"enabled": None, "source": None}
    source = f"tcp_{one_line(port, 20)}_listener"
    agents = processes.get("agent")
    owned = [part({"": each}, "").get("sockets") for each in agents] if isinstance(agents, list) else []
    if any(isinstance(number, int) and number > 0 for number in owned):
        return {"enabled": True, "source": source}
    seen_all = bool(owned) and all(number == 0 for number in owned)
    if sockets != 0 and not seen_all and processes.get("unowned") != 0:
        # Nothing was seen that could own it: this user is not root.
        add_problem(
            record, "relay", "denied", f"port {port} is open, and the process that listens there cannot be seen"
        )
        return {"enabled": None, "source": source}
    # A Relay that does not run listens nowhere either.
    return {"enabled": False if service.state == "running" else None, "source": source}
