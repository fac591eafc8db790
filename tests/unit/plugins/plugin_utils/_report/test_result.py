# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The result in small: what it names, and that nothing that hosts send makes it large."""

from __future__ import annotations

import json
import typing as t
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.deep_security.remediation.plugins.plugin_utils._messages import LANGUAGES, Texts
from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.result import result_of, with_sent
from tests.documents import NASTY, document, failing, fleet, row

from .whole import planted, whole

FILE = {"path": "/srv/report.json", "sha256": "0" * 64, "size": 10**12}
LIMIT = 32 * 1024
ENGLISH = Texts("en")
# In JSON a character of these has six and twelve bytes.
LONG = (*NASTY, "経" * 400, "🦊" * 400)
KEYS = {
    *("schema", "passed", "gate_on", "advisory", "playbook", "check_mode", "run_id", "started", "finished"),
    *("hosts", "passed_hosts", "not_passed", "waived", "left_out", "verdicts", "done", "next", "platforms"),
    *("readiness", "reasons", "errors", "report", "sent"),
}


def size(result: t.Any) -> int:
    return len(json.dumps(result, indent=4).encode())


def texts_of(value: t.Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for each in [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts_of(each)


def test_it_has_the_counts_of_the_report_and_where_the_report_is() -> None:
    result = result_of(document([row("a"), failing("b"), failing("c", "unreachable")]), ENGLISH, FILE)
    assert set(result) == KEYS
    assert (result["passed"], result["hosts"], result["passed_hosts"], result["not_passed"]) == (False, 3, 1, 2)
    assert result["verdicts"] == {"affected": 1, "fixed": 1, "unreachable": 1}
    assert result["platforms"] == {"linux": {"hosts": 3, "passed": 1}}
    assert (result["report"], result["sent"]) == (FILE, [])


def test_reasons_are_those_of_most_hosts_first_with_a_few_names() -> None:
    rows = [failing("z", "unreachable"), *(failing(f"web-{number}") for number in range(5)), row("good")]
    reasons = result_of(document(rows), ENGLISH, FILE)["reasons"]
    assert [(each["count"], each["hosts"]) for each in reasons] == [(5, ["web-0", "web-1", "web-2"]), (1, ["z"])]
    assert "is affected" in reasons[0]["text"]


def test_what_became_of_its_report_is_in_it() -> None:
    sent = [{"to": "store:/srv", "ok": False, "problem": "no room", "number": 0}]
    result = with_sent(result_of(document([row()]), ENGLISH, FILE), sent)
    assert result["sent"] == [{"to": "store:/srv", "ok": False, "problem": "no room"}]


def test_a_fleet_of_50_000_hosts_is_small() -> None:
    result = result_of(fleet(50_000, 20_000), ENGLISH, FILE)
    assert (result["hosts"], result["not_passed"]) == (50_000, 20_000)
    assert size(result) < LIMIT / 4


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", LONG, ids=range(len(LONG)))
def test_no_text_of_a_host_makes_it_large_or_more_than_a_line(text: str, language: str) -> None:
    rows = [
        failing(f"{number}{text}", reasons=[{"code": f"{number}{text}", "values": {text: text}}])
        for number in range(100)
    ]
    many = {f"{number}{text}": 1 for number in range(100)}
    summary = {**document(rows)["summary"], **dict.fromkeys(("verdicts", "done", "next"), many)}
    summary["platforms"] = {name: {"hosts": 1, "passed": 0} for name in many}
    whole = document(rows, errors=[text] * 100, summary=summary, run_id=text, playbook=text, started=text)
    sent = [{"to": text, "ok": False, "problem": text}] * 100
    result = with_sent(result_of(whole, Texts(language), {**FILE, "path": text}), sent)
    assert size(result) < LIMIT
    assert all(len(each["text"]) <= 200 for each in result["reasons"])
    assert all(len(error) <= 300 for error in result["errors"])
    assert (len(result["reasons"]), len(result["errors"])) == (10, 5)
    assert [each for each in texts_of(result) if "\n" in each or "\x1b" in each] == []


@given(st.text(st.characters(exclude_categories=()), min_size=1))
def test_any_text_in_any_place_of_a_document_gives_a_small_result(text: str) -> None:
    assert size(result_of(planted(whole(), text), ENGLISH, FILE)) < LIMIT
