# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""win_dsa_info: the raw reading of a host, and the record that Python makes of it where the verdict hangs on it."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import typing as t

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._record.findings import findings_of
from ansible_collections.deep_security.remediation.plugins.plugin_utils._record.windows import windows_record
from ansible_collections.deep_security.remediation.plugins.plugin_utils._record.windows_tables import KEYS
from lab.windows.engine import Answer, Failure, Listener, Process, Sccm

from .windows import AGENT_KEY, ANSWER, UNINSTALL, Program, Windows

NT = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion"
SESSION = r"SYSTEM\CurrentControlSet\Control\Session Manager"
PRODUCT = r"SOFTWARE\TrendMicro\Deep Security Agent"
AGENT_SERVICE = r"SYSTEM\CurrentControlSet\Services\ds_agent"
FOLDER = r"C:\Program Files\Trend Micro\Deep Security Agent"
WOW = r"SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall"


def reading(host: Windows, **options: t.Any) -> dict[str, t.Any]:
    result = host.module("win_dsa_info", **{"timeout": 20, **options})
    assert "failed" not in result, result
    assert result["changed"] is False
    found: dict[str, t.Any] = result["reading"]
    return found


def judged(raw: dict[str, t.Any]) -> dict[str, t.Any]:
    """The record of a reading."""
    return {**windows_record(raw)}


def record(host: Windows, **options: t.Any) -> dict[str, t.Any]:
    return judged(reading(host, **options))


def failing(found: dict[str, t.Any]) -> set[str]:
    """The codes of the findings by which the gate fails."""
    return {finding.code for finding in findings_of(found) if finding.fails_gate}


def value(key: dict[str, t.Any], name: str) -> tuple[str, object]:
    entry = key["values"][name]
    return entry["type"], entry["value"]


# ---- a healthy host


def test_a_healthy_host(host: Windows) -> None:
    found = reading(host)
    assert (found["timeout"], found["os"], found["clock"]["error"]) == (20, "windows", None)
    assert set(found["keys"]) == {*KEYS, "product", "product_spaced", "product_32", "service"}
    windows = found["keys"]["windows"]
    assert (windows["path"].upper(), windows["exists"], windows["error"]) == (NT.upper(), True, None)
    assert value(windows, "CurrentMajorVersionNumber") == ("DWord", 10)
    assert value(windows, "CurrentBuildNumber") == ("String", "17763")
    assert value(found["keys"]["environment"], "PROCESSOR_ARCHITECTURE") == ("String", "AMD64")
    (entry,) = found["uninstall"]["entries"]
    assert entry["path"].endswith(AGENT_KEY.rpartition("\\")[2])
    assert value(entry, "DisplayVersion") == ("String", "20.0.0.5995")
    assert found["uninstall"]["errors"] == []
    host.set(AGENT_KEY, "InstallDate", "20261103", "String")
    assert value(reading(host)["uninstall"]["entries"][0], "InstallDate") == ("String", "20261103")
    services = {entry["name"]: entry for entry in found["services"]["entries"]}
    assert {"ds_agent", "Amsp", "tmcomm", "tmactmon", "tmevtmgr"} <= set(services)
    assert (services["ds_agent"]["state"], services["ds_agent"]["exit_code"]) == ("Running", 0)
    assert found["services"]["error"] is None
    assert found["install_dir"] == FOLDER and FOLDER in found["folders"]
    assert found["programs"]["dsa"]["version"] == "20.0.0.5995" and found["programs"]["dsa"]["exists"] is True
    assert datetime.datetime.fromisoformat(found["programs"]["dsa"]["changed"].replace("Z", "+00:00"))
    query = found["commands"]["dsa_query"]
    assert (query["rc"], query["cut"], query["missing"], query["timed_out"]) == (0, False, False, False)
    assert query["out"] == ANSWER and isinstance(query["argv"], list)
    assert (found["relay"]["port"], found["relay"]["listening"], found["relay"]["error"]) == (4122, False, None)
    assert found["files"]["note"]["exists"] is False
    assert found["netlogon"] == {"entries": [], "errors": []} and found["sccm"]["installed"] is False
    assert host.about_now(found["clock"]["now"])
    assert found["clock"]["boot_time"].endswith("Z")


def test_a_healthy_host_passes(host: Windows) -> None:
    found = record(host)
    assert (found["installed"], found["running"], found["activated"]) == (True, True, True)
    assert found["version"] == "20.0.0-5995" and set(found["versions"]) == {"registry", "file", "dsa_query"}
    assert (found["os_version"], found["arch"]) == ("10.0.17763", "x86_64")
    assert found["relay"]["enabled"] is False and found["reboot"] == {"required": False, "reasons": []}
    assert found["problems"] == [] and failing(found) == set()
    assert found["product_code"] == AGENT_KEY.rpartition("\\")[2]


def test_a_reading_changes_nothing(host: Windows) -> None:
    before = host.tree()
    reading(host)
    host.module("win_dsa_info", check_mode=True)
    assert host.tree() == before


def test_a_host_without_the_agent(host: Windows) -> None:
    host.remove_agent()
    found = reading(host)
    assert found["install_dir"] is None and found["programs"]["dsa"]["exists"] is None and found["folders"]
    assert found["commands"] == {} and found["uninstall"] == {"entries": [], "errors": []}
    assert found["keys"]["product"]["exists"] is False and found["keys"]["service"]["exists"] is False
    assert found["services"] == {"entries": [], "error": None}
    assert judged(found)["installed"] is False


# ---- registry

KINDS: dict[str, tuple[str, object, object]] = {
    "text": ("String", "20.0.0.5995", "20.0.0.5995"),
    "empty text": ("String", "", ""),
    "text that names a variable": ("ExpandString", "%SystemRoot% x", "%SystemRoot% x"),
    "list": ("MultiString", ["a", "", "b"], ["a", "", "b"]),
    "empty list": ("MultiString", [], []),
    "one text as a list": ("MultiString", ["a"], ["a"]),
    "number": ("DWord", 20, 20),
    "number above 2^31": ("DWord", 0xFFFFFFFE, 0xFFFFFFFE),
    "long number": ("QWord", 2**40, 2**40),
    "bytes": ("Binary", b"\x00\xff\x10", "00ff10"),
    "no bytes": ("Binary", b"", ""),
    "none": ("None", b"\x01", None),
    "Japanese": ("String", "日本語", "日本語"),
}


def test_a_value_of_any_type_comes_with_its_type(host: Windows) -> None:
    path = r"SOFTWARE\x"
    for kind, (type_name, written, dummy) in KINDS.items():
        host.set(path, kind, written, type_name)
    (key,) = host.each(
        "_DsaRegistry", "Read-DsaKey -Path $one.path -Name $one.names", [{"path": path, "names": list(KINDS)}]
    )
    for kind, (type_name, dummy, read) in KINDS.items():
        seen = key["values"][kind]
        assert (seen["type"], seen["cut"]) == (type_name, False)
        if type_name != "None":
            assert (seen["value"].lower() if type_name == "Binary" else seen["value"]) == read, kind


@pytest.mark.parametrize("kind", ["number", "list", "bytes"])
def test_odd_values_end_nothing_and_are_no_build(host: Windows, kind: str) -> None:
    type_name, written, dummy = KINDS[kind]
    host.set(AGENT_KEY, "DisplayVersion", written, type_name)
    for name in ("CurrentMajorVersionNumber", "CurrentBuildNumber", "UBR", "ProductName"):
        host.set(NT, name, written, type_name)
    host.set(SESSION + r"\Environment", "PROCESSOR_ARCHITECTURE", written, type_name)
    host.set(SESSION, "PendingFileRenameOperations", written, type_name)
    raw = reading(host)
    assert raw["keys"]["windows"]["values"]["UBR"]["type"] == type_name
    found = judged(raw)
    assert found["versions"].get("registry") is None
    assert found["installed"] is True


def test_a_windows_without_a_build_has_no_version(host: Windows) -> None:
    """P3: it was "10.0.0"."""
    host.unset(NT, "CurrentBuildNumber")
    found = record(host)
    assert found["os_version"] is None
    assert any(problem["source"] == "platform" for problem in found["problems"])


def test_an_old_windows_has_its_version_in_one_text(host: Windows) -> None:
    for name in ("CurrentMajorVersionNumber", "CurrentMinorVersionNumber", "UBR"):
        host.unset(NT, name)
    host.set(NT, "CurrentVersion", "6.1")
    host.set(NT, "CurrentBuildNumber", "7601")
    assert record(host)["os_version"] == "6.1.7601"


def test_long_values_are_cut_and_say_so(host: Windows) -> None:
    path = r"SOFTWARE\x"
    lists = {"many": ["x"] * 5000, "much": ["x" * 200] * 1000, "one long": ["x" * 70_000]}
    for length in (4096, 4097, 100_000):
        host.set(path, str(length), "1" * length)
    for name, texts in lists.items():
        host.set(path, name, texts, "MultiString")
    host.set(path, "bytes", b"x" * 100_000, "Binary")
    names = ["4096", "4097", "100000", "bytes", *lists]
    (key,) = host.each("_DsaRegistry", "Read-DsaKey -Path $one.path -Name $one.names", [{"path": path, "names": names}])
    found = key["values"]
    assert [(len(found[name]["value"]), found[name]["cut"]) for name in names[:3]] == [
        (4096, False), (4096, True), (4096, True),
    ]  # fmt: skip
    assert found["bytes"]["cut"] is True and len(found["bytes"]["value"]) <= 4096
    for name in lists:
        assert found[name]["cut"] is True
        assert len(found[name]["value"]) <= 4096 and sum(map(len, found[name]["value"])) <= 64 * 1024


DENIED = [NT, PRODUCT, AGENT_SERVICE, UNINSTALL, AGENT_KEY]


@pytest.mark.parametrize("path", DENIED)
def test_a_denied_key_hides_nothing_else(host: Windows, path: str) -> None:
    host.keys.setdefault(path, {})
    host.denied.add(path)
    found = reading(host)
    assert found["programs"]["dsa"]["version"] == "20.0.0.5995"
    keys = list(found["keys"].values())
    errors = [key["error"] for key in keys if key["exists"] is None] + found["uninstall"]["errors"]
    assert errors and all(errors) and not any("Exception calling" in str(error) for error in errors)
    assert judged(found)["installed"] is True


def test_one_denied_uninstall_key_does_not_hide_the_agent_s(host: Windows) -> None:
    host.set(UNINSTALL + r"\{0}", "DisplayName", "Other")
    host.denied.add(UNINSTALL + r"\{0}")
    found = reading(host)
    assert len(found["uninstall"]["entries"]) == 1 and found["uninstall"]["errors"]


LISTED = [
    "Trend Micro Deep Security Agent",
    "TREND MICRO DEEP SECURITY AGENT",
    "deep security notifier",
    "Trend Micro(TM) Deep Security Agent 20",
    "Trend Micro Deep Security Manager",
]
OTHERS = ["Deep  Security", "Trend Micro OfficeScan", "", "Deep"]


def test_every_entry_of_the_product_is_listed(host: Windows) -> None:
    """A13: another DisplayName was "not installed". Whose it is, is decided in Python."""
    del host.keys[AGENT_KEY]
    for parent in (UNINSTALL, WOW):
        for number, name in enumerate(LISTED + OTHERS):
            host.set(rf"{parent}\odd [key] {number}", "DisplayName", name)
    entries = reading(host)["uninstall"]["entries"]
    assert sorted(value(entry, "DisplayName")[1] for entry in entries) == sorted(LISTED * 2)  # type: ignore[type-var]


def test_an_entry_without_a_version_or_with_an_odd_name_ends_nothing(host: Windows) -> None:
    host.unset(AGENT_KEY, "DisplayVersion")
    host.set(UNINSTALL + r"\number", "DisplayName", 5, "DWord")
    host.set(UNINSTALL + r"\list", "DisplayName", ["Deep Security"], "MultiString")
    host.keys[UNINSTALL + r"\nothing"] = {}
    found = reading(host)
    assert AGENT_KEY.rpartition("\\")[2] in json.dumps([entry["path"] for entry in found["uninstall"]["entries"]])
    entry = next(one for one in found["uninstall"]["entries"] if one["path"].endswith("}"))
    assert "DisplayVersion" not in entry["values"]
    assert judged(found)["versions"].get("registry") is None


def test_two_agents_that_are_listed_have_no_version(host: Windows) -> None:
    other = AGENT_KEY.replace("1111", "9999")
    host.keys[other] = {**host.keys[AGENT_KEY], "DisplayVersion": ("String", "20.0.2.1390")}
    found = record(host)
    assert found["version"] is None and found["versions"]["registry"] is None
    assert any(problem["code"] == "half_installed" for problem in found["problems"])


# ---- the folder, services


LINES = [
    rf'"{FOLDER}\ds_agent.exe"',
    rf"{FOLDER}\ds_agent.exe",
    rf'"{FOLDER}\ds_agent.exe" -s',
    rf'  "{FOLDER}\ds_agent.exe"  -w "x.exe"',
    FOLDER.replace("\\", "/") + "/DS_AGENT.EXE",
]
NO_LINES = ["", '"', '""', "ds_agent.exe", r"C:\x", "a<b>|c", "x" * 40_000, '"C:\\x', ".exe", "\\.exe"]


def test_the_folder_of_a_program_is_taken_from_the_line_of_its_service(host: Windows) -> None:
    found = host.each("_DsaAgent", "Get-DsaLineFolder -Line $one", [*LINES, *NO_LINES])
    assert [folder.replace("/", "\\") for folder in found[: len(LINES)]] == [FOLDER] * len(LINES)
    assert not any(found[len(LINES) :])


@pytest.mark.parametrize(
    "path",
    [r'"C:\Program Files\Other\ds_agent.exe" -s', r"%ProgramFiles%\Other\ds_agent.exe"],
    ids=["quoted", "variable"],
)
def test_the_folder_is_the_one_that_the_service_runs_from(host: Windows, path: str) -> None:
    """A13: with a stale InstallationFolder an agent that runs was "not installed"."""
    host.move_agent(r"C:\Program Files\Other")
    host.set(PRODUCT, "InstallationFolder", r"C:\Old\Agent")
    host.set(AGENT_SERVICE, "ImagePath", path, "ExpandString")
    found = reading(host)
    assert found["install_dir"] == r"C:\Program Files\Other" and found["commands"]["dsa_query"]["out"]


@pytest.mark.parametrize(
    "folder", [f'"{FOLDER}"', FOLDER + "\\ ", "a<b>|c", "", "x" * 5000, r"\\server\share\x"], ids=str
)
def test_an_odd_folder_in_the_registry_ends_nothing(host: Windows, folder: str) -> None:
    """W5: .NET Framework's Path throws on some characters, and the whole reading failed."""
    host.set(PRODUCT, "InstallationFolder", folder)
    host.set_service("ds_agent", path=folder)
    host.set(AGENT_SERVICE, "ImagePath", folder, "ExpandString")
    found = reading(host)
    assert found["install_dir"] == FOLDER
    assert found["programs"]["dsa"]["version"] == "20.0.0.5995"


def test_a_windows_with_one_folder_of_programs(host: Windows) -> None:
    del host.variables["ProgramW6432"]
    host.without_image_path()
    host.keys[PRODUCT] = {}
    assert reading(host)["install_dir"] == FOLDER


def test_a_quoted_folder_of_the_registry_is_used(host: Windows) -> None:
    host.move_agent(r"C:\Other Folder")
    host.without_image_path()
    host.set(PRODUCT, "InstallationFolder", '"C:\\Other Folder\\"')
    assert reading(host)["install_dir"] == r"C:\Other Folder"


@pytest.mark.parametrize("kind", ["number", "list"])
def test_a_folder_of_another_type_ends_nothing(host: Windows, kind: str) -> None:
    type_name, written, dummy = KINDS[kind]
    host.set(PRODUCT, "InstallationFolder", written, type_name)
    host.set(AGENT_SERVICE, "ImagePath", written, type_name)
    assert reading(host)["install_dir"] == FOLDER


@pytest.mark.parametrize("hidden", ["InstallationFolder", "DisplayName", "denied"])
def test_an_agent_that_runs_is_never_not_installed(host: Windows, hidden: str) -> None:
    """A13: services were never consulted."""
    host.move_agent(r"D:\elsewhere" if hidden == "denied" else r"C:\Other Folder")
    del host.keys[AGENT_KEY]
    if hidden == "denied":
        host.keys.setdefault(UNINSTALL, {})
        host.denied |= {UNINSTALL, PRODUCT}
    found = record(host)
    assert found["installed"] is not False
    assert found["running"] is True


STATES = [
    "Running",
    "Stopped",
    "Start Pending",
    "Stop Pending",
    "Continue Pending",
    "Pause Pending",
    "Paused",
    "Unknown",
]


def test_services_come_as_windows_has_them(host: Windows) -> None:
    names = ["ds_agent", "Amsp", "tmcomm", "tmactmon", "tmevtmgr"]
    for first in (0, 4):
        states = dict(zip(names, (STATES * 2)[first:], strict=False))
        for name, state in states.items():
            host.set_service(name, state=state, start_mode="Disabled", exit_code=1067)
        entries = {entry["name"]: entry for entry in reading(host)["services"]["entries"]}
        assert {name: entries[name]["state"] for name in names} == states
        assert {(entry["start_mode"], entry["exit_code"]) for entry in entries.values()} == {("Disabled", 1067)}
        assert entries["ds_agent"]["process_id"] == 2120 and entries["ds_agent"]["path"].startswith('"C:')


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("ds_agent", {"state": "Paused"}),
        ("ds_agent", {"state": "Stopped", "exit_code": 1067}),
        ("Amsp", {"state": "Stopped", "exit_code": 1067}),
        ("tmcomm", {"state": "Stopped", "exit_code": 31}),
        ("ds_agent", None),
        ("tmactmon", None),
    ],
)
def test_a_service_or_driver_that_does_not_run_fails_the_gate(
    host: Windows, name: str, changes: dict[str, t.Any] | None
) -> None:
    """A12: dsa_query says on, and nobody read the drivers."""
    if changes is None:
        host.remove_service(name)
    else:
        host.set_service(name, **changes)
    assert failing(record(host))


@pytest.mark.parametrize("source", ["services", "boot_time", "sccm"])
def test_what_cannot_be_observed_is_a_problem_and_never_a_guess(host: Windows, source: str) -> None:
    host.failing[source] = Failure("RPC server is unavailable")
    found = reading(host)
    seen = judged(found)
    if source == "services":
        assert "RPC" in found["services"]["error"]
        assert seen["service"]["state"] is None and failing(seen)
    elif source == "boot_time":
        assert found["clock"]["boot_time"] is None
        assert "RPC" in found["clock"]["error"]
    else:
        assert found["sccm"]["error"] and seen["reboot"]["required"] is None
    assert "Exception calling" not in json.dumps(found)


# ---- dsa_query


def test_an_agent_that_never_answers_is_killed_and_what_it_wrote_counts(host: Windows) -> None:
    host.query_answer = Program("PluginVersion.core: 20.0.0-5995\r\n", hangs=True)
    found = reading(host, timeout=2)
    query = found["commands"]["dsa_query"]
    assert (query["rc"], query["timed_out"], query["out"]) == (None, True, "PluginVersion.core: 20.0.0-5995\n")
    seen = judged(found)
    assert "agent_silent" in failing(seen)


def test_a_program_that_is_given_up_does_not_go_on(host: Windows) -> None:
    host.query_answer = Program(hangs=True)
    reading(host, timeout=1)
    folders = set()
    for process in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):  # another user's, or it has ended
            folders.add(os.readlink(f"/proc/{process}/cwd"))
    assert folders and str(host.agent.resolve()) not in folders


@pytest.mark.parametrize(("rc", "out"), [(0, ""), (1, "cannot connect to the agent\r\n")])
def test_an_agent_that_answers_nothing(host: Windows, out: str, rc: int) -> None:
    host.query_answer = Program(out, rc=rc)
    found = reading(host)
    assert found["commands"]["dsa_query"]["out"].replace("\n", "") == out.replace("\r\n", "") * 3
    assert failing(judged(found))


@pytest.mark.parametrize("end", [1, 300])
def test_an_answer_that_is_cut_is_not_whole(host: Windows, end: int) -> None:
    """A4, B: cut after agentState it was "not activated"."""
    host.query_answer = Program(ANSWER[: len(ANSWER) - end].replace("\n", "\r\n"), once=True)
    found = record(host)
    assert found["activated"] is not False
    assert failing(found) or found["problems"]


ENCODED = {
    "UTF-8": ("日本語 é", "utf-8", "932", "日本語 é"),
    "CP932": ("日本語", "cp932", "932", "日本語"),
    "CP850": ("Größe", "cp850", "850", "Größe"),
}


@pytest.mark.parametrize("name", ENCODED)
def test_output_is_utf_8_or_in_the_code_page_of_the_host(host: Windows, name: str) -> None:
    text, encoding, page, read = ENCODED[name]
    host.code_page(page)
    host.query_answer = Program(f"PluginVersion.core: {text}\r\n".encode(encoding), once=True)
    assert reading(host)["commands"]["dsa_query"]["out"] == f"PluginVersion.core: {read}\n"


@pytest.mark.parametrize("page", ["0", "99999", "x", None, 932], ids=str)
def test_an_odd_code_page_ends_nothing(host: Windows, page: t.Any) -> None:
    kind = {int: "DWord", list: "MultiString", bytes: "Binary"}.get(type(page), "String")
    if page is None:
        host.code_page(None)
    else:
        host.set(r"SYSTEM\CurrentControlSet\Control\Nls\CodePage", "OEMCP", page, kind)
    host.query_answer = Program(b"AgentStatus.x: " + "日本".encode("cp932") + b"\r\n" + ANSWER.encode(), once=True)
    out = reading(host)["commands"]["dsa_query"]["out"]
    assert "PluginVersion.core: 20.0.0-5995\n" in out and "日本" not in out


@pytest.mark.parametrize("cut", [1])
def test_a_character_cut_by_a_kill_does_not_change_the_others(host: Windows, cut: int) -> None:
    host.code_page("932")
    host.query_answer = Program("更新 日本語".encode()[:-cut], hangs=True)
    out = reading(host, timeout=2)["commands"]["dsa_query"]["out"]
    assert out.startswith("更新 日本")
    assert len(out) <= len("更新 日本語")


@pytest.mark.parametrize("err", [False, True])
def test_output_is_bounded(host: Windows, err: bool) -> None:
    """It was 9.9 GB and a crash in seconds."""
    flood = b"x" * 1000 + b"\r\n"
    host.query_answer = Program(b"" if err else flood * 30_000, flood * 30_000 if err else b"", once=True)
    query = reading(host)["commands"]["dsa_query"]
    assert query["cut"] is True and query["rc"] == 0
    assert len(query["out"]) <= 60 * 1024 and len(query["err"]) <= 60 * 1024


def test_a_query_that_is_missing_is_no_answer(host: Windows) -> None:
    (host.agent / "dsa_query.cmd").unlink()
    found = reading(host)
    assert found["install_dir"] == FOLDER and "dsa_query" not in found["commands"]
    assert found["programs"]["dsa_query"]["exists"] is False
    assert failing(judged(found))


def test_a_shell_that_cannot_start_is_an_answer(host: Windows) -> None:
    """It was a raw crash."""
    host.variables["SystemRoot"] = r"C:\Gone"
    (host.path(r"C:\Gone\System32\cmd.exe")).mkdir(parents=True)
    found = reading(host)
    query = found["commands"]["dsa_query"]
    assert query["rc"] is None and (query["missing"] or query["err"])
    assert failing(judged(found))


# ---- Relay


@pytest.mark.parametrize(
    ("owners", "enabled"),
    [
        ([(7, FOLDER + r"\relay\x.exe")], True),
        ([(7, FOLDER.upper() + r"\DS_AGENT.EXE")], True),
        ([(7, r"C:\Other\x.exe")], False),
        ([(4, None)], False),
        ([(7, r"C:\Other\x.exe"), (9, FOLDER + r"\ds_agent.exe")], True),
        ([(7, r"C:\Other\x.exe"), (9, None)], None),
    ],
)
def test_relay(host: Windows, owners: list[tuple[int, str | None]], enabled: bool | None) -> None:
    host.listener_list = [Listener(4122, process) for process, dummy in owners]
    host.process_list = [Process(process, path) for process, path in owners]
    found = reading(host)
    assert found["relay"]["listening"] is bool(owners)
    assert {owner["id"] for owner in found["relay"]["owners"]} >= {process for process, path in owners if path}
    assert judged(found)["relay"]["enabled"] is enabled


@pytest.mark.parametrize(
    "path",
    [
        r"C:\PROGRA~1\TRENDM~1\DEEPSE~1\ds_agent.exe",
        r"\\?\C:\Program Files\Trend Micro\Deep Security Agent\ds_agent.exe",
    ],
)
def test_a_relay_whose_folder_is_spelt_otherwise_is_never_no_relay(host: Windows, path: str) -> None:
    """A14: a firm "no Relay"."""
    host.listener_list, host.process_list = [Listener(4122, 7)], [Process(7, path)]
    host.set_service("ds_agent", process_id=0)
    assert record(host)["relay"]["enabled"] is not False


@pytest.mark.parametrize("state", ["Stopped"])
def test_a_relay_that_does_not_run_is_not_known_to_be_none(host: Windows, state: str) -> None:
    host.set_service("ds_agent", state=state)
    assert record(host)["relay"]["enabled"] is None


def test_a_relay_on_an_old_windows_is_seen(host: Windows) -> None:
    """P4: Get-NetTCPConnection is not there before Windows 8 and Server 2012; nothing needs it."""
    host.listener_list, host.process_list = [Listener(4122, 7)], [Process(7, FOLDER + r"\ds_agent.exe")]
    assert record(host)["relay"]["enabled"] is True


def test_a_folder_with_a_longer_name_is_not_the_agent_s(host: Windows) -> None:
    host.listener_list, host.process_list = [Listener(4122, 7)], [Process(7, FOLDER + r"other\x.exe")]
    assert record(host)["relay"]["enabled"] is not True


def test_other_ports_are_no_relay(host: Windows) -> None:
    host.listener_list = [Listener(port, 7) for port in (41220, 14122, 4118, 122)]
    host.process_list = [Process(7, FOLDER + r"\ds_agent.exe")]
    assert reading(host)["relay"]["listening"] is False


def test_a_connection_to_a_relay_is_no_relay(host: Windows) -> None:
    host.listener_list, host.process_list[:0] = [Listener(4122, 7)], [Process(7, r"C:\Other\x.exe")]
    lines = ["  TCP    0.0.0.0:4122           0.0.0.0:0              ABH\u00d6REN         7"]
    lines += ["  TCP    10.0.0.1:4122          10.0.0.2:50123         HERGESTELLT     2120"]
    lines += ["  TCP    10.0.0.1:50124         10.0.0.3:4122          HERGESTELLT     2120"]
    host.answers["netstat.exe"] = Answer(0, "\r\n".join(["Aktive Verbindungen", *lines, ""]).encode("cp850"))
    host.code_page("850")
    found = reading(host)
    assert [owner["id"] for owner in found["relay"]["owners"]] == [7] and len(found["relay"]["lines"]) == 1
    assert judged(found)["relay"]["enabled"] is False


def test_a_netstat_that_fails_is_unknown(host: Windows) -> None:
    host.listener_list, host.process_list = [Listener(4122, 7)], [Process(7, FOLDER + r"\ds_agent.exe")]
    host.answers["netstat.exe"] = Answer(1, err=b"cannot\r\n")
    found = reading(host)
    assert found["relay"]["listening"] is True and found["relay"]["lines"] == [] and found["relay"]["error"]
    assert judged(found)["relay"]["enabled"] is None


# ---- reboot, clock


def test_every_reason_for_a_reboot_is_read_raw(host: Windows) -> None:
    current, control = r"SOFTWARE\Microsoft\Windows\CurrentVersion", r"SYSTEM\CurrentControlSet\Control"
    host.keys[current + r"\Component Based Servicing\RebootPending"] = {}
    host.keys[current + r"\WindowsUpdate\Auto Update\RebootRequired"] = {}
    host.set(r"SOFTWARE\Microsoft\ServerManager\ServicingStorage\ServerComponentCache", "RestartRequired", 1, "DWord")
    host.set(control + r"\ComputerName\ComputerName", "ComputerName", "NEW")
    host.keys[r"SYSTEM\CurrentControlSet\Services\Netlogon\JoinDomain"] = {}
    host.set(SESSION, "PendingFileRenameOperations", [r"\??\C:\a", "", r"\??\C:\b"], "MultiString")
    host.sccm_client = Sccm(pending=True)
    found = reading(host)
    keys = found["keys"]
    assert keys["component_based_servicing"]["exists"] is True and keys["windows_update"]["exists"] is True
    assert value(keys["server_manager"], "RestartRequired") == ("DWord", 1)
    assert value(keys["computer_name"], "ComputerName") == ("String", "NEW")
    assert value(keys["session_manager"], "PendingFileRenameOperations")[1] == [r"\??\C:\a", "", r"\??\C:\b"]
    (joining,) = found["netlogon"]["entries"]
    assert joining["path"].endswith("\\JoinDomain") and found["netlogon"]["errors"] == []
    assert (found["sccm"]["installed"], found["sccm"]["pending"], found["sccm"]["error"]) == (True, True, None)


@pytest.mark.parametrize(
    ("client", "required"),
    [(None, False), (Sccm(), False), (Sccm(pending=True), True), (Sccm(hard=True), True), ("failing", None)],
)
def test_the_client_of_configuration_manager(host: Windows, client: t.Any, required: bool | None) -> None:
    """A call that fails was "no reboot"."""
    if client == "failing":
        host.failing["sccm"] = Failure("Generic failure")
    else:
        host.sccm_client = client
    found = reading(host)
    if client != "failing":
        assert found["sccm"]["installed"] is (client is not None)
    assert judged(found)["reboot"]["required"] is required


@pytest.mark.parametrize(
    ("operations", "required"),
    [
        ([r"\??\C:\Windows\Temp\a", ""], False),
        ([r"\??\C:\Windows\System32\DRIVERS\TMComm.sys", ""], True),
        (["", r"\??\C:\Windows\System32\drivers\tmcomm.sys", ""], True),
    ],
)
def test_files_to_rename(host: Windows, operations: list[str], required: bool) -> None:
    """An odd list shifted the pairs; W2: with tr-TR "DRIVERS" was not found."""
    host.set(SESSION, "PendingFileRenameOperations", operations, "MultiString")
    assert record(host)["reboot"]["required"] is required


@pytest.mark.parametrize("key", ["component_based_servicing", "session_manager"])
def test_a_reboot_that_cannot_be_read_is_unknown(host: Windows, key: str) -> None:
    path = reading(host)["keys"][key]["path"]
    host.keys.setdefault(path, {})
    host.denied.add(path)
    assert record(host)["reboot"]["required"] is None


@pytest.mark.parametrize(("minutes", "required"), [(-1, True), (4, False), (None, True)])
def test_a_reboot_is_due_until_the_host_has_started_since(host: Windows, minutes: int | None, required: bool) -> None:
    """P1: starts less than five minutes apart counted as one; A11: an unreadable start forgot it."""
    due = datetime.datetime(2026, 11, 1, 3, 0, tzinfo=datetime.timezone.utc)
    host.write_note(phase="update_pending", reboot_due_since="2026-11-01T03:00:00Z")
    if minutes is None:
        host.failing["boot_time"] = Failure("no")
    else:
        host.boot = (due + datetime.timedelta(minutes=minutes)).timestamp()
    assert record(host)["reboot"]["required"] is required


# ---- the note

NOTES: dict[str, tuple[bytes | None, bool]] = {
    "good": (b'{"phase": "done"}', True),
    "empty": (b"", False),
    "UTF-16": ('{"phase": "done"}'.encode("utf-16"), False),
    "too long": (b'{"phase": "done"}' + b" " * 70_000, False),
    "a folder": (None, False),
}


@pytest.mark.parametrize("name", NOTES)
def test_a_note_comes_raw_and_what_cannot_be_read_is_not_none(host: Windows, name: str) -> None:
    """A7; W3: a damaged note put up to 64 Ki characters with line breaks into problems."""
    content, good = NOTES[name]
    if content is None:
        host.note.mkdir()
    else:
        host.note.write_bytes(content)
    found = reading(host)
    note = found["files"]["note"]
    assert (note["exists"], note["path"]) == (True, host.windows(host.note))
    seen = judged(found)
    assert (seen["remediation"] is not None) is good and bool(seen["remediation_unreadable"]) is not good
    if not good:
        assert "note_unreadable" in failing(seen)
    assert len(json.dumps(seen["problems"])) < 2000


@pytest.mark.parametrize("why", ["locked", "a link to nowhere"])
def test_a_note_that_cannot_be_opened_is_there(host: Windows, why: str) -> None:
    with host.unreadable_note(why):
        found = reading(host)
    assert found["files"]["note"]["exists"] is True and found["files"]["note"]["error"]
    assert judged(found)["remediation_unreadable"]


def test_a_file_that_cannot_be_seen_may_be_there(host: Windows) -> None:
    (host.data / "loop").symlink_to(host.data / "loop")
    found = reading(host, progress_file=host.windows(host.data / "loop" / "progress.json"))
    note = found["files"]["note"]
    assert note["exists"] is None and note["error"]
    assert judged(found)["remediation_unreadable"]


def test_a_note_outlives_the_agent(host: Windows) -> None:
    host.remove_agent()
    host.write_note(phase="upgrading", self_protection="off")
    found = record(host)
    assert found["installed"] is False
    assert found["remediation"] == {"phase": "upgrading", "self_protection": "off"}


def test_a_note_with_a_name_in_japanese(host: Windows) -> None:
    path = host.data / "進捗 [1].json"
    path.write_text('{"phase": "done"}')
    found = reading(host, progress_file=host.windows(path))
    assert found["files"]["note"]["text"] == '{"phase": "done"}'
    assert found["files"]["note"]["path"] == host.windows(path)
