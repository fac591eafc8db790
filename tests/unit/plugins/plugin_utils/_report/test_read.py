# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report is read as it was written, or refused with the file, what is wrong with it, and what to do."""

from __future__ import annotations

import copy
import json
import os
import typing as t
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._advisory import load_advisory
from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.model import Report
from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.read import WrongReport
from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.read import read as read_at
from tests import report_schema
from tests.documents import NASTY, WAIVER, Row, document, failing, row

NOW = datetime(2026, 11, 27, 3, tzinfo=timezone.utc)
RUN = {
    "run_id": "a",
    "playbook": "gate",
    "check_mode": False,
    "started": "2026-11-27T02:00:00+00:00",
    "finished": "2026-11-27T02:10:00+00:00",
    "passed": False,
    "limit": None,
}
DIFFERENCE: Row = {
    "baseline": {"run_id": "before", "started": RUN["started"], "finished": None},
    "fixed": [],
    "newly_affected": [],
    "regressed": [],
    "gone": [],
    "new": [],
}
FULL = failing(
    "web-1",
    waived=[{"for": "verdict", "code": "affected", "reason": "late", "owner": "ops", "expires": "2026-12-31"}],
    findings=[
        {
            "code": "agent_silent",
            "values": {},
            "message": "silent",
            "sentence": "finding_agent_silent",
            "fails_gate": True,
        }
    ],
    prechecks=[{"name": "free_space", "result": "fail", "reason": "too little", "waived": False}],
)


# Values that are free, or computed anew.
_FREE = ("prechecks", "readiness", "summary", "values", "baseline", "versions", "services", "problems", "events")


def full() -> Row:
    """A document in which every list has an entry."""
    lists = {"left_out": [{"host": "b", "why": "limit"}], "waivers": [WAIVER], "merged_from": [RUN]}
    return copy.deepcopy(document([FULL], difference=DIFFERENCE, **lists))


def written(folder: Path, content: object) -> Path:
    """A file with this content."""
    path = folder / "report.json"
    text = content if isinstance(content, str) else json.dumps(content)
    path.write_text(text, encoding="utf-8")
    return path


def read(path: Path, setting: str, hours: float = 0) -> Report:
    """The report in the file, read so many hours after the run began."""
    return read_at(path, setting, NOW + timedelta(hours=hours), load_advisory())


def wrong(path: Path) -> str:
    """Why the file is refused."""
    with pytest.raises(WrongReport) as error:
        read(path, "dsa_report_baseline")
    return str(error.value)


def places(value: t.Any, *place: t.Any) -> t.Iterator[tuple[t.Any, ...]]:
    """Every key of a run and of a host, and of what is in their fields, but for values that are free."""
    for name, item in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(value, dict):
            yield (*place, name)
        if isinstance(item, (dict, list)) and name not in _FREE:
            yield from places(item, *place, name)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    report = read(written(tmp_path, report_schema.check(full())), "dsa_report_from")
    assert report == Report.from_dict(full())
    assert [outcome.host for outcome in report.outcomes] == ["web-1"]


def test_a_mark_that_an_editor_put_before_the_text_does_no_harm(tmp_path: Path) -> None:
    assert read(written(tmp_path, "\ufeff" + json.dumps(document())), "dsa_report_from").run_id


def test_texts_are_cleaned_where_they_enter(tmp_path: Path) -> None:
    for nasty in NASTY[:-1]:
        reason = read(written(tmp_path, document([row(reason=nasty)])), "dsa_report_from").outcomes[0].reason
        assert not any(sign in reason for sign in "\x1b\x00\u202e\ud800")


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("", "was cut"),
        (json.dumps(document())[:-20], "was cut"),
        (json.dumps(document())[:200], "was cut"),
        ('{"schema": 3, "title": "half a te', "was cut"),
        ('{"schema": 3,, "hosts": []}', "no JSON: line 1"),
        ("<html>", "no JSON"),
        ("[" * 100_000, "no JSON"),
        ("[]", "no report of this collection"),
        ('"text"', "no report of this collection"),
        ('{"schema": 3}', "no report of this collection"),
        ('{"schema": true, "hosts": []}', "no report of this collection"),
        ('{"hosts": []}', "no report of this collection"),
        ({**document(), "schema": 4}, "whose schema is 4, and this release reads 3; use a release that has it"),
        ({**document(), "schema": 2}, "whose schema is 2, and this release reads 3; make it again"),
        ({**document(), "hosts": {}}, "not as a run wrote it: hosts"),
        ({**document(), "hosts": ["web-1"]}, "not as a run wrote it: hosts[0]"),
        (document([row(), row()]), "a host stands in it twice"),
    ],
    ids=lambda value: value if isinstance(value, str) and 0 < len(value) < 60 else "content",
)
def test_a_file_that_is_no_report_is_refused(tmp_path: Path, content: object, what: str) -> None:
    path = written(tmp_path, content)
    refused = wrong(path)
    assert refused.startswith(f"dsa_report_baseline names {path}, ")
    assert what in refused
    assert refused.rpartition("; ")[2].split()[0] in ("name", "take", "use", "make"), "a remedy"


def test_a_file_that_is_not_there_or_cannot_be_read_is_named(tmp_path: Path) -> None:
    assert "and there is no such file" in wrong(tmp_path / "nope.json")
    assert "cannot be read: Is a directory" in wrong(tmp_path)
    os.mkfifo(tmp_path / "pipe.json")
    assert "which is no file" in wrong(tmp_path / "pipe.json"), "nobody writes into it: to read it would never end"
    (tmp_path / "latin.json").write_bytes(b'{"schema": "\xe9"}')
    assert "no text in UTF-8" in wrong(tmp_path / "latin.json")


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "large.json").open("wb") as stream:
        stream.truncate(600 << 20)
    assert "which has 600 MB, more than any report; " in wrong(tmp_path / "large.json")


def test_every_key_is_required_and_has_a_type(tmp_path: Path) -> None:
    found = [place for place in places(full()) if place[0] not in ("passed", "readiness", "summary", "schema", "hosts")]
    found += [place for place in places(full()) if place[0] == "hosts" and len(place) > 2]
    assert len(found) > 90
    for place in found:
        for remove in (True, False):
            content = full()
            *way, last = place
            part = content
            for step in way:
                part = part[step]
            if remove:
                del part[last]
            else:
                part[last] = 4711 if last != "seconds" else "long"
            refused = wrong(written(tmp_path, content))
            assert "not as a run wrote it: " in refused, place
            assert any(str(step) in refused for step in place[place[0] == "hosts" :]), place


def test_what_no_run_can_have_written_is_refused(tmp_path: Path) -> None:
    edited = written(tmp_path, document([row(), row("web-0", version="20.0.0-4416")]))
    assert "which was edited: web-0 is fixed with build 20.0.0-4416, which is affected by KA-0016311" in wrong(edited)
    assert read_at(edited, "dsa_report_baseline", NOW).passed, "by whatever table it was made, it is no result of now"
    other = written(tmp_path, document([row(version="20.0.0-4416")], advisory="KA-1"))
    assert read(other, "dsa_report_from").passed, "another advisory may have other bounds"


def test_a_report_of_the_future_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, document([row()], finished="2026-11-27T03:06:00+00:00"))
    assert "which has a time of the future, 2026-11-27T03:06:00+00:00; set the clocks" in wrong(path)
    assert read(path, "dsa_report_from", hours=0.1).passed
