# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report's files: whole or not there at all, one kept for each run, and as few as can be of an older one."""

from __future__ import annotations

import json
import os
import typing as t
from pathlib import Path

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._messages import Texts
from ansible_collections.deep_security.remediation.plugins.plugin_utils._report import begun_report
from ansible_collections.deep_security.remediation.plugins.plugin_utils._report import formats as table
from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.files import Written, beside, kept_path
from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.files import write as write_in
from tests.documents import document, row

from .given import RUN

KEPT = "report-20261127T020000Z-0123456789abcdef.json"
ALL = list(table.FORMATS)
NAMES = ["report.csv", "report.html", "report.json", "report.md", "report.prom", "report.xml"]


def small(**changes: t.Any) -> dict[str, t.Any]:
    """A report about one host that passed."""
    return document([row()], **changes)


def write(made: dict[str, t.Any], path: Path, formats: list[str] | None = None) -> Written:
    return write_in(made, path, ["json"] if formats is None else formats, Texts("en"))


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_the_report_of_a_run_is_kept_and_copied(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "report.json"
    assert write(small(), path) == ((path,), "")
    assert names(path.parent) == [KEPT, "report.json"]
    assert path.read_bytes() == (path.parent / KEPT).read_bytes()
    assert json.loads(path.read_text("utf-8")) == small()
    assert {file.stat().st_mode & 0o777 for file in path.parent.iterdir()} == {0o644}


def test_all_formats_stand_beside_the_json_and_one_copy_is_kept(tmp_path: Path) -> None:
    written = write(small(), tmp_path / "report.json", ALL)
    assert written.problem == ""
    assert written.files[0] == tmp_path / "report.json"
    assert sorted(file.name for file in written.files) == NAMES
    assert names(tmp_path) == sorted([KEPT, *NAMES])
    assert all(file.stat().st_size for file in written.files)


@pytest.mark.parametrize("formats", [[], ["csv"], ["csv", "json", "csv"]])
def test_json_is_written_whatever_is_chosen(tmp_path: Path, formats: list[str]) -> None:
    written = write(small(), tmp_path / "report.json", formats)
    assert [file.name for file in written.files] == (["report.json", "report.csv"] if formats else ["report.json"])


def test_the_next_run_keeps_the_report_of_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    assert write(small(), path).problem == ""
    assert write(small(run_id="4712", started="2026-11-28T22:00:00+09:00"), path).problem == ""
    assert names(tmp_path) == [KEPT, "report-20261128T130000Z-4712.json", "report.json"]
    assert json.loads(path.read_text("utf-8"))["run_id"] == "4712"


def test_an_older_report_does_not_stay_in_any_format_while_a_run_is_going_on(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    older = {file: file.read_bytes() for file in write(small(), path, ALL).files}
    begun = begun_report({**RUN, "run_id": "next"}, ["web1"]).as_dict()
    assert write(begun, path, ALL).problem == ""
    for file, content in older.items():
        assert file.read_bytes() != content
    shown = json.loads(path.read_text("utf-8"))
    assert (shown["passed"], shown["finished"], shown["hosts"][0]["reason"]) == (False, None, "this run did not finish")
    for suffix in (".csv", ".html", ".md", ".xml"):
        assert "this run did not finish" in path.with_suffix(suffix).read_text("utf-8").lower()
    assert 'finished{advisory="",playbook="remediate"} 0' in path.with_suffix(".prom").read_text("utf-8")


@pytest.mark.parametrize("broken", ALL)
def test_a_format_that_fails_does_not_take_the_others_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    def fail(*dummy: object) -> t.NoReturn:
        raise ZeroDivisionError("odd")

    monkeypatch.setitem(
        t.cast("dict[str, table.Format]", table.FORMATS), broken, table.FORMATS[broken]._replace(face=fail)
    )
    missing = f"report{table.FORMATS[broken].suffix}"
    (tmp_path / missing).write_text("passed, of an older run")
    written = write(small(), tmp_path / "report.json", ALL)
    assert not (tmp_path / missing).exists()
    assert sorted(file.name for file in written.files) == [name for name in NAMES if name != missing]
    assert f"{missing} ({broken}): odd" in written.problem
    assert "dsa_report_path" in written.problem


@pytest.mark.parametrize(
    ("run_id", "started", "name"),
    [
        ("a/../b", "2026-11-27T13:38:21Z", "report-20261127T133821Z-a_.._b.json"),
        ("\ud800", None, "report-unknown-_.json"),
        ("x", "yes terday", "report-yes_terday-x.json"),
    ],
)
def test_no_run_id_leads_out_of_the_folder(tmp_path: Path, run_id: str, started: str | None, name: str) -> None:
    made = small(run_id=run_id, started=started)
    assert kept_path(made, tmp_path / "report.json") == tmp_path / name
    assert write(made, tmp_path / "report.json").problem == ""
    assert (tmp_path / name).exists()


@pytest.mark.parametrize("broken", ["replace", "fsync", "chmod"])
@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ValueError("odd")])
def test_a_failure_in_the_middle_leaves_no_file_neither_half_of_this_run_nor_of_an_older_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str, error: Exception
) -> None:
    path = tmp_path / "report.json"
    path.write_text("old")

    def fail(*dummy: object) -> None:
        raise error

    monkeypatch.setattr(os, broken, fail)
    files, problem = write(small(), path, ALL)
    assert files == ()
    assert str(path) in problem and "dsa_report_path" in problem and str(error).rsplit("] ", maxsplit=1)[-1] in problem
    assert names(tmp_path) == []


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
    files, problem = write(small(), path)
    assert (files, KEPT in problem) == ((path,), True)
    assert json.loads(path.read_text("utf-8"))["passed"] is True


@pytest.mark.parametrize("path", ["/proc/nowhere/report.json", "/dev/null/report.json", "/", "nul\0.json", "x" * 300])
def test_a_path_that_cannot_be_written_is_an_error_that_names_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.chdir(tmp_path)
    files, problem = write(small(), Path(path), ALL)
    assert files == ()
    assert "dsa_report_path" in problem
    assert problem.isprintable()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["report.json", "report.html"])
def test_a_device_is_not_replaced_by_a_file(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    files, problem = write(small(), tmp_path / "report.json", ["html"])
    assert (tmp_path / name).is_fifo()
    assert "dsa_report_path" in problem and "no file" in problem
    assert len(files) == (1 if name == "report.html" else 0)


@pytest.mark.parametrize("name", [name for name in ALL if name != "json"])
def test_no_format_takes_the_place_of_the_json(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"report{table.FORMATS[name].suffix}"
    files, problem = write(small(), path, [name])
    assert (files, json.loads(path.read_text("utf-8"))["passed"]) == ((path,), True)
    assert "end dsa_report_path with .json" in problem
    with pytest.raises(ValueError, match="has this name"):
        beside(path, name)


@pytest.mark.skipif(os.geteuid() == 0, reason="root can write everywhere")
def test_a_folder_that_is_read_only(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert "Permission denied" in write(small(), tmp_path / "report.json").problem
    tmp_path.chmod(0o700)
