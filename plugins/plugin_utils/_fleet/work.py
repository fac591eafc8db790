# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.
"""What one host needs for itself: an upgrade with its package, a restart, or what is left of an earlier remediation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from .._advisory import Build, BuildError, Verdict, parse_build
from .._messages import Message, message
from .._record.findings import PENDING
from .._run import HostRun
from .._settings import Problem, SettingsError, SettingsErrors
from .appliances import appliance_steps
from .fleet import Fleet
from .packages import NoPackage, Package, choose
from .reboots import asked_by_agent, rules_from
from .verification import signature_objection, verify_on_controller

Tier = Literal["relays", "agents"]
# The build on the disk is good, and it is not proven to be the one that runs.
_NOT_RUNNING = ("sources_disagree", "source_unreadable", "running_without_package")


@dataclass(frozen=True)
class Work:
    """What one host needs.

    target and package: an upgrade. target alone: the package is there, but the agent that runs is not it, or none runs,
    or it was left without self-protection: its service is restarted. Neither: only a reboot or the security update is
    left to do.
    """

    tier: Tier
    verdict: str
    installed: str | None
    target: str | None
    package: Package | None

    def as_dict(self) -> dict[str, object]:
        """The work as JSON."""
        return {**asdict(self), "package": self.package.as_dict() if self.package else None}

    @classmethod
    def from_dict(cls, value: Mapping[str, Any]) -> Work:
        """The work that as_dict() was made from, but for secrets in an address; other keys do not matter."""
        package = value["package"]
        return cls(
            tier=value["tier"],
            verdict=value["verdict"],
            installed=value["installed"],
            target=value["target"],
            package=Package(**package) if package else None,
        )


class Blocked(Exception):
    """The host needs work that cannot be done."""

    def __init__(self, reason: Message) -> None:
        super().__init__(reason.code)
        self.reason = reason


def work_for(fleet: Fleet, host: HostRun) -> Work | None:
    """What the host needs; None when nothing, or nothing that can be done from here.

    Raises Blocked, and SettingsErrors for settings that make the whole run pointless.
    """
    record, judged = host.record or {}, fleet.verdict(host)
    if host.phase in PENDING and record.get("installed") is False:
        raise Blocked(message("agent_lost", phase=host.phase, target=host.note.get("to") or "an unknown build"))
    if judged.action == "upgrade" or (
        host.phase == "upgrading" and judged.version is None and judged.platform is not None
    ):
        if host.role == "appliance":
            raise Blocked(appliance_steps(host.settings["dsa_appliance_package"], fleet.advisory))
        return _upgrade(fleet, host, judged)
    if judged.reason_code == "sources_disagree" and asked_by_agent(record.get("reboot"), surely=False):
        # The package is there and what runs is older: restarting the service would not help.
        objection = _reboot_objection(fleet, host)
        if objection:
            raise Blocked(message("reboot_comes_first", objection=objection))
        return finish(fleet, host)
    if judged.version is None:
        return None  # no agent, or nothing is known of it
    if host.phase in PENDING:
        # Upgraded in an earlier run, or by hand since: what is left is the update, and to see that all is well.
        return _restart(fleet, host) if _broken(host, judged) else finish(fleet, host)
    if _unprotected(host):
        return _restart(fleet, host)
    # The agent's own reboot was deferred, and may be made up for now.
    due = asked_by_agent(record.get("reboot")) and _reboot_objection(fleet, host) is None
    return finish(fleet, host) if due else None


def _tier(host: HostRun) -> Tier:
    return "relays" if host.goes_first else "agents"


def finish(fleet: Fleet, host: HostRun) -> Work:
    """Work without an upgrade: the reboot and the security update that are left to do."""
    judged = fleet.verdict(host)
    return Work(_tier(host), judged.verdict, judged.version, None, None)


def _restart(fleet: Fleet, host: HostRun) -> Work:
    return replace(finish(fleet, host), target=fleet.verdict(host).version)


def _broken(host: HostRun, judged: Verdict) -> bool:
    """Whether the build is there, and the agent that runs is another one, or none, or left without self-protection."""
    service = (host.record or {}).get("service")
    down = isinstance(service, Mapping) and service.get("state") in ("stopped", "failed", "paused")
    return down or judged.reason_code in _NOT_RUNNING or _unprotected(host)


def _unprotected(host: HostRun) -> bool:
    return host.note.get("self_protection") in ("off", "unknown")


def _reboot_objection(fleet: Fleet, host: HostRun) -> Message | None:
    """Why a host that needs a reboot does not get it now, or None when it does."""
    names = ("dsa_reboot", "dsa_reboot_window", "dsa_reboot_timezone")
    clock = (host.record or {}).get("clock")
    rules = rules_from(*(host.settings[name] for name in names))
    return rules.objection(True, clock if isinstance(clock, Mapping) else None, fleet.now)


@contextmanager
def naming(variable: str, host: HostRun) -> Iterator[None]:
    """Names the variable and the host of a setting that cannot be used."""
    try:
        yield
    except SettingsError as error:
        raise SettingsErrors([Problem(variable, host.host, str(error))]) from error


def _upgrade(fleet: Fleet, host: HostRun, judged: Verdict) -> Work:
    platform = judged.platform or ""
    with naming("dsa_target_version", host):
        target = fleet.target(host, platform)
    if target is None:
        raise Blocked(message("no_target", platform=platform, fixed_from=judged.fixed_from or "a fixed build"))
    if judged.version is not None:
        if parse_build(judged.version) >= target:
            values = {"installed": judged.version, "verdict": judged.verdict, "target": target.text}
            raise Blocked(Message("not_newer", values))
    else:
        _refuse_older_target(host.note.get("to"), target)
    return Work(_tier(host), judged.verdict, judged.version, target.text, _package(host, target))


def _package(host: HostRun, target: Build) -> Package:
    """The package for the host, as far as the controller can tell one that the host will accept."""
    if host.settings["dsa_upgrade_through"] == "manager":
        if not host.computer:
            raise Blocked(message("not_known_to_manager"))
        return Package(version=target.text, origin="task")
    record = host.record or {}
    try:
        with naming("dsa_packages", host):
            package = choose(record, target, host.settings)
    except NoPackage as error:
        raise Blocked(error.reason) from error
    objection = verify_on_controller(package)
    if objection is None and host.settings["dsa_verify_packages"]:
        objection = signature_objection(package, record)
    if objection:
        raise Blocked(objection)
    return package


def _refuse_older_target(begun: object, target: Build) -> None:
    """A half-installed agent hides its build: go on with what was begun, or with something newer."""
    try:
        build = parse_build(begun)
    except BuildError:
        return
    if build > target:
        raise Blocked(message("upgrade_begun_newer", begun=build.text, target=target.text))
