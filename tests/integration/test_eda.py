# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Event-driven: real ansible-rulebook, to which the test sends what the Manager would forward by syslog."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import typing as t
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests import report_schema
from tests.conftest import ansible_environment
from tests.integration.by_hand import wait_for
from tests.integration.conftest import LabFleet, StartFleet, deb
from tests.run.common import requirement, venv

HEADER = "<134>Nov 28 00:00:00 dsm CEF:0|Trend Micro|Deep Security Manager|20.0.737|{event}|Pattern Update Failed|6|"
NAME = "IAURELAY_STATUS_DIGITAL_SIGNATURE_CERT_EXPIRE"
TEXT = r"The following agent event was received.\n\nAgent event: 9017\nError code: -24\nError message: " + NAME
HOSTILE = ("all", "web-1:&web-2", "!all", "-e", "--limit", "{{ lookup('pipe', 'touch injected') }}", "@hosts", "web*")
# Of other numbers, or of other errors.
OTHERS = (
    ("2204", TEXT),
    ("600", TEXT),
    ("2205", r"Agent event: 9017\nError code: -25\nOn 2026-11-24"),
    ("2205", r"Agent event: 9018\nError code: -24"),
    ("2205", "nothing"),
)
TOKEN = "T0KEN-7"
# What ansible-rulebook notes of a playbook that fails.
NOT_PASSED = "run_playbook - ERROR"


def forwarded(target: str, event: str = "2205", text: str = TEXT) -> str:
    """A message, in the fields that the vendor documents."""
    fields = f"src=10.0.0.1 suser=System target={target} msg={text} TrendMicroDsTenant=Primary"
    return HEADER.format(event=event) + fields


@pytest.fixture(scope="module")
def program() -> Path:
    """ansible-rulebook, in a virtual environment of its own."""
    java = shutil.which("java")
    if not java:
        pytest.skip("there is no java, which ansible-rulebook needs (apt-get install default-jre-headless)")
    shown = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', shown)
    if not version or int(version[1]) < 17:
        pytest.skip(f"ansible-rulebook needs Java 17 or newer; this is {shown.splitlines()[:1]}")
    try:
        return venv("eda", Path(sys.executable).resolve(), requirement("eda")) / "ansible-rulebook"
    except RuntimeError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"ansible-rulebook could not be installed: {error}")


class Rulebook:
    """One of the collection's rulebooks while it runs."""

    def __init__(self, folder: Path, process: subprocess.Popen[bytes], port: int) -> None:
        self._log = folder / "rulebook.log"
        self._process = process
        self._port = port
        self.wait_for("Listening on")

    def output(self) -> str:
        """All that it has printed."""
        return self._log.read_text(encoding="utf-8", errors="replace")

    def send(self, *sent: str, sender: str = "127.0.0.1") -> None:
        """Send messages, from an address of this machine."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.bind((sender, 0))
            for message in sent:
                udp.sendto(message.encode(), ("127.0.0.1", self._port))

    def wait_for(self, text: str, count: int = 1) -> None:
        """Wait until it has printed that."""

        def printed() -> bool:
            assert self._process.poll() is None, self.output()
            return self.output().count(text) >= count

        wait_for(printed, f"{text} in {self._log}", 300)


@contextlib.contextmanager
def running(
    program: Path, name: str, folder: Path, environment: Mapping[str, str], variables: Mapping[str, t.Any], *more: str
) -> Iterator[Rulebook]:
    """Run a rulebook of the collection until the test is over."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    given = {"dsm_syslog_senders": ["127.0.0.1"], "dsm_syslog_host": "127.0.0.1", "dsm_syslog_port": port, **variables}
    (folder / "rulebook-vars.json").write_text(json.dumps(given), encoding="utf-8")
    with (folder / "rulebook.log").open("wb") as log:
        process = subprocess.Popen(
            [program, "-r", f"deep_security.remediation.{name}", "-e", folder / "rulebook-vars.json", "-v", *more],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield Rulebook(folder, process, port)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.fixture(scope="module")
def lab(program: Path, start_fleet: StartFleet) -> LabFleet:
    """Two Agents that the message may name, one that none does; web is the name of a group."""
    lab = start_fleet({"hosts": {"web-1": deb(), "web-2": deb(), "db-1": deb()}})
    inventory = lab.folder / "inventory"
    (inventory / "group_vars").mkdir(parents=True)
    shutil.copy(lab.lab / "inventory.yml", inventory)
    shutil.copy(lab.lab / "vars.yml", inventory / "group_vars" / "all.yml")
    with (inventory / "group_vars" / "all.yml").open("a", encoding="utf-8") as variables:
        # As docs/eda.md has it.
        variables.write(f"dsa_report_path: {lab.folder}/{{{{ ansible_limit | default('all') }}}}/report.json\n")
    (inventory / "web.yml").write_text("web: {hosts: {web-1: {}, db-1: {}}}\n", encoding="ascii")
    return lab


def test_a_message_of_the_manager_gates_that_host_once(program: Path, lab: LabFleet) -> None:
    before = lab.fingerprint()
    inventory = str(lab.folder / "inventory")
    with running(program, "gate_host", lab.folder, lab.environment, {}, "-i", inventory) as rulebook:
        rulebook.send(forwarded("web-2"), sender="127.0.0.2")
        rulebook.send(*map(forwarded, HOSTILE), "no CEF", forwarded("unknown-1"), forwarded("web"))
        rulebook.send(forwarded("web-1"), forwarded("web-1"))
        # None of these gates passes, and one runs after the other.
        rulebook.wait_for(NOT_PASSED, 3)
        # The hour is each host's own: a host after it shows that there is nothing else to do.
        rulebook.send(forwarded("web-1"), forwarded("web-2"))
        rulebook.wait_for(NOT_PASSED, 4)
        output = rulebook.output()
    for host in ("web-1", "web-2"):
        assert [each["host"] for each in report_schema.read(lab.folder / host / "report.json")["hosts"]] == [host]
    commands = lab.commands()
    assert commands["web-1"] == commands["web-2"] > commands["db-1"] == 0, output
    assert lab.fingerprint() == before
    assert output.count(NOT_PASSED) == 4
    assert "--limit web is not the name of one host of the inventory" in output
    assert not list(lab.folder.rglob("injected"))


class Controller(ThreadingHTTPServer):
    """The little of AWX's API that ansible-rulebook uses, with one template."""

    template: t.ClassVar[dict[str, t.Any]] = {
        "id": 7,
        "type": "job_template",
        "name": "Deep Security: gate a host",
        "related": {"launch": "/api/v2/job_templates/7/launch/"},
        "summary_fields": {"organization": {"name": "Default"}},
        "ask_limit_on_launch": True,
        "ask_labels_on_launch": False,
        "ask_inventory_on_launch": False,
        "ask_variables_on_launch": False,
    }

    def __init__(self) -> None:
        self.launched: list[dict[str, t.Any]] = []
        super().__init__(("127.0.0.1", 0), Request)

    def result(self, path: str) -> dict[str, t.Any]:
        """What a request returns. All jobs end at once, as a gate that does not pass."""
        if "config" in path:
            return {"version": "24.6.1"}
        if "unified_job_templates" in path:
            return {"count": 1, "next": None, "results": [self.template]}
        jobs = [
            {"id": number, "url": f"/api/v2/jobs/{number}/", "status": "failed", "created": "x", "artifacts": {}}
            for number, dummy in enumerate(self.launched, 1)
        ]
        return jobs[-1] if "launch" in path else {"count": len(jobs), "next": None, "results": jobs}


class Request(BaseHTTPRequestHandler):
    """A request with the token, or none."""

    server: Controller

    def do_GET(self) -> None:
        """Called by http.server."""
        self._reply()

    def do_POST(self) -> None:
        """Called by http.server."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers["Authorization"] == f"Bearer {TOKEN}":
            self.server.launched.append(body)
        self._reply()

    def _reply(self) -> None:
        content = json.dumps(self.server.result(self.path)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: t.Any) -> None:
        """Nothing."""


@pytest.fixture
def controller() -> Iterator[Controller]:
    server = Controller()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_awx_is_given_nothing_but_the_limit(program: Path, controller: Controller, tmp_path: Path) -> None:
    own = {"dsm_syslog_host_key": "dvchost", "dsm_syslog_host_pattern": "([^.]+)", "dsm_syslog_lowercase": True}
    url = f"http://127.0.0.1:{controller.server_port}"
    options = ("--controller-url", url, "--controller-token", TOKEN)
    messages = [forwarded("x", number, text) for number, text in OTHERS]
    messages += [forwarded(name) for name in HOSTILE]
    messages += [forwarded("WEB-1.example.com"), forwarded("web-1"), forwarded("web-2", text=NAME)]
    with running(program, "gate_host_awx", tmp_path, ansible_environment(tmp_path), own, *options) as rulebook:
        rulebook.send(*(message.replace("target=", "target=admin dvchost=") for message in messages))
        wait_for(lambda: len(controller.launched) >= 2, "two hosts", 300)
        output = rulebook.output()
    assert [launched["limit"] for launched in controller.launched] == ["web-1", "web-2"], output
    assert all(not launched.get("extra_vars") for launched in controller.launched)
