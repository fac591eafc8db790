# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scheduled tasks: what runs now, and what it does to the computers. Nothing here runs by the calendar."""

from __future__ import annotations

from typing import Any

from ..standins import builds
from .events import FAILED, REQUESTED, SUCCEEDED, Events
from .store import ONLINE, Computer, Store
from .synthetic import works
from .web import Refused

UPDATE, UPGRADE = "check-for-security-updates", "scheduled-agent-upgrade"
# Types that the API takes. Those without an effect here only come and go.
TYPES = (
    "scan-for-open-ports",
    "send-alert-summary",
    "discover-computers",
    "run-script",
    "send-policy",
    "generate-report",
    "synchronize-directory",
    "synchronize-users",
    "scan-for-recommendations",
    "synchronize-vcenter",
    "scan-for-integrity-changes",
    "scan-for-malware",
    UPDATE,
    "synchronize-cloud-account",
    "check-for-software-updates",
    "update-suspicious-objects-list",
)
PARAMETERS = {UPDATE: "checkForSecurityUpdatesTaskParameters", UPGRADE: "scheduledAgentUpgradeTaskParameters"}
RECURRENCES = ("none", "hourly", "daily", "weekly", "monthly")
TIMEOUTS = ("never", "one-hour", "two-hours", "four-hours", "eight-hours")
# Filter -> the key of its ID.
FILTERS = {
    "all-computers": None,
    "computer": "computerID",
    "computers-in-group": "computerGroupID",
    "computers-in-group-or-subgroup": "computerGroupID",
    "computers-using-policy": "policyID",
    "computers-using-policy-or-subpolicy": "policyID",
    "computers-in-smart-folder": "smartFolderID",
}
FIELDS = ("ID", "name", "type", "enabled", "lastRunTime", "nextRunTime", "scheduleDetails", *PARAMETERS.values())
# What the console calls it; the API's text is not known publicly.
UPDATING, UPGRADING = "Security Update In Progress", "Upgrading Agent (In Progress)"
PENDING = "Security Update Pending (Offline)"


class Tasks:
    def __init__(self, store: Store, events: Events) -> None:
        self.store = store
        self.events = events
        self.all: dict[int, dict[str, Any]] = {}
        self.last = 0
        self.newest: str | None = None
        """The newest build that is imported."""

    # What the API does with them

    def create(self, body: dict[str, Any]) -> dict[str, Any]:
        task: dict[str, Any] = {"name": None, "type": None, "enabled": True, "lastRunTime": None, "nextRunTime": None}
        task.update({name: value for name, value in body.items() if name not in ("ID", "runNow", "lastRunTime")})
        self.check(task, None)
        self.last += 1
        task["ID"] = self.last
        self.all[self.last] = task
        if body.get("runNow"):
            self.run(task)
        return dict(task)

    def modify(self, number: int, body: dict[str, Any]) -> dict[str, Any]:
        task = self.known(number)
        changed = {**task, **{name: value for name, value in body.items() if name not in ("ID", "runNow", "type")}}
        self.check(changed, number)
        task.update(changed)
        if body.get("runNow"):
            self.run(task)
        return dict(task)

    def known(self, number: int) -> dict[str, Any]:
        if number not in self.all:
            raise Refused(404, f"Scheduled task with ID {number} does not exist")
        return self.all[number]

    def remove(self, number: int) -> None:
        self.known(number)
        del self.all[number]

    def check(self, task: dict[str, Any], number: int | None) -> None:
        types = (*TYPES, UPGRADE) if self.store.options.hosted else TYPES
        if task["type"] not in types:
            raise Refused(400, f"Invalid ScheduledTask: unknown type {task['type']}")
        if not isinstance(task["name"], str) or not task["name"] or len(task["name"]) > 254:
            raise Refused(400, "Invalid ScheduledTask: a name is required")
        if any(other["name"] == task["name"] and key != number for key, other in self.all.items()):
            raise Refused(400, f"Invalid ScheduledTask: the name {task['name']} is used already")
        details = task.get("scheduleDetails")
        if not isinstance(details, dict) or details.get("recurrenceType") not in RECURRENCES:
            raise Refused(400, "Invalid ScheduledTask: scheduleDetails with a recurrenceType are required")
        if details["recurrenceType"] == "none" and "onceOnlyScheduleParameters" not in details:
            raise Refused(400, "Invalid ScheduledTask: onceOnlyScheduleParameters are required")
        if task["type"] in PARAMETERS:
            parameters = task.get(PARAMETERS[task["type"]])
            if not isinstance(parameters, dict):
                raise Refused(400, f"Invalid ScheduledTask: {PARAMETERS[task['type']]} are required")
            if parameters.get("timeout", "never") not in TIMEOUTS:
                raise Refused(400, f"Invalid ScheduledTask: timeout {parameters['timeout']}")
            self.chosen(parameters)

    # What they do

    def run(self, task: dict[str, Any]) -> None:
        task["lastRunTime"] = self.store.now()
        details = task["scheduleDetails"]
        if details["recurrenceType"] == "none" and details.get("recurrenceCount") == 1:
            self.store.schedule(self.store.options.task_seconds, lambda: self.run_out(task["ID"]))
        if task["type"] == UPDATE:
            self.update(self.chosen(task[PARAMETERS[UPDATE]]))
        elif task["type"] == UPGRADE:
            parameters = task[PARAMETERS[UPGRADE]]
            self.upgrade(self.chosen(parameters), parameters.get("version") or parameters.get("agentVersion"))

    def run_out(self, number: int) -> None:
        """It was to run once: it removes itself."""
        if "task_not_removed" not in self.store.faults:
            self.all.pop(number, None)

    def chosen(self, parameters: dict[str, Any]) -> list[Computer]:
        """The computers of a computerFilter."""
        wanted = parameters.get("computerFilter")
        if not isinstance(wanted, dict) or wanted.get("type") not in FILTERS:
            raise Refused(400, "Invalid ComputerFilter")
        key = FILTERS[wanted["type"]]
        everyone = self.store.computers
        if key is None:
            return list(everyone.values())
        number = wanted.get(key)
        if not isinstance(number, int) or isinstance(number, bool):
            raise Refused(400, f"Invalid ComputerFilter: {key} is required")
        if key == "computerID":
            if number not in everyone:
                raise Refused(400, f"Invalid ComputerFilter: computer with ID {number} does not exist")
            return [everyone[number]]
        if key == "computerGroupID":
            if number not in self.store.groups:
                raise Refused(400, f"Invalid ComputerFilter: computer group with ID {number} does not exist")
            all_below = number == 0 and wanted["type"].endswith("subgroup")
            return [one for one in everyone.values() if all_below or one.group == number]
        if key == "policyID":
            if number not in self.store.policies:
                raise Refused(400, f"Invalid ComputerFilter: policy with ID {number} does not exist")
            return [one for one in everyone.values() if one.policy == number]
        raise Refused(400, f"Invalid ComputerFilter: smart folder with ID {number} does not exist")

    def update(self, computers: list[Computer]) -> None:
        made_up = []
        for computer in computers:
            if computer.build is None:
                continue
            computer.task = UPDATING if computer.status == ONLINE else PENDING
            self.events.add(REQUESTED, self.store.now(), computer.number, computer.name)
            if computer.host is not None:
                computer.send_update = True
            elif computer.status == ONLINE:
                made_up.append(computer)
        if "updates_never_finish" in self.store.faults:
            return
        self.store.wake()
        if made_up:
            self.store.schedule(self.store.options.update_seconds, lambda: self.finish_updates(made_up))

    def finish_updates(self, computers: list[Computer]) -> None:
        for computer in computers:
            self.finish_update(computer, works(computer))

    def finish_update(self, computer: Computer, well: bool) -> None:
        """What the Manager learns of an update. lastChanged moves only if there was something new."""
        now = self.store.now()
        computer.task, computer.update_failed, computer.last_contact = None, not well, now
        if well and not computer.patterns_current:
            computer.patterns_current, computer.last_changed = True, now
        self.events.add(SUCCEEDED if well else FAILED, now, computer.number, computer.name)

    def upgrade(self, computers: list[Computer], version: str | None) -> None:
        """To that version, or to the newest that is imported."""
        target = "-".join(version.replace("-", ".").rsplit(".", 1)) if version else self.newest
        wanted = [one for one in computers if one.build is not None and one.kind == "agent" and one.status == ONLINE]
        if target is None:
            return
        for computer in wanted:
            computer.task = UPGRADING
            if "updates_never_finish" not in self.store.faults:
                computer.send_upgrade = target if computer.host else None
        if "updates_never_finish" in self.store.faults:
            return
        made_up = [computer for computer in wanted if computer.host is None]

        def finish() -> None:
            for computer in made_up:
                computer.task, computer.build = None, target

        self.store.schedule(self.store.options.update_seconds, finish)


def newest(known: list[str]) -> str | None:
    """The newest of these builds."""
    return max(known, key=lambda build: builds.parse(build) or (0, 0, 0, 0), default=None)
