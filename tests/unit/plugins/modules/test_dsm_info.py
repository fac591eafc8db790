# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Manager's own version, its key and its builds; and both modules as Ansible runs them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.deep_security.remediation.plugins.module_utils import _dsm
from ansible_collections.deep_security.remediation.plugins.modules import dsm_info
from tests.conftest import Run
from tests.manager_stub.entry import entry
from tests.manager_stub.stub import KEY, Answer, Asked, Connect, Stub, computers

PROFILES = Answer(body={"agentVersionControlProfiles": [{"ID": 2, "name": "Other"}, {"ID": 1, "name": "Default"}]})
CONTROLS = Answer(
    body={
        "agentVersionControls": [
            {
                "platform": "Red Hat Enterprise 8",
                "architecture": "64-bit",
                "availableVersions": [{"version": "20.0.0.6313"}, {"version": "20.0.0-4726"}, {}, "x"],
            },
            {
                "platform": "Ubuntu Linux 20",
                "architecture": "64-bit",
                "availableVersions": [{"version": "20.0.0.6313"}],
            },
            {"platform": "AIX 7.2", "availableVersions": None},
            None,
        ]
    }
)


@pytest.mark.parametrize(
    ("answer", "version", "problem"),
    [
        (Answer(body=b"20.0.737\n"), "20.0.737", ""),
        (Answer(body=b"12.0.0-296"), "12.0.0-296", ""),
        (Answer(body=b"<html>"), None, "no version"),
        (Answer(body=b""), None, "no version"),
        (Answer(body=b"\xff\xfe"), None, "no version"),
        (Answer(404), None, "HTTP 404"),
        (Answer(401), None, "HTTP 401"),
        (Answer(500), None, "HTTP 500"),
        (Answer(302), None, "redirects"),
        (Answer(raw=b""), None, "broke off"),
    ],
)
def test_version(manager: Stub, connect: Connect, answer: Answer, version: str | None, problem: str) -> None:
    manager.says(answer)
    problems: list[str] = []
    assert dsm_info.version(connect(), problems) == version
    assert len(problems) == (version is None)
    assert problem in "".join(problems)
    assert [asked.path for asked in manager.asked] == ["/rest/managerInfo/version"]
    assert KEY not in str(manager.asked)  # it needs none, so it gets none


def test_a_key(manager: Stub, connect: Connect) -> None:
    manager.says(Answer(body={"ID": 5, "keyName": "ansible", "roleID": 2, "expiryDate": 1798761600000}))
    problems: list[str] = []
    found = dsm_info.check_key(connect(), problems)
    assert found == {"type": "on_premises", "name": "ansible", "role_id": 2, "expires": 1798761600000}
    assert problems == []


@pytest.mark.parametrize("status", [403, 404])
def test_a_key_that_may_not_look_at_itself(manager: Stub, connect: Connect, status: int) -> None:
    manager.says(Answer(status), Answer(body={"computers": [{"ID": 1}]}))
    problems: list[str] = []
    assert dsm_info.check_key(connect(), problems)["name"] is None
    assert "may not be looked at" in problems[0]
    assert len(manager.asked) == 2


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_key_that_does_not_work(manager: Stub, connect: Connect, status: int) -> None:
    manager.says(Answer(status))
    with pytest.raises(_dsm.DsmError, match=f"HTTP {status}"):
        dsm_info.check_key(connect(), [])


def test_builds(manager: Stub, connect: Connect) -> None:
    manager.says(PROFILES, CONTROLS)
    problems: list[str] = []
    assert dsm_info.offered(connect(), problems) == {
        "20.0.0-6313": {"Red Hat Enterprise 8 64-bit", "Ubuntu Linux 20 64-bit"},
        "20.0.0-4726": {"Red Hat Enterprise 8 64-bit"},
    }
    assert problems == []
    assert manager.asked[1].path == "/api/agentversioncontrolprofiles/1/agentversioncontrols"


@pytest.mark.parametrize(
    "answers",
    [
        [Answer(404)],
        [Answer(403)],
        [Answer(body={})],
        [Answer(body={"agentVersionControlProfiles": [{"ID": "1"}, 7]})],
        [PROFILES, Answer(404)],
        [PROFILES, Answer(body={})],
        [PROFILES, Answer(body={"agentVersionControls": [{"availableVersions": [{"version": 7}]}]})],
    ],
)
def test_builds_that_nobody_tells(manager: Stub, connect: Connect, answers: list[Answer]) -> None:
    manager.says(*answers)
    problems: list[str] = []
    assert dsm_info.offered(connect(), problems) is None
    assert len(problems) == 1


@pytest.mark.parametrize(("answer", "status", "answered"), [(Answer(401), 401, True), (Answer(raw=b""), None, True)])
def test_a_failure_has_the_status_as_a_field(
    manager: Stub,
    pem: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    answer: Answer,
    status: int | None,
    answered: bool,
) -> None:
    manager.says(answer)
    result = entry(dsm_info, manager, pem, capsys, monkeypatch)({"api_key": KEY})
    assert (result["failed"], result["status"], result["answered"]) == (True, status, answered)
    assert {"status", "answered"} <= set(yaml.safe_load(dsm_info.RETURN))


PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  module_defaults:
    group/deep_security.remediation.dsm:
      url: "{{ url }}"
  tasks:
    - deep_security.remediation.dsm_info:
        builds: [20.0.0.6313, 20.0.0-7]
      register: dsm
    - deep_security.remediation.dsm_computer_info:
        names: [host 2, nobody]
      register: found
    - ansible.builtin.assert:
        that:
          - dsm.manager.url == url ~ '/'
          - dsm.manager.version == '20.0.737'
          - dsm.builds | map(attribute='imported') == [true, false]
          - found.not_found == ['nobody']
          - found.requests.sent == 2
          - found.computers[0].agent.version == '20.0.0-6313'
          - (found.computers[0].agent | deep_security.remediation.dsa_verdict).verdict == 'fixed'
          - not dsm.changed and not found.changed
    - deep_security.remediation.dsm_info:
        api_key_type: cloud_one
      register: refused
      ignore_errors: true
    - ansible.builtin.assert:
        that: refused is failed and 'does not accept the API key' in refused.msg
"""


def test_both_modules_as_ansible_runs_them(manager: Stub, pem: Path, tmp_path: Path, run_playbook: Run) -> None:
    fleet = computers(3)

    def answer(asked: Asked) -> Answer:
        if asked.path == "/rest/managerInfo/version":
            return Answer(body=b"20.0.737")
        if asked.headers.get("api-secret-key") != KEY:
            return Answer(401, {"message": f"unknown key {asked.headers.get('authorization')}"})
        if asked.path.startswith("/api/computers/"):
            return fleet(asked)
        if asked.path.endswith("agentversioncontrols"):
            return CONTROLS
        return PROFILES if asked.path.endswith("profiles") else Answer(body={"keyName": "ansible"})

    manager.answer = answer
    play = tmp_path / "play.yml"
    play.write_text(PLAY)
    environment: dict[str, Any] = {"DSM_API_KEY": KEY, "DSM_CA_PATH": str(pem), "no_proxy": "127.0.0.1"}
    done = run_playbook(play, "localhost,", {"url": manager.url}, "-vvv", "--check", environment=environment)
    assert done.returncode == 0, done.stdout
    assert KEY not in done.stdout
