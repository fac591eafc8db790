# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tasks that read: what they send to a host, what they refuse, and what they make of its answer."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

from ansible_collections.deep_security.remediation.plugins.action import (
    dsa_info,
    win_dsa_info,
    win_dsa_leftovers_info,
    win_dsa_precheck_info,
)
from ansible_collections.deep_security.remediation.plugins.plugin_utils._record import leftover_options, reading_options
from ansible_collections.deep_security.remediation.plugins.plugin_utils._windows_readiness import precheck_options
from tests.unit.plugins.plugin_utils._record.windows_reading import nothing, reading

Json = dict[str, Any]
OWN = "deep_security.remediation."
ROOT = "f40042e2e5f7e8ef8189fed15519aece42c3bfa2"


class Host:
    """What runs on a host: it keeps what was sent, and returns or raises one answer."""

    def __init__(self, answer: Mapping[str, Any] | Exception) -> None:
        self.answer = answer
        self.sent: list[tuple[str, Json]] = []

    def execute(self, module_name: str, module_args: Json, task_vars: Json) -> Json:
        self.sent.append((module_name.removeprefix(OWN), module_args))
        if isinstance(self.answer, Exception):
            raise self.answer
        return dict(self.answer)


def act(plugin: ModuleType, host: Host, windows: bool = True, **arguments: Any) -> Json:
    """The result of one task on that host."""
    task = SimpleNamespace(args=arguments, delegate_to=None, check_mode=False, async_val=0, action="x", environment=[])
    action: Any = object.__new__(plugin.ActionModule)
    action._task = task
    action._connection = SimpleNamespace(_shell=SimpleNamespace(_IS_WINDOWS=windows, tmpdir=None), reset=lambda: None)
    action._display = SimpleNamespace(display=lambda text: None)
    action._execute_module = host.execute
    assert isinstance(action, ActionBase)
    result: Json = action.act({"inventory_hostname": "win1"})
    return result


@pytest.mark.parametrize("plugin", [dsa_info, win_dsa_info], ids=["dsa_info", "win_dsa_info"])
def test_a_record_is_made_of_the_reading(plugin: ModuleType) -> None:
    host = Host({"reading": reading()})
    result = act(plugin, host, timeout=7)
    assert (result["changed"], result["agent"]["installed"], result["agent"]["version"]) == (False, True, "20.0.0-5995")
    assert host.sent == [("win_dsa_info", {"timeout": 7, **reading_options()})]
    assert act(plugin, Host({"reading": nothing()}))["agent"]["installed"] is False
    failed = act(plugin, Host({"failed": True, "msg": "no PowerShell 5.1"}))
    assert "no PowerShell 5.1" in str(failed["agent"]["problems"])


@pytest.mark.parametrize("timeout", [0, -1, 1_000_001, 2_147_484])
@pytest.mark.parametrize("plugin", [dsa_info, win_dsa_info], ids=["dsa_info", "win_dsa_info"])
def test_a_time_limit_that_cannot_be_used_is_refused(plugin: ModuleType, timeout: int) -> None:
    host = Host({})
    result = act(plugin, host, timeout=timeout)
    assert (result["failed"], host.sent) == (True, [])
    assert f"timeout is {timeout}; give 1 to 1000000 seconds" in result["msg"]


def test_what_is_left_is_judged_on_the_controller() -> None:
    options = leftover_options()
    keys = {
        name: {"path": path, "exists": path.endswith("\\ds_agent"), "values": {}, "error": None}
        for name, (path, *_values) in options["keys"].items()
    }
    host = Host({"reading": {"keys": keys}})
    result = act(win_dsa_leftovers_info, host)
    assert host.sent == [("win_dsa_host_info", options)]
    assert result["leftovers"] == [{"kind": "service", "name": "ds_agent", "maybe_other_product": False}]
    assert len(result["problems"]) == 2, "paths and the installed programs were not looked at"
    assert act(win_dsa_leftovers_info, Host({}))["problems"]


def test_facts_are_made_of_the_reading() -> None:
    host = Host({"reading": {"room": {"free_bytes": 7}}})
    result = act(win_dsa_precheck_info, host, roots=[ROOT], servicing_packages=["RollupFix"])
    assert host.sent == [("win_dsa_host_info", precheck_options([ROOT], ["RollupFix"], []))]
    assert (result["windows"]["free_bytes"], result["windows"]["build"]) == (7, None)
    assert act(win_dsa_precheck_info, Host({}))["windows"]["problems"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"roots": [""]}, "roots has an empty entry"),
        ({"shared_dlls": ["C:\\x.dll", " "]}, "shared_dlls has an empty entry"),
        ({"servicing_packages": [""]}, "servicing_packages has an empty entry"),
        ({"roots": ["f4"]}, "roots has 'f4'"),
        ({"roots": [ROOT + "\n"]}, "40 hexadecimal digits"),
    ],
)
def test_options_that_cannot_be_used_are_refused(options: Json, words: str) -> None:
    host = Host({})
    result = act(win_dsa_precheck_info, host, **options)
    assert (result["failed"], host.sent) == (True, [])
    assert words in result["msg"]


@pytest.mark.parametrize("plugin", [win_dsa_info, win_dsa_leftovers_info, win_dsa_precheck_info])
def test_an_option_that_does_not_exist_is_refused(plugin: ModuleType) -> None:
    with pytest.raises(AnsibleActionFail, match="package_path"):
        act(plugin, Host({}), package_path="C:\\x.msi")


@pytest.mark.parametrize("plugin", [dsa_info, win_dsa_info, win_dsa_leftovers_info, win_dsa_precheck_info])
def test_a_host_that_cannot_be_reached(plugin: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugin.ActionModule.act.__globals__["AnsiblePort"], "_reconnecting", _lost)
    result = act(plugin, Host({}))
    assert (result["unreachable"], result["msg"]) == (True, "reset")


def _lost(port: object, attempt: object, repeat: bool = True) -> None:
    from ansible_collections.deep_security.remediation.plugins.plugin_utils._stages import HostLost

    raise HostLost("reset") from AnsibleConnectionFailure("reset")


@pytest.mark.parametrize("plugin", [win_dsa_leftovers_info, win_dsa_precheck_info])
def test_a_module_that_fails_is_a_failure(plugin: ModuleType) -> None:
    assert act(plugin, Host({"failed": True, "msg": "no PowerShell 5.1"})) == {
        "failed": True,
        "msg": "no PowerShell 5.1",
    }
