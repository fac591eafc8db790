# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""A wave of hosts that the Manager works on with few tasks: start, watch from the controller, leave nothing behind."""

from __future__ import annotations

import os
import time
import typing as t
from collections import Counter
from collections.abc import Mapping

from ._action import DsaAction, Result, advisory_of, see_fleet
from ._fleet import PLAN, Fleet, SettingsError, same_manager

WAITING: dict[str, dict[str, t.Any]] = {
    "step": {"type": "str"},
    "hosts": {"type": "list", "elements": "str"},
    "wait": {"type": "int", "default": 1800},
    "interval": {"type": "int", "default": 15},
    "settle": {"type": "int", "default": 900},
    "advisory": {"type": "str"},
}
# What only the first step is told.
_OF_START = ("computers", "also", "filter", "max_tasks", "task_parameters")
# Options of every module for the Manager.
MANAGER = (
    "url",
    "api_key",
    "api_key_type",
    "ca_path",
    "validate_certs",
    "use_proxy",
    "timeout",
    "retries",
    "deadline",
)
# How often the operator hears of a wave that is still at work, in seconds.
_SAY_EVERY = 60


class WaveAction(DsaAction):
    """Runs a module that does one step per call. A step that is asked for outright is passed on to it."""

    module = ""
    what = ""
    passed_on: tuple[str, ...] = ()
    """The module's own options."""
    not_of_relays: tuple[str, ...] = ()
    """States that do not count for a Relay."""
    chosen_by: str | None = None
    """The variable by which a host of a playbook's run is for the Manager."""
    takes_along = False
    """Whether the Manager's tasks may take in hosts that have the fix, so that they can name whole groups."""
    outcomes: t.ClassVar[Mapping[str, str]] = {}
    """A computer's state → its outcome. Who has another state in the end is left to others."""

    def act(self, task_vars: dict[str, t.Any]) -> Result:
        """Return outcomes: per host, or per ID of a computer, outcome and evidence; failed if nothing was started."""
        arguments = self.arguments({**WAITING, **{name: {"type": "raw"} for name in self.passed_on}})
        given = {name: arguments[name] for name in self.passed_on if arguments[name] is not None}
        if arguments["step"]:
            return self.run_module(self.module, {**given, "step": arguments["step"]}, task_vars)
        hosts, relays = self._computers(arguments["hosts"], given, task_vars)
        if not hosts:
            return {"changed": False, "outcomes": {}, "msg": "none of the hosts is known to the Manager"}
        given["computers"] = sorted(set(hosts.values()))
        if self.takes_along and arguments["hosts"] is not None:
            given["also"] = _along(see_fleet(advisory_of(arguments), task_vars, forgiving=True), hosts, relays)
        refusal = self.refusal(given, task_vars)
        if refusal:
            return {"changed": False, "failed": True, "outcomes": self.left_out(hosts, refusal), "msg": refusal}
        started = self.run_module(self.module, {**given, "step": "start"}, task_vars)
        if self._task.check_mode or (started.get("failed") and not started.get("tasks")):
            return {**started, "outcomes": self.left_out(hosts, str(started.get("msg")))}
        connection = {name: value for name, value in given.items() if name not in _OF_START}
        try:
            states = (
                {}
                if started.get("failed")
                else self._watch(given["computers"], started, arguments, connection, task_vars)
            )
        finally:
            ended = self.run_module(self.module, {**connection, "step": "finish", "tasks": started["tasks"]}, task_vars)
        outcomes = self.left_out(hosts, "no task took it in") | {
            name: {"outcome": self.outcomes[state["state"]], "evidence": state["evidence"]}
            for name, number in hosts.items()
            if (state := states.get(str(number)))
            and state["state"] in self.outcomes
            and not (name in relays and state["state"] in self.not_of_relays)
        }
        problems = [*(started.get("problems") or []), *([str(ended.get("msg"))] if ended.get("failed") else [])]
        for problem in problems:
            self._display.warning(f"{self.what}: {problem}")
        count = len(started["tasks"])
        return {
            "changed": True,
            "failed": bool(started.get("failed")),
            "tasks": started["tasks"],
            "outcomes": outcomes,
            "problems": problems,
            "msg": started.get("msg") or f"{count} task{'s' * (count != 1)} for {len(hosts)} hosts: {_counted(states)}",
        }

    def _computers(
        self, names: list[str] | None, given: Result, task_vars: Mapping[str, t.Any]
    ) -> tuple[dict[str, int], set[str]]:
        """(name → the Manager's ID, which of them are Relays). Without names an ID is its own name.

        Left out is who has no dsm_computer, or one of another Manager; in a run of the playbooks also who failed, must
        be rebooted first, or is not to be done by the Manager.
        """
        if names is None:
            ids = given.get("computers")
            if not isinstance(ids, (list, tuple)):
                raise SettingsError("give hosts, names of the inventory, or computers, the Manager's IDs")
            return {str(number): int(number) for number in ids}, set()
        url = given.get("url") or os.environ.get("DSM_URL")
        hosts: dict[str, int] = {}
        relays: set[str] = set()
        for name in names:
            variables = task_vars["hostvars"][name]
            if "__rescue_result" in variables or (variables.get("__reboot_result") or {}).get("waiting"):
                continue
            if PLAN in variables and self.chosen_by and variables.get(self.chosen_by) != "manager":
                continue
            computer = variables.get("dsm_computer")
            number = computer.get("id") if isinstance(computer, Mapping) else None
            if isinstance(number, int) and same_manager(variables.get("dsm_url"), url):
                hosts[name] = number
                if ((computer.get("agent") or {}).get("relay") or {}).get("enabled") is True:
                    relays.add(name)
        return hosts, relays

    def refusal(self, given: Result, task_vars: dict[str, t.Any]) -> str | None:
        """Why nothing is to be started, or None."""
        return None

    def left_out(self, hosts: Mapping[str, int], why: str) -> dict[str, dict[str, str]]:
        """The outcomes of hosts that the Manager did nothing for: none, as others look after them."""
        return {}

    def _watch(
        self,
        computers: list[int],
        started: Result,
        arguments: dict[str, t.Any],
        connection: Result,
        task_vars: dict[str, t.Any],
    ) -> dict[str, dict[str, str]]:
        """Look until nobody is at work any more, or the time is up. A Manager that is away for a while ends nothing."""
        began = said = time.monotonic()
        left_out = {*started.get("uncovered", ()), *started.get("missing", ())}
        waiting = [number for number in computers if number not in left_out]
        states: dict[str, dict[str, str]] = {}
        count, limit = len(started["tasks"]), arguments["wait"]
        self.say(f"{self.what}: {count} task{'s' * (count != 1)} started for {len(waiting)} computers")
        while waiting:
            time.sleep(min(arguments["interval"], limit))
            now = time.monotonic()
            look = {
                **connection,
                "step": "look",
                "computers": waiting,
                "before": started["before"],
            }
            if "settled" in self.passed_on:
                look["settled"] = now - began >= min(arguments["settle"], limit)
            seen = self.run_module(self.module, look, task_vars)
            if seen.get("failed"):
                self.say(f"{self.what}: the Manager could not be asked, trying again: {seen.get('msg')}")
                for number in waiting:
                    states.setdefault(str(number), {"state": "running", "evidence": str(seen.get("msg"))})
            else:
                states.update(seen["states"])
            waiting = [number for number in waiting if states[str(number)]["state"] == "running"]
            if now - began >= limit:
                break
            if now - said >= _SAY_EVERY:
                said = now
                self.say(f"{self.what}: {_counted(states)}; {now - began:.0f} of at most {limit} s")
        return states


def _along(fleet: Fleet, hosts: Mapping[str, int], relays: set[str]) -> list[int]:
    """The Manager's IDs of hosts that an update may take in beside those of the wave, so that a group is whole.

    They have the fix, were looked at in this run, are of the same kind and the same Manager, and need not wait for a
    Relay either.
    """
    found = []
    for host in fleet.hosts.values():
        number = (host.computer or {}).get("id")
        if host.name in hosts or not isinstance(number, int) or host.first is None or host.unread:
            continue
        if (host.role == "relay") != bool(relays) or not fleet.asked(host) or fleet.judge(host).verdict != "fixed":
            continue
        behind = [] if host.role == "relay" else fleet.relays_of(host)
        if behind is not None and not any(fleet.relay_objection(relay) for relay in behind):
            found.append(number)
    return found


def _counted(states: Mapping[str, Mapping[str, str]]) -> str:
    counts = Counter(state["state"] for state in states.values())
    return ", ".join(f"{number} {state}" for state, number in sorted(counts.items())) or "nobody was asked"
