# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A short way to talk to a simulated Manager, and to start one without a lab."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any

import yaml

from tests.lab.lab_fleet import ROOT


@dataclass
class Said:
    """An answer; body is parsed where it is JSON."""

    status: int
    headers: Mapping[str, str]
    body: Any


class ManagerClient:
    """Talks to the Manager whose files are in that folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.about: dict[str, Any] = json.loads((folder / "manager.json").read_text(encoding="utf-8"))
        self.port = int(self.about["url"].rpartition(":")[2])

    def connect(self) -> HTTPSConnection:
        trust = ssl.create_default_context(cafile=self.about["ca_path"])
        return HTTPSConnection("127.0.0.1", self.port, context=trust, timeout=30)

    def raw(self, method: str, path: str, data: bytes | None = None, headers: Mapping[str, str] | None = None) -> Said:
        connection = self.connect()
        try:
            connection.request(method, path, data, dict(headers or {}))
            answer = connection.getresponse()
            body: Any = answer.read()
            if answer.headers.get("Content-Type") == "application/json" and body:
                body = json.loads(body)
            return Said(answer.status, {name.lower(): value for name, value in answer.headers.items()}, body)
        finally:
            connection.close()

    def api(self, method: str, path: str, body: object = None, key: str | None = None) -> Said:
        """Below /api, with the key of full access unless another is given."""
        headers = {"api-secret-key": key or self.about["api_key"], "api-version": "v1"}
        data = None if body is None else json.dumps(body).encode()
        return self.raw(method, f"/api/{path}", data, headers)

    def computers(self) -> dict[str, dict[str, Any]]:
        """Name -> computer with all its parts."""
        return {one["hostName"]: one for one in self.api("GET", "computers").body["computers"]}

    def arm(self, **faults: object) -> None:
        assert self.raw("POST", "/lab/faults", json.dumps(faults).encode()).status == 200

    def heal(self) -> None:
        """Take all faults away, also that of a certificate that nobody may trust."""
        connection = HTTPSConnection("127.0.0.1", self.port, context=ssl._create_unverified_context(), timeout=30)
        connection.request("DELETE", "/lab/faults")
        assert connection.getresponse().status == 200
        connection.close()

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = self.raw("GET", "/lab/state").body
        return found

    def update(self, computer_filter: Mapping[str, Any], **more: object) -> Said:
        """Starts a security update through a task that runs once."""
        return self.api("POST", "scheduledtasks", update_task(computer_filter, **more))

    def wait(self, what: str, fits: Callable[[], object], limit: float = 15) -> None:
        deadline = time.monotonic() + limit
        while not fits():
            assert time.monotonic() < deadline, f"{what}: {self.state()}"
            time.sleep(0.02)


def update_task(computer_filter: Mapping[str, Any], **more: object) -> dict[str, Any]:
    return {
        "name": f"update {time.time()}",
        "type": "check-for-security-updates",
        "runNow": True,
        "scheduleDetails": {
            "recurrenceType": "none",
            "recurrenceCount": 1,
            "onceOnlyScheduleParameters": {"startTime": 0},
        },
        "checkForSecurityUpdatesTaskParameters": {"computerFilter": dict(computer_filter), "timeout": "never"},
        **more,
    }


@contextmanager
def manager_alone(folder: Path, fleet: Mapping[str, Any]) -> Iterator[ManagerClient]:
    """python -m lab manager, as long as the block lasts."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "fleet.yml"
    file.write_text(yaml.safe_dump(dict(fleet)), encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "lab", "manager", str(file), "--dir", str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    try:
        said = process.stdout.readline()
        assert said.startswith("https://"), said + process.stdout.read()
        yield ManagerClient(folder)
    finally:
        process.terminate()
        assert process.wait(10) == 0
