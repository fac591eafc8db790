# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""win_dsa_host_info: what is there of the lists that Python gives it, when something is left of an agent."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._record import judge_leftovers, leftover_options
from ansible_collections.deep_security.remediation.plugins.plugin_utils._record.windows_tables import UNINSTALL

from .windows import AGENT_KEY, Windows

SERVICE = r"SYSTEM\CurrentControlSet\Services\tmcomm"
RUN = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Run"


def found(host: Windows, **options: t.Any) -> dict[str, t.Any]:
    result = host.module("win_dsa_host_info", **options)
    assert "failed" not in result and result["changed"] is False, result
    everything: dict[str, t.Any] = result["reading"]
    return everything


def names(host: Windows) -> tuple[set[str], list[str]]:
    leftovers, problems = judge_leftovers(found(host, **leftover_options()))
    return {leftover["name"] for leftover in leftovers}, list(problems)


def test_what_is_there_comes_back_and_nothing_else(host: Windows) -> None:
    host.keys[SERVICE] = {"ImagePath": ("String", "x")}
    host.set(RUN, "Deep Security Notifier", "x")
    host.path(r"C:\ProgramData\Trend Micro\AMSP").mkdir(parents=True)
    host.write(r"C:\Windows\System32\drivers\tmcomm.sys", b"x")
    result = found(
        host,
        keys={
            "there": [SERVICE],
            "none": [r"SOFTWARE\TrendMicro\None"],
            "value": [RUN, "Deep Security Notifier"],
            "other": [RUN, "Other"],
        },
        paths=[r"%ProgramData%\Trend Micro\AMSP", r"%SystemRoot%\System32\drivers\tmcomm.sys", r"C:\none"],
        below={"uninstall": dict(UNINSTALL)},
    )
    assert {name: (key["exists"], list(key["values"])) for name, key in result["keys"].items()} == {
        "there": (True, []),
        "none": (False, []),
        "value": (True, ["Deep Security Notifier"]),
        "other": (True, []),
    }
    assert [(one["path"], one["exists"], one["folder"]) for one in result["paths"]] == [
        (r"%ProgramData%\Trend Micro\AMSP", True, True),
        (r"%SystemRoot%\System32\drivers\tmcomm.sys", True, False),
        (r"C:\none", False, None),
    ]
    assert [entry["path"].endswith("}") for entry in result["uninstall"]["entries"]] == [True]


def test_a_clean_host_has_no_leftovers(host: Windows) -> None:
    host.remove_agent()
    assert names(host) == (set(), [])


def test_the_manager_is_not_the_agent(host: Windows) -> None:
    """The Manager counted as the Agent's."""
    host.remove_agent()
    host.set(UNINSTALL["paths"][0] + r"\Manager", "DisplayName", "Trend Micro Deep Security Manager")
    assert names(host) == (set(), [])


@pytest.mark.parametrize("folder", [r"C:\ProgramData\Trend Micro\AMSP"])
def test_folders_in_both_places_are_leftovers(host: Windows, folder: str) -> None:
    host.remove_agent()
    host.path(folder).mkdir(parents=True)
    assert any("AMSP" in name for name in names(host)[0])


@pytest.mark.parametrize("denied", [SERVICE, AGENT_KEY])
def test_one_denied_key_does_not_hide_the_others(host: Windows, denied: str) -> None:
    host.keys.setdefault(denied, {})
    host.denied.add(denied)
    host.keys[r"SYSTEM\CurrentControlSet\Services\tbimdsa"] = {}
    leftovers, problems = names(host)
    assert any("tbimdsa" in name for name in leftovers)
    assert problems


@pytest.mark.parametrize(
    "wrong",
    [
        {"keys": None},
        {"below": None},
        {"certificates": None},
        {"paths": None},
        {"paths": [""]},
    ],
)
def test_options_that_name_nothing_are_refused(host: Windows, wrong: dict[str, t.Any]) -> None:
    result = host.module("win_dsa_host_info", **{"keys": {"one": [SERVICE]}, **wrong})
    assert result["failed"] is True and "Unhandled exception" not in result["msg"]


def test_odd_paths_end_nothing(host: Windows) -> None:
    odd = ["a<b>|c", '"', "x" * 40_000, r"\\?\\", "C:", "NUL", r"%NONE%\x"]
    found_paths = found(host, paths=[*odd, r"C:\Windows"])["paths"]
    assert found_paths[-1]["exists"] is True
