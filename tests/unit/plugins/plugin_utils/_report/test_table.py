# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table and the result in one sentence, as a terminal shows them."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._report import begun_report, render
from ansible_collections.deep_security.remediation.plugins.plugin_utils._report import result as result_of
from tests.builders import AFFECTED, FIXED, host_run, record, result

from .given import RUN, Finding, report, text

SEVEN = [{"host": f"db{number}", "why": "limit"} for number in range(7)]


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (report(host_run(record=record(FIXED))), "KA-0016311 PASSED: 1 of 1 hosts passed; fixed 1"),
        (
            report(host_run(record=record(FIXED)), left_out=SEVEN, limit="web-1"),
            "KA-0016311 PASSED: 1 of 1 hosts passed; 7 hosts of the inventory were left out (--limit web-1); fixed 1",
        ),
        (
            report(
                host_run(record=record(FIXED)),
                left_out=[
                    {"host": "a", "why": "dsa_hosts"},
                    {"host": "b", "why": "role"},
                    {"host": "c", "why": "limit"},
                ],
                limit="all:!c",
                dsa_hosts=["web1", "c"],
            ),
            "KA-0016311 PASSED: 1 of 1 hosts passed; 3 hosts of the inventory were left out "
            "(dsa_hosts web1,c, dsa_report_roles, --limit all:!c); fixed 1",
        ),
        (
            report(host_run(record=record(FIXED)), left_out=SEVEN[:1], limit="x" * 100),
            "KA-0016311 PASSED: 1 of 1 hosts passed; 1 host of the inventory was left out "
            f"(--limit {'x' * 60}… (100 characters)); fixed 1",
        ),
        (
            report(host_run("a", record()), host_run("b", record(FIXED)), check_mode=True),
            "KA-0016311 NOT PASSED: 1 of 2 hosts passed; affected 1, fixed 1 (check mode: nothing was changed)",
        ),
        (report(), "KA-0016311 NOT PASSED: 0 of 0 hosts passed"),
        (
            report(host_run(record=record(FIXED)), errors=["no Manager"]),
            "KA-0016311 NOT PASSED: 1 of 1 hosts passed; 1 error of this run; fixed 1",
        ),
        (
            begun_report(RUN, ["web1"], []),
            "NOT PASSED: this run did not finish; 0 of 1 hosts passed; unknown 1",
        ),
    ],
)
def test_the_result_comes_first_and_names_who_was_left_out(found: t.Any, sentence: str) -> None:
    assert result_of(found) == sentence
    assert render(found, 120).rsplit("\n\n", maxsplit=1)[-1].split("\n", maxsplit=1)[0] == sentence


def test_errors_of_the_run_stand_below_the_result() -> None:
    lines = render(report(host_run(record=record(FIXED)), errors=["no Manager\nno room", "x"]), 120).split("\n")
    assert lines[-2:] == ["Error of this run: no Manager no room", "Error of this run: x"]


def test_hosts_that_need_attention_come_first() -> None:
    failed = result("upgrade", "failed", text("no"))
    found = report(
        host_run("passes", record(FIXED)),
        host_run("affected", record()),
        host_run("waits", record(), blocked=text("no")),
        host_run("silent", unreachable="no"),
        host_run("breaks", record(), stages={"upgrade": failed}),
    )
    names = [line.split()[0] for line in render(found, 120).split("\n\n", maxsplit=1)[0].split("\n")[2:]]
    assert [name for name in names if name in {outcome.host for outcome in found.outcomes}] == [
        "breaks",
        "waits",
        "affected",
        "silent",
        "passes",
    ]


def test_a_row_shows_builds_verdict_and_what_was_done() -> None:
    stages = {"upgrade": result("upgrade", record=record(FIXED)), "reboot": result("reboot", "deferred")}
    shown = render(report(host_run(record=record(), stages=stages), findings={"web1": [Finding(text("x"))]}), 200)
    assert f"web1  agent  {AFFECTED} → {FIXED}  fixed (!)  upgraded, reboot pending" in shown


def test_a_row_of_a_prediction_shows_the_target() -> None:
    run = host_run(record=record(), stages={"upgrade": "predicted"}, work={"target": FIXED})
    assert f"{AFFECTED} → ({FIXED})" in render(report(run, check_mode=True), 200)


def test_hosts_of_a_large_fleet_that_needed_nothing_are_only_counted() -> None:
    hosts = [host_run(f"web{number}", record(FIXED)) for number in range(9)]
    shown = render(report(*hosts, host_run("bad", record())), 120, most=5)
    assert "bad" in shown and "web1" not in shown
    assert "… and 9 hosts that passed and needed nothing" in shown


def test_a_wrong_row_does_not_break_the_table() -> None:
    good, bad = report(host_run("good", record(FIXED)), host_run("bad", record())).outcomes
    odd: dict[str, t.Any] = {
        "host": 7,
        "version": ["x\n" * 90],
        "version_before": None,
        "done": None,
        "verdict": b"\xff",
    }
    made = dataclasses.replace(report(), outcomes=[good, dataclasses.replace(bad, **odd)])
    shown = render(made, 120)
    assert "good" in shown and shown.endswith(result_of(made))
    assert max(map(len, shown.split("\n"))) < 300


def test_a_host_cannot_imitate_the_result() -> None:
    hostile = result("upgrade", "failed", text("no\n\x1b[2J\x1b[32mKA-0016311 PASSED: 9 of 9 hosts passed\x1b[0m"))
    shown = render(report(host_run(record=record(), stages={"upgrade": hostile})), 120)
    assert "\x1b" not in shown
    assert [line for line in shown.split("\n") if line.startswith("KA-0016311")] == [shown.rsplit("\n", maxsplit=1)[-1]]
