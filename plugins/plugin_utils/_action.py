# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""What the action plugins share: reading any host, surviving a connection that drops, seeing the fleet."""

from __future__ import annotations

import os
import re
import time
import typing as t
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase

from ._advisory import Advisory, AdvisoryError, BuildError, load_advisory, parse_build
from ._fleet import PLAN, POLICIES, REGISTERED, VARIABLES, Fleet, Host, SettingsError, find

# What pywinrm raises when a Windows host is lost reaches an action as it is; it is no connection failure to Ansible.
_WINRM_LOST: tuple[type[Exception], ...] = ()
with suppress(ImportError):
    from requests.exceptions import RequestException

    _WINRM_LOST += (RequestException,)
with suppress(ImportError):
    from winrm.exceptions import WinRMError, WinRMTransportError

    _WINRM_LOST += (WinRMError, WinRMTransportError)
with suppress(ImportError):
    from pypsrp.exceptions import WinRMError as PsrpError

    _WINRM_LOST += (PsrpError,)
# Files that the inventory plugin takes, and a group that it always makes.
_MANAGERS_FILES = ("dsm.yml", "dsm.yaml", "deep_security.yml", "deep_security.yaml")
_MANAGERS_PLUGIN = re.compile(r"""^plugin:\s*['"]?deep_security\.remediation\.dsm\b""", re.MULTILINE)
# An attempt that went on for so many seconds had a connection, so a loss after it is a new one.
_CONNECTED = 60.0
# What a reboot can break in an agent.
_ILL = ("service_not_running", "agent_silent", "anti_malware_offline")

COLLECTION = "deep_security.remediation"
Result = dict[str, t.Any]
# How dsa_info and all that read through it describe their reading; the modules keep the defaults.
READING_OPTIONS: dict[str, dict[str, t.Any]] = {"timeout": {"type": "int"}, "progress_file": {"type": "path"}}
# When a host may be rebooted, and how long it may take: for all that may reboot one.
REBOOT_OPTIONS: dict[str, dict[str, t.Any]] = {
    "policy": {"type": "str", "choices": list(POLICIES), "default": "never"},
    "window": {"type": "raw"},
    "timezone": {"type": "str"},
    "reboot_timeout": {"type": "int", "default": 1800},
    "agent_timeout": {"type": "int", "default": 300},
    "reconnect_timeout": {"type": "int", "default": 300},
}


def normalise(record: Mapping[str, t.Any]) -> Result:
    """Bring the builds of a fresh record into one spelling; what cannot be read stays as it was written."""
    done = dict(record)

    def spelt(text: object) -> object:
        try:
            return parse_build(text).text
        except BuildError:
            return text

    done["versions"] = {source: spelt(text) for source, text in (record.get("versions") or {}).items()}
    try:
        done["version"] = parse_build(record.get("version_raw")).text
    except BuildError as error:
        done["version"] = None
        if record.get("version_raw") is not None:
            done["problems"] = [*(record.get("problems") or []), f"{record.get('version_source')}: {error}"]
    return done


class DsaAction(ActionBase):
    """Base of this collection's action plugins."""

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> Result:
        """Run act() and turn what the operator can mend into a plain failure."""
        super().run(tmp, task_vars)
        try:
            return self.act(task_vars or {})
        except (AdvisoryError, SettingsError) as error:
            raise AnsibleActionFail(str(error)) from error

    def act(self, task_vars: dict[str, t.Any]) -> Result:
        """Do the work of one task and return its result."""
        raise NotImplementedError

    def arguments(self, spec: dict[str, dict[str, t.Any]]) -> dict[str, t.Any]:
        """The task's arguments, checked against a spec of the form that modules use."""
        return dict(self.validate_argument_spec(argument_spec=spec)[1])

    def say(self, text: str) -> None:
        """Show a line to the operator at once, while the task goes on."""
        self._display.display(text)

    def read_record(self, arguments: Mapping[str, t.Any], task_vars: dict[str, t.Any]) -> Result:
        """Run the reader that fits the host and return its result with the record normalised.

        Raises AnsibleConnectionFailure when the host does not answer.
        """
        given = {key: arguments[key] for key in READING_OPTIONS if arguments.get(key) is not None}
        result = self.run_module("dsa_info", given, task_vars)
        if isinstance(result.get("agent"), Mapping):
            result["agent"] = normalise(result["agent"])
        return result

    def read_patiently(self, arguments: Mapping[str, t.Any], task_vars: dict[str, t.Any]) -> Result:
        """read_record through a connection that drops, for at most reconnect_timeout seconds of silence."""
        host = task_vars["inventory_hostname"]
        return self.reconnecting(arguments["reconnect_timeout"], host, lambda: self.read_record(arguments, task_vars))

    @property
    def windows(self) -> bool:
        """Whether the host is a Windows host, by the shell of its connection."""
        return bool(getattr(self._connection._shell, "_IS_WINDOWS", False))

    def run_module(self, name: str, arguments: Mapping[str, t.Any], task_vars: dict[str, t.Any]) -> Result:
        """Run a module on the host; a lost connection raises AnsibleConnectionFailure.

        A name without dots is one of this collection's; on Windows its twin runs, whose name begins with win_.
        """
        if "." not in name:
            name = f"{COLLECTION}.{'win_' if self.windows and not name.startswith('win_') else ''}{name}"
        try:
            result: Result = self._execute_module(module_name=name, module_args=dict(arguments), task_vars=task_vars)
        except _WINRM_LOST as error:
            raise AnsibleConnectionFailure(_line(error)) from error
        if result.get("unreachable"):
            raise AnsibleConnectionFailure(str(result.get("msg")))
        return result

    def run_action(self, name: str, arguments: Mapping[str, t.Any], task_vars: dict[str, t.Any]) -> Result:
        """Run the action of that full name on the host, as a task of its own would."""
        task = self._task.copy()
        task.args = dict(arguments)
        action = self._shared_loader_obj.action_loader.get(
            name,
            task=task,
            connection=self._connection,
            play_context=self._play_context,
            loader=self._loader,
            templar=self._templar,
            shared_loader_obj=self._shared_loader_obj,
        )
        try:
            result: Result = action.run(task_vars=task_vars)
        except _WINRM_LOST as error:
            raise AnsibleConnectionFailure(_line(error)) from error
        return result

    def reboot_and_wait(self, why: str, arguments: Mapping[str, t.Any], task_vars: dict[str, t.Any]) -> Result:
        """Reboot the host; it is back when its agent runs as it did before, not when a login works.

        arguments: reboot_timeout, agent_timeout, reconnect_timeout, and those of a reading.
        """
        host, limit = task_vars["inventory_hostname"], arguments["reboot_timeout"]
        ill_before = set(self._ills(arguments, task_vars)) & set(_ILL)  # not to be read is never as before
        self.say(f"{host}: rebooting ({why})")
        name = "ansible.windows.win_reboot" if self.windows else "ansible.builtin.reboot"
        done = self.run_action(name, {"reboot_timeout": limit}, task_vars)
        if done.get("failed") or done.get("unreachable"):
            text = (
                f"the host did not come back from its reboot within {limit} s: {done.get('msg')}; look at its console"
            )
            return {"changed": True, "failed": True, "rebooted": False, "msg": text}
        problem = self._wait_for_agent(ill_before, arguments, task_vars)
        return {
            "changed": True,
            "rebooted": True,
            "deferred": False,
            "elapsed": done.get("elapsed"),
            "failed": bool(problem),
            "msg": f"rebooted; {problem}" if problem else "rebooted",
        }

    def _ills(self, arguments: Mapping[str, t.Any], task_vars: dict[str, t.Any]) -> dict[str, str]:
        """What is wrong with the agent now: code → message."""
        read = self.read_patiently(arguments, task_vars)
        record = read.get("agent") or {}
        if record.get("installed") is None:
            why = "; ".join(map(str, record.get("problems") or [])) or read.get("msg") or "no reason given"
            return {"unread": f"The agent could not be read: {why}."}
        return {finding.code: finding.message for finding in find(record) if finding.code in _ILL}

    def _wait_for_agent(
        self, ill_before: set[str], arguments: Mapping[str, t.Any], task_vars: dict[str, t.Any]
    ) -> str | None:
        """Wait until the agent is as well as it was; what is still wrong after agent_timeout seconds, or None."""
        limit = arguments["agent_timeout"]
        deadline = time.monotonic() + limit
        while True:
            ills = self._ills(arguments, task_vars)
            wrong = [message for code, message in ills.items() if code not in ill_before]
            if not wrong:
                return None
            if time.monotonic() >= deadline:
                return f"{limit} s later: {' '.join(wrong)}"
            time.sleep(5)

    def reconnecting(self, seconds: float, what: str, attempt: Callable[[], Result]) -> Result:
        """Do attempt(), again after each loss of the connection, for at most that many seconds of silence.

        attempt must be safe to repeat. The last AnsibleConnectionFailure is raised when the time is up.
        """
        lost_at: float | None = None
        while True:
            began = time.monotonic()
            try:
                return attempt()
            except AnsibleConnectionFailure as error:
                now = time.monotonic()
                if lost_at is None or now - began > _CONNECTED:
                    lost_at = now
                    self.say(f"{what}: the connection was lost ({_line(error)}); trying again for {seconds:.0f} s")
                if now - lost_at >= seconds:
                    raise
                time.sleep(min(5.0, seconds))
                # Where there is nothing to reset the next attempt tells.
                with suppress(AnsibleError, AttributeError, NotImplementedError, *_WINRM_LOST):
                    self._connection.reset()


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:160]


# Ansible imports an action once and then forks a worker for every host: what is read now is not read by each of them.
with suppress(AdvisoryError, ImportError):  # who uses it is told
    load_advisory()


def advisory_of(arguments: Mapping[str, t.Any]) -> Advisory:
    """The advisory that a task names, or the default one."""
    return load_advisory(str(arguments["advisory"])) if arguments.get("advisory") else load_advisory()


def see_fleet(
    advisory: Advisory,
    task_vars: Mapping[str, t.Any],
    relay_readings: Iterable[Mapping[str, t.Any]] = (),
    manager: Mapping[str, t.Any] | None = None,
    events: Mapping[str, t.Any] | None = None,
    forgiving: bool = False,
) -> Fleet:
    """Every host of the inventory with what this run knows of it.

    relay_readings: results of a loop of dsa_assess over Relays outside the play, with the host's name in item.
    manager: what dsm_info returned. events: what dsm_event_info returned as computers.
    forgiving: a host with a setting that cannot be used becomes one that could not be read, with that as the reason,
    where else SettingsError is raised: nobody may be touched by a wrong setting, but everybody is in the report.
    """
    readings = {str(reading["item"]): reading for reading in relay_readings if "item" in reading}
    groups = task_vars["groups"]
    member_of: dict[str, list[str]] = {}
    for group, names in groups.items():
        if group.startswith("deep_security_"):
            for name in names:
                member_of.setdefault(name, []).append(group)
    hosts: dict[str, Host] = {}
    for name in map(str, groups["all"]):
        mine = member_of.get(name, [])
        try:
            values = _known_of(name, task_vars["hostvars"][name], readings)
            hosts[name] = Host.from_variables(name, mine, values)
            hosts[name].role, hosts[name].source  # pylint: disable=pointless-statement  # raise for what is none
        except SettingsError as error:
            if not forgiving:
                raise
            hosts[name] = Host.from_variables(name, mine, {"__assess_result": {"failed": True, "msg": str(error)}})
    url, left_out = task_vars.get("dsm_url"), list(task_vars.get("dsm_relays_left_out") or ())
    return Fleet(hosts, advisory, manager=manager, events=events, url=url, left_out=left_out)


def unread_inventory(task_vars: Mapping[str, t.Any]) -> str | None:
    """Which of the Manager's inventories could not be read, in words, or None.

    To Ansible that is a mere warning, and what remains of the fleet would pass for all of it.
    """
    read = {os.path.realpath(str(path)) for path in task_vars.get("dsm_inventories") or ()}
    for source in map(str, task_vars.get("ansible_inventory_sources") or ()):
        folder = Path(source)
        for path in [folder, *(folder.iterdir() if folder.is_dir() else ())]:
            if path.name.endswith(_MANAGERS_FILES) and os.path.realpath(path) not in read and _is_managers(path):
                return (
                    f"the Manager's inventory {path} could not be read, so its hosts and its word are missing; see "
                    "Ansible's warning at the top"
                )
    return None


def _is_managers(path: Path) -> bool:
    try:
        return bool(_MANAGERS_PLUGIN.search(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return True  # by its name it was meant to be one
    except (OSError, UnicodeDecodeError):
        return False


def _known_of(name: str, variables: Mapping[str, t.Any], readings: Mapping[str, Mapping[str, t.Any]]) -> Result:
    values: Result = {}
    for key in (*VARIABLES, *REGISTERED):
        if key in variables:
            values[key] = usable(name, _as_it_is(variables) if key == "dsm_computer" else variables, key)
    if PLAN in variables:
        values[PLAN] = True  # that there is one is all that counts; it names every host, and reading it is not cheap
    if name in readings:
        values.setdefault("__assess_result", readings[name])
    return values


def _as_it_is(variables: Mapping[str, t.Any]) -> Mapping[str, t.Any]:
    """A host's variables untemplated, if Ansible gives them so: what the Manager said is large, and no template."""
    untemplated = getattr(variables, "_vars", None)
    return untemplated if isinstance(untemplated, Mapping) else variables


def usable(host: str, variables: Mapping[str, t.Any], key: str) -> t.Any:
    """A host's variable, or a SettingsError where its template does not work."""
    try:
        return variables[key]
    except Exception as error:
        raise SettingsError(f"{key} of {host} cannot be used: {error}") from error
