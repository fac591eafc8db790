# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The hosts of the inventory in a run: their settings from Ansible's variables, the rest from the journal."""

from __future__ import annotations

import os
import re
import typing as t
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from jinja2.runtime import Undefined

from .._run import HostRun, Journal, Reading, host_run
from .._settings import Problem, Settings, SettingsError, SettingsErrors, internal_variables
from .._text import one_line

Variables = Mapping[str, t.Any]
# Where the play that reads registers its result. Only the text of a failure is taken from it.
READ_RESULT = "__dsa_read"

# Files that the inventory plugin takes.
_MANAGERS_FILES = ("dsm.yml", "dsm.yaml", "deep_security.yml", "deep_security.yaml")
_MANAGERS_PLUGIN = re.compile(r"""^plugin:\s*['"]?deep_security\.remediation\.dsm\b""", re.MULTILINE)


class HostVariables(Mapping[str, Variables]):
    """hostvars, each host's once: Ansible puts the variables of a host together anew whenever they are used."""

    def __init__(self, hostvars: Mapping[str, Variables]) -> None:
        self._hostvars = hostvars
        self._known: dict[str, Variables] = {}

    def __getitem__(self, host: str) -> Variables:
        if host not in self._known:
            self._known[host] = self._hostvars[host]
        return self._known[host]

    def __iter__(self) -> Iterator[str]:
        return iter(self._hostvars)

    def __len__(self) -> int:
        return len(self._hostvars)


def set_by_play(task_vars: Variables, hostvars: Variables, template: Callable[[t.Any], t.Any]) -> dict[str, object]:
    """Settings of a task that are not among its host's variables: of the play, a role, an import, or the task itself.

    Without them what stands in vars: of a play of one's own would silently have no effect.
    """
    raw = raw_of(hostvars)
    names = sorted(Settings.names() & set(task_vars) - {"dsm_computer"})
    return {name: template(task_vars[name]) for name in names if name not in raw or raw[name] != task_vars[name]}


def settings_of(host: str, variables: Variables, by_play: Mapping[str, object] | None = None) -> Settings:
    """The settings of one host. Raises SettingsErrors with everything that is wrong with them."""
    values: dict[str, object] = {}
    problems: list[Problem] = []
    for name in Settings.names() & (set(variables) - set(by_play or ())):
        try:
            values[name] = _untemplated(variables, name) if name == "dsm_computer" else _defined(variables[name])
        except Exception as error:  # whatever a template can raise
            problems.append(_template_fails(name, host, error))
    try:
        settings = Settings.parse({**values, **(by_play or {})}, host)
    except SettingsErrors as error:
        problems += error.problems
    if problems:
        raise SettingsErrors(problems)
    return settings


def _defined(value: object) -> object:
    """The value. Raises UndefinedError: within templates Ansible gives what is undefined as a value, up to its use."""
    if isinstance(value, Undefined):
        str(value)
    elif isinstance(value, (list, tuple, Mapping)):
        for item in value.values() if isinstance(value, Mapping) else value:
            _defined(item)
    return value


def _template_fails(name: str, host: str, error: Exception) -> Problem:
    return Problem(name, host, f"{name} cannot be used: its template fails: {one_line(error)}; correct it")


def _untemplated(variables: Variables, name: str) -> object:
    """What the Manager sent is large, and is no template; Ansible gives it untemplated where its variables do."""
    raw = raw_of(variables)
    return raw[name] if name in raw else variables[name]


def raw_of(variables: Variables) -> Variables:
    """The variables of a host without their templates filled in, where Ansible gives them so."""
    raw = getattr(variables, "_vars", None)
    return raw if isinstance(raw, Mapping) else variables


def groups_by_host(groups: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """Host → its groups of ours."""
    found: dict[str, list[str]] = {}
    for group, names in groups.items():
        if group.startswith("deep_security_"):
            for name in names:
                found.setdefault(str(name), []).append(group)
    return found


def host_runs(variables: Variables, journal: Journal) -> dict[str, HostRun]:
    """Every host of the inventory. variables: with groups and hostvars. Raises SettingsErrors for all hosts at once."""
    groups, hostvars = groups_by_host(variables["groups"]), variables["hostvars"]
    entries: dict[str, list[Mapping[str, t.Any]]] = {}
    for entry in journal.entries():
        entries.setdefault(entry["host"], []).append(entry)
    runs: dict[str, HostRun] = {}
    problems: list[Problem] = []
    for name in map(str, variables["groups"]["all"]):
        try:
            settings = settings_of(name, hostvars[name], recorded_settings(entries.get(name, ())))
        except SettingsErrors as error:
            problems += error.problems
            continue
        runs[name] = _explained(host_run(name, groups.get(name, ()), settings, entries.get(name, ())), hostvars[name])
    if problems:
        raise SettingsErrors(problems)
    return runs


def recorded_settings(entries: Iterable[Mapping[str, t.Any]]) -> Mapping[str, object]:
    """What a play set for a host when it was read: no task on another host knows it."""
    recorded: Mapping[str, object] = {}
    for entry in entries:
        if entry["kind"] == "read":
            recorded = entry.get("settings") or recorded
    return recorded


def _explained(run: HostRun, variables: Variables) -> HostRun:
    """A host on which Ansible could not even start a task, with what Ansible reports of it. It stays unread."""
    if run.first is not None:
        return run
    try:
        registered = variables.get(READ_RESULT)
    except Exception:  # whatever the template of a variable of this name raises
        return run
    if not isinstance(registered, Mapping) or not (registered.get("failed") or registered.get("unreachable")):
        return run
    return run.with_reading(Reading("unread", why=one_line(registered.get("msg") or "no reason given")))


def unread_manager_inventory(variables: Variables) -> str | None:
    """Which of the Manager's inventories could not be read, in words, or None.

    To Ansible that is a mere warning, and what remains of the fleet would pass for all of it.
    """
    hosts = variables["groups"]["all"]
    inventories, sources = (
        value if isinstance(value := first_set(name, variables, hosts), (list, tuple)) else ()
        for name in ("dsm_inventories", "ansible_inventory_sources")
    )
    read = {os.path.realpath(str(path)) for path in inventories}
    for source in map(str, sources):
        folder = Path(source)
        for path in [folder, *(folder.iterdir() if folder.is_dir() else ())]:
            if path.name.endswith(_MANAGERS_FILES) and os.path.realpath(path) not in read and _is_managers(path):
                return (
                    f"the Manager's inventory {path} could not be read, so its hosts are missing; see Ansible's "
                    "warning at the top of the output"
                )
    return None


def _is_managers(path: Path) -> bool:
    try:
        return bool(_MANAGERS_PLUGIN.search(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return True  # by its name it was meant to be one
    except (OSError, UnicodeDecodeError):
        return False


def first_set(name: str, variables: Variables, hosts: Iterable[str]) -> object:
    """A setting of the whole run: as extra or play variable, else as the first of the hosts has it; None if not set.

    Raises SettingsErrors where its template fails.
    """
    value: object = variables.get(name)
    hostvars, host = variables.get("hostvars"), next(iter(hosts), None)
    if hostvars is None or host is None or name not in hostvars[host]:
        return value
    own = hostvars[host]
    if value is not None and value != _untemplated(own, name):
        return value  # a variable of the play
    try:
        return _defined(own[name])
    except Exception as error:  # whatever a template can raise
        raise SettingsErrors([_template_fails(name, host, error)]) from error


def set_on_some(names: Iterable[str], variables: Variables, without: Iterable[str] = ()) -> list[str]:
    """What is wrong with settings of the whole run that only some hosts have: one host would decide for all."""
    hostvars, hosts = (
        variables["hostvars"],
        [name for name in map(str, variables["groups"]["all"]) if name not in without],
    )
    having: dict[str, list[str]] = {name: [] for name in names if variables.get(name) is None}
    for host in hosts:
        own = hostvars[host]
        for name, found in having.items():
            if name in own:
                found.append(host)
    return [
        f"{name} is set on {found[0]} and not on every host, and one value counts for the whole run: set it for the "
        "group all, or with -e. Nothing was changed"
        for name, found in having.items()
        if 0 < len(found) < len(hosts)
    ]


def reserved_names(hosts: Iterable[str], variables: Variables) -> list[str]:
    """What is wrong with variables of an inventory or of -e that have names of the playbooks' own, or of Ansible.

    variables: of a play without a host. READ_RESULT is not among them: the playbooks leave it behind, and only the text
    of a failure is taken from it.
    """
    names: set[str] = set()
    for host in hosts:
        names.update(name for name in variables["hostvars"][host] if name.startswith("__dsa"))
    texts = [problem.text for problem in internal_variables(names - {READ_RESULT})]
    if "inventory_hostname" in variables:  # what one host is would be recorded as another's
        texts.append("inventory_hostname is set with -e, and is Ansible's own: remove it")
    return [f"{text}. Nothing was changed" for text in texts]


__all__ = [
    "SettingsError",
    "Variables",
    "first_set",
    "groups_by_host",
    "host_runs",
    "raw_of",
    "reserved_names",
    "set_on_some",
    "settings_of",
    "unread_manager_inventory",
]
