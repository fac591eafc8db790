# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An upgrade on a Windows host: what each exit code of Windows Installer means for it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._run import Reading, StageResult
from ansible_collections.deep_security.remediation.plugins.plugin_utils._stages import HostLost
from ansible_collections.deep_security.remediation.plugins.plugin_utils._stages.msi import explain
from tests.builders import AFFECTED, FIXED, NOW, record

from .fake import FAILED, FILE, LOST, FakePort, carried, iso, run_of, work


def host(build: str = AFFECTED, **more: Any) -> FakePort:
    return FakePort(record(build, "windows"), **more)


def upgraded(port: FakePort, wanted: Any = None, settings: Any = None) -> StageResult:
    return carried(port, run_of(port, wanted, settings), ["upgrade"]).stages["upgrade"]


@pytest.mark.parametrize(("code", "reboot"), [(0, False), (3010, True), (1641, True)])
def test_a_success_is_done_and_the_reboot_that_it_requires_is_known(code: int, reboot: bool) -> None:
    port = host(msi_code=code)
    result = upgraded(port, settings={"dsa_msi_arguments": "RMTOOLS=1"})
    assert (result.outcome, result.details["rc"], result.details["reboot_required"]) == ("done", code, reboot)
    assert result.message.text == f"upgraded {AFFECTED} to {FIXED} from {FILE}"
    assert port.sent("win_package")[0]["arguments"]
    end = port.sent("dsa_upgrade end")[0]
    assert (end.get("log_path"), end["reboot_required"]) == (None, reboot)
    assert port.state["remediation"]["phase"] == "update_pending"


@pytest.mark.parametrize(("code", "due"), [(0, False), (3010, True), (1641, True)])
def test_a_reboot_whose_announcement_was_lost_is_known_by_the_installers_log(code: int, due: bool) -> None:
    """The connection was lost, and win_package, run again, found the package installed and reported no reboot."""

    def run_again(port: FakePort) -> dict[str, Any]:
        port.has(FIXED)
        return {"changed": False, "rc": 0, "reboot_required": False}

    log = {"path": "C:\\install.log", "text": f"MSI (c) MainEngineThread is returning {code}\n", "error": None}
    ended = {"changed": True, "self_protection": "on", "log": log}
    result = upgraded(host := host_with(run_again, ended))
    assert (result.outcome, result.details["reboot_required"]) == ("done", due)
    assert ("reboot_due_since" in host.state["remediation"]) is due
    assert host.guarded


def test_a_restart_by_the_installer_in_which_its_answer_was_lost_is_not_followed_by_another() -> None:
    def run_again(port: FakePort) -> dict[str, Any]:
        port.has(FIXED)
        port.boot()
        return {"changed": False, "rc": 0, "reboot_required": False}

    log = {"path": "C:\\install.log", "text": "MSI (c) MainEngineThread is returning 1641\n", "error": None}
    port = host_with(run_again, {"changed": True, "self_protection": "on", "log": log})
    result = upgraded(port)
    assert (result.outcome, result.details["reboot_required"], port.rebooted) == ("done", False, 1)
    assert "reboot_due_since" not in port.state["remediation"]


def host_with(package: Any, ended: dict[str, Any]) -> FakePort:
    return host(answers={"win_package": [package], "dsa_upgrade end": [lambda port: port.guard() or ended]})


def test_a_restart_that_the_installer_begins_is_waited_for() -> None:
    """Else the build from before is read, and the update is requested of a host that goes down."""

    def up_again(port: FakePort) -> Any:
        port.boot()
        return port._read()

    port = host(msi_code=1641, answers={"dsa_info": [LOST, up_again]})
    result = upgraded(port)
    assert (result.outcome, result.details["rc"], result.details["reboot_required"]) == ("done", 1641, False)
    assert port.sent("dsa_upgrade end")[0]["reboot_required"] is False
    assert set((result.record or {})["versions"].values()) == {FIXED}


def test_a_restart_is_seen_though_the_clock_was_set_back_to_before_the_last_one() -> None:
    """Else it is waited for until the time limit, and the host rebooted a second time."""
    port = host(msi_code=1641)
    port.started_at = NOW - timedelta(minutes=10)

    def up_again(port: FakePort) -> Any:
        if not port.rebooted:
            port.boot()
        record = port._read()
        times = {"boot_time": iso(NOW - timedelta(hours=1)), "now": iso(NOW - timedelta(minutes=59))}
        return {**record, "clock": {**record["clock"], **times}}

    port.answers["dsa_info"] = [LOST, *[up_again] * 999]
    result = upgraded(port)
    assert (result.outcome, result.details["reboot_required"], port.rebooted) == ("done", False, 1)


def test_a_restart_that_could_not_be_seen_is_not_waited_for_and_no_second_one_is_begun() -> None:
    port = host(msi_code=1641)
    run = run_of(port, settings={"dsa_reboot": "if_required"})
    assert run.last is not None
    assert run.last.record is not None
    unknown = {**run.last.record, "clock": {"utc_offset": 0, "boot_time": None, "now": None}}
    after = carried(port, run.with_reading(Reading("read", unknown)), ["upgrade", "reboot"])
    assert after.stages["upgrade"].details["reboot_required"] is True
    assert after.stages["reboot"].message.code == "restart_unknown"
    assert (port.seconds, port.rebooted) == (0, 0)
    assert "reboot_due_since" in port.state["remediation"], "the next run reads it in the note"


def test_a_success_that_the_host_does_not_show_is_a_failure() -> None:
    port = host(answers={"win_package": [{"changed": True, "rc": 0}]})
    result = upgraded(port)
    assert (result.outcome, result.message.code, result.details["after"]) == ("failed", "build_not_reached", AFFECTED)


def test_a_busy_installer_is_tried_again() -> None:
    port = host(answers={"win_package": [{"rc": 1618}, {"rc": 1618}]})
    assert upgraded(port).outcome == "done"
    assert port.seconds == 40
    assert len(port.shown) == 2


def test_an_installer_that_stays_busy_has_failed() -> None:
    port = host(msi_code=1618)
    result = upgraded(port, settings={"dsa_upgrade_timeout": 60})
    assert result.outcome == "failed"
    assert "another installation is running" in result.message.text
    assert 60 <= port.seconds < 90
    assert port.sent("dsa_upgrade end")[0]["log_path"]


def test_a_failed_installer_is_explained_by_its_log_which_is_kept(tmp_path: Path) -> None:
    port = host(msi_code=1603)
    settings = {"dsa_diagnostics_dir": str(tmp_path), "dsa_self_protection": True}
    result = upgraded(port, settings=settings)
    kept = tmp_path / "web1" / "install.log"
    assert kept.read_bytes() == b"the log"
    assert (result.details["diagnostics"], result.details["after"]) == (str(kept), AFFECTED)
    for part in ("1603", "Error 1714", f"The host now has: {AFFECTED}", str(kept)):
        assert part in result.message.text
    assert "noise" not in result.message.text
    assert port.guarded, "self-protection was lowered, and is on again"


@pytest.mark.parametrize("slurp", [FAILED, {"content": "x"}])
def test_a_log_that_cannot_be_kept_is_named_on_the_host(slurp: dict[str, Any], tmp_path: Path) -> None:
    port = host(msi_code=1603, answers={"slurp": [slurp]})
    result = upgraded(port, settings={"dsa_diagnostics_dir": str(tmp_path)})
    assert result.details["diagnostics"] is None
    assert "on the host in C:\\install.log" in result.message.text


@pytest.mark.parametrize("call", ["slurp", "dsa_info"])
def test_a_host_that_is_lost_after_the_installer_failed_keeps_the_reason(call: str) -> None:
    port = host(msi_code=1603, answers={call: [HostLost("gone")]})
    result = upgraded(port)
    assert result.message.code == "lost"
    assert "1603" in result.message.text
    assert "gone" in result.message.text
    assert port.calls[-2] == call


def test_an_installer_without_an_exit_code_has_failed_with_the_reason_of_the_module() -> None:
    port = host(answers={"win_package": [{"failed": True, "msg": "the file is corrupt"}]})
    assert "the file is corrupt" in upgraded(port).message.text


def test_what_the_end_could_not_do_is_added_to_the_reason() -> None:
    port = host(msi_code=1603)
    port.answers["dsa_upgrade end"] = [{"failed": True, "msg": "self-protection could not be switched on again"}]
    text = upgraded(port).message.text
    assert "1603" in text
    assert "self-protection could not be switched on again" in text


def test_a_package_that_windows_lists_as_installed_says_so() -> None:
    port = host(answers={"win_package": [{"changed": False, "rc": 0}]})
    text = upgraded(port).message.text
    assert "installed already" in text
    assert f"file has {AFFECTED}" in text


def unsigned(**work_package: Any) -> Any:
    """Work with a package that has no stated SHA-256."""
    wanted = work()
    return {**wanted, "package": {**wanted["package"], "sha256": None, **work_package}}


SIGNED_BY_OTHER = {"signer": 'CN="x, O=Trend Micro", O=Somebody, C=US'}


@pytest.mark.parametrize(
    ("package", "wanted", "settings", "words"),
    [
        ({"sha256": "C" * 64}, work(), {}, "its SHA-256 is CCC"),
        ({"sha256": "C" * 64}, work(), {"dsa_verify_packages": False}, "its SHA-256 is CCC"),
        ({"status": "HashMismatch"}, unsigned(), {}, "HashMismatch"),
        (SIGNED_BY_OTHER, unsigned(), {}, "Somebody"),
        ({"partial": True}, unsigned(), {}, "chain"),
        ({"signer": None, "status": "NotSigned"}, unsigned(), {}, "NotSigned"),
        ({}, unsigned(), {"dsa_windows_signer": "O=Our Own"}, "dsa_windows_signer"),
    ],
)
def test_a_package_that_is_not_trusted_changes_nothing_and_does_not_stay(
    package: Any, wanted: Any, settings: Any, words: str
) -> None:
    port = host()
    port.package.update(package)
    result = upgraded(port, wanted, settings)
    assert (result.outcome, result.changed) == ("failed", False)
    assert words in result.message.text
    assert port.sent("win_file")[-1] == {"path": port.package["path"], "state": "absent"}
    assert "dsa_upgrade begin" not in port.calls


@pytest.mark.parametrize(
    ("package", "wanted", "settings", "verified_by"),
    [
        # A stated SHA-256 counts alone.
        ({"sha256": "a" * 64, "status": "NotSigned", "signer": None}, work(), {}, "SHA-256"),
        ({}, unsigned(), {}, 'signature of CN="Trend Micro, Inc."'),
        (SIGNED_BY_OTHER, unsigned(), {"dsa_windows_signer": "O=Somebody"}, "signature of"),
        (SIGNED_BY_OTHER, unsigned(), {"dsa_verify_packages": False}, "None"),
    ],
)
def test_what_was_inspected_is_what_is_installed(package: Any, wanted: Any, settings: Any, verified_by: str) -> None:
    port = host()
    port.package.update(package)
    result = upgraded(port, wanted, settings)
    assert result.outcome == "done"
    assert str(result.details["verified_by"]).startswith(verified_by)
    path, sha256 = port.package["path"], port.package["sha256"]
    begun, ran = port.sent("dsa_upgrade begin")[0], port.sent("win_package")[0]
    assert (begun["path"], begun["sha256"]) == (ran["path"], ran["checksum"]) == (path, sha256)
    assert ran["checksum_algorithm"] == "sha256"
    assert port.sent("win_file")[-1] == {"path": path, "state": "absent"}, "it is not needed any more"


@pytest.mark.parametrize(
    ("answer", "words"),
    [(FAILED, "it does not work"), ({"package": {"exists": None, "error": "access is denied"}}, "access is denied")],
)
def test_a_package_that_cannot_be_inspected_is_not_installed(answer: Any, words: str) -> None:
    port = host(answers={"dsa_package_info": [answer]})
    result = upgraded(port)
    assert (result.outcome, result.changed) == ("failed", False)
    assert words in result.message.text
    assert "dsa_upgrade begin" not in port.calls


def test_a_package_that_another_run_installed_and_removed_is_not_missed() -> None:
    port = host()
    port.answers["dsa_package_info"] = [lambda port: port.has(FIXED) or {"package": {"exists": False}}]
    assert upgraded(port).outcome == "done"
    assert "win_package" not in port.calls


def test_an_installation_that_another_run_ended_is_not_repeated() -> None:
    def other_run(port: FakePort) -> Any:
        port.has(FIXED)
        return {"changed": False, "waited": True}

    port = host(answers={"dsa_upgrade begin": [other_run]})
    assert upgraded(port).outcome == "done"
    assert "win_package" not in port.calls


def test_what_is_done_already_is_decided_by_every_source() -> None:
    """A registry that is ahead of the file and the agent is no installation."""

    def other_run(port: FakePort) -> Any:
        port.state.update(version=FIXED, versions={"registry": FIXED, "file": AFFECTED, "dsa_query": AFFECTED})
        return {"changed": False, "waited": True}

    port = host(answers={"dsa_upgrade begin": [other_run]})
    assert upgraded(port).outcome == "done"
    assert port.calls.count("win_package") == 1


@pytest.mark.parametrize("call", ["win_file", "win_copy"])
def test_a_package_that_cannot_be_copied_changes_nothing(call: str) -> None:
    port = host(answers={call: [FAILED]})
    result = upgraded(port)
    assert (result.message.code, result.changed) == ("not_staged", False)
    assert "dsa_upgrade begin" not in port.calls


def test_work_without_a_package_restarts_the_agent() -> None:
    port = host(FIXED)
    result = upgraded(port, work(None, FIXED, FIXED))
    assert "dsa_upgrade restart" not in port.calls, "it runs already"
    port.state["service"]["state"] = "stopped"
    result = upgraded(port, work(None, FIXED, FIXED))
    assert "dsa_upgrade restart" in port.calls
    assert (result.outcome, result.message.code) == ("done", "restarted")


@pytest.mark.parametrize(
    ("code", "lines", "parts"),
    [
        (None, [], ["no exit status"]),
        (1603, ["noise", "x Error 1714. y"], ["a fatal error", "Error 1714"]),
        (1603, ["a", "b", "c", "d"], ["b | c | d"]),
        (4711, [], ["4711", "look its code up"]),
    ],
)
def test_an_exit_code_is_explained(code: int | None, lines: list[str], parts: list[str]) -> None:
    text = explain(code, lines)
    assert all(part in text for part in parts)
