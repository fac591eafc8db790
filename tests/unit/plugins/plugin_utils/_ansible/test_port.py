# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A connection that is lost: how often and for how long it is tried again."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure

from ansible_collections.deep_security.remediation.plugins.plugin_utils._ansible import port as port_module
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
