# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From raw readings of POSIX hosts to agent records. The texts follow the vendors' documents."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.deep_security.remediation.plugins.modules import dsa_info
from ansible_collections.deep_security.remediation.plugins.plugin_utils._advisory import (
    BuildError,
    decide,
    load_advisory,
    parse_build,
)
from ansible_collections.deep_security.remediation.plugins.plugin_utils._record import (
    AgentRecord,
    findings_of,
    posix_record,
    unreadable_record,
)
from ansible_collections.deep_security.remediation.plugins.plugin_utils._record.dsa_query import (
    NOT_ACTIVATED_CERTIFICATE,
)
from ansible_collections.deep_security.remediation.plugins.plugin_utils._text import clean_tree

Json = dict[str, Any]
FIXED = "20.0.2-1390"
ANSWER = f"""PluginVersion.core: {FIXED}
AgentStatus.1: agentState
AgentStatus.13: driverHooked
AgentStatus.agentState: green
AgentStatus.dsmUrl: https://dsm.example:4120/
AgentStatus.agentCertHash: 00:11
Component.AM.mode: on
Component.AM.driverOffline: false
Component.AM.version.engine.ATSE: 24.580.1013
Component.AM.version.pattern.7.name: Smart Scan Agent Pattern
Component.AM.version.pattern.7.version: 18.489.00
Component.AM.version.pattern.2.name: IntelliTrap Pattern
Component.AM.version.pattern.2.version: 0.253.00
Component.CORE.version: 12.5
"""
NOT_IN = {
    "rpm": (1, "package ds_agent is not installed\n", ""),
    "dpkg": (1, "", "dpkg-query: no packages found matching ds-agent\n"),
    "lslpp": (1, "", "lslpp: 0504-132  Fileset ds_agent.rte not installed.\n"),
    "pkg": (1, "", "pkg: info: no packages matching the following patterns"),
    "pkginfo": (1, "", 'ERROR: information for "ds-agent" was not found\n'),
    "pkgutil": (0, "", ""),
}
SYSTEMD_GONE = "LoadState=not-found\nActiveState=inactive\nSubState=dead\n"


def answer(rc: int | None, out: str = "", err: str = "", **more: bool) -> Json:
    """What a command did."""
    return {"rc": rc, "out": out, "err": err, "cut": False, "missing": False, "timed_out": False, "argv": [], **more}


MISSING = answer(None, err="[Errno 2] No such file or directory", missing=True)


def file(path: str, text: str | None = None, error: str | None = None, cut: bool = False) -> Json:
    """What was read of a file; absent without text and error."""
    exists = text is not None or error is not None
    return {"path": path, "exists": exists, "text": text, "error": error, "cut": cut}


def program(name: str, exists: bool | None = True) -> Json:
    """A file of the agent."""
    changed = "2026-11-02T03:04:05Z" if exists else None
    return {"path": f"/opt/ds_agent/{name}", "exists": exists, "executable": exists, "changed": changed, "error": None}


def reading(os_name: str = "linux", **commands: Json) -> Json:
    """A healthy host with these answers in place of its own."""
    healthy: Json = {"dsa_query": answer(0, ANSWER)}
    if os_name == "linux":
        healthy["dpkg"], healthy["rpm"] = answer(0, f"install ok installed\t{FIXED}\n"), MISSING
        healthy["service"] = answer(0, "LoadState=loaded\nActiveState=active\nSubState=running\n")
    platform = {"linux": "linux", "macos": "macos"}.get(os_name, "unix")
    return {
        "timeout": 15,
        "uname": ["Linux", "web-1", "6.1", "#1", "x86_64"],
        "os": os_name,
        "platform": platform,
        "arch": "x86_64",
        "os_version": "6.1",
        "clock": {"utc_offset": 540, "boot_time": "2026-11-01T03:04:05Z", "now": "2026-11-03T03:04:05Z"},
        "install_dir": "/opt/ds_agent",
        "programs": {name: program(name) for name in ("ds_agent", "dsa_query")},
        "files": {
            "note": file("/var/opt/progress.json"),
            "os_release": file("/etc/os-release", 'ID="rhel"\nVERSION_ID="8.10"\n'),
            "reboot_required": file("/run/reboot-required"),
            "reboot_required_pkgs": file("/run/reboot-required.pkgs"),
        },
        "relay": {"port": 4122, "sockets": 0, "error": None} if os_name == "linux" else None,
        "processes": None,
        "commands": {**healthy, **commands},
    }


def without_agent(os_name: str = "linux") -> Json:
    """A host that never had an agent."""
    sources = {"linux": ["dpkg"], "aix": ["lslpp"], "solaris": ["pkg", "pkginfo"], "macos": ["pkgutil"]}[os_name]
    gone = {
        "linux": answer(0, SYSTEMD_GONE),
        "aix": answer(1, err="0513-085 The ds_agent Subsystem is not on file."),
        "solaris": answer(1, err="svcs: Pattern 'ds_agent' doesn't match any instances"),
        "macos": answer(113, err='Could not find service "com.trendmicro.dsa" in domain for system'),
    }
    bare = reading(os_name, service=gone[os_name], **{source: answer(*NOT_IN[source]) for source in sources})
    del bare["commands"]["dsa_query"]
    bare["programs"] = {name: program(name, False) for name in ("ds_agent", "dsa_query")}
    bare["install_dir"] = None
    if os_name == "linux":
        bare["processes"] = {"agent": [], "unowned": 0, "hidden": False, "error": None}
    return bare


def codes(record: AgentRecord) -> set[tuple[str, str]]:
    """The problems without their texts."""
    return {(problem["source"], problem["code"]) for problem in record["problems"]}


def test_a_healthy_host() -> None:
    record = posix_record(reading())
    assert (record["installed"], record["running"], record["problems"]) == (True, True, [])
    assert record["versions"] == {"dpkg": FIXED, "dsa_query": FIXED}
    assert (record["version"], record["version_raw"], record["version_source"]) == (FIXED, FIXED, "dpkg")
    assert record["service"] == {"name": "ds_agent", "state": "running"}
    assert (record["services"], record["drivers"]) == ([{"name": "ds_agent", "state": "running"}], [])
    assert (record["activated"], record["manager_url"]) == (True, "https://dsm.example:4120/")
    assert record["relay"] == {"enabled": False, "source": "tcp_4122_listener"}
    assert record["distribution"] == {"id": "rhel", "version": "8.10"}
    assert record["installed_at"] == "2026-11-02T03:04:05Z"
    assert record["clock"]["now"] == "2026-11-03T03:04:05Z"
    assert record["anti_malware"] == {
        "mode": "on",
        "driver_offline": False,
        "engine": "24.580.1013",
        "patterns": [
            {"name": "IntelliTrap Pattern", "version": "0.253.00"},
            {"name": "Smart Scan Agent Pattern", "version": "18.489.00"},
        ],
    }


def test_every_key_is_documented_and_every_record_has_them_all() -> None:
    documented = yaml.safe_load(dsa_info.RETURN)["agent"]["contains"]
    for record in (posix_record(reading()), posix_record(without_agent()), posix_record({}), unreadable_record("no")):
        assert set(record) == set(documented)


# ---------------------------------------------------------------------------------------------------- package databases


@pytest.mark.parametrize(
    ("os_name", "source", "rc", "out", "err", "installed", "version"),
    [
        ("linux", "rpm", 0, "20.0.0-4416.el7\n", "", True, "20.0.0-4416"),
        ("linux", "rpm", *NOT_IN["rpm"], False, None),
        ("linux", "rpm", 0, "20.0.0-4416.el7\n20.0.2-1390.el7\n", "", True, None),
        ("linux", "rpm", 1, "", "error: cannot open Packages database: Permission denied", None, None),
        # Both of these come when the database cannot be opened: whether it is installed is not known.
        ("linux", "rpm", 1, NOT_IN["rpm"][1], "error: cannot open Packages database in /var/lib/rpm\n", None, None),
        ("linux", "rpm", 1, NOT_IN["rpm"][1], "warning: Found bdb_ro Packages database\n", False, None),
        ("linux", "rpm", 1, "パッケージ ds_agent はインストールされていません。\n", "", False, None),
        ("linux", "rpm", None, "", "", None, None),
        ("linux", "dpkg", 1, "", "dpkg-query: ds-agent に一致するパッケージが見つかりません\n", False, None),
        ("linux", "dpkg", 1, "", "", None, None),
        ("linux", "dpkg", 0, "install ok installed\t20.0.0-4416\n", "", True, "20.0.0-4416"),
        ("linux", "dpkg", *NOT_IN["dpkg"], False, None),
        ("linux", "dpkg", 0, "deinstall ok config-files\t20.0.0-4416\n", "", False, None),
        ("linux", "dpkg", 0, "unknown ok not-installed\t\n", "", False, None),
        ("linux", "dpkg", 0, "install ok half-configured\t20.0.2-1390\n", "", True, None),
        ("linux", "dpkg", 0, "install reinstreq half-installed\t20.0.2-1390\n", "", True, None),
        ("linux", "dpkg", 0, "install reinstreq installed\t20.0.2-1390\n", "", True, None),
        ("linux", "dpkg", 2, "", "dpkg-query: error: failed to open package info file", None, None),
        ("aix", "lslpp", 0, "#Package\nds_agent:ds_agent.rte:20.0.1.25771: : :C: :D: : :\n", "", True, "20.0.1-25771"),
        ("aix", "lslpp", 0, "ds_agent:ds_agent.rte:20.0.2.1390: : :B: :DSA: : :\n", "", True, None),
        ("aix", "lslpp", *NOT_IN["lslpp"], False, None),
        ("aix", "lslpp", 1, "", "lslpp: 0504-132  ファイルセット ds_agent.rte が…\n", False, None),
        ("solaris", "pkg", 0, "  Name: x\n State: Installed\n Version: 20.0.2.1390\n", "", True, FIXED),
        ("solaris", "pkg", *NOT_IN["pkg"], False, None),
        ("solaris", "pkg", 0, " State: Not installed\n Version: 20.0.2.1390\n", "", False, None),
        ("solaris", "pkginfo", 0, " VERSION:  20.0.0.1390\n STATUS:  completely installed\n", "", True, "20.0.0-1390"),
        ("solaris", "pkginfo", 0, " VERSION:  20.0.2.1390\n STATUS:  partially installed\n", "", True, None),
        ("solaris", "pkginfo", *NOT_IN["pkginfo"], False, None),
        ("macos", "pkgutil", 0, "package-id: com.x\nversion: 20.0.0.236\nvolume: /\n", "", True, "20.0.0-236"),
        ("macos", "pkgutil", *NOT_IN["pkgutil"], False, None),
        ("macos", "pkgutil", 1, "", "pkgutil: Operation not permitted", None, None),
    ],
)
def test_package_databases(
    os_name: str, source: str, rc: int | None, out: str, err: str, installed: bool | None, version: str | None
) -> None:
    host = without_agent(os_name)
    for other in ("rpm", "dpkg", "lslpp", "pkg", "pkginfo", "pkgutil"):
        host["commands"][other] = MISSING
    host["commands"][source] = answer(rc, out, err)
    record = posix_record(host)
    assert (record["installed"], record["version"]) == (installed, version)
    if installed is None:
        assert (source, "no_answer") in codes(record)
    if installed and version is None:
        assert (source, "half_installed") in codes(record)
        assert record["versions"] == {source: None}
        assert "did not finish" in next(each["text"] for each in record["problems"] if each["source"] == source)


@pytest.mark.parametrize(
    "dpkg",
    [
        answer(None, "deinstall ok config-files\t1\n", timed_out=True),
        answer(0, "deinstall ok config-files\t1\n", cut=True),
        answer(0, "deinstall ok config-files\t1"),
        answer(0, "install ok installed\t20.0.2-13"),
    ],
)
def test_a_database_whose_answer_is_not_whole_tells_nothing(dpkg: Json) -> None:
    host = without_agent()
    host["commands"]["dpkg"] = dpkg
    record = posix_record(host)
    assert record["installed"] is None
    assert ("dpkg", "no_answer") in codes(record)


def test_a_half_installed_package_leaves_the_version_open_whatever_runs() -> None:
    record = posix_record(reading(dpkg=answer(0, "install ok half-configured\t20.0.2-1390\n")))
    assert (record["installed"], record["version"], record["version_raw"]) == (True, None, None)
    assert record["versions"] == {"dpkg": None, "dsa_query": FIXED}


def test_a_host_without_any_package_database_is_unknown() -> None:
    host = without_agent()
    host["commands"]["dpkg"] = MISSING
    record = posix_record(host)
    assert record["installed"] is None
    assert ("packages", "missing") in codes(record)


def test_two_receipts_of_different_builds_are_no_build() -> None:
    host = without_agent("macos")
    host["commands"]["pkgutil"] = answer(0, "version: 20.0.0.236\nversion: 20.0.2.1390\n")
    record = posix_record(host)
    assert (record["version"], record["versions"]) == (None, {"pkgutil": "20.0.0.236, 20.0.2.1390"})


# ------------------------------------------------------------------------- G1: a source that answers and cannot be read


@pytest.mark.parametrize(
    ("core", "kept"),
    [
        ("20.0.0.4416 HF1", "20.0.0.4416 HF1"),
        (f"{FIXED} HF1", f"{FIXED} HF1"),
        (f"{FIXED}\0", f"{FIXED}\\x00"),
        (f"{FIXED}\x1b[0m", f"{FIXED}\\x1b[0m"),
        (f"{FIXED}\x1f", f"{FIXED}\\x1f"),
        (f"{FIXED}\x85", f"{FIXED}\\x85"),
        (f"{FIXED}\u2028", f"{FIXED}\\u2028"),
        (f"{FIXED}\xa0", f"{FIXED}\xa0"),
        (f"{FIXED}\r", f"{FIXED}\\x0d"),
        ("x" * 5000, None),
    ],
)
@pytest.mark.parametrize("cleaned", [True, False])
@pytest.mark.parametrize("source", ["dsa_query", "dpkg"])
def test_a_build_that_cannot_be_read_stays_as_it_is(source: str, cleaned: bool, core: str, kept: str | None) -> None:
    given_ = {"dsa_query": ANSWER.replace(FIXED, core), "dpkg": f"install ok installed\t{core}\n"}[source]
    host = reading("linux", **{source: answer(0, given_)})
    record = posix_record(clean_tree(host) if cleaned else host)
    found = record["versions"][source]
    assert found is not None and found.startswith(kept or "xxxx") and len(found) < 200
    with pytest.raises(BuildError):
        parse_build(found)
    assert (source, "unreadable") in codes(record)
    assert (record["version"] is None) is (source == "dpkg")


@pytest.mark.parametrize(
    "text",
    [
        ANSWER.replace(f"PluginVersion.core: {FIXED}\n", ""),
        ANSWER.replace(FIXED, ""),
        ANSWER.replace("PluginVersion.core", "PluginVersion.dsm"),
    ],
)
def test_an_agent_that_answers_and_names_no_build_is_still_a_source(text: str) -> None:
    record = posix_record(reading(dsa_query=answer(0, text)))
    assert record["versions"] == {"dpkg": FIXED, "dsa_query": None}
    assert ("dsa_query", "incomplete") in codes(record)


@pytest.mark.parametrize("more", [{"timed_out": True}, {"cut": True}, {"rc": 139}, {"rc": 0}])
def test_half_a_line_is_no_build(more: Json) -> None:
    """A killed dsa_query leaves 20.0.0-44 of 20.0.0-4416."""
    record = posix_record(
        reading(dsa_query={**answer(None, "PluginVersion.x: 1\nPluginVersion.core: 20.0.2-13"), **more})
    )
    assert record["versions"]["dsa_query"] is None
    assert codes(record) & {("dsa_query", "no_answer"), ("dsa_query", "incomplete")}


def test_two_builds_of_one_answer_are_no_build() -> None:
    record = posix_record(reading(dsa_query=answer(0, ANSWER + "PluginVersion.core: 20.0.0-4416\n")))
    assert record["versions"]["dsa_query"] == f"{FIXED}, 20.0.0-4416"


def test_an_answer_that_was_cut_is_a_problem() -> None:
    assert ("dsa_query", "incomplete") in codes(posix_record(reading(dsa_query=answer(0, ANSWER, cut=True))))


@pytest.mark.parametrize(
    ("dsa_query", "exists", "code"),
    [
        (answer(1, err="dsa_query: could not connect to the agent"), True, "no_answer"),
        (answer(None, timed_out=True), True, "no_answer"),
        (answer(0, "garbage\n"), True, "no_answer"),
        (None, False, "missing"),
        (None, None, "denied"),
    ],
)
def test_an_agent_that_does_not_answer(dsa_query: Json | None, exists: bool | None, code: str) -> None:
    host = reading(dsa_query=dsa_query or {})
    if dsa_query is None:
        del host["commands"]["dsa_query"]
        host["programs"]["dsa_query"] = program("dsa_query", exists)
    record = posix_record(host)
    assert (record["installed"], record["versions"]) == (True, {"dpkg": FIXED})
    assert codes(record) == {("dsa_query", code)}


def test_what_a_tool_printed_is_in_the_problem_in_its_own_script() -> None:
    (problem,) = posix_record(reading(dsa_query=answer(1, err="エージェントに接続できません")))["problems"]
    assert "エージェントに接続できません" in problem["text"]


@pytest.mark.parametrize(
    "dpkg",
    [
        answer(2, err="dpkg-query: error: failed to open package info file"),
        answer(None, err="[Errno 13] Permission denied"),
        MISSING,
        answer(*NOT_IN["dpkg"]),
    ],
    ids=["no database", "forbidden", "no tool", "another way of installing"],
)
def test_an_agent_that_no_package_manager_has_is_known_by_its_own_answer(dpkg: Json) -> None:
    record = posix_record(reading(dpkg=dpkg))
    assert (record["installed"], record["running"], record["versions"]) == (True, True, {"dsa_query": FIXED})
    assert (record["version"], record["version_source"]) == (FIXED, "dsa_query")


def test_an_agent_with_the_bootstrap_certificate_is_not_activated() -> None:
    text = ANSWER.replace("00:11", NOT_ACTIVATED_CERTIFICATE.lower())
    assert posix_record(reading(dsa_query=answer(0, text)))["activated"] is False


def test_an_answer_that_ends_before_the_certificate_does_not_tell_activation() -> None:
    text = ANSWER.partition("AgentStatus.dsmUrl")[0]
    assert posix_record(reading(dsa_query=answer(0, text)))["activated"] is None


@pytest.mark.parametrize("mode", ["on", "off", "driver-offline", "something new"])
def test_the_mode_of_anti_malware_is_the_agents_own_word(mode: str) -> None:
    text = ANSWER.replace("AM.mode: on", f"AM.mode: {mode}")
    assert posix_record(reading(dsa_query=answer(0, text)))["anti_malware"]["mode"] == mode


def hostile(name: str) -> Json:
    """The reading of a host that is fixed by its package, and of which something else shows that it is not proven."""
    host = reading()
    files, commands = host["files"], host["commands"]
    queries = {
        "hotfix": ANSWER.replace(FIXED, "20.0.0.4416 HF1"),
        "nul": ANSWER.replace(FIXED, "20.0.0.4416\0"),
        "nameless": ANSWER.replace(f"PluginVersion.core: {FIXED}\n", ""),
        "two builds": ANSWER.replace(FIXED, f"{FIXED}\nPluginVersion.core: 20.0.0.4416"),
        "letter case": ANSWER.replace(f"PluginVersion.core: {FIXED}", "pluginversion.CORE: 20.0.0.4416"),
        "unfinished": ANSWER.partition("\n")[2].rpartition("Component.CORE")[0],
    }
    notes = {
        "note cut": file("/n", '{"phase": "update_pending", "self_prot'),
        "note empty": file("/n", ""),
        "note of other types": file("/n", '{"phase": ["a"], "self_protection": ["off"]}'),
        "note without a phase": file("/n", '{"self_protection": "on"}'),
        "note that is a folder": file("/n", error="it is no regular file"),
        "note left off": file("/n", '{"phase": "done", "self_protection": "off"}'),
    }
    services = {
        "stopped": "LoadState=loaded\nActiveState=inactive\nSubState=dead\n",
        "masked": "LoadState=masked\nActiveState=inactive\nSubState=dead\n",
        "unit gone": SYSTEMD_GONE,
        "no state": "LoadState=loaded\nActiveState=unheard-of\nSubState=dead\n",
    }
    if name in queries:
        commands["dsa_query"] = answer(0, queries[name])
    elif name in notes:
        files["note"] = notes[name]
    elif name in services:
        commands["service"] = answer(0, services[name])
    else:
        host = without_agent()
        if name == "only a process":
            host["processes"]["agent"] = [{"pid": 7, "program": "/opt/ds_agent/ds_agent", "sockets": 0}]
        elif name != "none":
            phase = {"gone upgrading": "upgrading", "gone unguarded": "done"}[name]
            host["files"]["note"] = file("/n", json.dumps({"phase": phase, "self_protection": "off"}))
    return host


@pytest.mark.parametrize(
    ("name", "found"),
    [
        *((name, "agent_silent") for name in ("hotfix", "nul", "nameless", "two builds", "letter case", "unfinished")),
        *((f"note {name}", "note_unreadable") for name in ("cut", "empty", "of other types", "that is a folder")),
        ("note without a phase", "note_unreadable"),
        ("note left off", "self_protection_off"),
        *((name, "service_not_running") for name in ("stopped", "masked", "unit gone")),
        ("no state", "service_unknown"),
        ("gone upgrading", "agent_gone"),
        ("gone unguarded", "agent_gone"),
        ("only a process", "agent_silent"),
        ("none", ""),
    ],
)
def test_what_is_not_proven_passes_no_gate(name: str, found: str) -> None:
    record = posix_record(hostile(name))
    findings = {finding.code for finding in findings_of(record) if finding.fails_gate}
    passed = decide(record, load_advisory()).compliant and not findings
    assert (found in findings, passed) == (bool(found), not found)


# ---------------------------------------------------------------------------------- installed, whatever a database says


@pytest.mark.parametrize("os_name", ["linux", "aix", "solaris", "macos"])
def test_a_host_without_an_agent(os_name: str) -> None:
    record = posix_record(without_agent(os_name))
    assert (record["installed"], record["running"], record["problems"]) == (False, False, [])
    assert record["service"]["state"] == "missing"


@pytest.mark.parametrize(
    ("change", "installed", "running"),
    [
        ({"commands": {"dsa_query": answer(0, ANSWER)}}, True, True),
        ({"commands": {"dsa_query": answer(0, "PluginVersion.core: 20.0.0-4416\n")}}, True, True),
        ({"commands": {"service": reading()["commands"]["service"]}}, True, True),
        ({"processes": {"agent": [{"pid": 7, "program": "/opt/ds_agent/ds_agent", "sockets": 0}]}}, True, True),
        ({"commands": {"dsa_query": answer(1, err="no")}, "programs": {"dsa_query": program("x")}}, None, False),
        ({"programs": {"dsa_query": program("dsa_query", None)}}, None, False),
        ({"programs": {"ds_agent": program("ds_agent")}}, None, False),
        ({"commands": {"service": answer(0, "LoadState=loaded\nActiveState=inactive\nSubState=dead\n")}}, None, False),
        ({"commands": {"service": answer(0, "LoadState=masked\nActiveState=inactive\nSubState=dead\n")}}, None, False),
        ({"processes": {"agent": [], "hidden": True}}, None, None),
        ({"processes": None}, None, None),
        # A container without systemd: nothing of an agent is there, and that can be seen.
        ({"commands": {"service": answer(1, err="System has not been booted with systemd")}}, False, False),
    ],
)
def test_no_database_knows_the_agent_and_something_of_it_is_there(
    change: Json, installed: bool | None, running: bool | None
) -> None:
    host = without_agent()
    for key, value in change.items():
        host[key] = {**host[key], **value} if isinstance(value, dict) else value
    record = posix_record(host)
    assert (record["installed"], record["running"]) == (installed, running)
    if installed is None:
        assert ("packages", "leftovers") in codes(record)


@pytest.mark.parametrize("os_name", ["aix", "solaris", "macos"])
def test_a_service_that_cannot_be_read_leaves_it_open_where_no_process_is_seen(os_name: str) -> None:
    host = without_agent(os_name)
    host["commands"]["service"] = answer(None, timed_out=True)
    assert posix_record(host)["installed"] is None


def test_a_host_that_lost_its_agent_keeps_its_note() -> None:
    host = without_agent()
    host["files"]["note"] = file("/n", '{"phase": "upgrading", "self_protection": "off"}')
    record = posix_record(host)
    assert record["installed"] is False
    assert record["remediation"] == {"phase": "upgrading", "self_protection": "off"}


# ------------------------------------------------------------------------------------------------------------- services


@pytest.mark.parametrize(
    ("os_name", "service", "state"),
    [
        ("linux", answer(0, "SubState=running\nActiveState=active\nLoadState=loaded\n"), "running"),
        ("linux", answer(0, "LoadState=not-found\nActiveState=active\nSubState=running\n"), "running"),
        ("linux", answer(0, "LoadState=loaded\nActiveState=active\nSubState=exited\n"), "stopped"),
        ("linux", answer(0, "LoadState=loaded\nActiveState=active\nSubState=odd\n"), None),
        ("linux", answer(0, "LoadState=loaded\nActiveState=reloading\nSubState=reload\n"), "running"),
        ("linux", answer(0, "LoadState=loaded\nActiveState=activating\nSubState=auto-restart\n"), "pending"),
        ("linux", answer(0, "LoadState=loaded\nActiveState=deactivating\nSubState=stop\n"), "pending"),
        ("linux", answer(0, "LoadState=loaded\nActiveState=failed\nSubState=failed\n"), "failed"),
        ("linux", answer(0, "LoadState=loaded\nActiveState=inactive\nSubState=dead\n"), "stopped"),
        ("linux", answer(0, "LoadState=masked\nActiveState=inactive\nSubState=dead\n"), "disabled"),
        ("linux", answer(0, "LoadState=bad-setting\nActiveState=inactive\nSubState=dead\n"), None),
        ("linux", answer(0, SYSTEMD_GONE), "missing"),
        ("linux", answer(0, "LoadState=loaded\nActiveState=unknown\nSubState=x\n"), None),
        ("linux", answer(0, ""), None),
        ("linux", answer(1, err="Failed to connect to bus"), None),
        ("linux", answer(None, timed_out=True), None),
        ("aix", answer(0, "Subsystem Group PID Status\n ds_agent   4456696   active\n"), "running"),
        ("aix", answer(0, "Subsystem Group PID Status\n ds_agent      inoperative\n"), "stopped"),
        ("aix", answer(0, "Subsystem Group PID Status\n ds_agent  1  stopping\n"), "pending"),
        ("aix", answer(0, "Subsystem Group PID Status\n ds_agent  1  warned to stop\n"), "pending"),
        ("aix", answer(1, err="0513-085 The ds_agent Subsystem is not on file."), "missing"),
        ("aix", answer(1, err="0513-036 The request could not be passed"), None),
        ("solaris", answer(0, "online\n"), "running"),
        ("solaris", answer(0, "online*\n"), "pending"),
        ("solaris", answer(0, "offline\n"), "stopped"),
        ("solaris", answer(0, "offline*\n"), "pending"),
        ("solaris", answer(0, "disabled\n"), "disabled"),
        ("solaris", answer(0, "maintenance\n"), "failed"),
        ("solaris", answer(0, "degraded\n"), None),
        ("solaris", answer(0, "online\ndisabled\n"), None),
        ("solaris", answer(1, err="svcs: Pattern 'ds_agent' doesn't match any instances"), "missing"),
        ("macos", answer(0, '{\n\t"Label" = "com.trendmicro.dsa";\n\t"PID" = 12;\n};\n'), "running"),
        ("macos", answer(0, '{\n\t"Label" = "x";\n\t"LastExitStatus" = 0;\n};\n'), "stopped"),
        ("macos", answer(0, '{\n\t"Label" = "x";\n\t"LastExitStatus" = 256;\n};\n'), "failed"),
        ("macos", answer(113, err='Could not find service "com.trendmicro.dsa"'), "missing"),
        ("macos", answer(1, err="Operation not permitted"), None),
    ],
)
def test_states_of_services(os_name: str, service: Json, state: str | None) -> None:
    source = {"linux": "dpkg", "aix": "lslpp", "solaris": "pkg", "macos": "pkgutil"}[os_name]
    host = reading(os_name, service=service)
    host["commands"][source] = {
        "dpkg": answer(0, f"install ok installed\t{FIXED}\n"),
        "lslpp": answer(0, "a:ds_agent.rte:20.0.2.1390: : :C: :D: : :\n"),
        "pkg": answer(0, " State: Installed\n Version: 20.0.2.1390\n"),
        "pkgutil": answer(0, "version: 20.0.2.1390\n"),
    }[source]
    record = posix_record(host)
    assert record["installed"] is True
    assert record["service"]["state"] == state
    assert record["services"] == [{"name": record["service"]["name"], "state": state}]
    assert any(problem["source"] == "service" for problem in record["problems"]) is (state is None)


@pytest.mark.parametrize(
    ("init", "state"),
    [
        (answer(0, "ds_agent is running"), "running"),
        (answer(1), "failed"),
        (answer(3), "stopped"),
        (answer(4), None),
        (answer(None, timed_out=True), None),
        (MISSING, "missing"),
    ],
)
def test_an_init_script_where_there_is_no_systemctl(init: Json, state: str | None) -> None:
    assert posix_record(reading(service=MISSING, init=init))["service"]["state"] == state


# ------------------------------------------------------------------------------------------------------------- the note


@pytest.mark.parametrize("phase", ["upgrading", "update_pending", "done"])
def test_a_note_is_kept_as_it_is(phase: str) -> None:
    note = {"phase": phase, "self_protection": "off", "to": FIXED}
    host = reading()
    host["files"]["note"] = file("/n", json.dumps(note))
    record = posix_record(host)
    assert (record["remediation"], record["remediation_unreadable"]) == (note, None)


def test_without_a_note_nothing_is_said_of_it() -> None:
    record = posix_record(reading())
    assert (record["remediation"], record["remediation_unreadable"]) == (None, None)


@pytest.mark.parametrize(
    "note",
    [
        file("/n", error="Permission denied"),
        file("/n", error="it is no regular file"),
        file("/n", ""),
        file("/n", '{"phase": "update_pending", "self_pro'),
        file("/n", '{"phase": "done"}', cut=True),
        file("/n", "[]"),
        file("/n", "{}"),
        file("/n", "null"),
        file("/n", '{"phase": ["a"], "self_protection": ["off"]}'),
        file("/n", '{"phase": "done", "self_protection": ["off"]}'),
        file("/n", '{"phase": "done", "self_protection": false}'),
        file("/n", '{"phase": "Done"}'),
        file("/n", '{"phase": "finished"}'),
        file("/n", '{"phase": "done"}\\x00\\x00'),
        file("/n", '{"phase": "done", "since": "\ufffd"}'),
        file("/n", "[" * 60000),
        {},
        {"exists": None},
    ],
)
def test_a_note_that_is_there_and_cannot_be_used_is_not_absent(note: Json) -> None:
    host = reading()
    host["files"]["note"] = note
    record = posix_record(host)
    assert record["remediation"] is None
    assert record["remediation_unreadable"]
    assert ("note", "unreadable") in codes(record)


def test_escapes_of_a_note_become_no_surrogates() -> None:
    host = reading()
    host["files"]["note"] = file("/n", '{"phase": "done", "since": "\\ud800\\u001b[2J"}')
    record = posix_record(clean_tree(host))
    assert record["remediation"] == {"phase": "done", "since": "\\ud800\\x1b[2J"}
    json.dumps(record).encode()


# --------------------------------------------------------------------------------------------------- reboots and Relays


@pytest.mark.parametrize(
    ("pkgs", "required", "code"),
    [
        (file("/p", "linux-base\nds-agent\n"), True, "agent_installer"),
        (file("/p", "linux-base\n"), False, "reboot_required_file"),
        (file("/p"), None, "reboot_required_file"),
        (file("/p", ""), None, "reboot_required_file"),
        (file("/p", error="Permission denied"), None, "reboot_required_file"),
        (file("/p", "linux-base\n", cut=True), None, "reboot_required_file"),
    ],
)
def test_debians_mark_of_a_reboot(pkgs: Json, required: bool | None, code: str) -> None:
    host = reading()
    host["files"].update(reboot_required=file("/run/reboot-required", "x"), reboot_required_pkgs=pkgs)
    reboot = posix_record(host)["reboot"]
    assert (reboot["required"], [reason["code"] for reason in reboot["reasons"]]) == (required, [code])


def test_without_a_mark_nothing_is_known_of_a_reboot() -> None:
    assert posix_record(reading())["reboot"] == {"required": None, "reasons": []}


def _agent(sockets: int | None) -> Json:
    return {"pid": 7, "program": "/opt/ds_agent/ds_agent", "sockets": sockets}


@pytest.mark.parametrize(
    ("sockets", "agents", "unowned", "service", "enabled"),
    [
        (1, [_agent(1)], 0, "running", True),
        (1, [_agent(1), _agent(None)], 1, "running", True),
        (1, [_agent(0)], 1, "running", False),
        (1, [], 0, "running", False),
        (0, [], 0, "running", False),
        (0, [], 0, "exited", None),
        (1, [_agent(0)], 0, "exited", None),
        (1, [_agent(None)], 1, "running", None),
        (1, [_agent(0), _agent(None)], 1, "running", None),
        (1, [], 1, "running", None),
        (None, [], 0, "running", None),
        (True, [], 0, "running", None),
    ],
)
def test_relays(sockets: int | None, agents: list[Json], unowned: int, service: str, enabled: bool | None) -> None:
    host = reading(service=answer(0, f"LoadState=loaded\nActiveState=active\nSubState={service}\n"))
    host["relay"]["sockets"] = sockets
    host["processes"] = {"agent": agents, "unowned": unowned, "hidden": False, "error": None}
    assert posix_record(host)["relay"]["enabled"] is enabled


def test_a_unix_agent_is_no_relay() -> None:
    host = reading("aix", lslpp=answer(0, "a:ds_agent.rte:20.0.2.1390: : :C: :D: : :\n"))
    assert posix_record(host)["relay"] == {"enabled": False, "source": "platform"}


# ------------------------------------------------------------------------------------------------ readings that are odd


@pytest.mark.parametrize("odd", [{}, {"os": None}, {"os": "hpux"}, {"os": ["linux"]}, {"os": None, "uname": ["HP-UX"]}])
def test_an_unsupported_system(odd: Json) -> None:
    record = posix_record(odd)
    assert record["installed"] is None
    assert ("platform", "unsupported") in codes(record)


def test_a_reader_that_gave_nothing() -> None:
    record = unreadable_record("MODULE FAILURE")
    assert record["installed"] is None
    assert record["problems"] == [{"source": "reader", "code": "no_answer", "text": "MODULE FAILURE"}]


_ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-9, 9), st.text(max_size=20), st.just("\ud800"), st.just([]), st.just({})
)


def _paths(value: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    here = [path] if path else []
    return (
        here + [found for key in value for found in _paths(value[key], (*path, key))]
        if isinstance(value, dict)
        else here
    )


def _mangle(host: Json, path: tuple[str, ...], value: Any) -> None:
    inner = host
    for key in path[:-1]:
        inner = inner.get(key, {}) if isinstance(inner, dict) else {}
    if isinstance(inner, dict):
        inner[path[-1]] = value


_BASES = [reading(), without_agent(), without_agent("aix"), without_agent("solaris"), without_agent("macos")]


@given(st.data())
def test_no_reading_breaks_the_parser(data: st.DataObject) -> None:
    host = copy.deepcopy(data.draw(st.sampled_from(_BASES)))
    for dummy in range(data.draw(st.integers(1, 3))):
        _mangle(host, data.draw(st.sampled_from(_paths(host))), data.draw(_ODD))
    record = posix_record(host)
    assert record["installed"] in (True, False, None)
    assert record["installed"] is not None or record["problems"]


@given(st.data())
def test_a_command_whose_answer_is_cut_anywhere_never_makes_an_agent_vanish(data: st.DataObject) -> None:
    """An affected agent that runs: no cut of any answer makes it absent or fixed."""
    host = reading(
        dpkg=answer(0, "install ok installed\t20.0.0-4416\n"), dsa_query=answer(0, ANSWER.replace(FIXED, "20.0.0-4416"))
    )
    name = data.draw(st.sampled_from(["dpkg", "dsa_query", "service"]))
    text = host["commands"][name]["out"]
    host["commands"][name].update(out=text[: data.draw(st.integers(0, len(text)))], cut=True)
    record = posix_record(host)
    assert record["installed"] is True
    assert record["version"] in ("20.0.0-4416", None)
    assert set(record["versions"].values()) <= {"20.0.0-4416", None}
    assert record["problems"]


@given(st.text(max_size=30), st.sampled_from(["dpkg", "dsa_query"]))
def test_nothing_behind_a_build_is_dropped(tail: str, source: str) -> None:
    core = FIXED + tail
    text = {"dsa_query": ANSWER.replace(FIXED, core), "dpkg": f"install ok installed\t{core}\n"}[source]
    found = posix_record(clean_tree(reading("linux", **{source: answer(0, text)})))["versions"][source]
    line = tail.split("\n")[0].strip(" \t")
    try:
        expected: str | None = parse_build(FIXED + line).text
    except BuildError:
        expected = None
    if found == FIXED:
        assert expected == FIXED
