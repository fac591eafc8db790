# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the records of Windows hosts to agent records. The texts are those of _DeepSecurityAgent.psm1."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.deep_security.remediation.plugins.plugin_utils._advisory import decide, load_advisory
from ansible_collections.deep_security.remediation.plugins.plugin_utils._record import (
    AgentRecord,
    findings_of,
    posix_record,
    windows_record,
)
from tests.run.common import ROOT

Json = dict[str, Any]
NOTE = "C:\\Program Files\\deep_security_remediation\\progress.json"


def windows(*problems: str, **more: Any) -> Json:
    """What win_dsa_info returns for a healthy host."""
    return {
        "installed": True,
        "version": None,
        "version_raw": "20.0.0.5995",
        "version_source": "registry",
        "versions": {"registry": "20.0.0.5995", "file": "20.0.0.5995", "dsa_query": "20.0.0-5995"},
        "platform": "windows",
        "os": "windows",
        "os_version": "10.0.17763",
        "arch": "x86_64",
        "distribution": None,
        "install_dir": "C:\\Program Files\\Trend Micro\\Deep Security Agent",
        "service": {"name": "ds_agent", "state": "running"},
        "activated": True,
        "manager_url": "https://dsm.example.com:4120/",
        "relay": {"enabled": False, "source": "tcp_4122_listener"},
        "anti_malware": {
            "mode": "on",
            "driver_offline": False,
            "engine": "24.580.1013",
            "patterns": [],
            "service": {"name": "Amsp", "state": "running"},
            "drivers": {"tmcomm": "running", "tmactmon": "start pending"},
        },
        "reboot": {"required": False, "reasons": []},
        "clock": {"utc_offset": 540, "boot_time": "2026-11-01T03:04:05Z"},
        "product_code": "{00000000-0000-0000-0000-000000000000}",
        "remediation": None,
        "problems": list(problems),
        **more,
    }


def service(state: str) -> Json:
    """The agent's service, where no agent was found: Windows' own word for its state."""
    return {"name": "ds_agent", "state": state}


def nothing(*problems: str, **more: Any) -> Json:
    """A host on which no agent was found."""
    empty = {"versions": {}, "service": service("missing"), "relay": {"enabled": None, "source": None}}
    silent: Json = {"mode": None, "driver_offline": None, "engine": None, "patterns": []}
    silent |= {"service": {"name": "Amsp", "state": "missing"}, "drivers": {"tmcomm": "missing"}}
    known = {"installed": False, "version_raw": None, "version_source": None, "activated": None, "manager_url": None}
    return windows(*problems, **{**empty, **known, "anti_malware": silent, **more})


def codes(record: AgentRecord) -> set[tuple[str, str]]:
    """The problems without their texts."""
    return {(problem["source"], problem["code"]) for problem in record["problems"]}


def test_a_healthy_host() -> None:
    record = windows_record(windows())
    assert set(record) == set(posix_record({}))
    assert (record["installed"], record["running"], record["problems"]) == (True, True, [])
    assert record["version"] == "20.0.0-5995"
    assert set(record["versions"].values()) == {"20.0.0-5995"}
    assert record["services"] == [{"name": "ds_agent", "state": "running"}, {"name": "Amsp", "state": "running"}]
    assert record["drivers"] == [{"name": "tmcomm", "state": "running"}, {"name": "tmactmon", "state": "pending"}]
    assert (record["installed_at"], record["clock"]["now"], record["remediation_unreadable"]) == (None, None, None)


@pytest.mark.parametrize(
    ("text", "source", "code"),
    [
        ("dsa_query: no answer within 15 s", "dsa_query", "no_answer"),
        ("dsa_query: it said nothing (exit status 1)", "dsa_query", "no_answer"),
        ("dsa_query: Access is denied.", "dsa_query", "no_answer"),
        ("dsa_query: no answer to GetComponentInfo", "dsa_query", "incomplete"),
        ("dsa_query: C:\\x\\dsa_query.cmd is not there", "dsa_query", "missing"),
        ("registry: lists more than one version, an upgrade did not finish: 1, 2", "registry", "half_installed"),
        ("registry: Requested registry access is not allowed.", "registry", "unreadable"),
        ("file: Access to the path is denied.", "file", "unreadable"),
        ("the agent's folder: denied", "folder", "unreadable"),
        ("reboot, windows_update: denied", "reboot", "unreadable"),
        ("the state of its services: Access denied", "service", "unreadable"),
        ("whether it is a Relay: no such cmdlet", "relay", "unreadable"),
        ("port 4122 is open, but whose it is cannot be seen", "relay", "denied"),
        (f"{NOTE} cannot be read: Access denied", "note", "unreadable"),
        ("something new", "reader", "unreadable"),
    ],
)
def test_problems(text: str, source: str, code: str) -> None:
    assert codes(windows_record(windows(text))) == {(source, code)}


def test_the_texts_are_still_those_of_the_reader() -> None:
    """windows.py knows them by heart; a change there must not turn a damaged note into none."""
    reader = (ROOT / "plugins" / "module_utils" / "_DeepSecurityAgent.psm1").read_text(encoding="utf-8")
    for text in (
        '"$Path cannot be read: ',
        '"is damaged (',
        '"registry: lists more than one version',
        '"the service ${script:AgentService}: it is $state"',
        '"dsa_query: no answer within ',
        '"dsa_query: no answer to ',
    ):
        assert text in reader


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("paused", "paused"),
        ("start pending", "pending"),
        ("stop pending", "pending"),
        ("missing", "missing"),
        ("unknown", None),
    ],
)
def test_a_service_that_is_neither_running_nor_stopped(word: str, state: str | None) -> None:
    given_ = windows(f"the service ds_agent: it is {word}", service={"name": "ds_agent", "state": None}, versions={})
    record = windows_record({**given_, "activated": None, "anti_malware": {}})
    assert record["service"] == {"name": "ds_agent", "state": state}
    assert record["services"] == [{"name": "ds_agent", "state": state}]
    assert (("service", "unreadable") in codes(record)) is (state is None)
    assert record["running"] is (False if state == "missing" else None)


@pytest.mark.parametrize(
    "text", [f"{NOTE} cannot be read: denied", f"{NOTE} is damaged (it holds no mapping); remove it"]
)
def test_a_note_that_cannot_be_read(text: str) -> None:
    record = windows_record(windows(text))
    assert (record["remediation"], record["remediation_unreadable"]) == (None, text)


@pytest.mark.parametrize("note", [{}, [], "done", {"phase": 1}, {"phase": "done", "self_protection": ["off"]}])
def test_a_note_of_the_wrong_shape(note: object) -> None:
    record = windows_record(windows(remediation=note))
    assert record["remediation"] is None
    assert record["remediation_unreadable"]


def test_a_note() -> None:
    note = {"phase": "update_pending", "self_protection": "off"}
    assert windows_record(windows(remediation=note))["remediation"] == note


def test_reasons_for_a_reboot() -> None:
    reasons = ["agent_installer: the agent's installer asked for one", "file_rename_other: 2 files: a", "odd"]
    assert windows_record(windows(reboot={"required": True, "reasons": reasons}))["reboot"] == {
        "required": True,
        "reasons": [
            {"code": "agent_installer", "text": "the agent's installer asked for one"},
            {"code": "file_rename_other", "text": "2 files: a"},
            {"code": "unnamed", "text": "odd"},
        ],
    }


def test_an_agent_that_answers_and_names_no_build_is_still_a_source() -> None:
    record = windows_record(windows(versions={"registry": "20.0.2.1390"}))
    assert record["versions"] == {"registry": "20.0.2-1390", "dsa_query": None}
    assert ("dsa_query", "incomplete") in codes(record)


def test_a_build_that_cannot_be_read_stays_as_it_is() -> None:
    record = windows_record(windows(versions={"registry": "20.0.2.1390", "dsa_query": "20.0.0.4416 HF1"}))
    assert (record["version"], record["versions"]["dsa_query"]) == ("20.0.2-1390", "20.0.0.4416 HF1")
    assert ("dsa_query", "unreadable") in codes(record)


def test_an_upgrade_that_did_not_finish_leaves_the_version_open() -> None:
    text = "registry: lists more than one version, an upgrade did not finish: 20.0.0.5995, 20.0.2.1390"
    record = windows_record(windows(text, versions={"file": "20.0.2.1390"}, version_source=None, version_raw=None))
    assert (record["version"], record["version_source"]) == (None, None)
    assert record["versions"]["registry"] is None


@pytest.mark.parametrize(
    ("problems", "installed"),
    [
        ((), False),
        (("the time of the last start: denied",), False),
        (("the agent's folder: denied",), None),
        (("file: denied",), None),
        (("dsa_query: denied",), None),
        (("the state of its services: Access denied",), None),
        (("something new",), None),
    ],
)
def test_an_agent_is_absent_only_where_everything_could_be_searched(
    problems: tuple[str, ...], installed: bool | None
) -> None:
    assert windows_record(nothing(*problems))["installed"] is installed


def verdict(record: AgentRecord) -> tuple[str, str]:
    """By the advisory, with the code of the reason."""
    decided = decide(record, load_advisory())
    return decided.verdict, decided.reason_code


@pytest.mark.parametrize("state", ["running", "start pending", "paused"])
def test_an_agent_that_runs_is_never_taken_for_none(state: str) -> None:
    """Its folder is stale, or the registry has it under another name: nothing but the service shows it."""
    record = windows_record(nothing(service=service(state)))
    assert verdict(record) == ("unknown", "running_without_package")
    assert record["running"] is (True if state == "running" else None)


@pytest.mark.parametrize("state", ["missing", "stopped"])
def test_a_service_that_does_not_run_is_no_agent(state: str) -> None:
    record = windows_record(nothing(service=service(state)))
    assert verdict(record) == ("not_installed", "not_installed")
    assert (record["running"], record["problems"], findings_of(record)) == (False, [], [])


def test_a_service_in_an_unknown_state_may_be_an_agent() -> None:
    record = windows_record(nothing(service=service("unknown")))
    assert record["service"] == {"name": "ds_agent", "state": None}
    assert codes(record) == {("service", "unreadable")}
    assert verdict(record)[0] == "unknown"


def test_the_engine_of_another_product_is_no_agent() -> None:
    """Amsp and its drivers come with other products of the vendor too."""
    engine = {"service": {"name": "Amsp", "state": "running"}, "drivers": {"tmcomm": "running"}}
    record = windows_record(nothing(anti_malware=engine))
    assert verdict(record)[0] == "not_installed"
    assert findings_of(record) == []


@pytest.mark.parametrize("note", [{"phase": "upgrading"}, {"phase": "done", "self_protection": "off"}])
def test_an_agent_that_an_upgrade_lost_is_a_finding(note: Json) -> None:
    record = windows_record(nothing(remediation=note))
    assert [finding.code for finding in findings_of(record)] == ["agent_gone"]


def test_an_agent_that_was_removed_after_all_was_done_is_none() -> None:
    assert findings_of(windows_record(nothing(remediation={"phase": "done"}))) == []


def test_a_damaged_note_where_no_agent_is_is_a_finding() -> None:
    record = windows_record(nothing(f"{NOTE} is damaged (it holds no mapping); remove it"))
    assert (record["installed"], [finding.code for finding in findings_of(record)]) == (False, ["note_unreadable"])


_ODD = st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.text(max_size=20), st.just([None]), st.just({}))


@given(st.data())
def test_no_record_breaks_the_parser(data: st.DataObject) -> None:
    given_ = copy.deepcopy(data.draw(st.sampled_from([windows("dsa_query: x"), nothing()])))
    for dummy in range(data.draw(st.integers(1, 4))):
        key = data.draw(st.sampled_from(sorted(given_)))
        inner = given_[key]
        if isinstance(inner, dict) and inner and data.draw(st.booleans()):
            inner[data.draw(st.sampled_from(sorted(inner)))] = data.draw(_ODD)
        else:
            given_[key] = data.draw(_ODD)
    record = windows_record(given_)
    assert record["installed"] in (True, False, None)
    for source, text in record["versions"].items():
        assert source and (text is None or isinstance(text, str))
