# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""One host in one run: its settings, what was read of it, its entry in the plan, and what each stage did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from .._messages import Message, message
from .._settings import Settings

Role = Literal["relay", "agent", "appliance", "manager"]
Outcome = Literal["done", "nothing", "predicted", "deferred", "failed"]
# In the order in which a host goes through them.
STAGES = ("precheck", "upgrade", "reboot", "update", "verify")
RELAY_GROUP = "deep_security_relays"
_GROUPS: tuple[tuple[str, Role], ...] = (
    ("deep_security_appliances", "appliance"),
    ("deep_security_managers", "manager"),
    ("deep_security_agents", "agent"),
)
_NONE: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Reading:
    """One attempt to read a host. record is None where there is none; why then says the reason."""

    status: Literal["read", "unreachable", "unread"]
    record: Mapping[str, Any] | None = None
    why: str = ""

    def as_dict(self) -> dict[str, object]:
        """The reading as JSON."""
        return {"status": self.status, "record": self.record, "why": self.why}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Reading:
        """The reading that as_dict() was made from."""
        return cls(value["status"], value.get("record"), value.get("why") or "")


@dataclass(frozen=True)
class StageResult:
    """What one stage did to one host.

    outcome: done (it changed something, or proved what it had to prove), nothing (there was nothing to do), predicted
    (check mode: it would be done), deferred (it is due and not allowed now), failed.
    record: the agent record read at the end of the stage, if one was. seconds: how long the stage took.
    details: JSON values of this stage, documented at the stage's function.
    """

    stage: str
    outcome: Outcome
    message: Message
    changed: bool = False
    seconds: float = 0.0
    record: Mapping[str, Any] | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        """Whether the host stops here."""
        return self.outcome == "failed"

    def as_dict(self) -> dict[str, object]:
        """The result as JSON."""
        return {
            "stage": self.stage,
            "outcome": self.outcome,
            "message": self.message.as_dict(),
            "changed": self.changed,
            "seconds": round(self.seconds, 1),
            "record": self.record,
            "details": dict(self.details),
        }

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> StageResult:
        """The result that as_dict() was made from."""
        return cls(
            stage=value["stage"],
            outcome=value["outcome"],
            message=Message.from_dict(value["message"]),
            changed=bool(value["changed"]),
            seconds=float(value["seconds"]),
            record=value.get("record"),
            details=value.get("details") or {},
        )


@dataclass(frozen=True)
class HostRun:
    """One host. first and last: its first and its latest reading in this run, None before any.

    work: what the plan wants done (Work.as_dict()); blocked: why it must wait. Both None: the plan wants nothing, or
    there is none yet (planned tells which).
    tasks: stage → what the Manager's tasks did for this host: outcome and evidence.
    read_at: when its latest reading ended, ISO 8601; None where the host was not read in this run.
    """

    host: str
    groups: Sequence[str] = ()
    settings: Settings = field(default_factory=Settings)
    first: Reading | None = None
    last: Reading | None = None
    planned: bool = False
    work: Mapping[str, Any] | None = None
    blocked: Message | None = None
    stages: Mapping[str, StageResult] = field(default_factory=dict)
    tasks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    read_at: str | None = None

    def after(self, result: StageResult) -> HostRun:
        """This host when the stage has ended."""
        last = Reading("read", result.record) if result.record is not None else self.last
        return replace(self, stages={**self.stages, result.stage: result}, last=last)

    def with_reading(self, reading: Reading) -> HostRun:
        """This host when it was read once more. The latest reading counts: a Relay may be silent by now."""
        return replace(self, first=self.first or reading, last=reading)

    @property
    def source(self) -> str:
        """Where agent data comes from: host, manager, or both."""
        return str(self.settings["dsa_source"])

    @property
    def computer(self) -> Mapping[str, Any]:
        """The Manager's entry of this host when the inventory was read, empty where there is none."""
        computer = self.settings["dsm_computer"]
        return computer if isinstance(computer, Mapping) else _NONE

    @property
    def manager_record(self) -> Mapping[str, Any]:
        """The Manager's agent record, empty where there is none."""
        agent = self.computer.get("agent")
        return agent if isinstance(agent, Mapping) else _NONE

    @property
    def record(self) -> Mapping[str, Any] | None:
        """The latest agent record; the Manager's where dsa_source is manager and the host was not read."""
        if self.last is not None:
            return self.last.record
        return self.manager_record or None if self.source == "manager" else None

    @property
    def note(self) -> Mapping[str, Any]:
        """The progress note on the host, by the latest record: how far an earlier remediation came."""
        note = (self.record or _NONE).get("remediation")
        return note if isinstance(note, Mapping) else _NONE

    @property
    def phase(self) -> str | None:
        """upgrading, update_pending or done, by the progress note; None without one."""
        phase = self.note.get("phase")
        return str(phase) if phase else None

    @property
    def unread(self) -> Message | None:
        """Why there is no record of this host, or None when there is one."""
        if self.record is not None:
            return None
        if self.last is None:
            return message("not_in_manager" if self.source == "manager" else "not_read")
        code = "unreachable" if self.last.status == "unreachable" else "not_readable"
        if not self.computer:
            return message(code, why=self.last.why)
        build = self.manager_record.get("version") or "no build"
        contact = self.computer.get("last_contact") or "never"
        return message(f"{code}_manager", why=self.last.why, build=build, contact=contact)

    @property
    def unreachable(self) -> bool:
        """Whether the host gave no answer when it was read last."""
        return self.record is None and self.last is not None and self.last.status == "unreachable"

    @property
    def role(self) -> Role:
        """Role precedence: dsa_role, the Manager, the group of Relays or the detected listener, the other groups.

        A Manager or an Agent can be a Relay as well, and then that is what counts.
        """
        stated = self.settings["dsa_role"]
        if stated:
            role: Role = stated
            return role
        known = relay_state(self.manager_record)
        if known is None:
            known = RELAY_GROUP in self.groups or self._detected
        if known:
            return "relay"
        if self.computer.get("kind") == "appliance":
            return "appliance"
        return next((role for group, role in _GROUPS if group in self.groups), "agent")

    @property
    def _detected(self) -> bool:
        """Whether it listened as a Relay when it was read in this run; one that is silent by now is still a Relay."""
        first = self.first.record if self.first else None
        return any(relay_state(record or _NONE) is True for record in (first, self.record))

    @property
    def first_relay_state(self) -> bool | None:
        """Whether it is a Relay by the first reading of this run."""
        return relay_state((self.first and self.first.record) or _NONE)

    @property
    def was_relay(self) -> bool:
        """Whether this run has taken it for a Relay before. One whose service broke meanwhile listens no longer."""
        if self.settings["dsa_role"]:
            return False
        return self.first_relay_state is True or (self.work or _NONE).get("tier") == "relays"

    @property
    def may_be_relay(self) -> bool:
        """Whether nothing gives the role of this host: not stated, in no group, not known to the Manager, not read."""
        stated = self.settings["dsa_role"] or any(
            group in self.groups for group in (RELAY_GROUP, *(group for group, dummy in _GROUPS))
        )
        read = self.record is not None and self.record.get("version_source") != "manager"
        # A record that was read and leaves the Relay state open leaves as much open as none.
        known = read and (
            relay_state(self.record or _NONE) is not None or (self.record or _NONE).get("installed") is False
        )
        return not known and not stated and relay_state(self.manager_record) is None

    @property
    def contradicted_relay(self) -> bool:
        """Whether its group or its listener says Relay where the Manager says no: one of them is out of date."""
        if self.settings["dsa_role"] or relay_state(self.manager_record) is not False:
            return False
        own = self.record or _NONE
        detected = own.get("version_source") != "manager" and self._detected
        return detected or RELAY_GROUP in self.groups

    @property
    def goes_first(self) -> bool:
        """Whether it is worked on before Agents: a Relay, or what may be one, which does no harm."""
        return self.role == "relay" or self.contradicted_relay

    @property
    def updated_in_this_run(self) -> bool:
        """Whether a security update ended well in this run."""
        update = self.stages.get("update")
        return update is not None and update.outcome == "done"

    @property
    def failure(self) -> StageResult | None:
        """The result of the stage that failed in this run."""
        return next((result for result in self.stages.values() if result.failed), None)

    @property
    def touched(self) -> bool:
        """Whether this run changed the host, or tried to. A pre-check that stopped it did not."""
        return any(stage != "precheck" for stage in self.stages)


def relay_state(record: Mapping[str, Any]) -> bool | None:
    """True, False or None: whether a record says that its agent is a Relay."""
    relay = record.get("relay")
    enabled = relay.get("enabled") if isinstance(relay, Mapping) else None
    return enabled if isinstance(enabled, bool) else None
