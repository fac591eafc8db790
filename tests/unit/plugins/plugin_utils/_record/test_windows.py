# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From raw readings of Windows hosts to agent records."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.deep_security.remediation.plugins.plugin_utils._advisory import decide, load_advisory
from ansible_collections.deep_security.remediation.plugins.plugin_utils._fleet import update_proven
from ansible_collections.deep_security.remediation.plugins.plugin_utils._record import (
    AgentRecord,
    findings_of,
    posix_record,
    windows_record,
)

from .windows_reading import (
    CODE,
    DRIVERS,
    FOLDER,
    NOTE,
    UNINSTALL,
    answer,
    key,
    listed,
    nothing,
    program,
    reading,
    service,
    value,
    with_keys,
)

Json = dict[str, Any]


def codes(record: AgentRecord) -> set[tuple[str, str]]:
    """The problems without their texts."""
    return {(problem["source"], problem["code"]) for problem in record["problems"]}


def failing(record: AgentRecord) -> set[str]:
    """The findings that fail the gate."""
    return {finding.code for finding in findings_of(record) if finding.fails_gate}


def verdict(record: AgentRecord) -> tuple[str, str]:
    """By the advisory, with the code of the reason."""
    decided = decide(record, load_advisory())
    return decided.verdict, decided.reason_code


def services(*own: Json, **more: Any) -> Json:
    """The services of a host: the agent's, if any, and those of Anti-Malware."""
    return {"entries": [*own, service("Amsp"), *DRIVERS], "error": None, **more}


def uninstall(*entries: object, errors: Any = ()) -> Json:
    return {"entries": list(entries), "errors": list(errors)}


def note(text: object, **more: Any) -> Json:
    return {"note": {"path": NOTE, "exists": True, "text": text, "error": None, "cut": False, **more}}


def test_a_healthy_host() -> None:
    record = windows_record(reading())
    assert set(record) == set(posix_record({}))
    assert (record["installed"], record["running"], record["problems"]) == (True, True, [])
    assert (record["version"], record["version_source"], record["version_raw"]) == (
        "20.0.0-5995",
        "registry",
        "20.0.0.5995",
    )
    assert record["versions"] == dict.fromkeys(("registry", "file", "dsa_query"), "20.0.0-5995")
    assert (record["os"], record["platform"], record["os_version"], record["arch"]) == (
        "windows",
        "windows",
        "10.0.17763",
        "x86_64",
    )
    assert (record["install_dir"], record["product_code"]) == (FOLDER, CODE)
    assert record["service"] == {"name": "ds_agent", "state": "running"}
    assert record["services"] == [{"name": "ds_agent", "state": "running"}, {"name": "Amsp", "state": "running"}]
    assert record["drivers"] == [{"name": name, "state": "running"} for name in ("tmcomm", "tmactmon", "tmevtmgr")]
    assert (record["activated"], record["manager_url"]) == (True, "https://dsm.example.com:4120/")
    assert record["anti_malware"]["mode"] == "on"
    assert record["relay"] == {"enabled": False, "source": "tcp_4122_listener"}
    assert record["reboot"] == {"required": False, "reasons": []}
    assert record["clock"] == {"utc_offset": 540, "boot_time": "2026-11-01T03:04:05Z", "now": "2026-11-03T03:04:05Z"}
    assert (record["remediation"], record["remediation_unreadable"], record["installed_at"]) == (None, None, None)
    assert findings_of(record) == []


def test_a_host_without_an_agent() -> None:
    record = windows_record(nothing())
    assert (record["installed"], record["running"], record["problems"]) == (False, False, [])
    assert (record["services"], record["drivers"], record["versions"]) == ([], [], {})
    assert verdict(record) == ("not_installed", "not_installed")
    assert findings_of(record) == []


# --- the installed build -------------------------------------------------------------------------------------------

MANAGER = listed("20.0.1000", "Trend Micro Deep Security Manager", "Manager")


@pytest.mark.parametrize(
    ("entries", "build", "problems"),
    [
        ([listed()], "20.0.0-5995", set()),
        ([listed("20.0.0-5995")], "20.0.0-5995", set()),
        ([listed(name="TREND MICRO  Deep Security AGENT")], "20.0.0-5995", set()),
        ([listed(name="Deep Security Agent (64-bit)")], "20.0.0-5995", set()),
        # Those of other products of the line are none of the agent's.
        ([listed(), MANAGER, listed("1", "Trend Micro Deep Security Notifier")], "20.0.0-5995", set()),
        ([listed(), listed("1", "Trend Micro Deep Security Relay")], "20.0.0-5995", set()),
        ([listed(), listed("1", "Trend Micro Deep Security Agent Notifier")], "20.0.0-5995", set()),
        # Once in each view of the registry, in another spelling.
        ([listed(), listed("20.0.0-5995")], "20.0.0-5995", set()),
        ([listed(), listed("20.0.2.1390")], None, {("registry", "half_installed")}),
        ([listed(), listed(None)], None, {("registry", "incomplete")}),
        ([listed(None)], None, {("registry", "incomplete")}),
        ([listed("")], None, {("registry", "incomplete")}),
        ([listed(335544320)], None, {("registry", "unreadable")}),
        ([listed(["20.0.0.5995"])], None, {("registry", "unreadable")}),
        ([listed(value("20.0.0.5995", cut=True))], None, {("registry", "unreadable")}),
        # Strictly, as on POSIX.
        ([listed("20.0.0.5995 ")], None, {("registry", "unreadable")}),
        ([listed("20.0.0.5995 HF1")], None, {("registry", "unreadable")}),
        ([listed("20.0.5995")], None, {("registry", "unreadable")}),
        ([listed("0.0.0.0")], None, {("registry", "unreadable")}),
        ([listed(), key(UNINSTALL, None)], "20.0.0-5995", {("registry", "unreadable")}),
        ([listed(), listed(name=7)], "20.0.0-5995", {("registry", "unreadable")}),
        ([listed(), "junk"], "20.0.0-5995", {("registry", "unreadable")}),
    ],
)
def test_what_the_registry_lists(entries: list[Any], build: str | None, problems: set[tuple[str, str]]) -> None:
    record = windows_record(reading(uninstall=uninstall(*entries)))
    assert record["installed"] is True
    assert codes(record) == problems
    assert all(problem["text"] for problem in record["problems"])
    if build is None:
        assert record["versions"]["registry"] != "20.0.0-5995"
    else:
        assert (record["version"], record["versions"]["registry"]) == (build, build)


@pytest.mark.parametrize(
    ("version", "named"),
    [
        ("20.0.2.1390 ", "'20.0.2.1390 '"),
        ("20.0.2.1390 HF1", "'20.0.2.1390 HF1'"),
        (None, "DisplayVersion"),
        (20, "DisplayVersion"),
    ],
)
def test_a_version_that_cannot_be_read_beside_two_that_can_is_named(version: object, named: str) -> None:
    """findings/powershell.md, B: it was unknown, and no problem named it."""
    fixed = answer(answer()["out"].replace("20.0.0-5995", "20.0.2-1390"))
    programs = {**reading()["programs"], "dsa": program("dsa.exe", "20.0.2.1390")}
    found = reading(uninstall=uninstall(listed(version)), programs=programs, commands={"dsa_query": fixed})
    record = windows_record(found)
    assert verdict(record)[0] == "unknown"
    assert any(problem["source"] == "registry" and named in problem["text"] for problem in record["problems"])


@pytest.mark.parametrize("errors", [["Access is denied"], None])
def test_one_key_that_cannot_be_read_hides_no_other(errors: Any) -> None:
    record = windows_record(reading(uninstall={"entries": [listed()], "errors": errors}))
    assert (record["version"], {source for source, _ in codes(record)}) == ("20.0.0-5995", {"registry"})


def test_the_usual_name_gives_the_product_code() -> None:
    other = "{AAAAAAAA-89AB-CDEF-0123-456789ABCDEF}"
    entries = [listed(name="Deep Security Agent", code=other), listed(), listed(code="Deep Security Agent")]
    assert windows_record(reading(uninstall=uninstall(*entries)))["product_code"] == CODE
    assert windows_record(reading(uninstall=uninstall(listed(code="DSA"))))["product_code"] is None


@pytest.mark.parametrize(
    ("dsa", "versions", "problems"),
    [
        (program("dsa.exe", "20.0.2.1390"), {"file": "20.0.2-1390"}, set()),
        (program("dsa.exe"), {"file": None}, {("file", "unreadable")}),
        (program("dsa.exe", "20.0.0.5995 HF1"), {"file": "20.0.0.5995 HF1"}, {("file", "unreadable")}),
        (program("dsa.exe", exists=False), {}, set()),
    ],
)
def test_what_the_program_shows(dsa: Json, versions: Json, problems: set[tuple[str, str]]) -> None:
    record = windows_record(reading(programs={**reading()["programs"], "dsa": dsa}))
    assert record["versions"] == {"registry": "20.0.0-5995", **versions, "dsa_query": "20.0.0-5995"}
    assert codes(record) == problems


@pytest.mark.parametrize(
    ("query", "versions", "problem"),
    [
        (answer("PluginVersion.core: 20.0.2-1390\n", timed_out=True), {"dsa_query": "20.0.2-1390"}, "no_answer"),
        (answer("", rc=1, err="Access is denied"), {}, "no_answer"),
        (answer("", rc=None, missing=True), {}, "no_answer"),
        (answer("PluginVersion.core: 20.0.2-1390\n"), {"dsa_query": "20.0.2-1390"}, "incomplete"),
        (answer(cut=True), {"dsa_query": "20.0.0-5995"}, "incomplete"),
        (answer().get("out", "")[:-3], {}, "no_answer"),
        (answer(answer()["out"].replace("PluginVersion.core: 20.0.0-5995\n", "")), {"dsa_query": None}, "incomplete"),
        (answer(answer()["out"].replace("-5995", "-5995 HF1")), {"dsa_query": "20.0.0-5995 HF1"}, "unreadable"),
        ("junk", {}, "no_answer"),
    ],
)
def test_what_the_agent_answers(query: object, versions: Json, problem: str) -> None:
    record = windows_record(reading(commands={"dsa_query": query}))
    assert {source: build for source, build in record["versions"].items() if source == "dsa_query"} == versions
    assert ("dsa_query", problem) in codes(record)
    assert failing(record) & {"agent_silent"} or problem == "unreadable"


def test_a_cut_answer_leaves_activation_open() -> None:
    """findings/powershell.md, B: cut after agentState it read "not activated"."""
    out = answer()["out"].partition("AgentStatus.dsmUrl")[0]
    assert windows_record(reading(commands={"dsa_query": answer(out)}))["activated"] is None


@pytest.mark.parametrize(("exists", "code"), [(False, "missing"), (True, "no_answer"), (None, "no_answer")])
def test_an_agent_without_an_answer(exists: bool | None, code: str) -> None:
    seen = {**reading()["programs"], "dsa_query": program("dsa_query.cmd", exists=exists)}
    record = windows_record(reading(programs=seen, commands={}))
    assert codes(record) == {("dsa_query", code)}
    assert failing(record) == {"agent_silent"}


# --- whether there is an agent -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "installed", "running", "judged"),
    [
        # A13: its service or its answer shows an agent, whatever the registry lists.
        (nothing(services=services(service())), True, True, "unknown"),
        (nothing(services=services(service(state="Paused"))), True, None, "unknown"),
        (nothing(services=services(service(state="Start Pending"))), True, None, "unknown"),
        (nothing(services=services(service(state="Stopped"))), True, False, "unknown"),
        (nothing(commands={"dsa_query": answer()}), True, True, "affected"),
        (reading(uninstall=uninstall()), True, True, "affected"),
        (reading(uninstall=uninstall(errors=["Access is denied"])), True, True, "affected"),
        # Its service in a state without a name may be an agent.
        (nothing(services=services(service(state="Unknown"))), None, None, "unknown"),
        # What an uninstallation left, without anything that runs.
        (nothing(programs={"dsa": program("dsa.exe", "20.0.2.1390")}, install_dir=FOLDER), None, False, "unknown"),
        (with_keys(nothing(), service=key("ds_agent")), None, False, "unknown"),
        # Amsp and its drivers come with other products of the vendor too.
        (nothing(services=services()), False, False, "not_installed"),
        (nothing(uninstall=uninstall(MANAGER)), False, False, "not_installed"),
        # Not everything could be searched.
        (nothing(services={"entries": [], "error": "Access is denied"}), None, None, "unknown"),
        (nothing(services={"entries": [service("Amsp"), {"state": "Running"}], "error": None}), None, None, "unknown"),
        (nothing(services=None), None, None, "unknown"),
        (nothing(uninstall=uninstall(errors=["Access is denied"])), None, False, "unknown"),
        (nothing(uninstall={"entries": None, "errors": []}), None, False, "unknown"),
        (nothing(uninstall=uninstall(listed(name=value("Trend", cut=True)))), None, False, "unknown"),
        (with_keys(nothing(), service=key("ds_agent", None)), None, False, "unknown"),
        (with_keys(nothing(), product_32=key("product_32", None)), None, False, "unknown"),
        (with_keys(nothing(), product=key("product", InstallationFolder=["C:\\x"])), None, False, "unknown"),
        (nothing(programs={"dsa": program("dsa.exe", exists=None)}, install_dir=FOLDER), None, False, "unknown"),
        (nothing(commands={"dsa_query": answer("", rc=1)}), None, False, "unknown"),
        (nothing(clock={"boot_time": None, "error": "Access is denied"}), False, False, "not_installed"),
        # A folder that is named and not there is no agent.
        (with_keys(nothing(), product=key("product", InstallationFolder=FOLDER)), False, False, "not_installed"),
        ({}, None, None, "unknown"),
    ],
)
def test_an_agent_is_absent_only_where_everything_could_be_read(
    found: Json, installed: bool | None, running: bool | None, judged: str
) -> None:
    record = windows_record(found)
    assert (record["installed"], record["running"]) == (installed, running)
    assert verdict(record)[0] == judged
    assert installed is not None or record["problems"]


@pytest.mark.parametrize(
    ("found", "named"),
    [
        (nothing(programs={"dsa": program("dsa.exe")}, install_dir=FOLDER), "dsa.exe is there"),
        (nothing(programs={"dsa_control": program("dsa_control.cmd")}, install_dir=FOLDER), "dsa_control.cmd is there"),
        (with_keys(nothing(), service=key("ds_agent")), "the key of the service ds_agent is there"),
    ],
)
def test_what_an_uninstallation_left_is_named(found: Json, named: str) -> None:
    [text] = [each["text"] for each in windows_record(found)["problems"] if each["code"] == "leftovers"]
    assert named in text


# --- services and drivers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "state", "finding"),
    [
        (service(), "running", None),
        (service("DS_AGENT"), "running", None),
        (service(start_mode="Disabled"), "running", None),
        (service(state="Stopped"), "stopped", "service_not_running"),
        (service(state="Stopped", exit_code=1077), "stopped", "service_not_running"),
        (service(state="Stopped", exit_code=1066), "failed", "service_not_running"),
        (service(state="Stopped", exit_code=None), "stopped", "service_not_running"),
        (service(state="Stopped", exit_code=5, start_mode="Disabled"), "disabled", "service_not_running"),
        (service(state="Paused"), "paused", "service_not_running"),
        (service(state="Start Pending"), "pending", "service_not_running"),
        (service(state="Stop Pending"), "pending", "service_not_running"),
        (service(state="Continue Pending"), "pending", "service_not_running"),
        (service(state="Pause Pending"), "pending", "service_not_running"),
        (service(state="Unknown"), None, "service_unknown"),
        (service(state=None), None, "service_unknown"),
        (service(state=4), None, "service_unknown"),
        (service("ds_notifier"), "missing", "service_not_running"),
    ],
)
def test_the_state_of_the_service(entry: Json, state: str | None, finding: str | None) -> None:
    """A12."""
    record = windows_record(reading(services=services(entry), commands={"dsa_query": answer()}))
    assert record["service"] == record["services"][0] == {"name": "ds_agent", "state": state}
    assert failing(record) == ({finding} if finding else set())
    assert (("service", "unreadable") in codes(record)) is (state is None)


@pytest.mark.parametrize("name", ["Amsp", "tmcomm", "tmactmon", "tmevtmgr"])
@pytest.mark.parametrize("state", ["Stopped", "Start Pending", "Unknown", None])
def test_every_part_of_anti_malware_has_to_run_where_it_is_on(name: str, state: str | None) -> None:
    """A12: dsa_query gives "on". state None: there is no such service."""
    entries = [each for each in reading()["services"]["entries"] if each["name"] != name]
    listed_services = entries if state is None else [*entries, service(name, state)]
    found = reading(services={"entries": listed_services, "error": None})
    expected = "service_part_not_running" if name == "Amsp" else "drivers_not_running"
    assert failing(windows_record(found)) == {expected}
    off = answer().get("out", "").replace("Component.AM.mode: on", "Component.AM.mode: off")
    assert failing(windows_record({**found, "commands": {"dsa_query": answer(off)}})) == set()


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ("driverOffline: false", "driverOffline: true", "anti_malware_offline"),
        ("driverOffline: false", "driverStatus: Offline", "anti_malware_offline"),
        ("driverOffline: false", "engineState: driver-offline", "anti_malware_offline"),
        ("mode: on", "mode: driver-offline", "anti_malware_offline"),
        ("driverOffline: false", "driverOffline: perhaps", "anti_malware_unknown"),
        ("Component.AM.driverOffline: false\n", "", "anti_malware_unknown"),
        ("mode: on", "mode: half", "anti_malware_unknown"),
        ("mode: on\n", "mode:\n", "anti_malware_unknown"),
    ],
)
def test_an_engine_that_is_not_shown_to_work(old: str, new: str, finding: str) -> None:
    """A12: "offline", with or without the key that was looked for."""
    record = windows_record(reading(commands={"dsa_query": answer(answer()["out"].replace(old, new))}))
    assert failing(record) == {finding}


# --- the note ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "files",
    [
        note(None, error="it is no regular file"),
        note(None, exists=None, error="Access is denied"),
        note('{"phase": "done"}', cut=True),
        note(""),
        note('{"phase": "do'),
        note('{"phase": "sleeping"}'),
        note('{"phase": "done", "self_protection": ["off"]}'),
        note("[]"),
        note('{"phase": "done", "to": "\ufffd"}'),
        note("[" * 100000),
        note(7),
        {},
    ],
    ids=range(12),
)
@pytest.mark.parametrize("make", [reading, nothing])
def test_a_note_that_cannot_be_read_fails_the_gate(files: Json, make: Callable[..., Json]) -> None:
    """A7: with an agent and without one."""
    record = windows_record(make(files=files))
    assert record["remediation"] is None
    assert record["remediation_unreadable"]
    assert failing(record) == {"note_unreadable"}
    assert ("note", "unreadable") in codes(record)


def test_a_note() -> None:
    content = {"phase": "update_pending", "self_protection": "off"}
    record = windows_record(reading(files=note(json.dumps(content))))
    assert record["remediation"] == content
    assert failing(record) == {"remediation_pending", "self_protection_off"}


def dated(*days: object) -> Json:
    """An agent with an entry for each of these values of InstallDate. The host is nine hours ahead of UTC."""
    entry = listed()
    entries = [key(entry["path"], **{**entry["values"], "InstallDate": day}) for day in days]
    return reading(uninstall={"entries": entries, "errors": []})


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (["20261103"], "2026-11-02T15:00:00Z"),
        (["20261103", "20261104", "20261101"], "2026-11-03T15:00:00Z"),
        (["20261103", "soon"], "2026-11-02T15:00:00Z"),
        *(
            ([day], None)
            for day in ("", "20261301", "2026-11-03", "00010101", "99991231", "202611030", 20261103, ["x"])
        ),
    ],
    ids=lambda each: str(each),
)
def test_windows_keeps_the_day_of_the_last_installation(days: list[object], expected: str | None) -> None:
    assert windows_record(dated(*days))["installed_at"] == expected


def test_without_the_hosts_time_zone_no_day_begins() -> None:
    found = dated("20261103")
    assert windows_record({**found, "clock": {**found["clock"], "utc_offset": None}})["installed_at"] is None


@pytest.mark.parametrize(("day", "proven"), [("20261103", True), ("20261104", False)])
def test_an_agent_that_was_installed_by_hand_after_its_update_has_not_been_updated(day: str, proven: bool) -> None:
    """The note of the one before it, with the same build, is still there."""
    content = {"phase": "done", "build": "20.0.0.5995", "done_at": "2026-11-03T14:59:59Z"}
    record = windows_record({**dated(day), "files": note(json.dumps(content))})
    assert update_proven(record) is proven


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ({"phase": "upgrading"}, {"agent_gone"}),
        ({"phase": "done", "self_protection": "off"}, {"agent_gone"}),
        ({"phase": "done"}, set()),
    ],
)
def test_an_agent_that_an_upgrade_lost_is_a_finding(content: Json, expected: set[str]) -> None:
    assert failing(windows_record(nothing(files=note(json.dumps(content))))) == expected


@pytest.mark.parametrize(
    ("since", "boot", "required"),
    [
        ("2026-11-03T00:00:00Z", "2026-11-02T23:59:59Z", True),
        ("2026-11-03T00:00:00Z", "2026-11-03T00:00:00Z", True),
        # P1: seconds are enough.
        ("2026-11-03T00:00:00Z", "2026-11-03T00:00:01Z", False),
        # A11: a start that is not known is no later one.
        ("2026-11-03T00:00:00Z", None, True),
        ("2026-11-03T00:00:00Z", "3. 11. 2026", True),
        ("soon", "2026-11-03T00:00:01Z", True),
        ("", "2026-11-03T00:00:01Z", True),
        (True, "2026-11-03T00:00:01Z", True),
        (None, None, False),
    ],
)
def test_a_reboot_is_due_until_windows_was_started_later(since: object, boot: str | None, required: bool) -> None:
    content = {"phase": "update_pending", "reboot_due_since": since}
    clock = {"utc_offset": 0, "boot_time": boot, "now": "2026-11-03T03:04:05Z"}
    record = windows_record(reading(files=note(json.dumps(content)), clock=clock))
    assert record["reboot"]["required"] is required
    assert [reason["code"] for reason in record["reboot"]["reasons"]] == ["agent_installer"] * required
    assert (("clock", "unreadable") in codes(record)) is (record["clock"]["boot_time"] is None)


# --- the system ----------------------------------------------------------------------------------------------------


def test_a_version_of_windows_that_cannot_be_read_is_not_known() -> None:
    """P3: without a build it was "10.0.0"."""
    record = windows_record(with_keys(reading(), windows=key("windows", CurrentMajorVersionNumber=10)))
    assert (record["os_version"], codes(record)) == (None, {("platform", "unreadable")})


@pytest.mark.parametrize(
    ("clock", "text"),
    [
        ({"boot_time": None, "error": "no\nroom"}, "no room"),
        ({"boot_time": "soon", "error": None}, "the time of the last start was not read"),
        (None, "the time of the last start was not read"),
    ],
)
def test_a_clock_that_could_not_be_read_is_a_problem(clock: Json | None, text: str) -> None:
    found = windows_record(reading(clock=clock))["problems"]
    assert [(problem["source"], problem["code"], problem["text"]) for problem in found] == [
        ("clock", "unreadable", text)
    ]


# --- whatever a host sends -----------------------------------------------------------------------------------------

_LEAF = st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.floats(), st.text(max_size=20))
_JUNK = st.recursive(
    _LEAF,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def _places(found: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value in a reading."""
    inner = (
        list(found.items()) if isinstance(found, dict) else list(enumerate(found)) if isinstance(found, list) else []
    )
    return [path] * bool(path) + [place for name, each in inner for place in _places(each, (*path, name))]


@given(st.data())
def test_no_reading_breaks_the_parser(data: st.DataObject) -> None:
    found = data.draw(st.sampled_from([reading(), nothing(), reading(files=note("{}"))]))
    for place in data.draw(st.lists(st.sampled_from(_places(found)), min_size=1, max_size=4)):
        inner = found
        for name in place[:-1]:
            inner = inner[name] if isinstance(inner, dict) and name in inner else {}
        inner[place[-1]] = data.draw(_JUNK)
    record = windows_record(found)
    assert set(record) == set(posix_record({}))
    assert record["installed"] in (True, False, None)
    assert record["installed"] is not None or record["problems"]
    for text in record["versions"].values():
        assert text is None or isinstance(text, str)
    json.dumps([findings.as_dict() for findings in findings_of(record)])


@given(st.dictionaries(st.sampled_from(sorted(reading())), _JUNK))
def test_junk_alone_is_never_a_host_without_an_agent(found: Json) -> None:
    assert windows_record(found)["installed"] is not False


@given(st.dictionaries(st.sampled_from(sorted(set(reading()) - {"services"})), _JUNK))
def test_junk_never_hides_an_agent_that_runs(found: Json) -> None:
    """A13."""
    record = windows_record({**nothing(services=services(service())), **found})
    assert (record["installed"], record["running"]) == (True, True)
    assert verdict(record)[0] != "not_installed"


@given(st.text(max_size=30) | _JUNK.filter(lambda junk: not isinstance(junk, str)))
def test_a_note_that_is_there_is_never_taken_for_none(text: object) -> None:
    """A7."""
    record = windows_record(reading(files=note(text)))
    assert record["remediation"] is not None or record["remediation_unreadable"]


def test_a_program_that_cannot_be_seen_is_a_source_that_gives_no_build() -> None:
    """Beside two others that agree it was passed over, and the gate passed."""
    hidden = {"path": f"{FOLDER}\\dsa.exe", "exists": None, "version": None, "changed": None, "error": "it is denied"}
    made = windows_record(reading(programs={**reading()["programs"], "dsa": hidden}))
    assert made["versions"]["file"] is None
    assert [problem["text"] for problem in made["problems"]] == [f"{FOLDER}\\dsa.exe: it is denied"]
