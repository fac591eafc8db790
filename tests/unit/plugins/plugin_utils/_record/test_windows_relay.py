# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a Windows host is a Relay: what cannot be decided is unknown, and no firm "no"."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._record import windows_record

from .windows_reading import FOLDER, reading, service

Json = dict[str, Any]
LISTENS = "TCP    0.0.0.0:4122           0.0.0.0:0              LISTENING       900"
OTHER = "C:\\Program Files\\Other\\server.exe"


def relay(path: object = OTHER, *lines: object, **more: Any) -> Json:
    """A port where something listens: the process 900, of this path."""
    found = {"port": 4122, "listening": True, "lines": list(lines or (LISTENS,)), "owners": [{"id": 900, "path": path}]}
    return {**found, "error": None, **more}


@pytest.mark.parametrize(
    ("found", "enabled"),
    [
        (relay(listening=False, lines=[], owners=[]), False),
        (relay(OTHER), False),
        (relay(f"{FOLDER}\\relay\\server.exe"), True),
        (relay(f"{FOLDER}\\dsa.exe".upper()), True),
        # A14: another spelling of its folder.
        (relay(f"{FOLDER}\\dsa.exe".replace("\\", "/")), True),
        (relay(f'"{FOLDER}\\dsa.exe" '), True),
        (relay(f"\\\\?\\{FOLDER}\\dsa.exe"), True),
        (relay(f"\\??\\{FOLDER}\\.\\x\\..\\dsa.exe"), True),
        (relay("C:\\PROGRA~1\\TRENDM~1\\DEEPSE~1\\dsa.exe"), None),
        (relay("C:\\PROGRA~2\\Other\\server.exe"), None),
        (relay("%ProgramFiles%\\Other\\server.exe"), None),
        (relay("D:\\link\\dsa.exe"), None),
        (relay("D:\\Trend Micro\\x\\server.exe"), None),
        (relay("D:\\link\\relay\\nginx.exe"), None),
        (relay("\\Device\\HarddiskVolume2\\Other\\server.exe"), None),
        (relay("server.exe"), None),
        (relay(None), None),
        (relay(7), None),
        (relay(owners=[]), None),
        (relay(owners=None), None),
        (relay(f"{FOLDER} Old\\server.exe"), None),
        # The process of its service, wherever its program is.
        (relay(None, LISTENS.replace("900", "700")), True),
        # The kernel is no agent.
        (relay(OTHER, LISTENS.replace("900", "4")), False),
        # One of several is the agent; or may be.
        (relay(OTHER, LISTENS, LISTENS.replace("900", "700")), True),
        (relay(OTHER, LISTENS, LISTENS.replace("900", "901")), None),
        # The words are translated, the numbers are not.
        (relay(OTHER, "TCP [::]:4122 [::]:0 ABHÖREN 900"), False),
        (relay(OTHER, "TCP 0.0.0.0:4122 0.0.0.0:0 À L'ÉCOUTE 700"), True),
        (relay(OTHER, "TCP 0.0.0.0:4122 0.0.0.0:0 LISTENING"), None),
        # Another port, an open connection, and another protocol.
        (relay(OTHER, "TCP 0.0.0.0:14122 0.0.0.0:0 LISTENING 700"), None),
        (relay(OTHER, LISTENS, "TCP 10.0.0.1:4122 10.0.0.9:40000 ESTABLISHED 700"), False),
        (relay(OTHER, LISTENS, "UDP 0.0.0.0:4122 *:* 700"), False),
        (relay(OTHER, 7, LISTENS), False),
        (relay(lines=[]), None),
        (relay(lines=None), None),
        # A table that is not whole may lack the agent.
        (relay(OTHER, error="netstat: exit status 1"), None),
        (relay(f"{FOLDER}\\dsa.exe", error="netstat: exit status 1"), True),
    ],
)
def test_who_listens(found: Json, enabled: bool | None) -> None:
    record = windows_record(reading(relay=found))
    assert record["relay"] == {"enabled": enabled, "source": "tcp_4122_listener"}
    assert [problem["source"] for problem in record["problems"]] == ["relay"] * (enabled is None)
    stopped = {"entries": [service(state="Stopped")], "error": None}
    record = windows_record(reading(relay=found, services=stopped))
    # A Relay that does not run listens nowhere either.
    assert record["relay"]["enabled"] is (enabled or None)


@pytest.mark.parametrize("found", [{}, None, {"port": 4122, "listening": None, "error": "Access is denied"}])
def test_ports_that_could_not_be_read(found: Json | None) -> None:
    record = windows_record(reading(relay=found))
    assert record["relay"] == {"enabled": None, "source": None}
    assert [(problem["source"], problem["code"]) for problem in record["problems"]] == [("relay", "no_answer")]


@pytest.mark.parametrize(
    ("folders", "path", "enabled"),
    [
        (["C:\\DSA"], "c:\\dsa\\server.exe", True),
        (["C:\\Agents\\Sec", FOLDER], "C:\\Agents\\Sec\\x\\server.exe", True),
        (["C:\\PROGRA~1\\Sec"], OTHER, None),
        (["%ProgramFiles%\\Sec"], OTHER, None),
        ([7, None], OTHER, False),
    ],
)
def test_every_folder_that_may_be_its_own_counts(folders: list[Any], path: str, enabled: bool | None) -> None:
    assert windows_record(reading(relay=relay(path), folders=folders))["relay"]["enabled"] is enabled


def test_the_folder_of_its_service_counts() -> None:
    entries = {"entries": [service(path="D:\\Apps\\Sec\\dsa.exe -s")], "error": None}
    found = reading(relay=relay("D:\\Apps\\Sec\\server.exe"), services=entries)
    assert windows_record(found)["relay"]["enabled"] is True
