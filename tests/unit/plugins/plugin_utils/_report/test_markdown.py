# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Markdown for a ticket: short, whatever is in the report, and the most important first."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.deep_security.remediation.plugins.plugin_utils._messages import LANGUAGES, Texts
from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.markdown import as_markdown
from tests.documents import NASTY, document, failing, fleet, row

from .whole import planted, whole


def made(what: dict[str, t.Any], language: str = "en") -> str:
    return as_markdown(what, Texts(language)).decode()


def test_the_result_comes_first() -> None:
    assert made(document()).startswith("# KA-0016311 NOT PASSED: 2 of 3 hosts passed")
    assert made(document([row()])).startswith("# KA-0016311 PASSED: 1 of 1 hosts passed")


def test_it_has_what_a_ticket_needs() -> None:
    text = made(whole())
    for part in (
        "<https://success.trendmicro.com/ja-JP/solution/KA-0016311>",
        "Change CHG1",
        "Run 0123456789abcdef of remediate by a: 2026-11-27T02:00:00+00:00 to 2026-11-27T02:10:00+00:00\n",
        "Made from the reports of 1 runs",
        "Verdicts: ",
        "would be upgraded",
        "## Errors of the run\n\n- no room\n",
        "## What to do next\n\n- Upgrade the agent with the playbook remediate. Hosts: 1 (bad)\n",
        "## Since the earlier report\n\n- ",
        "## Waivers\n\n- ",
        "until 2027-01-31, by ops: the site is closed",
        "expired on 2027-01-31",
        "passes by this waiver",
    ):
        assert part in text


def test_what_is_not_there_has_no_heading() -> None:
    assert made(document([row()])).count("#") == 1


def test_what_to_do_for_most_hosts_comes_first_with_a_few_of_them() -> None:
    hosts = [failing("u", "unreachable"), *(failing(f"a{number}") for number in range(9))]
    lines = made(document(hosts)).split("## What to do next\n\n")[1].splitlines()
    assert lines[0].endswith("Hosts: 9 (a0, a1, a2 … and 6 more)")
    assert lines[1].endswith("Hosts: 1 (u)")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_large_fleet_fits(language: str) -> None:
    text = made(fleet(3000, 1000), language)
    assert len(text) < 4000
    assert "3000" in text and "400" in text


def test_what_has_no_room_is_a_number() -> None:
    text = made(document([row()], errors=[f"error {number} {'x' * 150}" for number in range(40)]))
    shown = text.count("- error")
    assert 1 < shown < 40
    assert f"… and {40 - shown} more" in text


@pytest.mark.parametrize("number", range(len(NASTY)))
@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_makes_it_longer(number: int, language: str) -> None:
    whole_document = planted(whole(), NASTY[number])
    for name in ("errors", "warnings", "waivers", "hosts"):
        whole_document[name] = list(whole_document[name]) * 10
    assert len(made(whole_document, language)) < 4000


@given(text=st.text(alphabet="@|`*_[]<>#&!$\\:/w.xmailto", min_size=200))
def test_no_escaping_makes_it_longer(text: str) -> None:
    whole_document = planted(whole(), text)
    whole_document["errors"] = [text] * 50
    assert len(made(whole_document)) < 4000
