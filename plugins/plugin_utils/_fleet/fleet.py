# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The hosts together: which of them are Relays, who depends on whom, and each host's verdict in that context.

A Fleet is one moment of a run. Verdicts, findings and objections are made once a host and record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from functools import cached_property

from .._advisory import Advisory, Build, Context, Verdict, decide
from .._manager import manager_objection
from .._messages import Message, message
from .._record.findings import Finding, disagreements, failing_updates, findings_of, out_of_date
from .._run import RELAY_GROUP, HostRun
from .addresses import same_address
from .targets import target_for
from .updates import update_proven

# So many hosts or objections are named in a message; with thousands of Agents each more would fill the journal.
NAMED = 3
_NONE: Mapping[str, object] = {}


class Fleet:
    """All hosts of the inventory and what follows from seeing them together.

    manager: what dsm_info returned in this run. events: the Manager's ID of a computer, as text → what its system
    events tell, as dsm_event_info returns it. url: the Manager that both came from; hosts may have another. hidden: why
    the inventory may lack Relays, or None. address: where a host is reached. relays: the hosts that are Relays.
    candidates: these, and all that may be one.
    """

    def __init__(
        self,
        hosts: Mapping[str, HostRun],
        advisory: Advisory,
        now: datetime | None = None,
        manager: Mapping[str, object] | None = None,
        events: Mapping[str, object] | None = None,
        url: object = None,
        hidden: Message | None = None,
        address: Callable[[str], object] = str,
    ) -> None:
        self.hosts = hosts
        self.hidden = hidden
        self.advisory = advisory
        self.now = now or datetime.now(timezone.utc)
        answer = (manager or _NONE).get("manager")
        self.manager_version = answer.get("version") if isinstance(answer, Mapping) else None
        problems = (manager or _NONE).get("problems")
        joined = "; ".join(map(str, problems)) if isinstance(problems, (list, tuple)) else None
        self.manager_problem = (manager or _NONE).get("msg") or joined or None
        self._events = events or {}
        self._url = url
        self._address = address
        self.relays = {name: host for name, host in hosts.items() if host.role == "relay"}
        known = {name: host for name, host in hosts.items() if host.goes_first or host.was_relay}
        self._open = {
            name: host
            for name, host in hosts.items()
            if host.may_be_relay and name not in known and host.first_relay_state is not False
        }
        self.candidates = {**known, **self._open}
        # Made once, as ten thousand hosts may need them.
        self._known, self._everybody = list(known.values()), list(self.candidates.values())
        self._verdicts: dict[str, tuple[object, Verdict]] = {}
        self._findings: dict[str, tuple[HostRun, list[Finding]]] = {}
        self._objections: dict[tuple[str, bool], tuple[HostRun, Message | None]] = {}
        self._targets: dict[tuple[str, str], Build | None] = {}
        self._as_relays: dict[str, Mapping[str, object]] = {}
        self._served_expired = self._relays_that_served_expired()

    def managers_silence(self) -> Message | None:
        """Why the Manager cannot be used as a source for any host, or None.

        An inventory source that cannot be read is a mere warning to Ansible, and half a fleet would pass for all.
        """
        if any(host.computer for host in self.hosts.values()):
            return None
        needs = next((host for host in self.hosts.values() if host.source in ("manager", "both")), None)
        return message("manager_inventory_missing", source=needs.source) if needs else None

    @cached_property
    def touched(self) -> list[HostRun]:
        """The hosts that this run changed, or tried to."""
        return [host for host in self.hosts.values() if host.touched]

    def hidden_relays(self, host: HostRun) -> Message | None:
        """Why the inventory may lack Relays that the host may use. None where its Relays are named."""
        return self.hidden if host.settings["dsa_relays"] is None else None

    def relays_of(self, host: HostRun) -> list[HostRun] | None:
        """The Relays a host may use: those that dsa_relays names, else every candidate but itself. None: none is known.

        An empty dsa_relays means that it uses none of this inventory. A name that the inventory lacks is a host that
        was not read.
        """
        named = host.settings["dsa_relays"]
        if named is not None:
            return [self.hosts.get(name) or HostRun(name) for name in named]
        found = self._known if host.settings["dsa_relays_complete"] else self._everybody
        if host.host in self.candidates:
            found = [relay for relay in found if relay.host != host.host]
        # Workload Security has Relays of the vendor's, who maintains them.
        return found or ([] if host.settings["dsm_hosted_relays"] else None)

    def verdict(self, host: HostRun) -> Verdict:
        """The verdict about a host's record, in the context of its Relays."""
        record = host.record
        made = self._verdicts.get(host.host)
        if made is None or made[0] is not record:
            relays = self.relays_of(host) if host.role != "relay" and not self.hidden_relays(host) else None
            context = Context(
                relays=None if relays is None else self._as_relays_of(relays),
                certificate_replaced=bool(host.settings["dsa_certificate_replaced"]),
                not_installed_compliant=bool(host.settings["dsa_not_installed_compliant"]),
            )
            made = self._verdicts[host.host] = (record, decide(record or {}, self.advisory, context))
        return made[1]

    def _as_relays_of(self, relays: list[HostRun]) -> list[Mapping[str, object]]:
        return self._everybody_as_relays if relays is self._everybody else list(map(self._as_relay, relays))

    @cached_property
    def _everybody_as_relays(self) -> list[Mapping[str, object]]:
        return [self._as_relay(relay) for relay in self._everybody]

    def _as_relay(self, relay: HostRun) -> Mapping[str, object]:
        """The Relay's record as decide() needs it."""
        if relay.host not in self._as_relays:
            replaced = bool(relay.settings["dsa_certificate_replaced"])
            self._as_relays[relay.host] = {
                **(relay.record if relay.record and relay.host not in self._same_address else {}),
                "name": relay.host,
                "certificate_replaced": replaced,
            }
        return self._as_relays[relay.host]

    def target(self, host: HostRun, platform: str) -> Build | None:
        """The build that dsa_target_version names for a host of that platform. Raises SettingsError."""
        value = host.settings["dsa_target_version"]
        key = (repr(value), platform)
        if key not in self._targets:
            self._targets[key] = target_for(value, platform, self.advisory)
        return self._targets[key]

    def findings(self, host: HostRun) -> list[Finding]:
        """What is wrong with an agent beside its build, and with what it depends on."""
        found, objection = self._own_findings(host), self.bundle_objection(host, fixed_will_do=True)
        return [*found, Finding("bundle_relay_not_fixed", objection.values, True)] if objection else found

    def _own_findings(self, host: HostRun) -> list[Finding]:
        """The same without what it depends on, so that Relays which depend on each other end no run."""
        made = self._findings.get(host.host)
        if made is None or made[0] is not host:
            made = self._findings[host.host] = (host, self._find(host))
        return made[1]

    def _find(self, host: HostRun) -> list[Finding]:
        record = host.record or {}
        found = findings_of(record)
        if not host.stages:  # what this run changed the Manager cannot know yet
            found += disagreements(record, host.manager_record, RELAY_GROUP in host.groups)
        if record.get("version_source") == "manager" and record.get("version"):
            found += self._too_old(host)
        updates = host.manager_record.get("updates")
        return found if host.updated_in_this_run else found + failing_updates(self.events(host), updates)

    def events(self, host: HostRun) -> object:
        """What the Manager's events tell of the security updates of a host, None where that is not known."""
        return self._events.get(str(host.computer.get("id"))) if self.same_manager(host) else None

    def same_manager(self, host: HostRun) -> bool:
        """Whether the Manager that answered in this run is the host's."""
        return same_manager(host.settings["dsm_url"], self._url)

    def updated(self, host: HostRun) -> bool:
        """Whether a security update of the build that is installed now is proven: by this run, by the progress note of
        an earlier one, or, where there is no note, by the Manager while its data is fresh.
        """
        if host.updated_in_this_run:
            return True
        record = host.record or {}
        if host.note or record.get("remediation_unreadable"):
            return update_proven(record)
        updates, build = host.manager_record.get("updates"), host.manager_record.get("version")
        known = updates if isinstance(updates, Mapping) and build is not None and build == record.get("version") else {}
        return known.get("latest") is True and known.get("status") == "active" and not self._too_old(host)

    def _too_old(self, host: HostRun) -> list[Finding]:
        return out_of_date(host.computer.get("last_contact"), host.settings["dsa_manager_max_age"], self.now)

    def manager_objection(self, host: HostRun, target: Build) -> Message | None:
        """Why the Manager is not ready for an agent of that build, or None."""
        if host.settings["dsm_hosted_relays"]:
            return None  # the vendor keeps Workload Security up to date
        answered = self.manager_version if self.same_manager(host) else None
        version = answered or host.settings["dsm_version"]
        return manager_objection(version, host.settings["dsm_minimum_version"], target, self.manager_problem)

    def bundle_objection(self, host: HostRun, fixed_will_do: bool = False) -> Message | None:
        """Why the update bundle that an offline site depends on is of no use, or None: its maker must have the fix."""
        name = host.settings["dsa_bundle_relay"]
        if not name or name == host.host:
            return None
        objection = self.relay_objection(self.hosts.get(name) or HostRun(name), fixed_will_do)
        return message("bundle_relay_not_fixed", objection=objection) if objection else None

    def relay_objection(self, relay: HostRun, fixed_will_do: bool = False) -> Message | None:
        """Why Agents below this Relay must wait, or None when it is known to be fixed, updated since, and healthy.

        fixed_will_do: without the update.
        """
        made = self._objections.get((relay.host, fixed_will_do))
        if made is None or made[0] is not relay:
            objection = self._relay_objection(relay, fixed_will_do)
            if objection and relay.contradicted_relay:
                objection = message("relay_contradicted", host=relay.host, objection=objection)
            made = self._objections[relay.host, fixed_will_do] = (relay, objection)
        return made[1]

    def _relay_objection(self, relay: HostRun, fixed_will_do: bool) -> Message | None:
        if (name := relay.host) not in self.hosts:
            return message("relay_not_in_inventory", host=name)
        if relay.failure:
            return message("relay_failed", host=name, stage=relay.failure.stage)
        if relay.unread:
            return message("relay_unread", host=name, why=relay.unread)
        if name in self._same_address:
            return message("relay_same_address", host=name, other=self._same_address[name])
        judged = self.verdict(relay)
        if not judged.compliant or judged.verdict == "not_installed":
            build = judged.version or "no readable build"
            return message("relay_not_fixed", host=name, verdict=judged.verdict, build=build)
        if not fixed_will_do and not self.updated(relay):
            return message("relay_not_updated", host=name)
        if name in self._served_expired:
            return message("relay_served_expired", host=name, agent=self._served_expired[name])
        finding = next((finding for finding in self._own_findings(relay) if finding.fails_gate), None)
        return message("relay_finding", host=name, finding=finding.message) if finding else None

    def relays_objection(self, host: HostRun, as_good_as_fixed: set[str]) -> Message | None:
        """Why an Agent must wait for its Relays, or None. as_good_as_fixed: Relays that check mode counts as fixed."""
        if hidden := self.hidden_relays(host):
            return hidden
        relays = self.relays_of(host)
        if relays is None:
            return message("no_relay_known")
        unclear: list[str] = []
        if host.settings["dsa_relays"] is None:
            relays = [relay for relay in self._known if relay is not host]
            if not host.settings["dsa_relays_complete"]:
                unclear = [name for name in self._unclear if name != host.host]
        good = as_good_as_fixed.difference(self._same_address)
        objections = [self.relay_objection(relay) for relay in relays if relay.host not in good]
        found = [objection for objection in objections if objection]
        count = len(found) + len(unclear)
        if unclear:
            unread = message("may_be_relays", hosts=unclear[:NAMED], count=len(unclear))
            # Among the first, which are shown: without the remedies that it names a --limit would be useless.
            found.insert(min(len(found), NAMED - 1), unread)
        return message("relays_first", relays=found[:NAMED], count=count) if found else None

    @cached_property
    def _unclear(self) -> list[str]:
        """Hosts that may be Relays, for all that is known, and below which no Agent may be touched."""
        return [name for name, host in self._open.items() if self.relay_objection(host)]

    @cached_property
    def _same_address(self) -> dict[str, str]:
        return same_address(self.hosts, self._address)

    def _relays_that_served_expired(self) -> dict[str, str]:
        """Relay → an Agent below it whose security update failed with -24 in this run."""
        found: dict[str, str] = {}
        for host in self.hosts.values():
            update = host.stages.get("update")
            below = host.host not in self.candidates
            if below and update and update.outcome != "done" and update.details.get("certificate_expired") is True:
                found.update({relay.host: host.host for relay in self.relays_of(host) or ()})
        return found


def same_manager(one: object, other: object) -> bool:
    """Whether two addresses are of the same Manager. One that is not stated is no other."""

    def plain(url: object) -> str:
        return str(url or "").strip().rstrip("/").removesuffix("/api").rstrip("/").lower()

    return not one or not other or plain(one) == plain(other)
