# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What package managers and dsa_query say, and what is made of it. The texts follow the vendors' documents."""

from __future__ import annotations

import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.deep_security.remediation.plugins.module_utils._agent import (
    commands,
    dsa_query,
    install,
    packages,
    progress,
    relay,
    update,
)

HALF = "an installation did not finish"


@pytest.mark.parametrize(
    ("os_name", "source", "rc", "out", "err", "installed", "version"),
    [
        ("linux", "rpm", 0, "20.0.0-4416.el7\n", "", True, "20.0.0-4416.el7"),
        ("linux", "rpm", 1, "package ds_agent is not installed\n", "", False, None),
        ("linux", "rpm", 0, "20.0.0-4416.el7\n20.0.2-1390.el7\n", "", True, None),
        ("linux", "rpm", 1, "", "error: cannot open Packages database: Permission denied", None, None),
        # Both of these are said when the database cannot be opened: nobody knows whether it is installed.
        (
            "linux",
            "rpm",
            1,
            "package ds_agent is not installed\n",
            "error: cannot open Packages database in /var/lib/rpm\n",
            None,
            None,
        ),
        (
            "linux",
            "rpm",
            1,
            "package ds_agent is not installed\n",
            "warning: Found bdb_ro Packages database while attempting sqlite backend\n",
            False,
            None,
        ),
        ("linux", "rpm", 1, "パッケージ ds_agent はインストールされていません。\n", "", False, None),
        ("linux", "dpkg", 1, "", "dpkg-query: ds-agent に一致するパッケージが見つかりません\n", False, None),
        ("linux", "dpkg", 1, "", "", None, None),
        (
            "aix",
            "lslpp",
            1,
            "",
            "lslpp: 0504-132  ファイルセット ds_agent.rte がインストールされていません。\n",
            False,
            None,
        ),
        ("linux", "rpm", None, "", "", None, None),
        ("linux", "dpkg", 0, "install ok installed\t20.0.0-4416\n", "", True, "20.0.0-4416"),
        ("linux", "dpkg", 1, "", "dpkg-query: no packages found matching ds-agent\n", False, None),
        ("linux", "dpkg", 0, "deinstall ok config-files\t20.0.0-4416\n", "", False, None),
        ("linux", "dpkg", 0, "unknown ok not-installed\t\n", "", False, None),
        ("linux", "dpkg", 0, "install ok half-configured\t20.0.2-1390\n", "", True, None),
        ("linux", "dpkg", 0, "install reinstreq half-installed\t20.0.2-1390\n", "", True, None),
        ("linux", "dpkg", 2, "", "dpkg-query: error: failed to open package info file", None, None),
        (
            "aix",
            "lslpp",
            0,
            "#Package:Fileset:Level\nds_agent:ds_agent.rte:20.0.1.25771: : :C: :DSA: : :\n",
            "",
            True,
            "20.0.1.25771",
        ),
        ("aix", "lslpp", 0, "ds_agent:ds_agent.rte:20.0.2.1390: : :B: :DSA: : :\n", "", True, None),
        ("aix", "lslpp", 1, "", "lslpp: 0504-132  Fileset ds_agent.rte not installed.\n", False, None),
        (
            "solaris",
            "pkg",
            0,
            "  Name: security/ds-agent\n State: Installed\n Version: 20.0.2.1390\n",
            "",
            True,
            "20.0.2.1390",
        ),
        ("solaris", "pkg", 1, "", "pkg: info: no packages matching the following patterns", False, None),
        ("solaris", "pkg", 0, " State: Not installed\n Version: 20.0.2.1390\n", "", False, None),
        (
            "solaris",
            "pkginfo",
            0,
            " PKGINST:  ds-agent\n VERSION:  20.0.0.1390\n STATUS:  completely installed\n",
            "",
            True,
            "20.0.0.1390",
        ),
        ("solaris", "pkginfo", 0, " VERSION:  20.0.2.1390\n STATUS:  partially installed\n", "", True, None),
        ("solaris", "pkginfo", 1, "", 'ERROR: information for "ds-agent" was not found\n', False, None),
        (
            "macos",
            "pkgutil",
            0,
            "package-id: com.trendmicro.ds_agent\nversion: 20.0.0.236\nvolume: /\n",
            "",
            True,
            "20.0.0.236",
        ),
        ("macos", "pkgutil", 0, "", "", False, None),
        ("macos", "pkgutil", 1, "", "pkgutil: Operation not permitted", None, None),
    ],
)
def test_package_managers(
    os_name: str, source: str, rc: int | None, out: str, err: str, installed: bool | None, version: str | None
) -> None:
    said = packages.SOURCES[os_name][source][1](commands.Answer(rc, out, err))
    assert (said.installed, said.version) == (installed, version)
    if version is None and installed is not False:
        assert said.problem is not None
    if installed and version is None:
        assert HALF in said.problem or "did not finish" in said.problem


@given(
    st.sampled_from([(o, s) for o, found in packages.SOURCES.items() for s in found]),
    st.integers(-9, 9) | st.none(),
    st.text(),
    st.text(),
)
def test_no_answer_breaks_a_reader(which: tuple[str, str], rc: int | None, out: str, err: str) -> None:
    said = packages.SOURCES[which[0]][which[1]][1](commands.Answer(rc, out, err))
    assert said.installed in (True, False, None)


ANSWER = """PluginVersion.core: 20.0.0-4416
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


def test_dsa_query() -> None:
    values = dsa_query.parse(ANSWER)
    assert values["PluginVersion.core"] == "20.0.0-4416"
    assert "AgentStatus.13" not in values
    assert dsa_query.activation(values) == (True, "https://dsm.example:4120/")
    assert dsa_query.anti_malware(values) == {
        "mode": "on",
        "driver_offline": False,
        "engine": "24.580.1013",
        "patterns": [
            {"name": "IntelliTrap Pattern", "version": "0.253.00"},
            {"name": "Smart Scan Agent Pattern", "version": "18.489.00"},
        ],
    }


def test_an_agent_with_the_bootstrap_certificate_is_not_activated() -> None:
    values = dsa_query.parse(ANSWER.replace("00:11", dsa_query.NOT_ACTIVATED_CERTIFICATE.lower()))
    assert dsa_query.activation(values)[0] is False


def test_unknown_is_null() -> None:
    assert dsa_query.activation({}) == (None, None)
    assert dsa_query.anti_malware({}) == {"mode": None, "driver_offline": None, "engine": None, "patterns": []}


@given(st.text())
def test_dsa_query_survives_anything(text: str) -> None:
    values = dsa_query.parse(text)
    dsa_query.anti_malware(values)
    dsa_query.activation(values)


def test_a_hanging_tool_is_killed_with_its_children(tmp_path: Path) -> None:
    tool = tmp_path / "dsa_query"
    child = tmp_path / "child"
    script = ["#!/bin/sh", "trap '' TERM", "echo half an answer", f"sleep 60 & echo $! > '{child}'", "wait", ""]
    tool.write_text("\n".join(script))
    tool.chmod(0o755)
    started = time.monotonic()
    answer = commands.run([str(tool)], 1)
    assert answer.timed_out
    assert answer.rc is None
    assert answer.out == "half an answer\n"
    assert time.monotonic() - started < 10
    pid = int(child.read_text())
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and _alive(pid):
        time.sleep(0.05)
    assert not _alive(pid)


def _alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False


def test_missing_and_forbidden_tools_are_told_apart(tmp_path: Path) -> None:
    assert commands.run([str(tmp_path / "none")], 1).missing
    (tmp_path / "plain").write_text("x")
    answer = commands.run([str(tmp_path / "plain")], 1)
    assert not answer.missing
    assert answer.rc is None
    assert "ermission" in answer.err


def test_progress_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = str(tmp_path / "deep" / "progress.json")
    assert progress.load(path) == (None, None)
    progress.update(path, phase="upgrading", to="20.0.2-1390")
    progress.update(path, phase="update_pending")
    assert progress.load(path)[0] == {"phase": "update_pending", "to": "20.0.2-1390"}
    assert os.listdir(tmp_path / "deep") == ["progress.json"]
    for junk in ("", "{", "[]", '"x"'):
        Path(path).write_text(junk)
        content, problem = progress.load(path)
        assert content is None
        assert "damaged" in problem


def _proc(root: Path, tcp: str, listener: str = "socket:[777]", argument: str = "/opt/ds_agent/ds_agent") -> str:
    (root / "net").mkdir(parents=True)
    head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    (root / "net" / "tcp").write_text(head + tcp)
    (root / "41" / "fd").mkdir(parents=True)
    (root / "41" / "cmdline").write_bytes(argument.encode() + b"\0-w\0")
    os.symlink(listener, root / "41" / "fd" / "5")
    return str(root)


LISTENING = "   0: 00000000:101A 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 777 1\n"


@pytest.mark.parametrize(
    ("tcp", "listener", "argument", "expected"),
    [
        (LISTENING, "socket:[777]", "/opt/ds_agent/ds_agent", True),
        (LISTENING, "socket:[778]", "/opt/ds_agent/ds_agent", False),
        (LISTENING, "socket:[777]", "/usr/sbin/nginx", False),
        (LISTENING.replace(" 0A ", " 01 "), "socket:[777]", "/opt/ds_agent/ds_agent", False),
        (LISTENING.replace("101A", "101B"), "socket:[777]", "/opt/ds_agent/ds_agent", False),
        ("", "socket:[777]", "/opt/ds_agent/ds_agent", False),
    ],
    ids=["relay", "another's socket", "another's process", "not listening", "another port", "nothing"],
)
def test_relay_heuristic(tmp_path: Path, tcp: str, listener: str, argument: str, expected: bool) -> None:
    found, problem = relay.detect("/opt/ds_agent", _proc(tmp_path / "proc", tcp, listener, argument))
    assert (found["enabled"], problem) == (expected, None)


def test_relay_heuristic_says_when_it_cannot_tell(tmp_path: Path) -> None:
    found, problem = relay.detect("/opt/ds_agent", str(tmp_path / "none"))
    assert found == {"enabled": None, "source": None}
    assert "whether it is a Relay" in problem


def test_a_listener_whose_owner_is_not_seen_is_unknown(tmp_path: Path) -> None:
    """As without root: the agent's processes are there, and not to be looked into."""
    proc = Path(_proc(tmp_path / "proc", LISTENING))
    shutil.rmtree(proc / "41" / "fd")
    found, problem = relay.detect("/opt/ds_agent", str(proc))
    assert found["enabled"] is None
    assert "whose it is cannot be seen" in problem


def test_commands_side_by_side_cost_the_longest_alone() -> None:
    started = time.monotonic()
    running = {name: commands.Running(["sleep", name]) for name in ("0.3", "0.6", "30")}
    answers = commands.answers(running, 1.2)
    assert time.monotonic() - started < 3
    assert [answers[name].rc for name in ("0.3", "0.6", "30")] == [0, 0, None]
    assert answers["30"].timed_out


def test_waiting_works_outside_the_main_thread() -> None:
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(commands.run, ["/bin/sh", "-c", "sleep 0.2; echo done"], 20).result()
    assert (answer.rc, answer.out) == (0, "done\n")


def test_the_current_folder_is_not_searched_for_tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "no_such_tool").write_text("#!/bin/sh\necho fooled\n")
    (tmp_path / "no_such_tool").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "")
    assert commands.run(["no_such_tool"], 5).missing


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20.0.2-1390.el8", (20, 0, 2, 1390)),
        ("20.0.2.1390", (20, 0, 2, 1390)),
        ("20.0", None),
        ("", None),
        (None, None),
    ],
)
def test_numbers(text: str | None, expected: tuple[int, ...] | None) -> None:
    assert install.numbers(text) == expected


def test_new_log_lines_only(tmp_path: Path) -> None:
    log = tmp_path / "ds_agent.log"
    log.write_text("old 9017\n")
    marks = update.log_marks(str(tmp_path))
    assert update.new_lines(str(tmp_path), marks) == []
    with log.open("a") as stream:
        stream.write("new 9016\n")
    assert update.new_lines(str(tmp_path), marks) == ["new 9016"]
    log.rename(tmp_path / "ds_agent-01.log")  # rotated: what it held before is no news under another name either
    log.write_text("fresh\n")
    assert sorted(update.new_lines(str(tmp_path), marks)) == ["fresh", "new 9016"]
    assert update.new_lines(str(tmp_path), None) == []
