# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What outlives a run whose files are gone with its container: its result, and its report at other places."""

from __future__ import annotations

import base64
import hashlib
import http.server
import json
import re
import threading
import typing as t
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests import report_schema
from tests.conftest import Run
from tests.integration.test_gate_holds import BAD, GATE, GOOD, REMEDIATE, UNREADABLE, Fleet, fleet, words
from tests.integration.test_slices import stats_of

STATS = {"ANSIBLE_SHOW_CUSTOM_STATS": "1"}
PASSWORD, TOKEN, SIGNATURE = "S3CRET-password", "S3CRET-token", "S3CRET-signature"
BASE64 = base64.b64encode(f"dsa:{PASSWORD}".encode()).decode()
OWN = """
- name: Send
  ansible.builtin.copy:
    content: "{{ dsa_report_result.run_id }} {{ dsa_report_files | map(attribute='name') | join(' ') }}"
    dest: "{{ FOLDER }}/own.txt"
    mode: "0644"
"""
__all__ = ["fleet"]


class Store:
    """A server that takes files with a password, and sends others elsewhere with a word on what was wrong: all of the
    request. taken: path → content.
    """

    def __init__(self) -> None:
        self.taken: dict[str, bytes] = {}
        self.headers: list[dict[str, str]] = []
        store = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path.startswith("/moved"):
                    words = f"{self.path} {' '.join(self.headers.values())}"
                    self.send_response(307, words)
                    self.send_header("Location", f"{store.address}/elsewhere")
                else:
                    store.taken[self.path] = content
                    store.headers.append(dict(self.headers))
                    self.send_response(201 if "Authorization" in self.headers else 401)
                self.end_headers()

            def log_message(self, *ignored: object) -> None:
                """Nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store()
    yield store
    store.server.shutdown()
    store.server.server_close()


def destinations(fleet: Fleet, store: Store) -> list[dict[str, t.Any]]:
    """One of each kind that takes the report, and one of each that does not."""
    (fleet.folder / "own.yml").write_text(OWN.replace("{{ FOLDER }}", str(fleet.folder)), encoding="utf-8")
    failing = [{"name": "Send", "ansible.builtin.fail": {"msg": "no room"}}]
    (fleet.folder / "failing.yml").write_text(yaml.safe_dump(failing), encoding="utf-8")
    return [
        {"directory": str(fleet.folder / "store" / "new"), "host": "localhost"},
        {
            "url": f"{store.address}/reports/",
            "username": "dsa",
            "password": PASSWORD,
            "headers": {"X-Token": TOKEN},
        },
        {"tasks": "own.yml"},
        {"directory": "/nowhere", "host": "silent"},
        {
            "url": f"{store.address.replace('//', f'//dsa:{PASSWORD}@')}/moved?signature={SIGNATURE}",
            "headers": {"X-Token": TOKEN},
        },
        {"tasks": "failing.yml"},
    ]


@pytest.mark.parametrize(
    ("hosts", "arguments"), [(BAD, ()), (GOOD, ("--check",))], ids=["does not pass", "passes in check mode"]
)
def test_the_report_is_sent_and_no_destination_changes_the_verdict(
    fleet: Fleet, store: Store, hosts: t.Mapping[str, t.Any], arguments: tuple[str, ...]
) -> None:
    silent = {"ansible_host": "127.0.0.1", "ansible_port": 1}
    everybody = {**hosts, "silent": silent}
    extra = {"dsa_hosts": "!silent"}
    given = {"dsa_report_to": destinations(fleet, store)}
    done = fleet.run(everybody, extra, "-vvvv", *arguments, environment=STATS, vars=given)
    assert done.returncode == (0 if hosts is GOOD else 2), done.stdout
    result = stats_of(done.stdout)["dsa_result"]
    assert result["passed"] is (hosts is GOOD)
    assert [each["ok"] for each in result["sent"]] == [True, True, True, False, False, False]
    problems = [each["problem"] for each in result["sent"][3:]]
    for problem, text in zip(problems, ["refused", "HTTP status 307", "no room"], strict=True):
        assert text in problem
        assert f": {problem}"[:60] in words(done), "it is shown"
    content = fleet.path.read_bytes()
    assert (result["report"]["sha256"], result["report"]["size"]) == (
        hashlib.sha256(content).hexdigest(),
        len(content),
    )
    sent = {path.suffix: path for path in (fleet.folder / "store" / "new").iterdir()}
    assert set(sent) == {".json", ".html"}
    name = sent[".json"].name
    assert sent[".json"].read_bytes() == store.taken[f"/reports/{name}"] == content
    assert set(store.taken) == {f"/reports/{name}", f"/reports/{sent['.html'].name}"}
    assert {headers["X-Token"] for headers in store.headers} == {TOKEN}
    assert (fleet.folder / "own.txt").read_text("utf-8") == f"{result['run_id']} {name} {sent['.html'].name}"
    for place in (done.stdout, fleet.everything()):
        assert "S3CRET" not in place
        assert BASE64 not in place
    failed = {line.split()[0] for line in done.stdout.splitlines() if re.search(r" : ok=.* failed=[1-9]", line)}
    assert failed == (set() if hosts is GOOD else {"b"})
    assert "unreachable=1" not in done.stdout


def test_a_play_of_ones_own_sends_its_report_too(fleet: Fleet, store: Store) -> None:
    roles = ["deep_security.remediation.assess", "deep_security.remediation.report"]
    to = destinations(fleet, store)[:2]
    play = {"hosts": "all", "gather_facts": False, "roles": roles, "vars": {"dsa_report_to": to}}
    book = fleet.site(json.dumps([play]))
    done = fleet.run(BAD, {}, "-vvvv", playbook=book, environment=STATS)
    assert done.returncode == 2, done.stdout
    result = stats_of(done.stdout)["dsa_result"]
    assert (result["passed"], result["playbook"], result["hosts"]) == (False, None, 2)
    assert [each["ok"] for each in result["sent"]] == [True, True]
    assert len(store.taken) == 2
    for place in (done.stdout, fleet.everything()):
        assert "S3CRET" not in place
    # This machine has no agent.
    good = fleet.run({"a": {"ansible_connection": "local"}}, {}, playbook=book, environment=STATS)
    assert good.returncode == 0, good.stdout
    assert stats_of(good.stdout)["dsa_result"]["passed"] is True


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (None, "no such file"),
        ("hosts: all", "no list of tasks"),
        ("- [", "dsa_report_to[0].tasks"),
        ("- block: [{no_such.module: {}}]", "no_such.module"),
        ("- meta: end_play", "meta: end_play, and the destinations that follow"),
    ],
    ids=["missing", "no tasks", "no YAML", "no module", "end"],
)
def test_a_file_of_tasks_that_is_none_is_found_before_a_host_is_read(
    fleet: Fleet, content: str | None, text: str
) -> None:
    if content:
        (fleet.folder / "own.yml").write_text(content, encoding="utf-8")
    done = fleet.run({"a": UNREADABLE}, {"dsa_report_to": [{"tasks": "own.yml"}]})
    assert done.returncode == 2, done.stdout
    (error,) = fleet.report["errors"]
    assert error.startswith("dsa_report_to[0].tasks")
    assert text.lower() in error.lower()
    assert "TASK [Read]" not in done.stdout


MISSING = {"name": "Include", "ansible.builtin.include_tasks": "nope.yml"}
FAIL = {"name": "Fail", "ansible.builtin.fail": {"msg": "no room"}}
TASKS: dict[str, list[dict[str, t.Any]]] = {
    # Ansible ends a run of which all hosts of a play failed, with 0 where that was rescued.
    "missing": [MISSING],
    "missing after a failure": [{"name": "Try", "block": [FAIL], "rescue": [MISSING]}],
    "silent": [{"name": "Ping", "ansible.builtin.ping": None, "delegate_to": "silent", "vars": {"ansible_port": 1}}],
}


@pytest.mark.parametrize("tasks", TASKS.values(), ids=TASKS)
@pytest.mark.parametrize("hosts", [GOOD, {"b": BAD["b"]}], ids=["passes", "does not pass"])
def test_no_tasks_of_ones_own_change_the_exit_status(
    fleet: Fleet, hosts: t.Mapping[str, t.Any], tasks: list[dict[str, t.Any]]
) -> None:
    (fleet.folder / "own.yml").write_text(yaml.safe_dump(tasks), encoding="utf-8")
    done = fleet.run(hosts, {"dsa_report_to": [{"tasks": "own.yml"}]})
    assert done.returncode == (0 if hosts is GOOD else 2), done.stdout


def test_no_tasks_of_ones_own_switch_the_gate_off(fleet: Fleet) -> None:
    (fleet.folder / "own.yml").write_text("- ansible.builtin.set_fact: {dsa_gate: false}\n", encoding="utf-8")
    done = fleet.run(BAD, {"dsa_report_to": [{"tasks": "own.yml"}]})
    assert done.returncode == 2, done.stdout
    assert "fatal: [b]: FAILED!" in done.stdout


def test_without_a_gate_no_tasks_of_ones_own_end_a_run_with_errors_with_0(fleet: Fleet) -> None:
    (fleet.folder / "own.yml").write_text(yaml.safe_dump(TASKS["missing"]), encoding="utf-8")
    wrong = {"dsa_advisory": "nowhere.yml", "dsa_gate": False, "dsa_report_to": [{"tasks": "own.yml"}]}
    done = fleet.run({"b": BAD["b"]}, wrong)
    assert done.returncode == 2, done.stdout


@pytest.mark.parametrize("hosts", [BAD, {"b": BAD["b"]}], ids=["several", "one host"])
def test_a_condition_on_an_import_leaves_no_run_without_its_gate(fleet: Fleet, hosts: t.Mapping[str, t.Any]) -> None:
    (fleet.folder / "own.yml").write_text(yaml.safe_dump(TASKS["missing"]), encoding="utf-8")
    site = fleet.site(f"- import_playbook: {GATE}\n  when: inventory_hostname != 'b'\n")
    done = fleet.run(hosts, {"dsa_report_to": [{"tasks": "own.yml"}]}, playbook=site)
    assert done.returncode == 2, done.stdout


def test_a_folder_that_cannot_be_written_has_another_in_its_place_which_is_named(
    run_playbook: Run, tmp_path: Path
) -> None:
    """As a project in AWX; a root's tests can write everywhere but below a file."""
    (tmp_path / "dsa-reports").touch()
    hosts, temporary = tmp_path / "hosts.yml", tmp_path / "temporary"
    temporary.mkdir()
    hosts.write_text(yaml.safe_dump({"all": {"hosts": dict(GOOD)}}), encoding="utf-8")
    done = run_playbook(GATE, hosts, {}, environment={**STATS, "TMPDIR": str(temporary)})
    assert done.returncode == 0, done.stdout
    path = Path(stats_of(done.stdout)["dsa_result"]["report"]["path"])
    assert path.is_relative_to(temporary)
    assert report_schema.read(path)["passed"] is True
    assert str(path.parent) in "".join(done.stdout.split())
    set_by_somebody = run_playbook(GATE, hosts, {"dsa_report_path": "dsa-reports/mine.json"})
    assert set_by_somebody.returncode == 2, set_by_somebody.stdout


# --- outputs as inputs ----------------------------------------------------------------------------------------------


def test_what_an_earlier_node_published_is_known_and_never_read_as_a_result(fleet: Fleet) -> None:
    done = fleet.run(GOOD, environment=STATS)
    outputs = {**stats_of(done.stdout), "dsa_relay_hosts": {}}
    assert outputs["dsa_result"]["passed"] is True
    bad = fleet.run({"a": UNREADABLE, "b": {**BAD["b"], "dsa_relays": []}}, outputs, "--check", playbook=REMEDIATE)
    assert bad.returncode == 2, bad.stdout
    assert (fleet.report["errors"], fleet.report["warnings"], fleet.report["passed"]) == ([], [], False)


def test_relays_that_no_stage_published_end_the_run(fleet: Fleet) -> None:
    done = fleet.run({"a": UNREADABLE}, {"dsa_relay_hosts": {"relay": "127.0.0.1"}}, playbook=REMEDIATE)
    assert done.returncode == 2, done.stdout
    assert fleet.report["errors"][0].startswith("dsa_relay_hosts")


# --- what AWX shows -------------------------------------------------------------------------------------------------


def test_the_first_line_of_the_result_has_whether_the_run_passed(fleet: Fleet) -> None:
    """AWX cuts what it shows of an event at 1,024 bytes."""
    done = fleet.run(BAD)
    shown = done.stdout.partition("KA-0016311")
    assert shown[2].encode()[:60].startswith(b" NOT PASSED: 1 of 2 hosts passed")
    assert shown[0].endswith("\n\n"), "nothing stands before it"
