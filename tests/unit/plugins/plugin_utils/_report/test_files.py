# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report's files: whole or not there at all, kept for each run, and readable whatever hosts answered."""

from __future__ import annotations

import dataclasses
import json
import os
import typing as t
from pathlib import Path

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._report import (
    Outcome,
    Reason,
    Report,
    begun_report,
    kept_path,
    render,
    write,
)
from tests.builders import FIXED, host_run, record, result

from .given import RUN, Finding, report, text

KEPT = "report-20261127T133821Z-ansible-local-4711abcd.json"
HARMFUL = "\ud800 \x1b[2J\x1b]0;PWNED\x07 \x00 \u202e \u2028 \x9b31m <b> {{ 1 }} 経理\n"


def small(**more: t.Any) -> Report:
    """A report about one host."""
    return report(host_run(record=record(FIXED)), **more)


def planted(value: t.Any) -> t.Any:
    """The same data with the harmful text in place of every text in it, for keys too."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return type(value)(**{each.name: planted(getattr(value, each.name)) for each in dataclasses.fields(value)})
    if isinstance(value, dict):
        return {planted(key): planted(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [planted(item) for item in value]
    return HARMFUL if isinstance(value, str) or value is None else value


def full() -> Report:
    """A report with something in every field."""
    checks = [{"name": "sha2", "result": "fail", "waived": True, "reason": "why"}]
    stages = {
        "precheck": result("precheck", details={"checks": checks, "diagnostics": "/var/d.zip"}),
        "upgrade": result("upgrade", "failed", text("dpkg ended with 1")),
    }
    return report(
        host_run("web1", record(), stages=stages, work={"target": FIXED}),
        findings={"web1": [Finding(text("x"))]},
        left_out=[{"host": "db1", "why": "limit"}],
        limit="web1",
        dsa_hosts=["web1"],
        errors=["no room"],
    )


def test_the_report_of_a_run_is_kept_and_copied(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "report.json"
    assert write(small(), path) == ""
    assert sorted(file.name for file in path.parent.iterdir()) == [KEPT, "report.json"]
    assert path.read_bytes() == (path.parent / KEPT).read_bytes()
    assert json.loads(path.read_text("utf-8")) == small().as_dict()
    assert {file.stat().st_mode & 0o777 for file in path.parent.iterdir()} == {0o644}


def test_the_next_run_keeps_the_report_of_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    assert write(small(), path) == ""
    assert write(small(run_id="ansible-local-4712", started="2026-11-28T22:00:00+09:00"), path) == ""
    kept = sorted(file.name for file in tmp_path.iterdir())
    assert kept == [KEPT, "report-20261128T130000Z-ansible-local-4712.json", "report.json"]
    assert json.loads(path.read_text("utf-8"))["run_id"] == "ansible-local-4712"


def test_an_older_report_does_not_stay_while_a_run_is_going_on(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    assert write(small(), path) == ""
    assert json.loads(path.read_text("utf-8"))["passed"] is True
    assert write(begun_report({**RUN, "run_id": "next"}, ["web1"], []), path) == ""
    begun = json.loads(path.read_text("utf-8"))
    assert (begun["passed"], begun["finished"], begun["hosts"][0]["reason"]) == (False, None, "this run did not finish")


@pytest.mark.parametrize(
    ("run_id", "started", "name"),
    [
        ("a/../b", "2026-11-27T13:38:21Z", "report-20261127T133821Z-a_.._b.json"),
        ("\ud800", None, "report-unknown-_.json"),
        ("x", "yes terday", "report-yes_terday-x.json"),
    ],
)
def test_no_run_id_leads_out_of_the_folder(tmp_path: Path, run_id: str, started: str | None, name: str) -> None:
    assert kept_path(small(run_id=run_id, started=started), tmp_path / "report.json") == tmp_path / name
    assert write(small(run_id=run_id, started=started), tmp_path / "report.json") == ""
    assert (tmp_path / name).exists()


@pytest.mark.parametrize("broken", ["replace", "fsync", "chmod"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ValueError("odd")])
def test_a_failure_in_the_middle_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str, error: Exception
) -> None:
    path = tmp_path / "report.json"
    path.write_text("old")

    def fail(*dummy: object) -> None:
        raise error

    monkeypatch.setattr(os, broken, fail)
    problem = write(small(), path)
    assert str(path) in problem and "dsa_report_path" in problem and str(error).rsplit("] ", maxsplit=1)[-1] in problem
    assert [file.name for file in tmp_path.iterdir()] == ["report.json"]
    assert path.read_text() == "old"


def test_an_interruption_in_the_middle_leaves_no_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*dummy: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write(small(), tmp_path / "report.json")
    assert not list(tmp_path.iterdir())


def test_the_copy_is_written_where_the_kept_file_cannot_be(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    (tmp_path / KEPT).mkdir()
    assert KEPT in write(small(), path)
    assert json.loads(path.read_text("utf-8"))["passed"] is True


@pytest.mark.parametrize("path", ["/proc/nowhere/report.json", "/dev/null/report.json", "/", "nul\0.json", "x" * 300])
def test_a_path_that_cannot_be_written_is_an_error_that_names_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.chdir(tmp_path)
    problem = write(small(), Path(path))
    assert problem and "dsa_report_path" in problem and problem.isprintable()
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(os.geteuid() == 0, reason="root can write everywhere")
def test_a_folder_that_is_read_only(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert "Permission denied" in write(small(), tmp_path / "report.json")
    tmp_path.chmod(0o700)


def test_what_hosts_answer_cannot_break_the_file_or_the_terminal(tmp_path: Path) -> None:
    harmful: Report = planted(full())
    assert write(harmful, tmp_path / "report.json") == ""
    content = (tmp_path / "report.json").read_text("utf-8")
    assert "\x1b" not in content and "\u202e" not in content and "経理" in content
    assert json.loads(content)["hosts"][0]["host"].startswith("\\ud800 \\x1b[2J")
    for shown in (render(harmful, 120), render(full(), 120)):
        assert all(line.isprintable() for line in shown.split("\n"))
    assert len(render(harmful, 120).split("\n")) < 200


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), {1: {2}}, b"x", {("a", 1): None}])
def test_odd_values_are_written_as_texts(tmp_path: Path, value: object) -> None:
    odd = Outcome(host="web1", reasons=[Reason("x", {"value": value}, "x")], reason_code="x", findings=[{"v": value}])
    made = dataclasses.replace(small(), outcomes=[odd])
    assert write(made, tmp_path / "report.json") == ""

    def refuse(name: str) -> t.NoReturn:
        raise AssertionError(f"{name} is no JSON")

    json.loads((tmp_path / "report.json").read_text("utf-8"), parse_constant=refuse)


def test_each_host_has_one_line(tmp_path: Path) -> None:
    write(report(host_run("a", record()), host_run("b", record())), tmp_path / "report.json")
    lines = (tmp_path / "report.json").read_text("utf-8").splitlines()
    assert [json.loads(line.strip().rstrip(","))["host"] for line in lines if line.startswith("  {")] == ["a", "b"]


def test_a_report_without_hosts_is_json(tmp_path: Path) -> None:
    write(report(), tmp_path / "report.json")
    assert json.loads((tmp_path / "report.json").read_text("utf-8"))["hosts"] == []


def test_a_large_fleet_is_in_its_report_host_by_host(tmp_path: Path) -> None:
    stages = {"upgrade": result("upgrade", record=record(FIXED)), "update": result("update")}
    names = [f"host{number:04}" for number in range(1000)]
    made = report(*(host_run(name, record(), stages=stages) for name in names))
    assert write(made, tmp_path / "report.json") == ""
    assert [host["host"] for host in json.loads((tmp_path / "report.json").read_text("utf-8"))["hosts"]] == names
    table = render(made, 120)
    assert [name for name in names if name not in table] == []
