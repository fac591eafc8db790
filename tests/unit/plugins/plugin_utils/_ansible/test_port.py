# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A connection that is lost: how often and for how long it is tried again."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
from ansible.errors import AnsibleConnectionFailure

from ansible_collections.deep_security.remediation.plugins.plugin_utils._ansible import port as port_module
from ansible_collections.deep_security.remediation.plugins.plugin_utils._messages import message
from ansible_collections.deep_security.remediation.plugins.plugin_utils._stages import HostLost

LOST = AnsibleConnectionFailure("reset")


class Clock:
    """Time that passes when somebody sleeps, or while an attempt lasts."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seconds = 0.0
        monkeypatch.setattr(port_module, "time", SimpleNamespace(sleep=self.sleep, monotonic=lambda: self.seconds))

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def run(clock: Clock, reconnect: float, attempts: list[Any], lasting: float = 0.1) -> tuple[Any, int]:
    """A module's result, or the loss, and how many attempts there were. The last attempt stands for all that follow."""
    made = 0

    def execute(**options: Any) -> Any:
        nonlocal made
        clock.seconds += lasting
        made += 1
        answer = attempts[min(made, len(attempts)) - 1]
        if isinstance(answer, Exception):
            raise answer
        return answer

    action: Any = SimpleNamespace(
        _task=SimpleNamespace(delegate_to=None, check_mode=False),
        _connection=SimpleNamespace(_shell=None, reset=lambda: None),
        _display=SimpleNamespace(display=lambda text: None),
        _execute_module=execute,
    )
    port = port_module.AnsiblePort(action, {"inventory_hostname": "web1"}, "run-1", 15, reconnect)
    try:
        return port.module("dsa_info", {}), made
    except HostLost as error:
        return error, made


def test_a_reading_whose_connection_breaks_is_tried_once_more(clock: Clock) -> None:
    assert run(clock, 0, [LOST, {"agent": {}}]) == ({"agent": {}}, 2)


def test_a_reading_that_is_lost_twice_is_lost(clock: Clock) -> None:
    lost, attempts = run(clock, 0, [LOST])
    assert isinstance(lost, HostLost)
    assert attempts == 2


@pytest.mark.parametrize(
    ("text", "named"), [("certificate verify failed: CERTIFICATE_VERIFY_FAILED", True), ("reset", False)]
)
def test_a_certificate_that_is_not_trusted_is_named_with_its_remedy(clock: Clock, text: str, named: bool) -> None:
    lost, _ = run(clock, 0, [AnsibleConnectionFailure(text)])
    assert text in str(lost)
    assert ("ansible_winrm_ca_trust_path" in str(lost)) is named


def test_a_silent_host_costs_a_reading_one_time_out(clock: Clock) -> None:
    lost, attempts = run(clock, 0, [LOST], lasting=30)
    assert isinstance(lost, HostLost)
    assert (attempts, clock.seconds) == (1, 30)


@pytest.mark.parametrize("lost", [LOST, {"unreachable": True, "msg": "reset"}])
def test_a_stage_reconnects_until_its_time_is_up(clock: Clock, lost: Any) -> None:
    assert run(clock, 60, [lost, lost, {"rc": 0}]) == ({"rc": 0}, 3)
    error, attempts = run(clock, 60, [lost])
    assert isinstance(error, HostLost)
    assert "no connection for 60 s" in str(error)
    assert attempts > 5


def test_a_loss_after_a_long_time_is_a_new_one(clock: Clock) -> None:
    assert run(clock, 20, [LOST, LOST, LOST, {"rc": 0}], lasting=90) == ({"rc": 0}, 4)


@pytest.mark.parametrize("patience", [20, 100])
def test_a_stage_has_the_patience_that_is_set(clock: Clock, patience: int) -> None:
    dummy, attempts = run(clock, patience, [LOST])
    assert patience <= clock.seconds < patience + 10
    assert attempts > 3


# A host behind the port


def port_of(execute: Callable[..., Any], *, check: bool = False, shell: object = None, **more: Any) -> Any:
    """A port. execute: what Ansible does with a module; more: arguments of the port."""
    action: Any = SimpleNamespace(
        _task=SimpleNamespace(delegate_to=None, check_mode=check),
        _connection=SimpleNamespace(_shell=shell, resets=0),
        _display=SimpleNamespace(display=lambda text: None),
        _execute_module=execute,
    )

    def reset() -> None:
        action._connection.resets += 1

    action._connection.reset = reset
    given = {"run_id": "run-1", "read_timeout": 15, "reconnect": 0.0, **more}
    return port_module.AnsiblePort(action, {"inventory_hostname": "web1"}, **given)


def test_a_lost_connection_is_made_anew_before_the_next_attempt(clock: Clock) -> None:
    """What is broken stays broken where the connection is kept from one task to the next."""
    answers: list[Any] = [LOST, LOST, {"rc": 0}]

    def execute(**options: Any) -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return {**answer, "resets": port._action._connection.resets}

    port = port_of(execute, reconnect=60)
    assert port.module("dsa_info", {}) == {"rc": 0, "resets": 2}


@pytest.mark.parametrize(("name", "attempts"), [("ansible.builtin.reboot", 1), ("ansible.builtin.copy", 3)])
def test_a_reboot_whose_connection_was_lost_is_not_requested_again(clock: Clock, name: str, attempts: int) -> None:
    """It may have been accepted. The stage reads the host itself."""
    made: list[str] = []

    def attempt(task_vars: object) -> Any:
        made.append(name)
        if len(made) < 3:
            raise LOST
        return {"rebooted": True}

    port = port_of(lambda **options: None, reconnect=60)
    plugin = SimpleNamespace(run=attempt)
    port._action._task.copy = SimpleNamespace
    port._action._shared_loader_obj = SimpleNamespace(action_loader=SimpleNamespace(get=lambda *args, **more: plugin))
    port._action.__dict__.update(_play_context=None, _loader=None, _templar=None)
    if attempts == 1:
        with pytest.raises(HostLost):
            port.action(name, {})
    else:
        assert port.action(name, {}) == {"rebooted": True}
    assert len(made) == attempts


@pytest.mark.parametrize(
    ("more", "options"),
    [
        ({"read_timeout": 7}, {"timeout": 7}),
        ({"read_timeout": 90, "progress_file": "/n"}, {"timeout": 90, "progress_file": "/n"}),
    ],
)
def test_a_reading_has_the_time_limit_that_is_set(more: dict[str, Any], options: dict[str, Any]) -> None:
    module = Mock(return_value={})
    port_of(module, **more).read()
    assert module.call_args.kwargs["module_name"] == "deep_security.remediation.dsa_info"
    assert module.call_args.kwargs["module_args"] == options


@pytest.mark.parametrize(("windows", "os_name"), [(True, "windows"), (False, "linux")])
def test_a_raw_reading_becomes_the_record_of_its_platform(windows: bool, os_name: str) -> None:
    shell = SimpleNamespace(_IS_WINDOWS=windows)
    record = port_of(lambda **options: {"reading": {"os": os_name}}, shell=shell).read()
    assert (record["os"], record["installed"]) == (os_name, None)
    assert any(problem["source"] == "registry" for problem in record["problems"]) is windows


@pytest.mark.parametrize("shell", [None, SimpleNamespace(_IS_WINDOWS=True)], ids=["posix", "windows"])
@pytest.mark.parametrize(
    ("result", "words"),
    [
        ({"failed": True, "msg": "Missing sudo password"}, "Missing sudo password"),
        ({"failed": True, "msg": "MODULE FAILURE", "module_stderr": "no Python"}, "MODULE FAILURE no Python"),
        ({"failed": True, "module_stdout": "Killed"}, "the reader gave no record Killed"),
        ({"agent": {"installed": True}}, "the reader gave no record"),
        ({"reading": "installed"}, "the reader gave no record"),
    ],
)
def test_a_reader_that_gives_no_reading_is_unknown_with_its_reason(
    result: dict[str, Any], words: str, shell: object
) -> None:
    record = port_of(lambda **options: result, shell=shell).read()
    assert (record["installed"], record["version"]) == (None, None)
    assert words in str(record["problems"])


def test_text_of_a_host_is_cleaned_where_it_enters() -> None:
    """Control sequences would reach the terminal of whoever reads the result."""
    result = port_of(lambda **options: {"out": ["\x1b]0;title\x07x\x1b[2Jy\u202e"]}).module("dsa_upgrade", {})
    assert not set("\x1b\x07\u202e") & set(result["out"][0])


@pytest.mark.parametrize("check", [True, False])
def test_stages_see_whether_it_is_check_mode(check: bool) -> None:
    assert port_of(lambda **options: {}, check=check).check_mode is check


@pytest.mark.parametrize(("windows", "name"), [(True, "win_dsa_upgrade"), (False, "dsa_upgrade")])
def test_a_windows_host_gets_the_twin_of_a_module(windows: bool, name: str) -> None:
    shell = SimpleNamespace(_IS_WINDOWS=windows)
    port = port_of(lambda **options: {"name": options["module_name"]}, shell=shell)
    assert port.module("dsa_upgrade", {})["name"] == f"deep_security.remediation.{name}"
    assert port.module("ansible.windows.win_package", {})["name"] == "ansible.windows.win_package"


@pytest.mark.parametrize("kept", [True, False], ids=["pipelining", "no pipelining"])
@pytest.mark.parametrize("option", ["self_protection_password", "password"])
def test_a_secret_is_sent_without_a_file_and_only_a_secret(kept: bool, option: str) -> None:
    """A file with the module's arguments would stay on the host when the run is killed."""
    port = port_of(lambda **options: {"piped": connection.always_pipeline_modules})
    connection = port._action._connection
    connection.always_pipeline_modules = kept
    assert port.module("dsa_upgrade", {option: "s3cret"})["piped"] is True
    assert connection.always_pipeline_modules is kept, "other modules may need a file"
    assert port.module("dsa_upgrade", {option: ""})["piped"] is kept


def test_a_connection_is_as_it_was_after_a_secret_that_could_not_be_sent(clock: Clock) -> None:
    def execute(**options: Any) -> Any:
        raise LOST

    port = port_of(execute)
    port._action._connection.always_pipeline_modules = False
    with pytest.raises(HostLost):
        port.module("dsa_upgrade", {"password": "s3cret"})
    assert port._action._connection.always_pipeline_modules is False


def test_progress_is_noted_where_many_hosts_are_worked_on_and_else_shown_at_once() -> None:
    """A host that is recovered is the only one, and its operator waits for it."""
    port = port_of(lambda **options: {})
    shown, noted = list[str](), list[tuple[str, object]]()
    port._action._display.display = shown.append
    waits = message("waiting_for_reboot", reasons="a driver")
    port.progress("reboot")
    port.progress("reboot", waits)
    assert shown == ["web1: rebooting (a driver)"]
    port.on_progress = lambda stage, what: noted.append((stage, what))
    port.progress("reboot", waits)
    assert (noted, len(shown)) == ([("reboot", waits)], 1)
