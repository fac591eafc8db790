# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether Windows requires a reboot and why, by the keys that it notes it in."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.deep_security.remediation.plugins.plugin_utils._record.windows_reboot import (
    DRIVER_FILES,
    windows_reboot,
)

from .windows_reading import FOLDER, key, reboot, value

Json = dict[str, Any]
RESTART = "server_manager"
JOINED = {"netlogon": {"entries": [key("Netlogon\\JoinDomain")], "errors": []}}


def sccm(**more: Any) -> Json:
    return {"sccm": {"installed": True, "pending": False, "hard": False, "error": None, **more}}


def codes(found: Json) -> list[str]:
    return [reason["code"] for reason in found["reasons"]]


@pytest.mark.parametrize(
    ("found", "required", "reasons"),
    [
        (reboot(), False, []),
        (reboot(component_based_servicing=key("cbs")), True, ["component_based_servicing"]),
        (reboot(windows_update=key("wu")), True, ["windows_update"]),
        (reboot(server_manager=key("sm")), False, []),
        (reboot(server_manager=key("sm", RestartRequired=1)), True, [RESTART]),
        (reboot(server_manager=key("sm", RestartRequired=0)), False, []),
        (reboot(server_manager=key("sm", RestartRequired="1")), None, []),
        (reboot(computer_name=key("name", ComputerName="WEB2")), True, ["computer_rename"]),
        (reboot(computer_name=key("name")), None, []),
        (reboot(active_computer_name=key("name", False)), None, []),
        ({**reboot(), **JOINED}, True, ["computer_rename"]),
        ({**reboot(), "netlogon": {"entries": [key("avoidspnset")], "errors": []}}, True, ["computer_rename"]),
        ({**reboot(), "netlogon": {"entries": [], "errors": ["Access is denied"]}}, None, []),
        ({**reboot(), "netlogon": {"entries": None, "errors": []}}, None, []),
        ({**reboot(), "netlogon": {"entries": []}}, None, []),
        ({**reboot(), "netlogon": {"entries": [7, key("NotJoinDomain")], "errors": []}}, False, []),
        ({**reboot(), **sccm()}, False, []),
        ({**reboot(), **sccm(pending=True)}, True, ["sccm"]),
        ({**reboot(), **sccm(hard=True)}, True, ["sccm"]),
        # A call that fails proves nothing.
        ({**reboot(), **sccm(pending=None, hard=None, error="0x80041010")}, None, []),
        ({**reboot(), **sccm(pending=None)}, None, []),
        ({**reboot(), **sccm(error="cut")}, None, []),
        ({**reboot(), **sccm(installed=None)}, False, []),
        ({**reboot(), **sccm(installed=None, pending=None, hard=None)}, None, []),
        # A key that is denied, with and without a reason elsewhere.
        (reboot(windows_update=key("wu", None)), None, []),
        (
            reboot(windows_update=key("wu", None), component_based_servicing=key("c")),
            True,
            ["component_based_servicing"],
        ),
        (reboot(component_based_servicing=key("c", None), windows_update=key("wu")), True, ["windows_update"]),
        (reboot(session_manager=key("sm", None)), None, []),
        (reboot(session_manager=key("sm", None), windows_update=key("wu")), True, ["windows_update"]),
        (reboot(windows_update={"exists": True}), None, []),
        (reboot(windows_update={}), None, []),
        ({}, None, []),
    ],
)
def test_each_reason(found: Json, required: bool | None, reasons: list[str]) -> None:
    judged, problems = windows_reboot(found, [FOLDER])
    assert (judged["required"], codes(judged)) == (required, reasons)
    assert bool(problems) or required is not None


MINE = f"\\??\\{FOLDER}\\dsa.exe"
OTHER = "\\??\\C:\\Windows\\Temp\\x.tmp"


@pytest.mark.parametrize(
    ("texts", "reasons"),
    [
        ([], []),
        ([OTHER, ""], ["file_rename_other"]),
        ([MINE, ""], ["file_rename_agent"]),
        ([OTHER, MINE], ["file_rename_agent", "file_rename_other"]),
        ([OTHER, f"!{MINE}"], ["file_rename_agent", "file_rename_other"]),
        ([f"*1{MINE}", f"*2{OTHER}"], ["file_rename_agent", "file_rename_other"]),
        ([f"!*1{MINE}", ""], ["file_rename_agent"]),
        # A list that lacks an entry shifts the pairs behind it.
        ([OTHER, MINE, ""], ["file_rename_agent", "file_rename_other"]),
        (["", OTHER, "", MINE], ["file_rename_agent", "file_rename_other"]),
        (["", "", MINE], ["file_rename_agent"]),
        ([MINE], ["file_rename_agent"]),
        # Any case, slash and spelling of its folders.
        ([MINE.upper(), ""], ["file_rename_agent"]),
        ([MINE.replace("\\", "/"), ""], ["file_rename_agent"]),
        (["\\??\\C:\\Program Files\\Trend Micro\\AMSP\\x.dll", ""], ["file_rename_agent"]),
        (["\\??\\D:\\Apps\\Trend Micro\\Deep Security Agent\\x.dll", ""], ["file_rename_agent"]),
        (["\\Device\\HarddiskVolume2\\Program Files\\Trend Micro\\Deep Security Agent\\x", ""], ["file_rename_agent"]),
        (["\\??\\C:\\PROGRA~1\\TRENDM~1\\DEEPSE~1\\dsa.exe", ""], ["file_rename_agent"]),
        ([f"{MINE[:-8]} Old\\dsa.exe", ""], ["file_rename_other"]),
        # W2: with tr-TR "DRIVERS" was not found.
        *[
            ([f"\\??\\C:\\Windows\\System32\\{folder}\\{name}", ""], ["file_rename_agent"])
            for folder in ("drivers", "DRIVERS", "Drivers")
            for name in (DRIVER_FILES[0], DRIVER_FILES[3].upper())
        ],
        (["\\SystemRoot\\system32\\DRIVERS\\TMCOMM.SYS", ""], ["file_rename_agent"]),
        (["\\??\\C:\\Windows\\System32\\tmcomm.sys", ""], ["file_rename_other"]),
        (["\\??\\C:\\Windows\\System32\\drivers\\disk.sys", ""], ["file_rename_other"]),
    ],
)
@pytest.mark.parametrize("name", ["PendingFileRenameOperations", "PendingFileRenameOperations2"])
def test_files_to_rename(texts: list[str], reasons: list[str], name: str) -> None:
    found = reboot(session_manager=key("sm", **{name: texts}))
    judged, problems = windows_reboot(found, [FOLDER])
    assert (codes(judged), problems) == (reasons, [])
    # Other programs have such renames day by day.
    assert judged["required"] is ("file_rename_agent" in reasons)


@pytest.mark.parametrize(
    ("one", "two", "required"),
    [
        (value([OTHER, ""], cut=True), value([]), None),
        (value([MINE, ""], cut=True), value([]), True),
        (value("x"), value([MINE, ""]), True),
        (value("x"), value([OTHER, ""]), None),
        (value([OTHER, 7]), value([]), None),
        # An odd list must not shift the pairs of the other one.
        (value([OTHER]), value([MINE, ""]), True),
    ],
)
def test_a_list_that_is_not_whole_proves_nothing(one: Json, two: Json, required: bool | None) -> None:
    lists = {"PendingFileRenameOperations": one, "PendingFileRenameOperations2": two}
    assert windows_reboot(reboot(session_manager=key("sm", **lists)), [FOLDER])[0]["required"] is required


def test_a_folder_of_its_own_is_known_by_the_reading() -> None:
    found = reboot(session_manager=key("sm", PendingFileRenameOperations=["\\??\\D:\\dsa\\dsa.exe", ""]))
    assert windows_reboot(found, ["D:/DSA/"])[0]["required"] is True
    assert windows_reboot(found, [FOLDER])[0]["required"] is False


@given(st.lists(st.text(max_size=30) | st.just(OTHER)), st.integers(0, 20), st.sampled_from(["", "!", "*1", "!*12"]))
def test_the_agents_file_is_found_wherever_it_stands(texts: list[str], place: int, mark: str) -> None:
    texts = [*texts[:place], mark + MINE, *texts[place:]]
    found = reboot(session_manager=key("sm", PendingFileRenameOperations=texts))
    assert windows_reboot(found, [FOLDER])[0]["required"] is True
