# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""What is known of every host at one moment of a run, taken from its variables and from what its tasks registered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Literal

from .._advisory import Advisory, Context, Verdict, decide, shorten
from .findings import find
from .settings import SettingsError, flag_of, names_of

Role = Literal["relay", "agent", "appliance", "manager"]

# Where roles leave their results, in the order of the stages.
STAGES = {
    "precheck": "__precheck_result",
    "upgrade": "__upgrade_result",
    "reboot": "__reboot_result",
    "security_update": "__security_update_result",
    "verify": "__verify_result",
}
FIRST_READING = "__assess_result"
# The latest first. A reboot that was put off has a reading too.
LATER_READINGS = ("__rescue_result", "__verify_result", "__reboot_result")
PLAN = "__plan_result"
REGISTERED = (FIRST_READING, *STAGES.values(), "__rescue_result")
# What plan and report read of a host's variables, and nothing else.
VARIABLES = (
    "dsa_certificate_replaced",
    "dsa_max_fail_percentage",
    "dsa_not_installed_compliant",
    "dsa_package_checksums",
    "dsa_package_dir",
    "dsa_packages",
    "dsa_reboot",
    "dsa_reboot_timezone",
    "dsa_reboot_window",
    "dsa_relays",
    "dsa_role",
    "dsa_target_version",
    "dsa_verify_packages",
    "dsm_url",
)

RELAY_GROUP = "deep_security_relays"
_GROUPS: tuple[tuple[str, Role], ...] = (
    ("deep_security_appliances", "appliance"),
    ("deep_security_managers", "manager"),
    ("deep_security_agents", "agent"),
)
_ROLES: tuple[Role, ...] = ("relay", "agent", "appliance", "manager")


@dataclass(frozen=True)
class Host:
    """One host. A reading is what dsa_assess returned: agent, or unreachable/failed with msg; None before any."""

    name: str
    groups: Sequence[str] = ()
    variables: Mapping[str, object] = field(default_factory=dict)
    first: Mapping[str, object] | None = None
    last: Mapping[str, object] | None = None
    stages: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    planned: bool = False
    """Whether a plan was made for this host in this run."""

    @classmethod
    def from_variables(cls, name: str, groups: Sequence[str], values: Mapping[str, object]) -> Host:
        """values: the host's VARIABLES and REGISTERED results, absent ones left out."""

        def result(key: str) -> Mapping[str, object] | None:
            value = values.get(key)
            # A skipped task registers too, and says nothing.
            return value if isinstance(value, Mapping) and not value.get("skipped") else None

        later = (found for key in LATER_READINGS if (found := result(key)) is not None and "agent" in found)
        stages = {stage: found for stage, key in STAGES.items() if (found := result(key)) is not None}
        return cls(
            name=name,
            groups=tuple(groups),
            variables={key: values[key] for key in VARIABLES if key in values},
            first=result(FIRST_READING),
            last=next(later, None) or result(FIRST_READING),
            stages=stages,
            planned=PLAN in values,
        )

    @property
    def record(self) -> Mapping[str, object] | None:
        """The latest agent record, None when the host was not read."""
        agent = self.last.get("agent") if self.last else None
        if not isinstance(agent, Mapping) and self.first is not None:
            agent = self.first.get("agent")
        return agent if isinstance(agent, Mapping) else None

    @property
    def unread(self) -> str | None:
        """Why there is no record of this host, or None when there is one."""
        if self.record is not None:
            return None
        if self.first is None:
            return "it was not read in this run"
        word = "did not answer" if self.first.get("unreachable") else "could not be read"
        return f"it {word}: {self.first.get('msg') or 'no reason given'}"

    @property
    def unreachable(self) -> bool:
        """Whether the last attempt to read the host got no answer."""
        return bool(self.record is None and self.first and self.first.get("unreachable"))

    @property
    def role(self) -> Role:
        """The operator's word, else a Relay's group or looks, else the other groups.

        A Manager or an Agent can be a Relay as well, and then that is what counts.
        """
        told = self.variables.get("dsa_role")
        if told:
            for role in _ROLES:
                if str(told).strip().lower() == role:
                    return role
            raise SettingsError(f"dsa_role of {self.name} is {shorten(told)}; write one of {', '.join(_ROLES)}")
        relay = (self.record or {}).get("relay")
        if RELAY_GROUP in self.groups or (isinstance(relay, Mapping) and relay.get("enabled") is True):
            return "relay"
        return next((role for group, role in _GROUPS if group in self.groups), "agent")

    @property
    def may_be_relay(self) -> bool:
        """Whether nothing says what this host is: nobody stated it, and it was not read."""
        stated = self.variables.get("dsa_role") or any(group in self.groups for group, dummy in _GROUPS)
        return bool(self.unread and not stated)

    @property
    def phase(self) -> str | None:
        """How far an earlier remediation came, by the host's own progress file."""
        progress = (self.record or {}).get("remediation")
        return str(progress.get("phase")) if isinstance(progress, Mapping) and progress.get("phase") else None

    @property
    def updated(self) -> bool:
        """Whether a security update since the last upgrade is known to have ended well."""
        return self.phase == "done" or self.stages.get("security_update", {}).get("outcome") == "succeeded"

    @property
    def failure(self) -> tuple[str, str] | None:
        """(stage, message) of the stage that failed in this run."""
        for stage, result in self.stages.items():
            if result.get("failed") or result.get("unreachable"):
                return stage, str(result.get("msg") or "no reason given")
        return None

    @property
    def touched(self) -> bool:
        """Whether this run changed the host, or tried to. A pre-check that stopped it did not."""
        return any(stage != "precheck" for stage in self.stages)

    def flag(self, name: str, default: bool) -> bool:
        """One of the host's truth values."""
        return flag_of(self.variables.get(name, default), f"{name} of {self.name}")


class Fleet:
    """All hosts of the inventory and what follows from looking at them together."""

    def __init__(self, hosts: Mapping[str, Host], advisory: Advisory, now: datetime | None = None) -> None:
        self.hosts = hosts
        self.advisory = advisory
        self.now = now or datetime.now(timezone.utc)
        self.relays = {name: host for name, host in hosts.items() if host.role == "relay"}
        declared = any(RELAY_GROUP in host.groups for host in hosts.values())
        # Where nobody named the Relays, one that is silent cannot be told from an Agent: it may be one.
        silent = {} if declared else {name: host for name, host in hosts.items() if host.may_be_relay}
        self.candidates = {**self.relays, **silent}

    def relays_of(self, host: Host) -> list[Host] | None:
        """The Relays a host may use: those that dsa_relays names, else every Relay but itself. None: none is known.

        An empty dsa_relays says that the host uses none of this inventory.
        """
        told = host.variables.get("dsa_relays")
        if told is None or (isinstance(told, str) and not told.strip()):  # a survey's empty field says nothing
            return [relay for name, relay in self.candidates.items() if name != host.name] or None
        names = names_of(told, f"dsa_relays of {host.name}")
        for name in names:
            if name not in self.hosts:
                raise SettingsError(f"dsa_relays of {host.name} names {name}, which is not in the inventory")
        return [self.hosts[name] for name in names]

    def judge(self, host: Host) -> Verdict:
        """The verdict about a host that was read, in the context of its Relays."""
        relays = self.relays_of(host) if host.role != "relay" else None
        context = Context(
            relays=None if relays is None else [_as_relay(relay) for relay in relays],
            certificate_replaced=host.flag("dsa_certificate_replaced", False),
            not_installed_compliant=host.flag("dsa_not_installed_compliant", True),
        )
        return decide(host.record or {}, self.advisory, context)

    def relay_objection(self, relay: Host) -> str | None:
        """Why Agents below this Relay must wait, or None when it is known to be fixed, updated since, and well."""
        if relay.failure:
            return f"{relay.name} failed in stage {relay.failure[0]}"
        if relay.unread:
            hint = " (it may be a Relay; say what it is with a group or dsa_role)" if relay.may_be_relay else ""
            return f"{relay.name}: {relay.unread}{hint}"
        judged = self.judge(relay)
        if not judged.compliant or judged.verdict == "not_installed":
            return f"{relay.name} is {judged.verdict}" + (f" ({judged.version})" if judged.version else "")
        if not relay.updated:
            return f"{relay.name} has the fix, but nobody knows that it has updated since: run remediate_relays"
        return next(
            (f"{relay.name}: {finding.message}" for finding in find(relay.record or {}) if finding.fails_gate), None
        )


def _as_relay(relay: Host) -> Mapping[str, object]:
    replaced = relay.flag("dsa_certificate_replaced", False)
    return {**(relay.record or {}), "name": relay.name, "certificate_replaced": replaced}
