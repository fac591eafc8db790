# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is published of a run: which files go where, and that no secret goes with what is shown."""

from __future__ import annotations

import base64
import hashlib
import typing as t
from pathlib import Path

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._ansible import publish, report
from ansible_collections.deep_security.remediation.plugins.plugin_utils._ansible.run import Run
from tests.builders import AFFECTED, FIXED, record
from tests.unit.controller import Controller

DONE = record(FIXED, phase="done")
URL: dict[str, t.Any] = {
    "url": "https://user:S3CRET-1@store.example.com/dsa/?sig=S3CRET-2",
    "password": "S3CRET-3",
    "headers": {"Authorization": "Bearer S3CRET-4", "X-Token": "long" * 100 + "S3CRET-5"},
}
ADDRESS = "https://store.example.com/dsa/"
FOLDER = {"directory": "/srv/dsa", "host": "store"}


def ended(controller: Controller, *destinations: t.Any, **records: t.Any) -> Run:
    """A run whose report was made."""
    controller.play = {"dsa_report_to": list(destinations)}
    run = controller.begin("gate", **(records or {"web1": DONE}))
    report.end(run)
    return run


def test_the_result_names_the_file_that_was_written(controller: Controller) -> None:
    result = publish.result(ended(controller))
    content = controller.report.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    assert result["report"] == {"path": str(controller.report), "sha256": digest, "size": len(content)}
    assert (result["passed"], result["playbook"], result["hosts"]) == (True, "gate", 1)


def test_the_result_of_a_report_that_could_not_be_written_does_not_pass(controller: Controller) -> None:
    run = controller.begin("gate", web1=DONE)
    controller.report.mkdir()
    report.end(run)
    result = publish.result(run)
    assert result["report"] == {"path": None, "sha256": None, "size": None}
    assert (result["passed"], "which is no file" in result["errors"][0]) == (False, True)


def test_statistics_have_relays_only_where_their_stage_was(controller: Controller) -> None:
    assert set(publish.stats(ended(controller))) == {"dsa_result", "dsa_workflow"}
    controller.query("end")
    run = controller.begin("remediate", web1=DONE)
    report.end(run)
    found = publish.stats(run)["dsa_relay_hosts"]
    assert (found["run_id"], found["complete"], found["count"]) == (run.journal.run_id, True, 0)


def test_files_have_the_name_of_their_run_so_that_slices_do_not_replace_each_other(controller: Controller) -> None:
    run = ended(controller, {"directory": "/srv/dsa", "host": "store"}, {"url": ADDRESS}, {"url": f"{ADDRESS}one"})
    folder, every, one = publish.destinations(run)
    names = [file["name"] for file in folder["files"]]
    assert all(run.journal.run_id in name for name in names)
    assert [name.rpartition(".")[2] for name in names] == ["json", "html"]
    assert [file["at"] for file in folder["files"]] == ["", names[1]], "the first makes the folder"
    assert [(file["at"], file["type"]) for file in every["files"]] == [
        (names[0], "application/json"),
        (names[1], "text/html"),
    ]
    assert [(file["at"], file["type"]) for file in one["files"]] == [("", "application/json")]
    for file in folder["files"]:
        assert Path(file["path"]).read_bytes()


@pytest.mark.parametrize(
    ("given", "known"),
    [("first-1", True), (None, False), ("../etc", False), ("..", False), ("a/b", False), (["x"], False)],
    ids=str,
)
def test_the_runs_of_a_workflow_hand_on_the_id_of_the_first_and_can_send_to_a_place_of_their_own(
    controller: Controller, given: object, known: bool
) -> None:
    places = {"directory": "/srv/{workflow}", "host": "store"}, {"url": "https://store/{workflow}/{run_id}.json"}
    ended(controller, *places)
    controller.play["dsa_workflow"] = given
    run = controller.run()
    flow = given if known else run.journal.run_id
    assert publish.stats(run)["dsa_workflow"] == flow
    folder, address = publish.destinations(run)
    assert (folder["directory"], folder["to"]) == (f"/srv/{flow}", f"store:/srv/{flow}")
    assert address["to"] == publish.destination(run, 1)["url"] == f"https://store/{flow}/{run.journal.run_id}.json"


def test_no_secret_is_in_what_the_tasks_loop_over(controller: Controller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(controller.temporary)
    (controller.temporary / "send.yml").write_text("- meta: noop", encoding="utf-8")
    run = ended(controller, URL, {"tasks": "send.yml"})
    found = publish.destinations(run)
    assert [each["to"] for each in found] == [ADDRESS, "send.yml"]
    assert "S3CRET" not in repr(found)
    assert found[1]["file"].startswith("/"), "Ansible would look for it beside the role"
    assert publish.destination(run, 0)["password"] == "S3CRET-3"


@pytest.mark.parametrize(
    ("outcome", "problem"),
    [
        ({"changed": True}, ""),
        ({"results": [{"changed": True}, {"changed": False}]}, ""),
        ({"failed": True, "msg": "no\nroom"}, "no room"),
        ({"unreachable": True, "msg": "no route"}, "no route"),
        ({"results": [{}, {"failed": True, "msg": "no room"}], "msg": "All items completed"}, "no room"),
        ({"failed": True}, "no reason given"),
        ({"results": [], "skipped": True}, "there is no file of the report"),
    ],
)
def test_what_went_wrong_is_recorded(controller: Controller, outcome: t.Any, problem: str) -> None:
    run = ended(controller, FOLDER)
    assert publish.note_sent(run, 0, outcome) == ("store:/srv/dsa", problem)
    assert publish.result(run)["sent"] == [{"to": "store:/srv/dsa", "ok": not problem, "problem": problem or None}]


# As of an urlopen of Python, which quotes what it was given, or what another server wrote instead of HTTP.
QUOTED = (
    URL["url"],
    *URL["headers"].values(),
    "user:S3CRET-1",
    "user%3AS3CRET-1",
    "/dsa/?sig=S3CRET-2",
    "S3CRET-3",
    "x" * 490 + "S3CRET-3",
    base64.b64encode(b"user:S3CRET-1").decode(),
    base64.b64encode(b"me:S3CRET-3").decode(),
)


@pytest.mark.parametrize(
    ("part", "problem"),
    [
        ({"status": 201}, ""),
        ({"status": 204}, ""),
        # What the server wrote beside its status may have anything of the request in it.
        ({"status": 401, "msg": "Status code was 401: no Basic S3CRET-9"}, "HTTP status 401"),
        ({"status": 307, "msg": "S3CRET-9"}, "HTTP status 307, and redirects are not followed"),
        ({"status": -1, "msg": "connection refused"}, "connection refused"),
        ({"msg": "Unable to open source file"}, "Unable to open source file"),
        ({}, "no reason given"),
        ({"failed": True, "status": 201, "msg": "no room"}, "no room"),
        *(({"status": -1, "msg": text}, "***") for text in QUOTED),
    ],
    ids=map(str, range(8 + len(QUOTED))),
)
def test_what_went_wrong_with_an_address_is_recorded_without_secrets(
    controller: Controller, part: dict[str, t.Any], problem: str
) -> None:
    """The module never fails, as Ansible would show its message: the status counts."""
    run = ended(controller, {**URL, "username": "me"})
    to, found = publish.note_sent(run, 0, {"results": [{"status": 201}, {"failed": False, **part}]})
    assert (to, problem in found, bool(found)) == (ADDRESS, True, bool(problem))
    assert [(each["to"], each["ok"]) for each in publish.result(run)["sent"]] == [(ADDRESS, not problem)]
    kept = run.journal.path.read_text("utf-8") + controller.report.read_text("utf-8")
    assert not [secret for secret in ("S3CRET", *QUOTED[-2:], QUOTED[-1][:8]) if secret in kept]


@pytest.mark.parametrize(
    "url",
    [
        "https://user:S3CRET@store/dsa/",
        "https://user:S3CRET/x@store/dsa/",
        "https://user:S3CRET?x@store/dsa/",
        "https://user:a@S3CRET@store/dsa/",
        "https://store/dsa/?S3CRET",
        "https://store/dsa/#S3CRET",
        "https://store/dsa/?S3CRET=a@b",
    ],
)
def test_a_label_has_no_secret_whatever_the_address_is(url: str) -> None:
    assert publish.label({"kind": "url", "url": url}) in ("https://store/dsa/", "https://********")


@pytest.mark.parametrize("content", [None, "hosts: all", "- ["], ids=["missing", "no list", "no YAML"])
def test_a_file_of_tasks_that_is_none_is_not_included(controller: Controller, content: str | None) -> None:
    """It would end the run before its gate."""
    path = controller.temporary / "send.yml"
    if content:
        path.write_text(content, encoding="utf-8")
    (found,) = publish.destinations(ended(controller, {"tasks": str(path)}))
    assert (found["kind"], "cannot be used" in found["problem"], "file" in found) == ("none", True, False)


def test_a_destination_that_is_tried_again_counts_once(controller: Controller) -> None:
    run = ended(controller, FOLDER, {"tasks": "send.yml"}, web1=record(AFFECTED))
    for number, outcome in ((1, {}), (0, {"failed": True}), (0, {})):
        publish.note_sent(run, number, outcome)
    result = publish.result(run)
    assert [each["ok"] for each in result["sent"]] == [True, True]
    assert result["passed"] is False, "the verdict is that of the hosts"
