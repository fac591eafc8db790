# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Agent records from what the Manager knows: the same shape, null for what is not known, never better than that."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.deep_security.remediation.plugins.doc_fragments._dsm import ModuleDocFragment
from ansible_collections.deep_security.remediation.plugins.module_utils import _dsm_computers
from ansible_collections.deep_security.remediation.plugins.modules import dsm_computer_info
from ansible_collections.deep_security.remediation.plugins.plugin_utils._advisory import decide, load_advisory
from ansible_collections.deep_security.remediation.plugins.plugin_utils._record.manager import Reader, with_records
from ansible_collections.deep_security.remediation.plugins.plugin_utils._record.shape import blank_record
from tests.manager_stub.stub import computer

ADVISORY = load_advisory()


def read(**more: Any) -> Any:
    """What is made of one computer."""
    return Reader().computer(computer(**more))


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
    here = read()["agent"]
    there = blank_record()
    assert set(here) == {*there, "updates"}
    assert set(here["anti_malware"]) >= set(there["anti_malware"])
    for part in ("services", "drivers", "running", "service", "reboot", "clock", "remediation"):
        assert here[part] == there[part]


def test_everything_is_documented() -> None:
    documented = yaml.safe_load(dsm_computer_info.RETURN)["computers"]["contains"]
    found = read()
    assert set(documented) == set(found)
    assert set(documented["agent"]["contains"]) == set(found["agent"])
    documentation = yaml.safe_load(dsm_computer_info.DOCUMENTATION)
    assert "deep_security.remediation._dsm.record" in documentation["extends_documentation_fragment"]
    shared = yaml.safe_load(ModuleDocFragment.RECORD)["options"]
    assert shared["relay_states"]["default"] == _dsm_computers.RELAY_STATES
    assert shared["engine_offline_pattern"]["default"] == _dsm_computers.ENGINE_OFFLINE
    options = documentation["options"]
    assert set(options["expand"]["choices"]) == set(_dsm_computers.EXPANDABLE)
    assert options["expand"]["default"] == list(_dsm_computers.EXPAND)
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
    assert agent["version_source"] is None
    assert [(each["source"], each["text"] != "") for each in agent["problems"]] == [("manager", True)]
    assert decide(agent, ADVISORY).verdict == "unknown"


@pytest.mark.parametrize(
    ("version", "fingerprint", "versions", "code"),
    [
        ("20.0.0.6313", "AA:BB", {"manager": "20.0.0-6313"}, None),
        ("20.0.0.4416 HF1", "AA:BB", {"manager": "20.0.0.4416 HF1"}, "unreadable"),
        ("20.0.0.4416 HF1", None, {"manager": "20.0.0.4416 HF1"}, "unreadable"),
        ("20.0.0.6313\x00", "AA:BB", {"manager": "20.0.0.6313\\x00"}, "unreadable"),
        ("20.0.0.6313\ud800", "AA:BB", {"manager": "20.0.0.6313\\ud800"}, "unreadable"),
        (20, "AA:BB", {"manager": "20"}, "unreadable"),
        (None, "AA:BB", {"manager": None}, "missing"),
        ("0.0.0.0", "AA:BB", {"manager": None}, "missing"),
        ("0.0.0.0", None, {}, "missing"),
        (None, None, {}, "missing"),
    ],
)
def test_a_version_that_is_no_build_stays_in_versions(
    version: Any, fingerprint: str | None, versions: dict[str, str | None], code: str | None
) -> None:
    agent = read(agentVersion=version, agentFingerPrint=fingerprint)["agent"]
    assert agent["versions"] == versions
    assert [each["code"] for each in agent["problems"]] == ([code] if code else [])


def test_text_of_the_manager_is_cleaned() -> None:
    found = read(
        hostName="web1\x1b[31m",
        displayName="a\u202eb",
        platform="Red Hat \ud800",
        computerStatus={"agentStatus": "active", "agentStatusMessages": ["x\x07y"]},
    )
    assert (found["name"], found["display_name"]) == ("web1\\x1b[31m", "a\\u202eb")
    assert (found["platform_text"], found["status_messages"]) == ("Red Hat \\ud800", ["x\\x07y"])


def test_results_without_records_stay_as_they_are() -> None:
    failed = {"failed": True, "msg": "no answer"}
    assert with_records(dict(failed)) == failed
    raw = computer(agentVersion="20.0.0.4416")
    result = with_records({"computer": raw, "before": None, "computers": [raw], "reading": {"relay_states": {}}})
    assert set(result) == {"computer", "before", "computers"}
    assert result["before"] is None
    assert [one["agent"]["version"] for one in (result["computer"], *result["computers"])] == ["20.0.0-4416"] * 2
    assert result["computer"]["agent"]["relay"]["enabled"] is None


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
    reader = Reader({"linux": "haiku"}, {"enabled": "yes"}, "エンジンがオフライン")
    agent = reader.computer(raw)["agent"]
    assert (agent["os"], agent["relay"]["enabled"], agent["problems"]) == ("linux", True, [])
    assert agent["anti_malware"]["driver_offline"] is True


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
        Reader(**options)


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
    reader = Reader(expand=_dsm_computers.EXPANDABLE)
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
    agent = Reader(expand=[]).computer(raw)["agent"]
    assert agent["relay"]["enabled"] is None
    assert agent["updates"] is None
    assert len(agent["problems"]) == 2
    assert Reader().computer(raw)["agent"]["updates"] is None


LEAF = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20)
JUNK = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)
PARTS = st.sampled_from(["value", "agentStatus", "agentStatusMessages", "state", "moduleStatus"])


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
