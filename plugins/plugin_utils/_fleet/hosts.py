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

from .._advisory import Advisory, Build, Context, Verdict, decide, shorten
from .findings import Finding, disagreements, failing_updates, find, out_of_date
from .manager import manager_objection
from .settings import SettingsError, flag_of, names_of, number_of

Role = Literal["relay", "agent", "appliance", "manager"]
Source = Literal["host", "manager", "both"]

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
    "dsa_appliance_package",
    "dsa_bundle_relay",
    "dsa_certificate_replaced",
    "dsa_manager_max_age",
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
    "dsa_source",
    "dsa_target_version",
    "dsa_upgrade_through",
    "dsa_verify_packages",
    "dsm_computer",
    "dsm_hosted_relays",
    "dsm_minimum_version",
    "dsm_url",
    "dsm_version",
)

RELAY_GROUP = "deep_security_relays"
_GROUPS: tuple[tuple[str, Role], ...] = (
    ("deep_security_appliances", "appliance"),
    ("deep_security_managers", "manager"),
    ("deep_security_agents", "agent"),
)
_ROLES: tuple[Role, ...] = ("relay", "agent", "appliance", "manager")
SOURCES: tuple[Source, ...] = ("host", "manager", "both")
# Days after which an agent that has not spoken to the Manager since may have become anything.
_MAX_AGE = 7


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
    def source(self) -> Source:
        """Who is believed about this host: itself, the Manager, or itself with the Manager beside it."""
        told = str(self.variables.get("dsa_source") or "host").strip().lower()
        for source in SOURCES:
            if told == source:
                return source
        raise SettingsError(f"dsa_source of {self.name} is {shorten(told)}; write one of {', '.join(SOURCES)}")

    @property
    def computer(self) -> Mapping[str, object] | None:
        """What the Manager knew of this host when the inventory was read, None when it did not know it."""
        computer = self.variables.get("dsm_computer")
        return computer if isinstance(computer, Mapping) else None

    @property
    def manager_record(self) -> Mapping[str, object]:
        """The Manager's agent record, empty where there is none."""
        agent = (self.computer or {}).get("agent")
        return agent if isinstance(agent, Mapping) else {}

    @property
    def record(self) -> Mapping[str, object] | None:
        """The latest agent record, the Manager's where that is asked for; None when there is none."""
        agent = self.last.get("agent") if self.last else None
        if not isinstance(agent, Mapping) and self.first is not None:
            agent = self.first.get("agent")
        if isinstance(agent, Mapping):
            return agent
        silent = self.first is not None and self.first.get("unreachable")
        return self.manager_record or None if self.source == "manager" and not silent else None

    @property
    def unread(self) -> str | None:
        """Why there is no record of this host, or None when there is one."""
        if self.record is not None:
            return None
        if self.first is None and self.source == "manager":
            return (
                "the Manager's inventory does not know it: it has no dsm_computer. See that its name is the same "
                "there, or read the host itself with dsa_source: both"
            )
        if self.first is None:
            return "it was not read in this run"
        word = "did not answer" if self.first.get("unreachable") else "could not be read"
        return f"it {word}: {self.first.get('msg') or 'no reason given'}{self._hearsay}"

    @property
    def _hearsay(self) -> str:
        """What the Manager says of a host that nobody could read: for people, no evidence."""
        if not self.computer:
            return ""
        build = self.manager_record.get("version") or "no build"
        return f". The Manager knows {build} there, last contact {self.computer.get('last_contact') or 'never'}"

    @property
    def unreachable(self) -> bool:
        """Whether the last attempt to read the host got no answer."""
        return bool(self.record is None and self.first and self.first.get("unreachable"))

    @property
    def role(self) -> Role:
        """The operator's word, else the Manager's, else a Relay's group or looks, else the other groups.

        A Manager or an Agent can be a Relay as well, and then that is what counts.
        """
        told = self.variables.get("dsa_role")
        if told:
            for role in _ROLES:
                if str(told).strip().lower() == role:
                    return role
            raise SettingsError(f"dsa_role of {self.name} is {shorten(told)}; write one of {', '.join(_ROLES)}")
        known = _relay_state(self.manager_record)
        if known is None:
            known = RELAY_GROUP in self.groups or _relay_state(self.record or {}) is True
        if known:
            return "relay"
        if self.computer and self.computer.get("kind") == "appliance":
            return "appliance"
        return next((role for group, role in _GROUPS if group in self.groups), "agent")

    @property
    def may_be_relay(self) -> bool:
        """Whether nothing says what this host is: nobody stated it, the Manager does not know, and it was not read."""
        named = (RELAY_GROUP, *(group for group, dummy in _GROUPS))
        stated = self.variables.get("dsa_role") or any(group in self.groups for group in named)
        # A record of the Manager's that does not say it leaves as much open as none.
        told = not self.unread and (self.record or {}).get("version_source") != "manager"
        return bool(not told and not stated and _relay_state(self.manager_record) is None)

    @property
    def looks_like_relay(self) -> bool:
        """Whether its group or its looks say Relay where the Manager says no: one of them is out of date."""
        if self.variables.get("dsa_role") or _relay_state(self.manager_record) is not False:
            return False
        own = self.record or {}
        looks = own.get("version_source") != "manager" and _relay_state(own) is True
        return looks or RELAY_GROUP in self.groups

    @property
    def goes_first(self) -> bool:
        """Whether it is worked on before Agents: a Relay, or what may be one after all, which does no harm."""
        return self.role == "relay" or self.looks_like_relay

    @property
    def phase(self) -> str | None:
        """How far an earlier remediation came, by the host's own progress file."""
        progress = (self.record or {}).get("remediation")
        return str(progress.get("phase")) if isinstance(progress, Mapping) and progress.get("phase") else None

    @property
    def updated(self) -> bool:
        """Whether a security update since the last upgrade is known to have ended well."""
        return self.phase == "done" or self.updated_now

    @property
    def updated_now(self) -> bool:
        """Whether a security update ended well in this run."""
        return self.stages.get("security_update", {}).get("outcome") == "succeeded"

    @property
    def updated_by_manager(self) -> bool:
        """Whether the Manager saw this very build with nothing but the latest components."""
        updates, version = self.manager_record.get("updates"), self.manager_record.get("version")
        same = version is not None and version == (self.record or {}).get("version")
        known = updates if same and isinstance(updates, Mapping) else {}
        return known.get("latest") is True and known.get("status") == "active"

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
    """All hosts of the inventory and what follows from looking at them together.

    manager: what dsm_info returned in this run. events: the Manager's ID of a computer, as text → what its system
    events say, as dsm_event_info returns it. url: the Manager that was asked for both; hosts may have another.
    left_out: Relays, or what may be some, that the Manager knows and its inventory does not show.
    """

    def __init__(
        self,
        hosts: Mapping[str, Host],
        advisory: Advisory,
        now: datetime | None = None,
        manager: Mapping[str, object] | None = None,
        events: Mapping[str, object] | None = None,
        url: object = None,
        left_out: Sequence[str] = (),
    ) -> None:
        self.hosts = hosts
        self.advisory = advisory
        self.now = now or datetime.now(timezone.utc)
        asked = (manager or {}).get("manager")
        self.manager_version = asked.get("version") if isinstance(asked, Mapping) else None
        problems = (manager or {}).get("problems")
        told = "; ".join(map(str, problems)) if isinstance(problems, (list, tuple)) else None
        self.manager_problem = (manager or {}).get("msg") or told or None
        self._events = events or {}
        self._url = url
        self._left_out = left_out
        self.relays = {name: host for name, host in hosts.items() if host.role == "relay"}
        declared = any(RELAY_GROUP in host.groups for host in hosts.values())
        # Where nobody named the Relays, one that is silent cannot be told from an Agent: it may be one.
        # Of one that the Manager knows, and not what it is, nobody declared it either.
        silent = {name: host for name, host in hosts.items() if host.may_be_relay and (host.computer or not declared)}
        doubtful = {name: host for name, host in hosts.items() if host.looks_like_relay}
        self.candidates = {**self.relays, **silent, **doubtful}
        # Made once, as ten thousand hosts may ask for them.
        self._everybody = list(self.candidates.values())
        self._as_relays: dict[str, Mapping[str, object]] = {}

    def managers_silence(self) -> str | None:
        """Why the Manager cannot be believed about anybody, or None.

        A source of the inventory that cannot be read is a mere warning to Ansible, and half a fleet would pass for all.
        """
        if any(host.computer for host in self.hosts.values()):
            return None
        asked = next((host for host in self.hosts.values() if host.source != "host"), None)
        if asked is None:
            return None
        return (
            f"dsa_source is {asked.source}, and no host has dsm_computer: give the Manager's inventory too (-i "
            "dsm.yml), and see whether Ansible warned that it could not be read"
        )

    def left_out(self, host: Host) -> Sequence[str]:
        """Relays that the host may use and that nobody here can look at. None where it says which ones it uses."""
        told = host.variables.get("dsa_relays")
        return self._left_out if told is None or (isinstance(told, str) and not told.strip()) else ()

    def relays_of(self, host: Host) -> list[Host] | None:
        """The Relays a host may use: those that dsa_relays names, else every Relay but itself. None: none is known.

        An empty dsa_relays says that the host uses none of this inventory.
        """
        told = host.variables.get("dsa_relays")
        if told is None or (isinstance(told, str) and not told.strip()):  # a survey's empty field says nothing
            found = self._everybody
            if host.name in self.candidates:
                found = [relay for relay in found if relay.name != host.name]
            # Workload Security has Relays of the vendor's, who looks after them.
            return found or ([] if host.flag("dsm_hosted_relays", False) else None)
        names = names_of(told, f"dsa_relays of {host.name}")
        for name in names:
            if name not in self.hosts:
                raise SettingsError(f"dsa_relays of {host.name} names {name}, which is not in the inventory")
        return [self.hosts[name] for name in names]

    def judge(self, host: Host) -> Verdict:
        """The verdict about a host that was read, in the context of its Relays."""
        relays = self.relays_of(host) if host.role != "relay" and not self.left_out(host) else None
        context = Context(
            relays=None if relays is None else self._records_of(relays),
            certificate_replaced=host.flag("dsa_certificate_replaced", False),
            not_installed_compliant=host.flag("dsa_not_installed_compliant", True),
        )
        return decide(host.record or {}, self.advisory, context)

    def _records_of(self, relays: list[Host]) -> list[Mapping[str, object]]:
        """The Relays' records as decide() wants them."""
        for relay in relays:
            if relay.name not in self._as_relays:
                replaced = relay.flag("dsa_certificate_replaced", False)
                self._as_relays[relay.name] = {
                    **(relay.record or {}),
                    "name": relay.name,
                    "certificate_replaced": replaced,
                }
        return [self._as_relays[relay.name] for relay in relays]

    def findings(self, host: Host) -> list[Finding]:
        """What is wrong with an agent beside its build, and with what it depends on."""
        found = self._own_findings(host)
        objection = self.bundle_objection(host, fixed_will_do=True)
        return found + ([Finding("bundle_relay_not_fixed", f"{objection}.", True)] if objection else [])

    def _own_findings(self, host: Host) -> list[Finding]:
        """The same without what it depends on, so that Relays which depend on each other end nobody's run."""
        record, computer = host.record or {}, host.computer or {}
        found = find(record)
        if not host.stages:  # what this run changed the Manager cannot know yet
            found += disagreements(record, host.manager_record, RELAY_GROUP in host.groups)
        if record.get("version_source") == "manager" and record.get("version"):
            found += self._too_old(host)
        if host.updated_now:
            return found
        events = self._events.get(str(computer.get("id"))) if self.asked(host) else None
        return found + failing_updates(events, host.manager_record.get("updates"))

    def asked(self, host: Host) -> bool:
        """Whether the Manager that was asked in this run is the host's."""
        return same_manager(host.variables.get("dsm_url"), self._url)

    def updated(self, host: Host) -> bool:
        """Whether a security update since the last upgrade is known of, from the host or, while fresh, the Manager."""
        if host.updated or host.phase is not None or not host.updated_by_manager:
            return host.updated
        return not self._too_old(host)

    def _too_old(self, host: Host) -> list[Finding]:
        days = number_of(host.variables.get("dsa_manager_max_age", _MAX_AGE), f"dsa_manager_max_age of {host.name}")
        return out_of_date((host.computer or {}).get("last_contact"), days, self.now)

    def manager_objection(self, host: Host, target: Build) -> str | None:
        """Why the Manager is not ready for an agent of that build, or None."""
        if host.flag("dsm_hosted_relays", False):
            return None  # the vendor keeps Workload Security up to date
        answered = self.manager_version if self.asked(host) else None
        told = answered or host.variables.get("dsm_version")
        return manager_objection(told, host.variables.get("dsm_minimum_version"), target, self.manager_problem)

    def bundle_objection(self, host: Host, fixed_will_do: bool = False) -> str | None:
        """Why the bundle that an offline site lives on is of no use, or None: its maker must have the fix as well."""
        name = host.variables.get("dsa_bundle_relay")
        if not name or name == host.name:
            return None
        relay = self.hosts.get(str(name))
        if relay is None:
            raise SettingsError(f"dsa_bundle_relay of {host.name} names {name}, which is not in the inventory")
        objection = self.relay_objection(relay, fixed_will_do)
        if objection is None:
            return None
        return (
            f"The Relay that makes the bundle dsupdate_*.zip for this site comes first: {objection}. When it is fixed, "
            "make a new bundle there, bring it to the site, and run again"
        )

    def relay_objection(self, relay: Host, fixed_will_do: bool = False) -> str | None:
        """Why Agents below this Relay must wait, or None when it is known to be fixed, updated since, and well."""
        objection = self._relay_objection(relay, fixed_will_do)
        if objection and relay.looks_like_relay:
            objection += " (the Manager says that it is no Relay: if so, set dsa_role: agent for it)"
        return objection

    def _relay_objection(self, relay: Host, fixed_will_do: bool) -> str | None:
        if relay.failure:
            return f"{relay.name} failed in stage {relay.failure[0]}"
        if relay.unread:
            hint = " (it may be a Relay; say what it is with a group or dsa_role)" if relay.may_be_relay else ""
            return f"{relay.name}: {relay.unread}{hint}"
        judged = self.judge(relay)
        if not judged.compliant or judged.verdict == "not_installed":
            return f"{relay.name} is {judged.verdict}" + (f" ({judged.version})" if judged.version else "")
        if not fixed_will_do and not self.updated(relay):
            return f"{relay.name} has the fix, but nobody knows that it has updated since: run remediate_relays"
        return next(
            (f"{relay.name}: {finding.message}" for finding in self._own_findings(relay) if finding.fails_gate), None
        )


def same_manager(one: object, other: object) -> bool:
    """Whether two addresses are of the same Manager. One that is not stated is no other."""

    def plain(url: object) -> str:
        return str(url or "").strip().rstrip("/").removesuffix("/api").rstrip("/").lower()

    return not one or not other or plain(one) == plain(other)


def _relay_state(record: Mapping[str, object]) -> bool | None:
    relay = record.get("relay")
    enabled = relay.get("enabled") if isinstance(relay, Mapping) else None
    return enabled if isinstance(enabled, bool) else None
