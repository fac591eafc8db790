# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The run journal: what is recorded is found again, whatever happens beside it."""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._run import Journal, JournalError, host_run
from ansible_collections.deep_security.remediation.plugins.plugin_utils._settings import Settings


def journal_in(folder: Path) -> Journal:
    (folder / "ansible-local-1abc").mkdir(exist_ok=True)
    return Journal.of_run(str(folder / "ansible-local-1abc"), folder / "reports" / "report.json")


def test_every_task_of_a_run_finds_the_same_journal(tmp_path: Path) -> None:
    first, second = journal_in(tmp_path), journal_in(tmp_path)
    first.append("web", "read", status="read")
    assert [entry["status"] for entry in second.entries("web")] == ["read"]
    assert (first.run_id, first.started) == (second.run_id, second.started)
    assert first.run_id == "ansible-local-1abc"


def test_only_its_owner_can_read_the_journal(tmp_path: Path) -> None:
    assert journal_in(tmp_path).path.stat().st_mode & 0o777 == 0o600


def test_after_the_end_a_journal_begins_that_has_nothing_of_the_one_before(tmp_path: Path) -> None:
    """A playbook that is imported twice in one run, or a play with roles behind it; all journals are kept."""
    journals = []
    for dummy in range(3):
        journals.append(journal_in(tmp_path))
        journals[-1].append("", "begin")
        Journal.end(str(tmp_path / "ansible-local-1abc"))
    assert [journal.run_id for journal in journals] == [f"ansible-local-1abc{end}" for end in ("", "-2", "-3")]
    assert len({journal.path for journal in journals}) == 3
    assert [len(list(journal.entries())) for journal in journals] == [1, 1, 1]
    Journal.end(str(tmp_path / "ansible-local-1abc"))  # of none


HOSTS = ["web", 'quo"te', "back\\slash", "日本", "new\nline", "\ud800", "", "web1", "a: {", '{"host": "web",']


def test_each_host_finds_its_own_entries_whatever_its_name(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    for number in range(2):
        journal.append_all((host, "read", {"of": host, "number": number}) for host in HOSTS)
    for host in HOSTS:
        assert [(entry["of"], entry["number"]) for entry in journal.entries(host)] == [(host, 0), (host, 1)]
    assert [entry["of"] for entry in journal.entries()] == HOSTS * 2


def test_text_in_an_entry_that_looks_like_an_entry_is_none(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    journal.append("web", "read", why='\n{"host": "db", "kind": "read"}')
    assert list(journal.entries("db")) == []


@pytest.mark.parametrize("cut", [b'{"host": "db", "kind": "stage", "st', b'{"host": "db"', b"\x00\x00\xff"])
def test_a_cut_line_is_counted_and_takes_no_other_with_it(tmp_path: Path, cut: bytes) -> None:
    """A worker that was killed, or a full disk."""
    journal = journal_in(tmp_path)
    journal.append("web", "read")
    with journal.path.open("ab") as stream:
        stream.write(cut)
    journal.append("web", "stage")
    assert [entry["kind"] for entry in journal.entries("web")] == ["read", "stage"]
    assert list(journal.entries("db")) == []
    assert journal.damaged == 1


def test_a_journal_without_a_cut_line_is_not_damaged(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    journal.append_all(("web", "read", {}) for dummy in range(3))
    assert journal.damaged == 0


def test_a_journal_that_is_gone_is_an_error_and_not_an_empty_one(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    journal.path.unlink()
    with pytest.raises(JournalError, match="cannot be read"):
        list(journal.entries("web"))
    with pytest.raises(JournalError, match="cannot be written"):
        journal.append("web", "read")


def test_a_folder_that_cannot_be_made_is_named_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "reports").touch()
    with pytest.raises(JournalError, match=r"reports.*set dsa_report_path"):
        journal_in(tmp_path)


def _append(folder: str, worker: int, count: int, size: int) -> None:
    journal = journal_in(Path(folder))
    for number in range(count):
        journal.append(f"host{worker}", "read", number=number, text="x" * size)


@pytest.mark.parametrize("size", [10, 100_000], ids=["short", "longer than any buffer"])
def test_workers_that_begin_and_append_at_once_lose_nothing(tmp_path: Path, size: int) -> None:
    context = multiprocessing.get_context("fork")
    count = 40 if size < 1000 else 8
    workers = [context.Process(target=_append, args=(str(tmp_path), number, count, size)) for number in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
        assert worker.exitcode == 0
    journal = journal_in(tmp_path)
    assert journal.damaged == 0
    for number in range(6):
        assert [entry["number"] for entry in journal.entries(f"host{number}")] == list(range(count))
    assert [path.name for path in journal.path.parent.iterdir()] == [journal.path.name]
    assert [path.name for path in (tmp_path / "ansible-local-1abc").iterdir()] == ["dsa-run.json"]


def test_what_is_no_json_becomes_its_text(tmp_path: Path) -> None:
    journal = journal_in(tmp_path)
    journal.append("web", "read", path=Path("/x"), number=float("nan"))
    assert next(journal.entries("web"))["path"] == "/x"


def test_a_large_fleet_is_found_host_by_host(tmp_path: Path) -> None:
    journal, hosts = journal_in(tmp_path), 2000
    record = {"record": {"versions": {"rpm": "20.0.2-1390"}, "text": "x" * 1500}}
    journal.append_all((f"host{number}", "read", record) for number in range(hosts))
    for number in range(0, hosts, 100):
        assert len(list(journal.entries(f"host{number}"))) == 1
    assert sum(1 for dummy in journal.entries()) == hosts
    assert json.loads(journal.path.read_bytes().splitlines()[0])["kind"] == "read"


def test_the_latest_plan_of_a_host_counts() -> None:
    """A host that waited for its Relay is worked on in a later batch, and the other way round."""
    work = {"tier": "agents", "target": "20.0.2-1390"}
    blocked = {"code": "not_read", "values": {}}
    plans: list[dict[str, Any]] = [
        {"kind": "plan", "work": None, "blocked": blocked},
        {"kind": "plan", "work": work, "blocked": None},
    ]
    for first, last in (plans, reversed(plans)):
        run = host_run("web", (), Settings(), [first, last])
        assert run.work == last["work"]
        assert (run.blocked.code if run.blocked else None) == (blocked["code"] if last["blocked"] else None)


def test_a_host_was_read_when_its_latest_record_was_made() -> None:
    """A plan between them, and a stage that reads nothing, do not change it."""
    read: dict[str, Any] = {"kind": "read", "status": "read", "record": {}, "time": "1"}
    stage = {"kind": "stage", "stage": "upgrade", "outcome": "done", "changed": True, "seconds": 1.0}
    stage["message"] = {"code": "verified", "values": {}}
    plan = {"kind": "plan", "work": None, "blocked": None, "time": "2"}
    assert host_run("web", (), Settings(), []).read_at is None
    assert host_run("web", (), Settings(), [read, plan, {**stage, "time": "3"}]).read_at == "1"
    assert host_run("web", (), Settings(), [read, plan, {**stage, "record": {}, "time": "3"}]).read_at == "3"
    assert host_run("web", (), Settings(), [{**read, "record": None, "status": "unreachable"}]).read_at == "1"
