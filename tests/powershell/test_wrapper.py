# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What only Ansible's own wrapper and Ansible.Basic show: options, masking, exceptions, cultures, sizes.

Not shown here: a 32-bit PowerShell (Open-DsaKey, which chooses the view of the registry, has a stand-in), the
ConstrainedLanguage mode (Ansible.Basic itself is compiled C#, which that mode refuses), execution policies (Linux has
none).
"""

from __future__ import annotations

import json
import re
import typing as t

import pytest

from lab.windows.engine import ModuleError

from .test_upgrade_steps import package
from .windows import PLUGINS, Windows

MODULES = sorted(path.stem for path in PLUGINS.glob("modules/win_*.ps1"))
STEPS = {
    "win_dsa_upgrade": ("begin", "end", "restart", "protect", "note"),
    "win_dsa_security_update": ("start", "look", "confirm", "diagnose"),
}
# Options with which each module does something.
GIVEN: dict[str, dict[str, t.Any]] = {
    "win_dsa_control": {"arguments": ["-x"]},
    "win_dsa_info": {},
    "win_dsa_host_info": {"paths": ["C:\\x"], "system": True},
    "win_dsa_package_info": {"path": r"C:\x.msi"},
    "win_dsa_security_update": {"step": "look", "marks": []},
    "win_dsa_upgrade": {"step": "note", "note": {"phase": "done"}},
}
TIMES = [
    ("win_dsa_info", "timeout"),
    ("win_dsa_control", "timeout"),
    ("win_dsa_package_info", "timeout"),
    ("win_dsa_upgrade", "service_timeout"),
    ("win_dsa_upgrade", "lock_timeout"),
    ("win_dsa_security_update", "timeout"),
    ("win_dsa_security_update", "lock_timeout"),
]
TEXTS = [
    ("win_dsa_control", "arguments", True),
    ("win_dsa_security_update", "trigger", True),
    ("win_dsa_host_info", "paths", False),
]


def test_every_module_is_here() -> None:
    assert set(GIVEN) == set(MODULES)


def refused(host: Windows, module: str, **options: t.Any) -> dict[str, t.Any]:
    before = host.tree()
    result = host.module(module, **{**GIVEN[module], **options})
    assert result["failed"] is True, result
    assert "Unhandled exception" not in result["msg"] and result.get("code") in (None, "bad_option")
    assert host.acts() == [] and host.tree() == before
    return result


@pytest.mark.parametrize(("module", "option"), TIMES)
def test_times_out_of_range_are_refused(host: Windows, module: str, option: str) -> None:
    """In milliseconds they overflowed: a time limit of 25 days was a raw crash."""
    assert option in refused(host, module, **{option: None if option == "timeout" else 0})["msg"]


def test_which_times_are_refused(host: Windows) -> None:
    code = """
        $seconds = $null
        if ($null -ne $one) { $seconds = [Int32]$one }
        Confirm-DsaOption -Module @{ Params = @{ timeout = $seconds } } -Name "timeout"
        "good"
    """
    times = [None, 0, -1, 1_000_001, 2_147_484, 2**31 - 1, 1, 15, 1_000_000]
    found = host.each("_DsaHost", code, times)
    assert [one == "good" for one in found] == [False] * 6 + [True] * 3


@pytest.mark.parametrize(("module", "option", "needed"), TEXTS)
def test_null_and_empty_texts_are_refused(host: Windows, module: str, option: str, needed: bool) -> None:
    given = {"step": "start"} if module == "win_dsa_security_update" else {}
    for value in (None, ["a", None]) if needed else (["a", ""],):
        assert option in refused(host, module, **given, **{option: value})["msg"]


def test_an_empty_list_of_arguments_is_refused(host: Windows) -> None:
    """A trigger of no arguments was a raw crash."""
    refused(host, "win_dsa_control", arguments=[])
    refused(host, "win_dsa_security_update", step="start", trigger=[])


@pytest.mark.parametrize("step", [None, "", "begun"], ids=str)
@pytest.mark.parametrize("module", STEPS)
def test_a_step_that_is_none_is_refused(host: Windows, module: str, step: object) -> None:
    """null passed the choices, and "step: null" ran dsa_control -d."""
    refused(host, module, step=step)


@pytest.mark.parametrize(
    ("module", "options"),
    [
        ("win_dsa_security_update", {"step": "look", "marks": None}),
        ("win_dsa_security_update", {"step": "look", "marks": ["x"]}),
        ("win_dsa_security_update", {"step": "start", "note": "x"}),
        ("win_dsa_upgrade", {"note": "x"}),
        ("win_dsa_upgrade", {"step": "restart", "self_protection": "perhaps"}),
        ("win_dsa_upgrade", {"unknown": 1}),
        ("win_dsa_info", {"timeout": "x"}),
        ("win_dsa_package_info", {"path": ""}),
        ("win_dsa_host_info", {"paths": [["q"]]}),
        ("win_dsa_host_info", {"keys": None}),
        ("win_dsa_host_info", {"below": ["q"]}),
        ("win_dsa_info", {"keys": None}),
    ],
    ids=str,
)
def test_options_of_another_type_are_refused(host: Windows, module: str, options: dict[str, t.Any]) -> None:
    refused(host, module, **options)


@pytest.mark.parametrize(
    "module", ["win_dsa_package_info", "win_dsa_control", "win_dsa_upgrade", "win_dsa_security_update"]
)
def test_what_is_required_is_required(host: Windows, module: str) -> None:
    result = host.module(module)
    assert result["failed"] is True and "required" in result["msg"]
    assert "missing: marks" in host.module("win_dsa_security_update", step="look")["msg"]


@pytest.mark.parametrize("mark", [{}, {"size": "y", "fingerprint": "z"}], ids=str)
def test_a_mark_that_is_none_marks_nothing(host: Windows, mark: dict[str, t.Any]) -> None:
    host.logs.mkdir(parents=True, exist_ok=True)
    (host.logs / "ds_agent.log").write_text("9016\n")
    result = host.update("look", marks=[mark])
    assert "Unhandled exception" not in result.get("msg", "")
    if "failed" not in result:
        assert [line["marked"] for line in result["lines"]] == [False]


@pytest.mark.parametrize("module", ["win_dsa_upgrade", "win_dsa_security_update", "win_dsa_control"])
def test_no_password_is_shown(host: Windows, module: str) -> None:
    """Ansible.Basic takes an option in any case, and masks it under its own name only."""
    name = "password" if module == "win_dsa_control" else "self_protection_password"
    for options in ({name: "pa55-w0rd"}, {name: "pa55-w0rd", "unknown": 1}, {name.title(): "pa55-w0rd", "unknown": 1}):
        result = host.module(module, **{**GIVEN[module], **options})
        assert "pa55-w0rd" not in json.dumps(result)


@pytest.mark.parametrize("module", MODULES)
def test_check_mode_changes_nothing(host: Windows, module: str) -> None:
    before = host.tree()
    for step in STEPS.get(module, (None,)):
        options = {"step": step} if step else {}
        result = host.module(module, check_mode=True, **{**GIVEN[module], **options})
        assert not result.get("skipped"), "the module would not be run at all"
        assert "failed" not in result, result
        assert host.acts() == [] and host.tree() == before


# ---- PowerShell 5.1

OTHERWISE = {
    "an array that is wrapped": "@{ a = (Write-Output -NoEnumerate -InputObject @(1, 2)) }",
    "nothing": "@{ a = $(& { }) }",
    "a time": "@{ a = @{ b = [DateTime]::UtcNow } }",
    "a text with a property": "@{ a = ('x' | Add-Member -NotePropertyName y -NotePropertyValue 1 -PassThru) }",
}


@pytest.mark.parametrize("value", OTHERWISE)
def test_what_5_1_would_write_otherwise_fails_a_test(host: Windows, value: str) -> None:
    """ConvertTo-Json of windows51.ps1 walks over every result of these tests."""
    with pytest.raises(ModuleError, match=r"Windows PowerShell 5\.1 would write"):
        host.engine.run_code(host, OTHERWISE[value], "_DsaHost")
    assert host.engine.run_code(host, "@{ a = @(1, 'x', $null, @()); b = @{} }", "_DsaHost")


# ---- cultures

CULTURES = ["tr-TR", "ja-JP-u-ca-japanese", "th-TH"]


def test_cultures_are_in_effect_here(host: Windows) -> None:
    host.culture = "tr-TR"
    assert host.each("_DsaHost", "$one.ToUpper()", ["i"]) == ["\u0130"]
    host.culture = "th-TH"
    assert host.each("_DsaHost", "[DateTime]::new($one, 1, 1).ToString('yyyy')", [2026]) == ["2569"]


def test_a_reading_is_the_same_in_every_culture(host: Windows) -> None:
    """The year of an emperor or of Buddha; i and I in Turkish (W2)."""
    session = r"SYSTEM\CurrentControlSet\Control\Session Manager"
    files = [r"\??\C:\Windows\System32\DRIVERS\TMCOMM.SYS", ""]
    host.set(session, "PendingFileRenameOperations", files, "MultiString")
    host.write_note(phase="done", since="2026-11-01T03:04:05Z")
    plain = steady(host.module("win_dsa_info")["reading"])
    for culture in CULTURES:
        host.culture = culture
        assert steady(host.module("win_dsa_info")["reading"]) == plain


def steady(reading: dict[str, t.Any]) -> dict[str, t.Any]:
    assert reading["clock"].pop("now").startswith("20")
    return reading


@pytest.mark.parametrize("culture", CULTURES)
def test_steps_write_the_same_in_every_culture(host: Windows, culture: str) -> None:
    host.culture = culture
    host.upgrade("begin", **package(host), note={"phase": "upgrading", "size": 1.5}, self_protection=True)
    host.upgrade("end", reboot_required=True)
    noted = host.read_note() or {}
    assert host.about_now(noted.pop("reboot_due_since"))
    assert noted == {"phase": "upgrading", "size": 1.5}
    host.logs.mkdir(parents=True, exist_ok=True)
    log = host.logs / "DS_AGENT-I.LOG"
    log.write_text("old\n")
    taken = host.update("start")
    assert host.about_now(taken["now"]) and [mark["name"] for mark in taken["marks"]] == [log.name]
    log.write_text("old\nnew\n")
    assert [line["text"] for line in host.update("look", marks=taken["marks"])["lines"]] == ["new"]
    assert host.module("win_dsa_control", arguments=["-I"])["reply"]["accepted"] is True


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/St_Johns"])
def test_times_are_utc_in_every_zone(host: Windows, zone: str) -> None:
    host.time_zone = zone
    clock = host.module("win_dsa_info")["reading"]["clock"]
    assert host.about_now(clock["now"]) and host.at_boot(clock["boot_time"])
    offsets = {"Asia/Tokyo": 540, "America/St_Johns": -210}
    assert clock["utc_offset"] == offsets[zone]


# ---- what travels, in parts of 200,000 bytes (ansible-core's connection plugin winrm)


@pytest.mark.parametrize("module", MODULES)
def test_a_module_carries_only_what_it_uses_and_requires_5_1(host: Windows, module: str) -> None:
    """W4: an older PowerShell fails in the middle of a step, at the first ::new()."""
    payload = host.payload(module)
    assert len(payload) < 270_000
    assert re.search(rb'"(MinPSVersion|min_ps_version)": ?"5\.1"', payload)


# ---- exceptions

# Where each module calls another file.
UNEXPECTED = {
    "win_dsa_control": "Get-DsaAgentFolder",
    "win_dsa_info": "Get-DsaAgentFolder",
    "win_dsa_host_info": "Test-DsaPath",
    "win_dsa_package_info": "Test-DsaPath",
    "win_dsa_security_update": "Get-DsaAgentFolder",
    "win_dsa_upgrade": "Lock-DsaNote",
}


@pytest.mark.parametrize("module", UNEXPECTED)
def test_an_exception_that_nobody_expected_names_the_step(host: Windows, module: str) -> None:
    """It was "Unhandled exception while executing module" and PowerShell's wrapper around the cause."""
    host.break_command(UNEXPECTED[module])
    result = host.module(module, **GIVEN[module])
    assert (result["failed"], result["code"]) == (True, "unexpected")
    assert re.match(r"step \w+: broken on purpose", result["msg"])
