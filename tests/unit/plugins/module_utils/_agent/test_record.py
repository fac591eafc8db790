# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One raw reading of the machine that runs the tests, and of files and processes that are odd."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from unittest.mock import Mock

import pytest

from ansible_collections.deep_security.remediation.plugins.module_utils._agent import commands, record, relay
from ansible_collections.deep_security.remediation.plugins.plugin_utils._record import posix_record
from tests.pythons import interpreters
from tests.run.common import ROOT

HOST_SIDE = ROOT / "plugins" / "module_utils"
_READ = """
import json, sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
from _agent import record
print(json.dumps(record.read(5, sys.argv[2])))
"""


@pytest.mark.parametrize("version", ["2.7", "3.6", "3.13"])
def test_every_python_reads_alike(version: str, tmp_path: Path) -> None:
    python = interpreters().get(version)
    if python is None:
        pytest.skip(f"no Python {version} here")
    note = tmp_path / "progress.json"
    note.write_text('{"phase": "update_pending"}')
    done = subprocess.run([python, "-c", _READ, HOST_SIDE, note], capture_output=True, text=True, check=True)
    reading = json.loads(done.stdout)
    assert set(reading) == set(record.read(5))
    assert set(reading["commands"]) >= {"service"}
    assert posix_record(reading)["remediation"] == {"phase": "update_pending"}
    assert len(done.stdout) < 64 * 1024


@pytest.mark.parametrize("kind", ["pipe", "folder", "dangling link", "forbidden"])
def test_what_is_there_and_cannot_be_read_is_not_absent(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "progress.json"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "dangling link":
        path.symlink_to(tmp_path / "gone")
    else:
        path.write_text("{}")
        path.chmod(0)
        if os.geteuid() == 0:
            pytest.skip("root reads everything")
    found = record._file(str(path))
    assert (found["exists"], found["text"]) == (True, None)
    assert found["error"]


def test_a_file_is_absent_only_where_nothing_has_its_name(tmp_path: Path) -> None:
    assert record._file(str(tmp_path / "progress.json"))["exists"] is False
    assert record._file(str(tmp_path / "no" / "progress.json"))["exists"] is False


def test_a_long_file_is_cut_and_marked(tmp_path: Path) -> None:
    (tmp_path / "note").write_text("x" * (64 * 1024 + 1))
    found = record._file(str(tmp_path / "note"))
    assert (len(found["text"]), found["cut"]) == (64 * 1024, True)


def test_a_program_that_may_not_be_seen_is_unknown(tmp_path: Path) -> None:
    assert record._program(str(tmp_path / "dsa_query"))["exists"] is False
    (tmp_path / "dsa_query").write_text("")
    found = record._program(str(tmp_path / "dsa_query"))
    assert (found["exists"], found["executable"]) == (True, False)
    assert found["changed"].endswith("Z")
    if os.geteuid() != 0:
        tmp_path.chmod(0)
        assert record._program(str(tmp_path / "dsa_query"))["exists"] is None
        tmp_path.chmod(0o700)


LISTENING = "   0: 00000000:101A 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 777 1\n"


def _proc(root: Path, tcp: str, listener: str = "socket:[777]", argument: str = "/opt/ds_agent/ds_agent") -> str:
    (root / "net").mkdir(parents=True)
    head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
    (root / "net" / "tcp").write_text(head + tcp)
    (root / "1").mkdir()
    (root / "1" / "cmdline").write_bytes(b"/sbin/init\0")
    (root / "41" / "fd").mkdir(parents=True)
    (root / "41" / "cmdline").write_bytes(argument.encode() + b"\0-w\0")
    os.symlink(listener, root / "41" / "fd" / "5")
    return str(root)


def _look(proc: str) -> tuple[object, dict[str, object]]:
    listener, inodes = relay.listener(proc)
    return listener["sockets"], relay.processes("/opt/ds_agent", inodes, proc)


@pytest.mark.parametrize(
    ("tcp", "listener", "argument", "sockets", "owned", "unowned"),
    [
        (LISTENING, "socket:[777]", "/opt/ds_agent/ds_agent", 1, [1], 0),
        (LISTENING, "socket:[778]", "/opt/ds_agent/ds_agent", 1, [0], 1),
        (LISTENING, "socket:[777]", "/usr/sbin/nginx", 1, [], 0),
        (LISTENING.replace(" 0A ", " 01 "), "socket:[777]", "/opt/ds_agent/ds_agent", 0, [0], 0),
        (LISTENING.replace("101A", "101B"), "socket:[777]", "/opt/ds_agent/ds_agent", 0, [0], 0),
        ("", "socket:[777]", "/opt/ds_agent/ds_agent", 0, [0], 0),
    ],
    ids=["relay", "another's socket", "another's process", "not listening", "another port", "nothing"],
)
def test_the_listener_and_its_owner(
    tmp_path: Path, tcp: str, listener: str, argument: str, sockets: int, owned: list[int], unowned: int
) -> None:
    seen, processes = _look(_proc(tmp_path / "proc", tcp, listener, argument))
    assert seen == sockets
    # The first process of this folder has no fd folder at all: what it owns cannot be seen.
    assert [each["sockets"] for each in processes["agent"]] == owned  # type: ignore[attr-defined]
    assert (processes["unowned"], processes["hidden"]) == (unowned, False)


def test_kernel_tables_that_cannot_be_read(tmp_path: Path) -> None:
    listener, inodes = relay.listener(str(tmp_path / "none"))
    assert (listener["sockets"], inodes) == (None, set())
    assert listener["error"]
    assert relay.processes("/opt/ds_agent", inodes, str(tmp_path / "none"))["hidden"] is True


def test_processes_of_others_that_are_not_listed_are_hidden(tmp_path: Path) -> None:
    proc = _proc(tmp_path / "proc", "")
    shutil.rmtree(tmp_path / "proc" / "1")
    assert relay.processes("/opt/ds_agent", set(), proc)["hidden"] is True


def test_an_owner_that_may_not_be_looked_into_is_unknown(tmp_path: Path) -> None:
    proc = _proc(tmp_path / "proc", LISTENING)
    shutil.rmtree(tmp_path / "proc" / "41" / "fd")
    processes = _look(proc)[1]
    assert processes["agent"] == [{"pid": 41, "program": "/opt/ds_agent/ds_agent", "sockets": None}]
    assert processes["unowned"] == 1


@pytest.mark.parametrize(("root", "found"), [("/", 1), ("container", 0), ("gone", 1)])
def test_an_agent_in_a_container_is_not_the_hosts(tmp_path: Path, root: str, found: int) -> None:
    """On a host of containers every process is listed; one whose root cannot be seen may be the host's own."""
    (tmp_path / "container").mkdir()
    proc = _proc(tmp_path / "proc", "")
    os.symlink(tmp_path / root, tmp_path / "proc" / "41" / "root")
    assert len(relay.processes("/opt/ds_agent", set(), proc)["agent"]) == found


def test_an_agent_behind_a_link_is_found(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "ds_agent").symlink_to(tmp_path / "data")
    proc = _proc(tmp_path / "proc", "", argument=f"{tmp_path}/data/ds_agent")
    assert len(relay.processes(str(tmp_path / "ds_agent"), set(), proc)["agent"]) == 1


def test_a_host_without_systemd_is_read_by_its_init_script(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(record.SERVICES, "linux", ["/no/such/systemctl"])
    monkeypatch.setattr(record, "host_platform", lambda: ("linux", "linux", "x86_64", "2.6"))
    assert record.read(5)["commands"]["init"]["argv"] == ["/etc/init.d/ds_agent", "status"]


def test_the_time_limit_of_a_reading_is_that_of_all_its_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = Mock(wraps=commands.answers)
    monkeypatch.setattr(commands, "answers", answers)
    assert record.read(7)["timeout"] == 7
    assert [call.args[1] for call in answers.call_args_list] == [7]


def test_a_program_that_was_put_in_place_with_its_old_date_counts_as_changed(tmp_path: Path) -> None:
    """Package managers keep the date of the packed file, so an installation over the same build shows only here."""
    path = tmp_path / "ds_agent"
    path.write_text("")
    os.utime(path, (0, 0))
    assert record._program(str(path))["changed"] > "2020"
