# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report on a terminal: what is said first and last, how many lines there are, and how wide they are."""

from __future__ import annotations

import re
import typing as t

import pytest
from ansible.utils.display import get_text_width

from ansible_collections.deep_security.remediation.plugins.plugin_utils._messages import LANGUAGES, Texts
from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.terminal import (
    MOST,
    lines,
    sentence,
)
from tests.documents import NASTY, document, failing, fleet, row

Document = dict[str, t.Any]
EN = Texts("en")
SEVEN = [{"host": f"db{number}", "why": "limit"} for number in range(7)]
HARMFUL = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
EXPIRED = {
    "kind": "gate",
    "hosts": "a",
    "verdicts": ["affected"],
    "findings": [],
    "checks": [],
    "reason": "moves out",
    "owner": "ops",
    "expires": "2026-10-31",
    "state": "expired",
    "used_by": [],
}
READINESS = {
    "complies": 1,
    "would_upgrade": 2,
    "would_update": 3,
    "would_reboot": 4,
    "would_reboot_later": 5,
    "silent": 6,
    "blocked": {"no_package": 7, "no_target": 8},
    "ready": False,
}
BASELINE = {"run_id": "x", "started": "2026-11-20T01:00:00+00:00", "finished": "2026-11-20T02:00:00+00:00"}


def shown(found: Document, width: int = 120, verbose: bool = False, language: str = "en", **more: t.Any) -> list[str]:
    return [line.text for line in lines(found, Texts(language), width, verbose, **more)]


def large(**changes: t.Any) -> Document:
    """With everything that can be in a report, and much of it."""
    hosts = [f"host-{number:05}" for number in range(10_000)]
    difference = dict.fromkeys(("fixed", "newly_affected", "regressed", "gone", "new"), hosts)
    found = fleet(10_000, 1_000)
    for number, host in enumerate(each for each in found["hosts"] if not each["passed"]):
        host.update(reason_code=f"made_up_{number % 500}", reasons=[{"code": f"made_up_{number % 500}", "values": {}}])
    return {
        **found,
        "errors": [f"error {number} " + "x" * 500 for number in range(50)],
        "warnings": [f"warning {number} " + "x" * 500 for number in range(50)],
        "waivers": [{**EXPIRED, "state": state, "used_by": hosts} for state in ("applied", "expired", "unused") * 20],
        "difference": {"baseline": BASELINE, **difference},
        "readiness": READINESS,
        "left_out": SEVEN,
        "limit": "web",
        **changes,
    }


# --- the result -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (document([row()]), "KA-0016311 PASSED: 1 of 1 hosts passed."),
        (document([row("a"), failing("b")]), "KA-0016311 NOT PASSED: 1 of 2 hosts passed."),
        (
            document([row()], left_out=SEVEN, limit="web-1"),
            "KA-0016311 PASSED: 1 of 1 hosts passed. 7 hosts of the inventory were left out (--limit web-1)",
        ),
        (
            document(
                [row()],
                left_out=[
                    {"host": name, "why": why} for name, why in zip("abc", ("dsa_hosts", "role", "limit"), strict=True)
                ],
                limit="all:!c",
                dsa_hosts="web1,c",
            ),
            "KA-0016311 PASSED: 1 of 1 hosts passed. 3 hosts of the inventory were left out "
            "(dsa_hosts web1,c, dsa_report_roles, --limit all:!c)",
        ),
        (
            document([row()], left_out=SEVEN[:1], limit="x" * 100),
            "KA-0016311 PASSED: 1 of 1 hosts passed. 1 host of the inventory was left out "
            f"(--limit {'x' * 40}… (100 characters))",
        ),
        (
            document([row("a"), failing("b")], check_mode=True),
            "KA-0016311 NOT PASSED: 1 of 2 hosts passed. Check mode: nothing was changed.",
        ),
        (document([]), "KA-0016311 NOT PASSED: 0 of 0 hosts passed."),
        (
            document([row()], errors=["no Manager"], passed=False),
            "KA-0016311 NOT PASSED: 1 of 1 hosts passed. 1 error of this run.",
        ),
        (
            document([failing("a")], finished=None),
            "KA-0016311 NOT PASSED: 0 of 1 hosts passed. This run did not finish.",
        ),
        (
            document([failing("a", ready=True), row("b", ready=True)], gate_on="readiness", passed=True),
            "KA-0016311 PASSED: 2 of 2 hosts comply or can be worked on.",
        ),
        (
            document([failing("a", ready=False), row("b", ready=True)], gate_on="readiness"),
            "KA-0016311 NOT PASSED: 1 of 2 hosts comply or can be worked on.",
        ),
    ],
)
def test_the_result_comes_first_and_names_who_was_left_out(found: Document, expected: str) -> None:
    assert sentence(found, EN) == expected
    assert shown(found, 200)[0] == expected


def test_the_result_comes_last_too_with_the_report_for_people() -> None:
    files = ["/srv/report.json", "/srv/report.html", "/srv/report.csv"]
    assert shown(document([row()]), files=files)[-1] == (
        "PASSED. Report: /srv/report.html (beside it report.json, report.csv)"
    )
    assert shown(document([failing("a")]), files=files[:1])[-1] == "NOT PASSED. Report: /srv/report.json"


@pytest.mark.parametrize(("passed", "colour"), [(True, "ok"), (False, "error")])
def test_the_result_has_a_colour(passed: bool, colour: str) -> None:
    found = lines(document([row()], passed=passed), EN, 120, files=["/report.json"])
    assert [found[0].colour, found[-1].colour] == [colour, colour]


# --- what is shown of a run -----------------------------------------------------------------------------------------


def test_hosts_that_pass_are_a_number() -> None:
    assert shown(document([row("a"), row("b")])) == [
        "KA-0016311 PASSED: 2 of 2 hosts passed.",
        "Verdicts: fixed 2",
    ]


def test_a_block_has_count_reason_hosts_and_what_to_do() -> None:
    reason = [{"code": "no_target", "values": {"platform": "windows", "fixed_from": "20.0.0-4726"}}]
    hosts = [failing(f"web-{number}", reasons=reason, done="blocked") for number in range(40)]
    block = shown(document([*hosts, failing("db", reasons=reason, next={"code": "run_again", "values": {}})]), 100)[4:]
    assert block[:6] == [
        "40 hosts: it needs an upgrade, but dsa_target_version names no build for windows; name one, at",
        "    or above 20.0.0-4726",
        "    web-0, web-1, web-2, web-3, web-4, web-5, web-6, web-7, web-8, web-9, web-10 … and 29 more",
        "    → Upgrade the agent with the playbook remediate.",
        "db: it needs an upgrade, but dsa_target_version names no build for windows; name one, at or",
        "    above 20.0.0-4726",
    ]


def test_what_was_done_is_counted_where_something_was() -> None:
    assert "Done: nothing 1, upgraded 2" in shown(document([row(), *(row(f"b{n}", done="upgraded") for n in "12")]))


def test_a_report_of_others_has_how_old_they_are() -> None:
    runs: list[dict[str, t.Any]] = [
        {"finished": each} for each in ("2026-11-27T05:00:00+09:00", None, "2025-01-01T00:00:00+00:00")
    ]
    text = " ".join(shown(document([row()], merged_from=runs)))
    assert "Made from the reports of 3 runs, which ended from 2025-01-01 00:00 to 2026-11-26 20:00 UTC" in text
    assert "from - to - UTC" in " ".join(shown(document([row()], merged_from=runs[1:2])))
    assert "Made from" not in " ".join(shown(document([row()])))


def test_readiness_has_its_numbers() -> None:
    text = " ".join(" ".join(shown(document([failing("a")], check_mode=True, readiness=READINESS))).split())
    for words in (
        "2 would be upgraded",
        "3 would be updated",
        "4 would reboot",
        "5 would wait",
        "15 blocked, 6 silent",
    ):
        assert words in text


def test_errors_and_warnings_of_the_run_stand_below_the_result() -> None:
    found = shown(document([row()], errors=["no Manager\nno room", "x"], warnings=["misspelt"], passed=False))
    assert found[1:3] == ["Error of this run: no Manager no room", "Error of this run: x"]
    assert "Warning: misspelt" in found


def test_all_of_a_dozen_errors_are_shown() -> None:
    errors = [f"error {number} " + "x" * 500 for number in range(12)]
    found = shown(document([row()], errors=errors, passed=False))
    assert sum(line.startswith("Error of this run: error") for line in found) == 12


def test_waivers_that_do_not_apply_come_first_and_in_colour() -> None:
    applied = {**EXPIRED, "state": "applied", "used_by": ["a", "b"], "expires": "2027-01-31"}
    unused = {**EXPIRED, "state": "unused"}
    found = [
        line for line in lines(document([row()], waivers=[applied, EXPIRED, unused]), EN, 200) if "ops" in line.text
    ]
    assert [line.colour for line in found] == ["warn", "warn", None]
    assert "2026-10-31" in found[0].text
    assert "a, b" in found[2].text


def test_the_difference_to_an_earlier_report_names_hosts() -> None:
    difference = {"baseline": BASELINE, "fixed": ["a"], "regressed": ["b"], "newly_affected": [], "gone": [], "new": []}
    text = "\n".join(shown(document([row()], difference=difference)))
    assert re.search(r"^Fixed since 2026-11-20.*: 1 \(a\)$", text, re.MULTILINE)
    assert re.search(r"2026-11-20.*: 1 \(b\)$", text, re.MULTILINE)
    assert "Newly" not in text


# --- how much -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("hosts", "not_passed"), [(1, 1), (13, 6), (3_000, 3_000), (10_000, 1_000)])
def test_a_fleet_has_at_most_so_many_lines(hosts: int, not_passed: int) -> None:
    # Four platforms, each with its blocks.
    assert len(shown(fleet(hosts, not_passed), files=["/report.json"])) <= 32


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [60, 120, 200])
def test_a_report_with_everything_in_it_has_at_most_so_many_lines(width: int, language: str) -> None:
    found = shown(large(), width, language=language, files=["/report.json"], measure=get_text_width)
    assert len(found) <= MOST
    assert len(found) >= MOST - 4, "room is used"
    assert all(EN.language == language or "hosts" not in line for line in found)


def test_what_has_no_room_is_counted() -> None:
    found = shown(large(errors=[], warnings=[]))
    more = re.search(r"and (\d+) more reasons, of (\d+) hosts", " ".join(found))
    assert more
    blocks = [int(line.split()[0]) for line in found if re.match(r"\d+ hosts?: made_up", line)]
    assert len(blocks) > 5
    assert len(blocks) + int(more[1]) == 500
    assert sum(blocks) + int(more[2]) == 1_000


def test_a_single_block_too_many_is_shown_where_it_has_room() -> None:
    """A line that says "1 more reason" would take the room of the reason."""
    for count in range(1, 40):
        codes = [{"code": f"made_up_{number}", "values": {}} for number in range(count)]
        rows = [failing(f"web-{number}", reasons=[code]) for number, code in enumerate(codes)]
        found = shown(document(rows), files=["/report.json"])
        assert len(found) <= MOST
        blocks = sum("made_up_" in line for line in found)
        assert blocks == count or any("more reasons" in line for line in found)


@pytest.mark.parametrize("language", LANGUAGES)
def test_verbose_has_a_line_for_each_host_most_urgent_first(language: str) -> None:
    rows = [
        row("passes"),
        failing("affected"),
        failing("経理", done="failed"),
        failing("gate", "unreachable", role="relay"),
    ]
    found = shown(document(rows), 160, verbose=True, language=language, measure=get_text_width)
    order = [line.split()[0] for line in found if line.split()[:1] in [[each["host"]] for each in rows]]
    assert order[:4] == ["経理", "gate", "affected", "passes"]
    assert len(shown(fleet(3_000, 100), verbose=True)) > 3_000


def test_a_row_has_builds_role_verdict_what_was_done_and_why() -> None:
    changed = row("web", version_before="20.0.0-4416", done="upgraded", reboot="pending", passed=False)
    predicted = failing("db", done="would upgrade", target="20.0.2-1390", reboot="would reboot")
    text = "\n".join(shown(document([changed, predicted]), 200, verbose=True))
    assert re.search(
        r"^web +20.0.0-4416 → 20.0.2-1390  Agent +fixed \(!\) +upgraded, reboot pending +20.0.2", text, re.M
    )
    assert re.search(
        r"^db +20.0.0-4416 → 20.0.2-1390  Agent +affected +would upgrade, would reboot +20.0.0", text, re.M
    )


# --- how wide, and harmless -----------------------------------------------------------------------------------------


def nasty(text: str) -> Document:
    """With this text in every field that a terminal shows."""
    reasons = [{"code": "unreachable", "values": {"why": text}}]
    bad = [failing(f"{text[:70]}{number}", reasons=reasons, site=text, version=text) for number in range(3)]
    waiver = {**EXPIRED, "owner": text, "reason": text, "findings": [text], "used_by": [text] * 9, "state": "applied"}
    names = dict.fromkeys(("fixed", "newly_affected", "regressed", "gone", "new"), [text] * 3)
    return document(
        [*bad, failing(text, done="failed", reasons=reasons)],
        errors=[text] * 3,
        warnings=[text] * 3,
        limit=text,
        left_out=[{"host": text, "why": "limit"}],
        waivers=[waiver, {**waiver, "state": "unused"}],
        difference={"baseline": BASELINE, **names},
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("place", range(len(NASTY)))
def test_no_text_breaks_the_terminal_or_its_width(place: int, language: str) -> None:
    for width in (60, 120):
        found = shown(nasty(NASTY[place]), width, language=language, files=["/report.json"], measure=get_text_width)
        assert len(found) <= MOST
        for line in found:
            assert not HARMFUL.search(line)
            assert get_text_width(line) <= width
    assert all(not HARMFUL.search(line) for line in shown(nasty(NASTY[place]), verbose=True, measure=get_text_width))


@pytest.mark.parametrize("verbose", [False, True])
def test_a_host_cannot_imitate_the_result(verbose: bool) -> None:
    words = "no\n\x1b[2J\x1b[32mKA-0016311 PASSED: 9 of 9 hosts passed\x1b[0m " * 9
    reasons = [{"code": "lost", "values": {"stage": "upgrade", "why": words}}]
    found = shown(document([failing("a", done="failed", reasons=reasons)]), 60, verbose)
    assert [line for line in found if line.startswith("KA-0016311")] == found[:1]
