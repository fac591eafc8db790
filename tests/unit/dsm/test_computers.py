# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Agent records from what the Manager knows: the same shape, null for what is not known, never better than that."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.deep_security.remediation.plugins.doc_fragments._dsm import ModuleDocFragment
from ansible_collections.deep_security.remediation.plugins.module_utils import _dsm, _dsm_record
from ansible_collections.deep_security.remediation.plugins.module_utils._agent import record as host_record
from ansible_collections.deep_security.remediation.plugins.modules import dsm_computer_info
from ansible_collections.deep_security.remediation.plugins.plugin_utils._advisory import decide, load_advisory
from ansible_collections.deep_security.remediation.plugins.plugin_utils._fleet import find

from .conftest import Connect
from .stub import Answer, Asked, Stub, computer, computers

ADVISORY = load_advisory()


def read(**more: Any) -> Any:
    """What is made of one computer."""
    return _dsm_record.Reader().computer(computer(**more))


def test_a_computer() -> None:
    found = read()
    agent = found.pop("agent")
    assert found == {
        "id": 1,
        "guid": "GUID-1",
        "name": "host1.example.com",
        "display_name": "Host 1",
        "address": "192.0.2.1",
        "kind": "agent",
        "platform_text": "Red Hat Enterprise 8 (64 bit)",
        "group_id": 1,
        "policy_id": 12,
        "relay_group_id": 1,
        "protected_by_appliance": False,
        "status": "active",
        "status_messages": ["Managed (Online)"],
        "last_contact": "2025-11-01T12:26:40Z",
    }
    assert agent["versions"] == {"manager": "20.0.0-6313"}
    assert agent["relay"] == {"enabled": False, "source": "manager"}
    assert (agent["installed"], agent["activated"], agent["problems"]) == (True, True, [])
    assert (agent["anti_malware"]["mode"], agent["anti_malware"]["driver_offline"]) == ("on", False)
    assert decide(agent, ADVISORY).verdict == "fixed"


def test_the_shape_is_that_of_a_record_from_a_host() -> None:
    here, there = read()["agent"], host_record.read(timeout=5)
    assert set(here) == {*there, "updates"}
    assert set(here["anti_malware"]) >= set(there["anti_malware"])
    for part in ("relay", "service", "reboot"):
        assert set(here[part]) == set(there[part])


def test_everything_is_documented() -> None:
    documented = yaml.safe_load(dsm_computer_info.RETURN)["computers"]["contains"]
    found = read()
    assert set(documented) == set(found)
    assert set(documented["agent"]["contains"]) == set(found["agent"])
    documentation = yaml.safe_load(dsm_computer_info.DOCUMENTATION)
    assert "deep_security.remediation._dsm.record" in documentation["extends_documentation_fragment"]
    shared = yaml.safe_load(ModuleDocFragment.RECORD)["options"]
    assert shared["relay_states"]["default"] == _dsm_record.RELAY_STATES
    assert shared["engine_offline_pattern"]["default"] == _dsm_record.ENGINE_OFFLINE
    options = documentation["options"]
    assert set(options["expand"]["choices"]) == set(_dsm_record.EXPANDABLE)
    assert options["expand"]["default"] == list(_dsm_record.EXPAND)
    sample = yaml.safe_load(dsm_computer_info.RETURN)["computers"]["contains"]["agent"]["contains"]["updates"]["sample"]
    assert set(sample) == set(updates({}) or {})


@pytest.mark.parametrize(
    ("text", "os_name", "arch"),
    [
        ("Microsoft Windows Server 2019 (64 bit) Build 17763", "windows", "x86_64"),
        ("Microsoft Windows 7 (32 bit) Service Pack 1", "windows", None),
        ("Red Hat Enterprise 8 (64 bit) (4.18.0-553.el8_10.x86_64)", "linux", "x86_64"),
        ("Amazon Linux 2 (64 bit Arm) (aarch64)", "linux", "aarch64"),
        ("Ubuntu Linux 20 (64 bit)", "linux", "x86_64"),
        ("SUSE Enterprise Server 15 (64 bit)", "linux", "x86_64"),
        ("Oracle Linux Release 7", "linux", None),
        ("CloudLinux 7", "linux", None),
        ("AlmaLinux 9", "linux", None),
        ("CentOS 7", "linux", None),
        ("Debian 10", "linux", None),
        ("AIX 7.2 (powerpc)", "aix", None),
        ("Solaris 11.4 (sparc)", "solaris", None),
        ("macOS 14.5", "macos", None),
        ("", None, None),
        (None, None, None),
        ("Other", None, None),
        ("Windows Subsystem for Linux", None, None),
    ],
)
def test_platforms(text: Any, os_name: str | None, arch: str | None) -> None:
    agent = read(platform=text)["agent"]
    assert (agent["os"], agent["arch"]) == (os_name, arch)
    assert bool(agent["problems"]) == (os_name is None)
    if os_name is None:
        assert not decide(agent, ADVISORY).compliant


def test_an_appliance() -> None:
    found = read(
        platform="Deep Security Virtual Appliance",
        agentVersion="20.0.0.4416",
        lastAgentCommunication=None,
        lastApplianceCommunication=1762000000000,
        computerStatus={"agentStatus": "inactive", "applianceStatus": "active"},
    )
    assert (found["kind"], found["status"], found["last_contact"]) == ("appliance", "active", "2025-11-01T12:26:40Z")
    assert decide(found["agent"], ADVISORY).affected_up_to == "20.0.0-4416"


@pytest.mark.parametrize("version", [None, "", "0.0.0.0", "20.0.0", "newest", 20, ["20.0.0.6313"], "\uff120.0.0.6313"])
@pytest.mark.parametrize("fingerprint", [None, "AA:BB"])
def test_no_version_is_no_absence(version: Any, fingerprint: str | None) -> None:
    agent = read(agentVersion=version, agentFingerPrint=fingerprint)["agent"]
    assert (agent["installed"], agent["version"]) == (True if fingerprint else None, None)
    assert (agent["version_source"], agent["versions"]) == (None, {})
    assert len(agent["problems"]) == 1
    assert decide(agent, ADVISORY).verdict == "unknown"


def test_an_agent_that_was_deactivated() -> None:
    agent = read(agentFingerPrint=None, agentVersion="20.0.1.25771")["agent"]
    assert (agent["installed"], agent["activated"], agent["version"]) == (True, False, "20.0.1-25771")


@pytest.mark.parametrize(
    ("value", "state"),
    [
        ("true", True),
        ("True", True),
        (True, True),
        ("false", False),
        (False, False),
        ("1", None),
        ("", None),
        (1, None),
    ],
)
def test_relay_states(value: Any, state: bool | None) -> None:
    agent = read(computerSettings={"platformSettingRelayState": {"value": value}})["agent"]
    assert agent["relay"] == {"enabled": state, "source": "manager"}
    assert bool(agent["problems"]) == (state is None)


def test_what_is_not_confirmed_can_be_replaced() -> None:
    raw = computer(
        platform="Haiku R1",
        computerSettings={"platformSettingRelayState": {"value": "Enabled"}},
        computerStatus={"agentStatusMessages": ["不正プログラム対策エンジンがオフライン"]},
    )
    reader = _dsm_record.Reader({"linux": "haiku"}, {"enabled": "yes"}, "エンジンがオフライン")
    agent = reader.computer(raw)["agent"]
    assert (agent["os"], agent["relay"]["enabled"], agent["problems"]) == ("linux", True, [])
    assert agent["anti_malware"]["driver_offline"] is True
    assert "anti_malware_offline" in {finding.code for finding in find(agent)}


@pytest.mark.parametrize(
    "options",
    [
        {"patterns": {"linux": "("}},
        {"patterns": {"linux": None}},
        {"patterns": {"beos": "x"}},
        {"relay_states": {"on": "perhaps"}},
        {"engine_offline": "["},
    ],
)
def test_replacements_that_cannot_be_used(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"pattern|none of|relay_states"):
        _dsm_record.Reader(**options)


@pytest.mark.parametrize(
    ("module", "mode", "offline"),
    [
        ({"state": "on", "moduleStatus": {"agentStatus": "active"}}, "on", False),
        ({"state": "off", "moduleStatus": {"agentStatus": "inactive"}}, "off", None),
        ({"state": "inherited", "moduleStatus": {"agentStatus": "inactive"}}, None, None),
        ({"state": "on", "moduleStatus": {"agentStatus": "error"}}, "on", None),
        (
            {"moduleStatus": {"agentStatus": "error", "agentStatusMessage": "Anti-Malware Engine Offline"}},
            None,
            True,
        ),
        ({}, None, None),
    ],
)
def test_anti_malware(module: dict[str, Any], mode: str | None, offline: bool | None) -> None:
    found = read(antiMalware=module)["agent"]["anti_malware"]
    assert (found["mode"], found["driver_offline"]) == (mode, offline)


def updates(part: Any) -> Any:
    """What is made of the Manager's securityUpdates, where they were asked for."""
    reader = _dsm_record.Reader(expand=_dsm_record.EXPANDABLE)
    return reader.computer(computer(securityUpdates=part))["agent"]["updates"]


def test_security_updates() -> None:
    said = {"status": "error", "statusMessage": "Security Update Failed"}
    components = [{"name": "Pattern", "version": "1", "latest": True}, {"name": "Engine", "latest": False}]
    assert updates({"updateStatus": said, "lastChanged": 1762000000000, "antiMalware": components}) == {
        "status": "error",
        "message": "Security Update Failed",
        "last_changed": "2025-11-01T12:26:40Z",
        "latest": False,
    }


@pytest.mark.parametrize(
    ("components", "latest"),
    [
        ([{"latest": True}, {"latest": True}], True),
        ([{"latest": True}, {"latest": False}, {}], False),
        ([{"latest": True}, {}], None),
        ([{"latest": True}, "latest"], None),
        ([{"latest": "true"}], None),
        ([{"latest": 1}], None),
        ([], None),
        (None, None),
        ({"latest": True}, None),
    ],
)
def test_latest_is_every_component_or_none(components: Any, latest: bool | None) -> None:
    assert updates({"antiMalware": components})["latest"] is latest


@pytest.mark.parametrize("part", [None, {}, [], "active", {"updateStatus": "active", "lastChanged": "yesterday"}])
def test_security_updates_that_say_nothing(part: Any) -> None:
    assert set(updates(part).values()) == {None}


def test_what_was_not_asked_for_is_unknown() -> None:
    raw = computer(securityUpdates={"updateStatus": {"status": "active"}})
    agent = _dsm_record.Reader(expand=[]).computer(raw)["agent"]
    assert agent["relay"]["enabled"] is None
    assert agent["updates"] is None
    assert len(agent["problems"]) == 2
    assert _dsm_record.Reader().computer(raw)["agent"]["updates"] is None


LEAF = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
JUNK = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)
PARTS = st.sampled_from(["value", "agentStatus", "agentStatusMessages", "state", "moduleStatus"])


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(sorted(set(computer()) - {"ID"})), JUNK | st.dictionaries(PARTS, JUNK, max_size=4), max_size=6
    )
)
def test_junk_gives_a_record_that_is_never_better_than_known(changes: dict[str, Any]) -> None:
    found = read(**changes)
    agent = found["agent"]
    assert agent["installed"] is not False
    verdict = decide(agent, ADVISORY)
    if {"platform", "agentVersion"} & set(changes):
        assert not verdict.compliant or (agent["os"] and agent["version"])
    if "computerSettings" in changes:
        assert agent["relay"]["enabled"] is None


def names(client: Any, **params: Any) -> tuple[list[int], list[str]]:
    """IDs that a module with these parameters finds, and what it does not find."""
    spec = {"names": None, "ids": None, "groups": None, "expand": list(_dsm_record.EXPAND), "page_size": 5000}
    found, missing = dsm_computer_info.read(client, _dsm_record.Reader(), {**spec, **params})
    return [entry["id"] for entry in found], missing


@pytest.mark.parametrize(
    ("params", "found", "missing", "requests"),
    [
        ({}, list(range(1, 13)), [], 2),
        ({"names": ["HOST3.example.com", "host 7", "nobody"]}, [3, 7], ["nobody"], 2),
        ({"names": []}, [], [], 2),
        ({"ids": [5]}, [5], [], 1),
        ({"ids": [9, 4]}, [4, 9], [], 1),
        ({"ids": [99]}, [], ["99"], 1),
        ({"ids": [-3, 0]}, [], ["-3", "0"], 1),
        ({"ids": [3], "names": ["host 7"]}, [], [], 2),
        ({"groups": ["1"]}, [1, 4, 7, 10], [], 2),
        ({"groups": ["Servers"]}, [2, 5, 8, 11], [], 4),
        ({"groups": ["Servers"], "ids": [5, 6]}, [5], [], 3),
        ({"page_size": 5}, list(range(1, 13)), [], 4),
        ({"names": ["host 12"], "page_size": 5}, [12], [], 4),
    ],
)
def test_filters(
    manager: Stub, connect: Connect, params: dict[str, Any], found: list[int], missing: list[str], requests: int
) -> None:
    fleet, groups = computers(12), [{"ID": 1, "name": "Desktops"}, {"ID": 2, "name": "Servers"}]

    def answer(asked: Asked) -> Answer:
        if asked.path.startswith("/api/computergroups/"):
            after = asked.body["searchCriteria"][0]["idValue"]
            return Answer(body={"computerGroups": [group for group in groups if group["ID"] > after]})
        return fleet(asked)

    manager.answer = answer
    client = connect()
    assert names(client, **params) == (found, missing)
    assert client.requests == requests


def test_only_what_is_needed_is_asked_for(manager: Stub, connect: Connect) -> None:
    manager.says(Answer(body={"computers": []}))
    names(connect())
    names(connect(), expand=[])
    assert [asked.path.partition("?")[2] for asked in manager.asked] == [
        "expand=computerStatus&expand=computerSettings&expand=antiMalware&overrides=false",
        "expand=none&overrides=false",
    ]


def test_a_group_that_is_not_there(manager: Stub, connect: Connect) -> None:
    manager.says(Answer(body={"computerGroups": []}))
    with pytest.raises(_dsm.DsmError, match="has no group Servers"):
        names(connect(), groups=["Servers"])


def test_ten_thousand_computers_come_with_three_requests(manager: Stub, connect: Connect) -> None:
    manager.answer = computers(10_000)
    client = connect()
    assert len(names(client)[0]) == 10_000
    assert client.requests == 3


def test_groups_that_are_junk(manager: Stub, connect: Connect) -> None:
    groups = Answer(body={"computerGroups": [{"ID": 1, "name": ["x"]}, {"ID": 2, "name": "Servers"}]})
    none = Answer(body={"computerGroups": [], "computers": []})
    manager.says(groups, none, Answer(body={"computers": [computer(groupID=[2]), computer(2, groupID=2)]}), none)
    assert names(connect(), groups=["Servers"]) == ([2], [])
