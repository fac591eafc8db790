# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can go wrong on a host: its message, that Agents below it wait, and that the next run finishes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._run import STAGES, HostRun
from tests.builders import AFFECTED, FIXED, RELAYS, host_run, plan_of, record, relay

from .fake import FAILED, FakePort, carried, run_of, work

Change = Callable[[FakePort], Any]
INSTALL = {"linux": "dsa_upgrade install", "windows": "win_package"}
LOOK = "dsa_security_update look"
BOTH = ("linux", "windows")
OFFLINE = {"mode": "on", "driver_offline": True, "engine": None, "patterns": []}
ONLINE = {"mode": "on", "driver_offline": False, "engine": "12.5", "patterns": []}
# For the plan of the next run: a package that is fetched only when it is brought to the host.
PACKAGE = {"dsa_packages": [{"version": FIXED, "url": "https://files.example.com/agent", "sha256": "A" * 64}]}


class Fault(NamedTuple):
    """break_: makes the host so. code: of the stage that fails. installs: in this run and in the next one."""

    name: str
    stage: str
    code: str
    words: Sequence[str]
    break_: Change
    mend: Change = lambda port: None
    platforms: Sequence[str] = BOTH
    installs: int = 1
    settings: dict[str, Any] = {}


def installed(change: Change) -> Change:
    """Break a host: its installation works, and changes this as well."""

    def install(port: FakePort) -> Any:
        done = (port._win_package if port.windows else port._dsa_upgrade_install)(port.options[-1])
        change(port)
        return done

    return lambda port: port.answers.update({INSTALL[port.state["platform"]]: [install]})


def answers(call: str, *given: Any) -> Change:
    """Break a host: a call has these answers, on Windows those of its twin."""
    return lambda port: port.answers.update({call: list(given)})


def silent(port: FakePort, state: str = "running") -> None:
    """The agent gives no answer."""
    port.state["service"] = {"name": "ds_agent", "state": state, "raw": state}
    del port.state["versions"]["dsa_query"]
    port.state["problems"] = [{"source": "dsa_query", "code": "no_answer", "text": "no answer within 15 s"}]


def well(port: FakePort) -> None:
    """The agent runs as it is installed."""
    port.state.update(problems=[], anti_malware=ONLINE)
    port.runs()


def half_installed(port: FakePort) -> Any:
    """The installer fails in the middle: a package is there, and it is not known which."""
    port.note({"phase": "upgrading", "from": AFFECTED, "to": FIXED})
    port.state.update(version=None, version_raw=None, versions={"dpkg": None})
    return {**FAILED, "msg": "dpkg failed with exit status 1", "command": ["dpkg"], "rc": 1, "output": []}


def stops_later(port: FakePort) -> None:
    """The service stops after the update."""

    def confirm(port: FakePort) -> Any:
        silent(port, "stopped")
        return port._dsa_security_update_confirm(port.options[-1])

    port.answers["dsa_security_update confirm"] = [confirm]


def watched(line: str) -> Change:
    """Break a host: its update shows this, however often it is looked at."""

    return answers(LOOK, *[lambda port: port.looks(line)] * 900)


def set_up(**facts: Any) -> Change:
    """Break or mend a Windows host: what its pre-checks find."""
    return lambda port: port.facts.update(facts)


def ends_with(code: int) -> Change:
    """Break or mend a Windows host: the exit code of Windows Installer."""
    return lambda port: setattr(port, "msi_code", code)


def rebooted(port: FakePort) -> None:
    port.boot()


PENDING = {"required": True, "reasons": ["[windows_update]: an update waits"]}
FAULTS = (
    Fault("half installed", "upgrade", "failed_host_has", ["dpkg failed with exit status 1"],
          answers(INSTALL["linux"], half_installed), platforms=["linux"], installs=2),
    Fault("no space", "upgrade", "not_staged", ["No space left on device"],
          answers("copy", {"failed": True, "msg": "No space left on device"}), platforms=["linux"]),
    Fault("service stopped", "upgrade", "build_not_reached", ["the service ds_agent is stopped"],
          installed(lambda port: silent(port, "stopped")), well),
    Fault("hanging", "upgrade", "build_not_reached", ["dsa_query: no answer within 15 s"], installed(silent), well),
    Fault("another build runs", "upgrade", "build_not_reached", [f"dsa_query has {AFFECTED}"],
          installed(lambda port: port.has(FIXED, AFFECTED)), well),
    Fault("not ended", "upgrade", "failed_host_has", [FAILED["msg"]], answers("dsa_upgrade end", FAILED), well,
          ["windows"]),
    Fault("service stopped later", "verify", "not_verified", ["The service ds_agent is stopped"],
          stops_later, well),
    Fault("unprotected", "verify", "not_verified", ["The Anti-Malware engine is offline"],
          installed(lambda port: port.state.update(anti_malware=OFFLINE)), well),
    Fault("expired", "update", "update_failed_expired", ["Code -24 means that this agent, or the Relay"],
          watched("x | 9017 | result -24")),
    Fault("endless", "update", "update_unfinished",
          ["does not finish", "アップグレード後にセキュリティアップデートが完了しない"], watched("x")),
    Fault("gone", "reboot", "reboot_no_return", ["did not come back from its reboot"],
          lambda port: port.answers.update({"reboot": [FAILED], "win_reboot": [FAILED]}), rebooted,
          settings={"dsa_reboot": "always"}),
    Fault("fatal", "upgrade", "failed_host_has",
          ["msiexec ended with 1603, a fatal error", "self-protection that is on (set dsa_self_protection)"],
          ends_with(1603), ends_with(0), ["windows"], 2),
    Fault("forbidden", "upgrade", "failed_host_has", ["msiexec ended with 1625, a policy forbids"],
          ends_with(1625), ends_with(0), ["windows"], 2),
    Fault("no space on C", "precheck", "precheck_stopped", ["free_space: Of drive C: 0 MiB are free"],
          set_up(free_bytes=0), set_up(free_bytes=50 * 1024**3), ["windows"]),
    Fault("pending for ever", "precheck", "reboot_still_pending", ["a reboot is still pending"],
          lambda port: (set_up(reboot=PENDING)(port), answers("win_reboot", {"rebooted": True})(port)),
          rebooted, ["windows"], settings={"dsa_reboot": "if_required"}),
)  # fmt: skip
EACH = [
    pytest.param(platform, fault, id=f"{platform} {fault.name}") for fault in FAULTS for platform in fault.platforms
]


def broken(platform: str, fault: Fault, **more: Any) -> tuple[FakePort, HostRun]:
    """A host with this fault, and the host after its run."""
    port = FakePort(record(AFFECTED, platform, **more))
    fault.break_(port)
    settings = {**PACKAGE, **fault.settings}
    return port, carried(port, run_of(port, settings=settings, groups=RELAYS if more else ()))


@pytest.mark.parametrize(("platform", "fault"), EACH)
def test_each_fault_has_its_message(platform: str, fault: Fault) -> None:
    _port, after = broken(platform, fault)
    assert after.failure is not None
    assert (after.failure.stage, after.failure.message.code) == (fault.stage, fault.code), after.failure.message.text
    for words in fault.words:
        assert words in after.failure.message.text


@pytest.mark.parametrize(("platform", "fault"), EACH)
def test_no_agent_is_touched_below_a_relay_with_it(platform: str, fault: Fault) -> None:
    _port, after = broken(platform, fault, relay=True)
    below = host_run("below", record())
    made = plan_of(relay("good"), after, below)
    assert "below" not in made.work
    assert "Relays come first: web1" in made.blocked["below"].text


@pytest.mark.parametrize(("platform", "fault"), EACH)
def test_once_it_is_mended_the_next_run_finishes_it(platform: str, fault: Fault) -> None:
    port, _after = broken(platform, fault)
    port.answers.clear()
    fault.mend(port)
    planned = plan_of(relay("good"), host_run("web1", port._read(), settings={**PACKAGE, **fault.settings}))
    wanted = planned.work.get("web1")
    again = wanted and work("directory" if wanted.package else None, wanted.target, wanted.installed)
    after = carried(port, run_of(port, again or work(None, None)), STAGES if again else ["verify"])
    assert after.stages["verify"].outcome == "done"
    assert port.calls.count(INSTALL[platform]) == fault.installs
