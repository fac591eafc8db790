# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of the report share: a fleet with given findings, and reports about it."""

from __future__ import annotations

import typing as t
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ansible_collections.deep_security.remediation.plugins.plugin_utils._advisory import (
    Advisory,
    Verdict,
    decide,
    load_advisory,
)
from ansible_collections.deep_security.remediation.plugins.plugin_utils._messages import Message, message
from ansible_collections.deep_security.remediation.plugins.plugin_utils._report import Outcome, Report, make_report
from ansible_collections.deep_security.remediation.plugins.plugin_utils._run import HostRun
from tests.report_schema import check

RUN: Mapping[str, t.Any] = {
    "collection_version": "0.1.0",
    "core_version": "2.19.4",
    "run_id": "ansible-local-4711abcd",
    "playbook": "remediate",
    "started": "2026-11-27T13:38:21+00:00",
    "started_by": {"user": "ansible", "awx_job": None, "awx_job_name": None, "awx_user": None},
}
FINISHED = "2026-11-27T14:00:00+00:00"


def text(words: str) -> Message:
    """A message that reads so."""
    return message("problem", source="here", text=words)


@dataclass(frozen=True)
class Finding:
    """A finding that a test gives to a host."""

    message: Message
    fails_gate: bool = True

    def as_dict(self) -> dict[str, t.Any]:
        """The finding as JSON."""
        return {**self.message.as_dict(), "message": self.message.text, "fails_gate": self.fails_gate}


@dataclass
class Fleet:
    """Hosts whose verdict is that of their own record."""

    hosts: Mapping[str, HostRun]
    given: Mapping[str, Sequence[Finding]] = field(default_factory=dict)
    proven: bool = False
    seen: object = None

    @property
    def relays(self) -> Mapping[str, HostRun]:
        """Those that are Relays by themselves."""
        return {name: host for name, host in self.hosts.items() if host.role == "relay"}

    @property
    def advisory(self) -> Advisory:
        """The shipped advisory."""
        return load_advisory()

    def verdict(self, host: HostRun) -> Verdict:
        """By its record alone."""
        return decide(host.record, self.advisory)

    def findings(self, host: HostRun) -> Sequence[Finding]:
        """As given."""
        return self.given.get(host.host, [])

    def updated(self, dummy: HostRun) -> bool:
        """As given."""
        return self.proven

    def events(self, dummy: HostRun) -> object:
        """As given."""
        return self.seen


def report(
    *hosts: HostRun,
    findings: Mapping[str, Sequence[Finding]] | None = None,
    proven: bool = False,
    events: object = None,
    **run: t.Any,
) -> Report:
    """The report about these hosts. run: what differs from RUN."""
    fleet = Fleet({host.host: host for host in hosts}, findings or {}, proven, events)
    return made_of(fleet, [host.host for host in hosts], **run)


def made_of(fleet: t.Any, names: Iterable[str], **run: t.Any) -> Report:
    """The same about a fleet."""
    made = make_report(fleet, names, {**RUN, **run}, FINISHED)
    check(made.as_dict())
    return made


def outcome(host: HostRun, *findings: Finding, **more: t.Any) -> Outcome:
    """What the report says about one host."""
    return report(host, findings={host.host: findings}, **more).outcomes[0]
