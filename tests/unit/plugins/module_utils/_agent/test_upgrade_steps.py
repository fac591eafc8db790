# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""dsa_upgrade on a host: what must not be interrupted, and what is left when something fails."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import time
import typing as t
from pathlib import Path

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.deep_security.remediation.plugins.modules import dsa_security_update, dsa_upgrade

from .host_side import FakeHost, finished

PASSWORD = " s3cret pass "
NOTE = {"phase": "upgrading", "from": "20.0.0-4416", "to": "20.0.2-1390", "run": "r1"}
OFF, ON = f"dsa_control --selfprotect=0 -p {PASSWORD}", f"dsa_control --selfprotect=1 -p {PASSWORD}"


def package(host: FakeHost, name: str = "agent.pkg", content: bytes = b"package") -> dict[str, t.Any]:
    path = host.folder / name
    path.write_bytes(content)
    return {"path": str(path), "sha256": hashlib.sha256(content).hexdigest(), "version": "20.0.2-1390", "note": NOTE}


def install(host: FakeHost, script: str = "echo installed", **options: object) -> dict[str, t.Any]:
    return host.upgrade("install", **{**package(host), "command": host.installer(script), **options})


def test_a_package_is_noted_installed_and_removed(host: FakeHost) -> None:
    result = install(host, f"cat '{host.note}'")
    assert json.loads("".join(result["output"])) == NOTE
    assert (result["rc"], result["timed_out"], result["verified_by"]) == (0, False, "SHA-256")
    assert (result["changed"], result["refused"], result["waited"]) == (True, False, False)
    assert result["self_protection"] == "untouched"
    assert host.read_note() == NOTE
    assert not (host.folder / "agent.pkg").exists()
    assert host.calls() == [f"installer {host.folder}/agent.pkg 20.0.2-1390"]


def test_self_protection_is_lowered_for_the_installation_and_raised_after_it(host: FakeHost) -> None:
    result = install(host, f"grep -o '.self_protection.: .off.' '{host.note}'", self_protection_password=PASSWORD)
    assert result["output"] == ['"self_protection": "off"']
    assert [call.split()[0] for call in host.calls()] == ["dsa_control", "installer", "dsa_control"]
    assert [call.rstrip("\n") for call in host.calls() if "selfprotect" in call] == [OFF, ON]
    assert result["self_protection"] == "on"
    assert host.read_note() == NOTE


@pytest.mark.parametrize(
    ("script", "timeout", "code"),
    [
        ("echo broken; exit 3", 60, "installer_failed"),
        ("sleep 60", 1, "timed_out"),
        ("echo 'dpkg: error: dpkg frontend lock is locked by another process'; exit 2", 1, "busy"),
    ],
)
def test_self_protection_is_raised_after_an_installation_that_fails(
    host: FakeHost, script: str, timeout: int, code: str
) -> None:
    result = install(host, script, timeout=timeout, self_protection=True)
    assert (result["failed"], result["code"], result["self_protection"]) == (True, code, "on")
    assert result["command"][0].endswith("installer")
    assert host.read_note() == NOTE
    assert (host.folder / "agent.pkg").exists(), "it is good, and the next run needs it"


# What dsa_control answers where self-protection was not switched for certain (findings/powershell.md A1, A17).
NO_SUCCESS = {
    "an error without a status": "echo 'could not connect to the agent' >&2; exit 0",
    "usage": "echo 'Usage: dsa_control [-a <str>] [-s <num>]'; exit 0",
    "nothing": "exit 0",
    "403": "echo 'HTTP Status: 403 - Forbidden'; exit 0",
    "403 in another spelling": "echo 'HTTP/1.1 403 Forbidden'; echo 'http status = 403'; exit 0",
    "200, then 403": "echo 'HTTP Status: 200 - OK'; echo 'HTTP Status: 403 - Forbidden'; exit 0",
    "200 and an exit status": "echo 'HTTP Status: 200 - OK'; exit 1",
    "200 inside of a line": "echo 'not like HTTP Status: 200 - OK'; exit 0",
    "2000": "echo 'HTTP Status: 2000'; exit 0",
}
REFUSED = ("403", "403 in another spelling")


@pytest.mark.parametrize("answer", NO_SUCCESS)
def test_self_protection_that_is_not_proven_to_be_on_stays_noted_as_off(host: FakeHost, answer: str) -> None:
    host.tool("dsa_control", f'case "$1" in *=0) echo "HTTP Status: 200 - OK";; *) {NO_SUCCESS[answer]};; esac')
    result = install(host, self_protection=True)
    assert (result["failed"], result["code"], result["rc"]) == (True, "self_protection_off", 0)
    assert result["self_protection"] == ("off" if answer in REFUSED else "unknown")
    assert host.read_note() == {**NOTE, "self_protection": "off"}
    assert "turn it on in the Manager" in result["msg"]


@pytest.mark.parametrize("answer", NO_SUCCESS)
def test_nothing_is_installed_where_self_protection_is_not_proven_to_be_off(host: FakeHost, answer: str) -> None:
    host.tool("dsa_control", NO_SUCCESS[answer])
    result = install(host, self_protection=True)
    assert (result["failed"], result["code"]) == (True, "self_protection_refused")
    assert "command" not in result
    certain = answer in REFUSED
    assert result["self_protection"] == ("untouched" if certain else "unknown")
    assert host.read_note() == (NOTE if certain else {**NOTE, "self_protection": "off"})


@pytest.mark.parametrize(
    ("password", "answer", "accepted"),
    [
        ("403", "HTTP Status: 403 - Forbidden", False),
        ("HTTP Status", "HTTP Status: 403 - Forbidden", False),
        ("200", "HTTP Status: 200 - OK", True),
        ("HTTP Status: 200", "wrong password: HTTP Status: 200", False),
    ],
)
def test_the_status_is_read_before_the_password_is_masked(
    host: FakeHost, password: str, answer: str, accepted: bool
) -> None:
    host.tool("dsa_control", f"echo '{answer}'")
    result = host.upgrade("protect", self_protection_password=password)
    assert (result["self_protection"] == "on") is accepted


@pytest.mark.parametrize("text", ["", "{", "[]", '"x"', '{"phase":["a"],"self_protection":["off"]}', "{}", None])
@pytest.mark.parametrize("step", ["install", "restart", "protect", "note"])
def test_a_note_that_cannot_be_read_stops_every_step(host: FakeHost, step: str, text: str | None) -> None:
    if text is None:
        host.note.mkdir()
    else:
        host.note.write_text(text)
    result = host.upgrade(step, **package(host), command=host.installer())
    assert (result["failed"], result["code"]) == (True, "note_unreadable")
    assert str(host.note) in result["msg"]
    assert "remove the file" in result["msg"]
    assert result.get("self_protection") == (None if step == "note" else "unknown")
    assert host.calls() == []
    assert host.note.is_dir() if text is None else host.note.read_text() == text


@pytest.mark.parametrize("step", ["install", "restart", "protect"])
def test_self_protection_that_a_lost_note_may_have_left_off_is_raised(host: FakeHost, step: str) -> None:
    host.note.write_text('{"phase": "upgrad')
    result = host.upgrade(step, **package(host), command=host.installer(), self_protection_password=PASSWORD)
    assert (result["code"], result["self_protection"], host.calls()) == ("note_unreadable", "on", [ON])
    assert "was turned on" in result["msg"]
    host.tool("dsa_control", NO_SUCCESS["usage"])
    result = host.upgrade(step, **package(host), command=host.installer(), self_protection_password=PASSWORD)
    assert (result["code"], result["self_protection"]) == ("note_unreadable", "unknown")


EARLY: dict[str, tuple[str, dict[str, t.Any]]] = {
    "gone": ("not_there", {"path": "/no/such/file.rpm"}),
    "another SHA-256": ("package_refused", {"sha256": "0" * 64}),
    "no tool": ("no_command", {"command": "no_such_installer {file}"}),
    "no way": ("no_command", {"command": None}),
    "half a quote": ("no_command", {"command": "rpm '"}),
}


@pytest.mark.parametrize("why", EARLY)
def test_what_an_earlier_run_left_off_is_raised_however_early_this_one_ends(host: FakeHost, why: str) -> None:
    code, options = EARLY[why]
    host.write_note(phase="upgrading", self_protection="off")
    result = install(host, **options)
    assert (result["failed"], result["code"], result["self_protection"]) == (True, code, "on")
    assert host.calls() == ["dsa_control --selfprotect=1"]
    assert host.read_note() == {"phase": "upgrading"}, "nothing was begun"
    assert result["refused"] is (code == "package_refused")
    assert (host.folder / "agent.pkg").exists() is (code != "package_refused")


def test_a_stated_checksum_counts_where_nothing_else_is_verified(host: FakeHost) -> None:
    assert install(host, verify=False, sha256="0" * 64)["code"] == "package_refused"
    assert install(host, verify=False, sha256=None)["verified_by"].startswith("not verified")
    given = package(host)
    assert install(host, sha256=f" {given['sha256'].upper()}\n")["verified_by"] == "SHA-256"


@pytest.mark.parametrize(
    ("identity", "code"),
    [
        ("ds-agent 20.0.2-1390", None),
        ("ds-agent 20.0.2-1391", "wrong_package"),
        ("firefox 20.0.2-1390", "wrong_package"),
        ("", "wrong_package"),
        (None, "damaged"),
    ],
)
def test_a_file_must_hold_the_agent_of_that_build(host: FakeHost, identity: str | None, code: str | None) -> None:
    host.tool("dpkg-deb", "exit 2" if identity is None else f"echo '{identity}'", host.bin)
    result = install(host, **package(host, "agent.deb"))
    assert result.get("code") == code
    assert result["refused"] is (code is not None)


SIGNATURES = {
    "good": ("agent.rpm", "rpm", "echo digests signatures OK", "ds_agent 20.0.2-1390.el8", "package signature"),
    "none": ("agent.rpm", "rpm", "echo digests OK", "ds_agent 20.0.2-1390.el8", None),
    "bad": ("agent.rpm", "rpm", "echo DIGESTS signatures NOT OK; exit 1", "ds_agent 20.0.2-1390.el8", None),
    "only in the name": ("PGP.rpm", "rpm", "echo $2: digests OK", "ds_agent 20.0.2-1390.el8", None),
    "good deb": ("agent.deb", "dpkg-sig", "echo GOODSIG _gpgbuilder", "ds-agent 20.0.2-1390", "package signature"),
    "no deb": ("agent.deb", "dpkg-sig", "echo NOSIG", "ds-agent 20.0.2-1390", None),
    "no signature at all": ("agent.bff", "rpm", "", "", None),
}


@pytest.mark.parametrize("which", SIGNATURES)
def test_without_a_checksum_the_signature_must_be_good(host: FakeHost, which: str) -> None:
    name, tool, check, identity, verified_by = SIGNATURES[which]
    host.tool(tool, f'case "$1" in -qp) echo {identity};; *) {check};; esac', host.bin)
    host.tool("dpkg-deb", f"echo {identity}", host.bin)
    result = install(host, **{**package(host, name), "sha256": None})
    assert result.get("verified_by") == verified_by
    assert result.get("code") == (None if verified_by else "package_refused")


def test_a_packed_file_is_unpacked_and_nothing_of_it_stays(host: FakeHost) -> None:
    plain = host.folder / "agent.pkg"
    plain.write_bytes(b"solaris")
    subprocess.run(["gzip", plain], check=True)
    packed = Path(f"{plain}.gz")
    digest = hashlib.sha256(packed.read_bytes()).hexdigest()
    options = {"path": str(packed), "sha256": digest, "version": "20.0.2-1390", "note": NOTE}
    result = host.upgrade("install", **options, command=host.installer('cat "$1"'))
    assert result["output"] == ["solaris"]
    assert not plain.exists()
    assert not packed.exists()
    packed.write_bytes(b"\x1f\x8b cut")
    options["sha256"] = hashlib.sha256(packed.read_bytes()).hexdigest()
    result = host.upgrade("install", **options, command=host.installer())
    assert (result["code"], result["refused"]) == ("damaged", True)
    assert not plain.exists()


def until(condition: t.Callable[[], object]) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def installing(host: FakeHost) -> t.Iterator[subprocess.Popen[str]]:
    """Another run, which holds the lock until there is a file "go"; at the end of the test it goes on in any case."""
    go = host.folder / "go"
    script = f"while [ ! -e '{go}' ]; do sleep 0.05; done; echo first"
    with host.start("dsa_upgrade", step="install", **package(host), command=host.installer(script)) as process:
        try:
            until(host.calls)
            yield process
        finally:
            go.touch()


def waits_for(process: subprocess.Popen[str], lock: Path) -> bool:
    """Whether a process has opened the lock and sleeps since: it has found it held."""
    proc = Path("/proc", str(process.pid))
    opened = any(os.path.realpath(file) == str(lock) for file in (proc / "fd").iterdir())
    return opened and (proc / "stat").read_text().rpartition(")")[2].split()[0] == "S"


def test_whoever_waited_for_another_run_does_not_install(host: FakeHost, installing: subprocess.Popen[str]) -> None:
    command = host.installer("echo second")
    waiting = host.start("dsa_upgrade", step="install", **package(host), command=command, lock_timeout=60)
    until(lambda: waits_for(waiting, host.note.parent.resolve() / "upgrade.lock"))
    (host.folder / "go").touch()
    second = finished(waiting)
    assert (second["waited"], second["changed"], "command" in second) == (True, False, False)
    assert finished(installing)["output"] == ["first"]
    assert len(host.calls()) == 1


def test_a_note_is_written_whoever_held_the_lock(host: FakeHost, installing: subprocess.Popen[str]) -> None:
    """What it held the lock for may have been anything; what it wrote to the note is what counts."""
    waiting = host.start("dsa_upgrade", step="note", note={"phase": "done"}, lock_timeout=60)
    until(lambda: waits_for(waiting, host.note.parent.resolve() / "upgrade.lock"))
    (host.folder / "go").touch()
    assert finished(waiting)["waited"] is False
    assert (host.read_note() or {})["phase"] == "done"


def test_a_lock_that_is_held_too_long_is_an_error(host: FakeHost, installing: subprocess.Popen[str]) -> None:
    assert host.upgrade("note", note=NOTE, lock_timeout=0)["code"] == "lock_timeout"
    assert installing.poll() is None


def test_a_service_that_the_installer_starts_does_not_hold_the_lock(host: FakeHost) -> None:
    """Python 2.7 lets children inherit open files: the agent would have locked every later run out."""
    result = install(host, f"(sleep 20 & echo $! > '{host.folder}/pid') </dev/null >/dev/null 2>&1")
    try:
        assert host.upgrade("note", note=NOTE, lock_timeout=0).get("code") is None
    finally:
        os.kill(int((host.folder / "pid").read_text()), 9)
    assert result["rc"] == 0


def test_no_password_is_returned(host: FakeHost) -> None:
    host.tool("dsa_control", 'echo "HTTP Status: 500 - wrong: $3"')
    result = install(host, f"echo 'trace {PASSWORD}'; exit 1", self_protection_password=PASSWORD)
    assert PASSWORD.strip() not in json.dumps(result)
    host.tool("dsa_control", 'case "$1" in *=0) echo "HTTP Status: 200 - OK";; *) echo "refused $3" >&2;; esac')
    result = install(host, f"echo 'trace {PASSWORD}'; exit 1", self_protection_password=PASSWORD)
    assert result["output"] == ["trace ********"]
    assert PASSWORD.strip() not in json.dumps(result)


def test_text_that_is_not_ascii_breaks_nothing(host: FakeHost) -> None:
    host.tool("dpkg-deb", "echo 'ds-agent 更新'", host.bin)
    result = install(host, **package(host, "agent.deb"))
    assert (result["code"], "更新" in result["msg"]) == ("wrong_package", True)
    password = "パスワード"
    host.tool("dsa_control", 'echo "HTTP Status: 200 - OK $3 更新"')
    result = install(host, f"echo 失敗 {password}; exit 1", self_protection_password=password)
    assert (result["code"], result["output"]) == ("installer_failed", ["失敗 ********"])
    assert "失敗" in result["msg"]
    assert f"dsa_control --selfprotect=1 -p {password}" in host.calls()
    host.tool("dsa_control", 'echo "拒否 $3"')
    result = host.upgrade("protect", self_protection_password=password)
    assert "拒否 ********" in result["msg"]


def test_output_is_bounded(host: FakeHost) -> None:
    result = install(host, "seq 1 1000; head -c 100000 /dev/zero | tr '\\0' x")
    assert len(result["output"]) == 20
    assert result["output"][0] == "982"
    assert max(len(line) for line in result["output"]) == 500


def test_a_note_is_merged(host: FakeHost) -> None:
    assert host.upgrade("note", note={"phase": "upgrading", "to": "20.0.2-1390", "run": "r1"})["changed"]
    host.upgrade("note", note={"phase": "update_pending", "to": None})
    assert host.read_note() == {"phase": "update_pending", "run": "r1"}
    assert sorted(os.listdir(host.note.parent)) == ["progress.json", "upgrade.lock"]


@pytest.mark.parametrize("note", [{"to": "20.0.2-1390"}, {"phase": "begun"}, {"phase": "done", "run": "x" * 70000}])
def test_what_a_later_run_could_not_read_is_not_written(host: FakeHost, note: dict[str, str]) -> None:
    assert host.upgrade("note", note=note)["code"] == "note_not_written"
    assert os.listdir(host.note.parent) == ["upgrade.lock"]


def test_a_folder_that_cannot_be_made_is_named(host: FakeHost) -> None:
    (host.folder / "file").touch()
    result = host.upgrade("note", note=NOTE, progress_file=str(host.folder / "file" / "progress.json"))
    assert (result["failed"], result["code"]) == (True, "lock_failed")


def test_protecting_a_host_without_a_note_leaves_it_without_one(host: FakeHost) -> None:
    assert host.upgrade("protect")["self_protection"] == "on"
    assert host.read_note() is None
    host.write_note(phase="done", self_protection="off")
    assert host.upgrade("protect")["self_protection"] == "on"
    assert host.read_note() == {"phase": "done"}


def test_protection_is_retried_until_the_agent_answers(host: FakeHost) -> None:
    ready = host.folder / "ready"
    host.tool(
        "dsa_control", f"if [ -e '{ready}' ]; then echo 'HTTP Status: 200 - OK'; else touch '{ready}'; exit 1; fi"
    )
    assert host.upgrade("protect", self_protection=True, service_timeout=20)["self_protection"] == "on"
    assert len(host.calls()) == 2


def test_a_restart_raises_what_was_left_off(host: FakeHost) -> None:
    host.write_note(phase="upgrading", self_protection="off")
    running = host.folder / "running"
    host.tool("systemctl", f"touch '{running}'", host.bin)
    host.tool("dsa_control", f"[ -e '{running}' ] && echo 'HTTP Status: 200 - OK'")
    result = host.upgrade("restart")
    assert (result["rc"], result["self_protection"]) == (0, "on")
    assert result["command"] == ["systemctl", "restart", "ds_agent"]
    assert host.read_note() == {"phase": "upgrading"}


def test_a_restart_that_fails_raises_it_all_the_same(host: FakeHost) -> None:
    host.write_note(phase="upgrading", self_protection="off")
    stopped = host.folder / "stopped"
    host.tool("systemctl", f"touch '{stopped}'; echo no; exit 1", host.bin)
    host.tool("dsa_control", f"[ -e '{stopped}' ] && echo 'HTTP Status: 200 - OK'")
    result = host.upgrade("restart")
    assert (result["code"], result["self_protection"]) == ("restart_failed", "on")
    host.write_note(phase="upgrading", self_protection="off")
    host.tool("dsa_control", NO_SUCCESS["403"])
    result = host.upgrade("restart")
    assert (result["code"], result["self_protection"]) == ("restart_failed", "off")
    assert "Self-protection is off" in result["msg"]


def test_an_error_that_nobody_foresaw_keeps_what_is_known(host: FakeHost) -> None:
    host.write_note(phase="upgrading", self_protection="off")
    result = install(host, version=20)
    assert (result["failed"], result["code"], result["self_protection"]) == (True, "unexpected", "on")
    assert result["msg"].startswith("step install: ")


@pytest.mark.parametrize("module", [dsa_upgrade, dsa_security_update])
def test_the_options_are_valid_for_ansible_itself(
    module: t.Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    note = tmp_path / "progress.json"
    step = {dsa_upgrade: "note", dsa_security_update: "confirm"}[module]
    given = {"step": step, "note": {"phase": "done", "run": None}, "progress_file": str(note)}
    with patch_module_args(given), pytest.raises(SystemExit):
        module.main()
    assert json.loads(capsys.readouterr().out)["changed"] is True
    assert json.loads(note.read_text())["phase"] == "done"
    step = {dsa_upgrade: "install", dsa_security_update: "look"}[module]
    with patch_module_args({"step": step}), pytest.raises(SystemExit):
        module.main()
    assert json.loads(capsys.readouterr().out)["failed"] is True


def test_a_repository_without_the_build_says_so_in_the_words_of_its_package_manager(host: FakeHost) -> None:
    host.tool("apt-get", "echo \"E: Version '20.0.2-1390*' for 'ds-agent' was not found\" >&2; exit 100", host.bin)
    result = host.upgrade("install", version="20.0.2-1390", note=NOTE)
    assert (result["failed"], result["code"]) == (True, "installer_failed")
    assert "apt-get failed with exit status 100" in result["msg"]
    assert "Version '20.0.2-1390*' for 'ds-agent' was not found" in result["msg"]
    assert host.calls() == ["apt-get install -y --only-upgrade ds-agent=20.0.2-1390*"]


SEEN = {"run": "r0", "phase": "upgrading"}


@pytest.mark.parametrize(
    ("wrote", "waited"),
    [
        ({"run": "r2", "phase": "upgrading"}, True),
        # The same run, which is further by now.
        ({"run": "r0", "phase": "update_pending"}, True),
        ({"run": "r0", "phase": "done"}, True),
        (SEEN, False),
        # An attempt of this run whose connection was lost.
        ({"run": "r1", "phase": "update_pending"}, False),
    ],
)
@pytest.mark.parametrize("step", ["install", "note"])
def test_what_another_run_did_since_this_one_read_the_host_is_not_done_again(
    host: FakeHost, step: str, wrote: dict[str, str], waited: bool
) -> None:
    host.write_note(**wrote)
    result = install(host, seen=SEEN) if step == "install" else host.upgrade("note", note=NOTE, seen=SEEN)
    assert (result["waited"], result["changed"]) == (waited, not waited)
    assert len(host.calls()) == (step == "install" and not waited)
    assert host.read_note() == (wrote if waited else NOTE)


@pytest.mark.parametrize(("module", "step"), [(dsa_upgrade, "note"), (dsa_security_update, "confirm")])
def test_ansible_shows_no_password(
    module: t.Any, step: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = {"step": step, "progress_file": str(tmp_path / "note"), "self_protection_password": "s3cret-pass"}
    with patch_module_args({**given, "note": {"phase": "done"}}), pytest.raises(SystemExit):
        module.main()
    shown = capsys.readouterr().out
    assert "invocation" in shown and "self_protection_password" in shown
    assert "s3cret-pass" not in shown
