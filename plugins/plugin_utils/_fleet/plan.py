# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Who is to be worked on now, with what, and who must wait and why.

The plan is made anew from the present state whenever somebody is about to be touched. So the order (every Relay fixed
and updated before any Agent below it) does not hang on the order of plays: it holds in another job, another slice,
another day.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Literal

from .._advisory import Build, BuildError, Verdict, parse_build, shorten
from .findings import PENDING
from .hosts import Fleet, Host
from .packages import Package, appliance_steps, choose
from .reboots import RebootRules, asked_by_agent, rules_from
from .settings import SettingsError, percentage_of, target_for

Wave = Literal["relays", "agents"]
# Fewer failures than this are no pattern, whatever their percentage.
_FAILURES_THAT_COUNT = 2


@dataclass(frozen=True)
class Work:
    """What one host needs.

    target and package: an upgrade. target alone: the package is there, but the agent that runs is not it, or none runs:
    its service is restarted. Neither: only a reboot or the security update is left to do.
    """

    wave: Wave
    verdict: str
    installed: str | None
    target: str | None
    package: Package | None

    def as_dict(self) -> dict[str, object]:
        """The work as plain data."""
        return asdict(self)


@dataclass(frozen=True)
class Plan:
    """todo: the hosts to work on; blocked: host → why it must wait, or cannot be helped from here."""

    todo: Mapping[str, Work]
    blocked: Mapping[str, str]


class _Blocked(Exception):
    """The host needs work that cannot be done; the message says why and what the operator can do."""


def make_plan(fleet: Fleet, scope: Iterable[str], predicting: bool = False) -> Plan:
    """Plan for the hosts in scope. predicting: check mode, where a Relay that would be fixed counts as fixed.

    Raises SettingsError when a setting makes the whole run pointless or unsafe, such as a target without the fix.
    """
    todo: dict[str, Work] = {}
    blocked: dict[str, str] = {}
    scope = list(scope)
    for name in scope:
        host = fleet.hosts[name]
        if host.unread:
            continue  # the report says so
        _reboot_rules(host)  # what is wrong with them must not come to light after the upgrade
        try:
            work = _work(fleet, host)
        except _Blocked as error:
            blocked[name] = str(error)
            continue
        if work is not None:
            todo[name] = work

    for name in _relays_to_update(fleet, scope, todo):
        judged = fleet.judge(fleet.hosts[name])
        todo[name] = Work("relays", judged.verdict, judged.version, None, None)

    spent = _spent_waves(fleet)
    as_good_as_fixed = {
        name for name, relay in fleet.candidates.items() if predicting and relay.stages and not relay.failure
    }
    # Relays first: a prediction for Agents rests on what is left of them.
    for name, work in sorted(todo.items(), key=lambda item: item[1].wave != "relays"):
        host = fleet.hosts[name]
        objection = (
            spent.get(work.wave)
            or (fleet.manager_objection(host, parse_build(work.target)) if work.target else None)
            or fleet.bundle_objection(host)
        )
        if objection is None and work.wave == "agents":
            objection = _wait_for_relays(fleet, host, as_good_as_fixed)
        if objection:
            blocked[name] = objection
            del todo[name]
        elif predicting and work.wave == "relays" and not host.failure:
            as_good_as_fixed.add(name)
    return Plan(todo, blocked)


def _work(fleet: Fleet, host: Host) -> Work | None:
    """What the host needs, None when nothing."""
    judged = fleet.judge(host)
    wave: Wave = "relays" if host.goes_first else "agents"
    half_done = host.phase == "upgrading" and judged.verdict == "unknown"
    if judged.action == "upgrade" or half_done:
        if host.role == "appliance":
            raise _Blocked(appliance_steps(host.variables.get("dsa_appliance_package"), fleet.advisory))
        return _upgrade(fleet, host, judged, wave)
    if judged.reason_code == "sources_disagree" and asked_by_agent((host.record or {}).get("reboot"), surely=False):
        # The package is there and what runs is older: restarting the service would not help.
        objection = _reboot_objection(fleet, host)
        if objection:
            raise _Blocked(f"the new build runs only after a reboot, which is put off: {objection}")
        return Work(wave, judged.verdict, judged.version, None, None)
    if host.phase in PENDING and judged.verdict != "not_installed":
        # Upgraded in an earlier run, or by hand since: what is left is the update, and to see that all is well.
        return Work(wave, judged.verdict, judged.version, judged.version if _broken(host, judged) else None, None)
    if _unprotected(host) and judged.version is not None:
        return Work(wave, judged.verdict, judged.version, judged.version, None)
    if _reboot_is_due(fleet, host) and judged.verdict != "not_installed":
        return Work(wave, judged.verdict, judged.version, None, None)
    return None  # it complies, or nothing that can be done here would make it: its verdict says what is to be done


def _broken(host: Host, judged: Verdict) -> bool:
    """Whether the build is there, and the agent that runs is another one, or none, or left without self-protection."""
    service = (host.record or {}).get("service")
    down = isinstance(service, Mapping) and service.get("state") in ("stopped", "failed")
    return down or judged.reason_code == "sources_disagree" or _unprotected(host)


def _unprotected(host: Host) -> bool:
    progress = (host.record or {}).get("remediation")
    return isinstance(progress, Mapping) and progress.get("self_protection") == "off"


def _reboot_is_due(fleet: Fleet, host: Host) -> bool:
    """Whether the agent's own reboot was put off, and may be made up for now. After it the need is gone."""
    return asked_by_agent((host.record or {}).get("reboot")) and _reboot_objection(fleet, host) is None


def _reboot_objection(fleet: Fleet, host: Host) -> str | None:
    """Why a host that needs a reboot does not get it now, or None when it does."""
    clock = (host.record or {}).get("clock")
    return _reboot_rules(host).objection(True, clock if isinstance(clock, Mapping) else None, fleet.now)


def _reboot_rules(host: Host) -> RebootRules:
    names = ("dsa_reboot", "dsa_reboot_window", "dsa_reboot_timezone")
    return rules_from(*(host.variables.get(name) for name in names))


def _relays_to_update(fleet: Fleet, scope: Iterable[str], todo: Mapping[str, Work]) -> list[str]:
    """Relays in scope that have the fix, that nobody knows to have updated since, and that somebody waits for.

    Somebody is a host with work to do, or one that was not read and so may have; and any offline site that lives on its
    bundles. A fleet that complies is left alone.
    """
    makers = {
        str(host.variables["dsa_bundle_relay"])
        for host in fleet.hosts.values()
        if host.variables.get("dsa_bundle_relay")
    }
    waiting = [
        host
        for host in fleet.hosts.values()
        if not host.goes_first and (host.unread or host.name in todo or fleet.judge(host).action == "upgrade")
    ]
    found = []
    for name in scope:
        relay = fleet.hosts[name]
        if name in todo or not relay.goes_first or relay.unread or relay.failure or fleet.updated(relay):
            continue
        judged = fleet.judge(relay)
        usable = judged.compliant and judged.verdict != "not_installed"
        awaited = name in makers or any(relay in (fleet.relays_of(host) or ()) for host in waiting)
        if usable and awaited:
            found.append(name)
    return found


def _upgrade(fleet: Fleet, host: Host, judged: Verdict, wave: Wave) -> Work:
    platform = judged.platform or ""
    target = target_for(host.variables.get("dsa_target_version"), platform, fleet.advisory)
    if target is None:
        raise _Blocked(
            f"it needs an upgrade, but dsa_target_version names no build for {platform}; name one, at or above "
            f"{judged.fixed_from or 'a fixed build'}"
        )
    if judged.version is not None:
        installed = parse_build(judged.version)
        if installed >= target:
            raise _Blocked(
                f"{installed} is {judged.verdict} and not older than dsa_target_version {target}; "
                "agents are never downgraded, name a newer target"
            )
    progress = (host.record or {}).get("remediation")
    if judged.version is None and isinstance(progress, Mapping):
        _refuse_older_target(progress.get("to"), target)
    try:
        package = _package(host, target)
    except SettingsError as error:
        raise _Blocked(str(error)) from error
    if package.file and not package.verifiable and host.flag("dsa_verify_packages", True):
        raise _Blocked(
            f"{package.file} could not be verified: packages of its kind bear no signature that can be checked. "
            "State its SHA-256 in dsa_package_checksums"
        )
    return Work(wave, judged.verdict, judged.version, target.text, package)


def _package(host: Host, target: Build) -> Package:
    through = str(host.variables.get("dsa_upgrade_through") or "host").strip().lower()
    if through not in ("host", "manager"):
        raise SettingsError(f"dsa_upgrade_through is {shorten(through)}; write host or manager")
    if through == "host":
        return choose(host.record or {}, target, host.variables)
    if not host.computer:
        raise SettingsError(
            "dsa_upgrade_through is manager, and the Manager's inventory does not know this host: it has no "
            "dsm_computer"
        )
    return Package(version=target.text, origin="task")


def _refuse_older_target(begun: object, target: Build) -> None:
    """A half-installed agent hides its build: go on with what was begun, or with something newer."""
    try:
        build = parse_build(begun)
    except BuildError:
        return
    if build > target:
        raise _Blocked(f"an upgrade to {build} was begun and did not finish; dsa_target_version {target} is older")


def _wait_for_relays(fleet: Fleet, host: Host, as_good_as_fixed: set[str]) -> str | None:
    if fleet.left_out(host):
        some = ", ".join(fleet.left_out(host)[:3])
        return (
            f"the Manager knows Relays that its inventory leaves out ({some}): take them in, or name those of this "
            "host in dsa_relays"
        )
    relays = fleet.relays_of(host)
    if relays is None:
        return (
            "no Relay is known: put the Relays into the group deep_security_relays (they are then read even outside "
            "--limit), or set dsa_relays to [] on hosts that use none of yours"
        )
    objections = [fleet.relay_objection(relay) for relay in relays if relay.name not in as_good_as_fixed]
    said = [objection for objection in objections if objection]
    if not said:
        return None
    more = f" and {len(said) - 3} more" if len(said) > 3 else ""
    return f"Relays come first: {'; '.join(said[:3])}{more}"


def _spent_waves(fleet: Fleet) -> dict[Wave, str]:
    """Waves in which too many hosts failed to go on with the next batch."""
    spent: dict[Wave, str] = {}
    for wave in ("relays", "agents"):
        tried = [host for host in fleet.hosts.values() if host.touched and host.goes_first == (wave == "relays")]
        failed = [host for host in tried if host.failure]
        if len(failed) < _FAILURES_THAT_COUNT:
            continue
        allowed = percentage_of(failed[0].variables.get("dsa_max_fail_percentage", 50), "dsa_max_fail_percentage")
        if 100 * len(failed) > allowed * len(tried):
            spent[wave] = (
                f"not started: {len(failed)} of {len(tried)} hosts before it failed, more than "
                f"dsa_max_fail_percentage ({allowed} %) allows; mend them and run again"
            )
    return spent
