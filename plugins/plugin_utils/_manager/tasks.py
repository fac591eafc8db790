# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""A batch of hosts that the Manager works on with few tasks: start them, watch, and remove what is left of them."""

from __future__ import annotations

import os
import time
import typing as t
from collections import Counter
from collections.abc import Collection, Mapping

from ansible import constants as C

from .._ansible.action import DsaAction, Result
from .._ansible.run import Run
from .._fleet import Fleet, same_manager
from .._run import HostRun, Journal
from .._settings import SettingsError
from .._text import clean_tree

States = dict[str, dict[str, t.Any]]
"""The Manager's ID of a computer, as text → state, evidence, and certificate_expired (bool) of an update."""

# Options of the action alone.
OPTIONS: dict[str, dict[str, t.Any]] = {
    "step": {"type": "str"},
    "hosts": {"type": "list", "elements": "str"},
    "wait": {"type": "int", "default": 1800},
    "interval": {"type": "int", "default": 15},
    "settle": {"type": "int", "default": 900},
    "advisory": {"type": "str"},
}
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
# Options of the first step alone.
_OF_START = ("computers", "also", "filter", "max_tasks", "task_parameters")
# What an outcome keeps of a computer's state.
_KEPT = ("evidence", "certificate_expired")
# Seconds between two lines of progress.
_PROGRESS = 60


class Batch(t.NamedTuple):
    """The hosts of one batch that the Manager knows: name → its ID; and which of them are Relays."""

    hosts: dict[str, int]
    relays: set[str]


def select(runs: Mapping[str, HostRun], names: Collection[str], url: object, through: str | None = None) -> Batch:
    """The hosts of names that the Manager at url does something for.

    Left out are hosts that the Manager does not know or that belong to another one, those that failed in this run, and
    those that must be rebooted first; in a run that has a plan also those whose setting `through` is not manager.
    """
    batch = Batch({}, set())
    for name in names:
        run = runs.get(name)
        if run is None or run.failure or _waits_for_reboot(run):
            continue
        if through and run.planned and run.settings[through] != "manager":
            continue
        number = run.computer.get("id")
        if isinstance(number, int) and same_manager(run.settings["dsm_url"], url):
            batch.hosts[name] = number
            if (run.manager_record.get("relay") or {}).get("enabled") is True:
                batch.relays.add(name)
    return batch


def _waits_for_reboot(run: HostRun) -> bool:
    reboot = run.stages.get("reboot")
    return reboot is not None and reboot.outcome == "deferred" and reboot.details.get("waiting") is True


def companions(fleet: Fleet, batch: Batch, url: object) -> list[int]:
    """IDs of hosts outside the batch that an update may include, so that one task can name a whole group.

    They are planned for in this run and have the fix, are of the same Manager, are Relays or not like the batch, and do
    not have to wait for a Relay either.
    """
    return [
        run.computer["id"]
        for run in fleet.hosts.values()
        if run.host not in batch.hosts and isinstance(run.computer.get("id"), int) and _may_join(fleet, run, batch, url)
    ]


def _may_join(fleet: Fleet, run: HostRun, batch: Batch, url: object) -> bool:
    # What --limit or dsa_hosts leave out is not planned for, and no task of this run touches it.
    if not run.planned or run.unread or not same_manager(run.settings["dsm_url"], url):
        return False
    if (run.role == "relay") != bool(batch.relays) or fleet.verdict(run).verdict != "fixed":
        return False
    relays = () if run.role == "relay" else fleet.relays_of(run)
    return relays is not None and not any(fleet.relay_objection(relay) for relay in relays)


class ManagerTaskAction(DsaAction):
    """Runs a module that does one step per call. An explicit step is passed on to the module."""

    module = ""
    what = ""
    """The purpose of the tasks, for messages."""
    stage = ""
    """The stage of a host that the tasks do, for the journal."""
    passed_on: tuple[str, ...] = ()
    """The module's own options."""
    not_of_relays: tuple[str, ...] = ()
    """States that do not count for a Relay."""
    through: str | None = None
    """The setting by which a host is left to the Manager."""
    with_companions = False
    """Whether the tasks may include hosts that have the fix, so that they can name whole groups."""
    outcomes: t.ClassVar[Mapping[str, str]] = {}
    """A computer's state → its outcome. A host in another state gets none: its own stage does the work then."""

    def act(self, task_vars: dict[str, t.Any]) -> Result:
        """Return outcomes: by host, or by ID of a computer, outcome and evidence; failed if nothing was started."""
        arguments = self.arguments({**OPTIONS, **{name: {"type": "raw"} for name in self.passed_on}})
        options = {name: arguments[name] for name in self.passed_on if arguments[name] is not None}
        if arguments["step"]:
            return self.step(arguments["step"], options, task_vars)
        batch = self._batch(arguments["hosts"], options, task_vars)
        if not batch.hosts:
            return {"changed": False, "outcomes": {}, "msg": "the Manager has to do nothing for these hosts"}
        result = self._work(batch, options, arguments, task_vars)
        if arguments["hosts"] is not None:
            self._note_outcomes(result["outcomes"], task_vars)
        return result

    def _work(self, batch: Batch, options: Result, arguments: Result, task_vars: dict[str, t.Any]) -> Result:
        """Start, watch and remove the tasks."""
        options["computers"] = sorted(set(batch.hosts.values()))
        refusal = self.refusal(options, task_vars)
        if refusal:
            return {"changed": False, "failed": True, "outcomes": self.not_done(batch.hosts, refusal), "msg": refusal}
        started = self.step("start", options, task_vars)
        if self._task.check_mode or (started.get("failed") and not started.get("tasks")):
            return {**started, "outcomes": self.not_done(batch.hosts, str(started.get("msg")))}
        connection = {name: value for name, value in options.items() if name not in _OF_START}
        states: States = {}
        try:
            if not started.get("failed"):
                states = self._watch(options["computers"], started, arguments, connection, task_vars)
        finally:
            finished = self.step("finish", {**connection, "tasks": started["tasks"]}, task_vars)
        problems = [*(started.get("problems") or []), *([str(finished.get("msg"))] if finished.get("failed") else [])]
        for problem in problems:
            self._display.warning(f"{self.what}: {problem}")
        count = len(started["tasks"])
        left_out = self.not_done(batch.hosts, "no task of the Manager includes it")
        return {
            "changed": True,
            "failed": bool(started.get("failed")),
            "tasks": started["tasks"],
            "outcomes": left_out | self._outcomes(batch, states),
            "problems": problems,
            "msg": started.get("msg")
            or f"{count} task{'s' * (count != 1)} for {len(batch.hosts)} hosts: {_counted(states)}",
        }

    def _outcomes(self, batch: Batch, states: States) -> dict[str, dict[str, t.Any]]:
        return {
            name: {"outcome": self.outcomes[state["state"]], **{key: state[key] for key in _KEPT if key in state}}
            for name, number in batch.hosts.items()
            if (state := states.get(str(number)))
            and state["state"] in self.outcomes
            and not (name in batch.relays and state["state"] in self.not_of_relays)
        }

    def _batch(self, names: list[str] | None, options: Result, task_vars: dict[str, t.Any]) -> Batch:
        """The batch of these hosts, with companions in options["also"]. Without names an ID is its own name."""
        if names is None:
            ids = options.get("computers")
            if not isinstance(ids, (list, tuple)):
                raise SettingsError("give hosts, names of the inventory, or computers, the Manager's IDs")
            return Batch({str(number): int(number) for number in ids}, set())
        fleet = self._fleet_of(task_vars)
        url = options.get("url") or os.environ.get("DSM_URL")
        batch = select(fleet.hosts, names, url, self.through)
        if batch.hosts and self.with_companions:
            options["also"] = companions(fleet, batch, url)
        return batch

    def _fleet_of(self, task_vars: dict[str, t.Any]) -> Fleet:
        """The hosts of this run, by its journal."""
        return Run(task_vars, self._display).fleet()

    def _note_outcomes(self, outcomes: Mapping[str, Mapping[str, t.Any]], task_vars: dict[str, t.Any]) -> None:
        """Append what the tasks did for each host to the journal, where the host's own stages find it.

        In somebody's own play without our stages there is none, and none is begun.
        """
        if Journal.begun(C.DEFAULT_LOCAL_TMP):
            entries = [(host, "task", {"stage": self.stage, **outcome}) for host, outcome in outcomes.items()]
            Run(task_vars, self._display).journal.append_all(entries)

    def refusal(self, options: Result, task_vars: dict[str, t.Any]) -> str | None:
        """Why no task is to be started, or None."""
        return None

    def not_done(self, hosts: Mapping[str, int], why: str) -> dict[str, dict[str, t.Any]]:
        """The outcomes of hosts that the Manager does nothing for: none where their own stage does the work then."""
        return {}

    def _watch(
        self,
        computers: list[int],
        started: Result,
        arguments: Result,
        connection: Result,
        task_vars: dict[str, t.Any],
    ) -> States:
        """Look until no computer is running any more, or the time is up. A Manager that is silent ends nothing."""
        began = shown = time.monotonic()
        left_out = {*started.get("uncovered", ()), *started.get("missing", ())}
        running = [number for number in computers if number not in left_out]
        states: States = {}
        count, limit = len(started["tasks"]), arguments["wait"]
        self.say(f"{self.what}: {count} task{'s' * (count != 1)} started for {len(running)} computers")
        while running:
            time.sleep(min(arguments["interval"], limit))
            now = time.monotonic()
            look = {**connection, "computers": running, "before": started["before"]}
            if "settled" in self.passed_on:
                look["settled"] = now - began >= min(arguments["settle"], limit)
            states.update(self._look(look, states, task_vars))
            running = [number for number in running if states[str(number)]["state"] == "running"]
            if now - began >= limit:
                break
            if now - shown >= _PROGRESS:
                shown = now
                self.say(f"{self.what}: {_counted(states)}; {now - began:.0f} of at most {limit} s")
        return states

    def _look(self, look: Result, states: States, task_vars: dict[str, t.Any]) -> States:
        """The states now; those of before where the Manager gives none."""
        result = self.step("look", look, task_vars)
        if not result.get("failed"):
            found: States = result["states"]
            return found
        why = str(result.get("msg"))
        self.say(f"{self.what}: no answer from the Manager, trying again: {why}")
        return {
            str(number): states.get(str(number), {"state": "running", "evidence": why}) for number in look["computers"]
        }

    def step(self, step: str, options: Result, task_vars: dict[str, t.Any]) -> Result:
        """Run one step of the module."""
        arguments = {**options, "step": step}
        result: Result = clean_tree(
            self._execute_module(module_name=self.module, module_args=arguments, task_vars=task_vars)
        )
        return result

    def say(self, text: str) -> None:
        """Show a line to the operator at once, while the task goes on."""
        self._display.display(text)


def _counted(states: States) -> str:
    counts = Counter(state["state"] for state in states.values())
    return ", ".join(f"{number} {state}" for state, number in sorted(counts.items())) or "no state was read"
