# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reports through the playbooks, with real Ansible and without a host: waivers, what is wrong with files, slices."""

from __future__ import annotations

import json
import typing as t
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from tests import report_schema
from tests.documents import document, recent, row
from tests.integration.test_gate_by_manager import AFFECTED, FIXED, by_manager
from tests.integration.test_gate_holds import Fleet, fleet, words

REPORT = "deep_security.remediation.report"
GOOD = {"web-1": by_manager(1, FIXED)}
BAD = {**GOOD, "web-2": by_manager(2, AFFECTED)}
SUFFIXES = {".json", ".html", ".csv", ".xml", ".md", ".prom"}
ALL = "json,html,csv,junit,markdown,openmetrics"
__all__ = ["fleet"]


def day(days: int) -> str:
    """Today in UTC, or so many days later."""
    return (datetime.now(timezone.utc) + timedelta(days=days)).date().isoformat()


def waiver(**changes: t.Any) -> dict[str, t.Any]:
    """One for what is affected, until the day after tomorrow."""
    return {
        "hosts": "web-*",
        "verdicts": ["affected"],
        "reason": "replaced in January",
        "owner": "ops@example.com",
        "expires": day(2),
        **changes,
    }


def slices(fleet: Fleet, hosts: t.Mapping[str, t.Any], *limits: str, **extra: t.Any) -> list[str]:
    """The reports of a gate that was run in slices."""
    for number, limit in enumerate(limits):
        fleet.run(hosts, {"dsa_report_path": f"slice-{number}.json", **extra}, "--limit", limit)
    return [str(fleet.folder / f"slice-{number}.json") for number in range(len(limits))]


# --- waivers --------------------------------------------------------------------------------------------------------


def test_a_waiver_lets_a_host_pass_until_it_ends_and_is_in_every_report(fleet: Fleet) -> None:
    waivers = [waiver(), waiver(hosts="nobody-*", owner="net@example.com"), waiver(expires=day(-2))]
    done = fleet.run(BAD, {"dsa_report_formats": ALL}, vars={"dsa_waivers": waivers})
    assert done.returncode == 0, done.stdout
    report = fleet.report
    assert {each["host"]: (each["verdict"], each["passed"]) for each in report["hosts"]} == {
        "web-1": ("fixed", True),
        "web-2": ("affected", True),
    }
    assert sorted((each["state"], each["used_by"]) for each in report["waivers"]) == [
        ("applied", ["web-2"]),
        ("expired", []),
        ("unused", []),
    ]
    files = {path.suffix: path for path in fleet.path.parent.glob("report.*")}
    assert set(files) == SUFFIXES
    for suffix in sorted(SUFFIXES - {".prom"}):
        assert "replaced in January" in files[suffix].read_text("utf-8-sig"), suffix
    assert "replaced in January" in words(done)


def test_an_expired_waiver_does_not_apply(fleet: Fleet) -> None:
    done = fleet.run(BAD, {"dsa_waivers": [waiver(expires=day(-2))]})
    assert done.returncode == 2, done.stdout
    assert [each["state"] for each in fleet.report["waivers"]] == ["expired"]
    assert day(-2) in words(done)


def test_half_a_fleet_that_is_offline_can_be_waived(fleet: Fleet) -> None:
    silent = {"ansible_host": "127.0.0.1", "ansible_port": 1}
    done = fleet.run({**GOOD, "web-2": silent}, {"dsa_waivers": [waiver(verdicts="unreachable")]})
    assert done.returncode == 0, done.stdout
    assert fleet.report["summary"]["verdicts"] == {"fixed": 1, "unreachable": 1}


# --- bad input ------------------------------------------------------------------------------------------------------

# Nothing may be read before it is found: a task on this host would show.
UNREADABLE = {"web-1": {"ansible_connection": "bogus"}}
TEXTS = {
    "cut.json": json.dumps(document())[:-300],
    "newer.json": json.dumps({**document(), "schema": 99}),
    "list.json": "[]",
    "page.json": "<html>",
}


def test_bad_input_is_named_at_once_before_a_host_is_touched(fleet: Fleet) -> None:
    """Each kind of it: tests/unit/plugins/plugin_utils/_ansible/test_inputs.py."""
    (fleet.folder / "cut.json").write_text(TEXTS["cut.json"], encoding="utf-8")
    wrong = {
        "dsa_report_formats": "json,pdf",
        "dsa_report_language": "fr",
        "dsa_gate_on": "luck",
        "dsa_report_baseline": "cut.json",
        "dsa_waivers": [waiver(), waiver(expires="soon")],
    }
    done = fleet.run(UNREADABLE, wrong)
    assert done.returncode == 2, done.stdout
    assert "TASK [Read]" not in done.stdout
    errors = fleet.report["errors"]
    assert len(errors) == len(wrong)
    for name in wrong:
        assert sum(error.startswith(name) and error.endswith("Nothing was changed") for error in errors) == 1, errors
        # Of long texts the terminal counts what has no room.
        assert name in words(done) or "more errors, which the report has" in words(done)


def test_a_report_that_cannot_be_written_is_shown_in_all_formats_and_is_no_pass(fleet: Fleet) -> None:
    (fleet.folder / "file").touch()
    done = fleet.run(GOOD, {"dsa_report_path": "file/report.json", "dsa_report_formats": ALL})
    assert done.returncode == 2, done.stdout
    assert "dsa_report_path" in words(done)


def test_one_format_that_cannot_be_written_is_no_pass(fleet: Fleet) -> None:
    (fleet.path.parent / "report.csv").mkdir()
    done = fleet.run(GOOD, {"dsa_report_formats": ALL})
    assert done.returncode == 2, done.stdout
    assert "report.csv" in words(done)
    assert "1 of 1 hosts" in words(done)
    assert (fleet.path.parent / "report.md").is_file()


# --- the difference -------------------------------------------------------------------------------------------------


def test_a_report_has_what_changed_since_the_one_that_it_replaces(fleet: Fleet) -> None:
    fleet.run({**BAD, "web-3": by_manager(3, FIXED)})
    hosts = {"web-1": by_manager(1, AFFECTED), "web-2": by_manager(2, FIXED), "web-4": by_manager(4, FIXED)}
    done = fleet.run(hosts, {"dsa_report_baseline": "dsa-reports/report.json"})
    assert done.returncode == 2, done.stdout
    found = fleet.report["difference"]
    assert {name: hosts for name, hosts in found.items() if name != "baseline"} == {
        "fixed": ["web-2"],
        "newly_affected": [],
        "regressed": ["web-1"],
        "gone": ["web-3"],
        "new": ["web-4"],
    }
    assert found["baseline"]["run_id"] != fleet.report["run_id"]


# --- from files alone -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [(), ("--check",)], ids=["run", "check mode"])
def test_slices_of_a_fleet_are_one_report(fleet: Fleet, arguments: tuple[str, ...]) -> None:
    hosts = {**BAD, "web-3": by_manager(3, FIXED)}
    files = slices(fleet, hosts, "web-1", "web-3")
    # Nothing is read again: no connection to a host would succeed.
    silent = {name: {"ansible_connection": "bogus"} for name in hosts}
    done = fleet.run(silent, {"dsa_report_from": files, "dsa_report_formats": ALL}, *arguments, playbook=REPORT)
    assert done.returncode == 2, done.stdout
    report = fleet.report
    assert {each["host"]: each["verdict"] for each in report["hosts"]} == {
        "web-1": "fixed",
        "web-2": "unreachable",
        "web-3": "fixed",
    }
    assert (report["left_out"], len(report["merged_from"])) == ([], 2)
    assert {path.suffix for path in fleet.path.parent.glob("report.*")} == SUFFIXES
    assert "2 of 3 hosts" in words(done)
    assert "TASK [Read" not in done.stdout
    assert "bogus" not in done.stdout, "all tasks run on the controller"
    again = fleet.run(silent, {"dsa_report_from": files, "dsa_hosts": "!web-2"}, *arguments, playbook=REPORT)
    assert again.returncode == 0, again.stdout
    assert fleet.report["left_out"] == [{"host": "web-2", "why": "dsa_hosts"}]


def test_a_report_is_made_of_files_where_there_is_no_inventory(fleet: Fleet) -> None:
    files = slices(fleet, BAD, "web-1", "web-2")
    for given, status in ((files, 2), (files[:1], 0)):
        done = fleet.run({}, {"dsa_report_from": given, "dsa_report_language": "ja"}, playbook=REPORT)
        assert done.returncode == status, done.stdout
        assert [each["host"] for each in fleet.report["hosts"]] == ["web-1", "web-2"][: len(given)]
    assert report_schema.read(Path(files[0]))["playbook"] == "gate", "what it is made of stays as it is"


def test_a_slice_that_did_not_finish_or_is_of_the_night_before_keeps_the_whole_from_passing(fleet: Fleet) -> None:
    good = slices(fleet, GOOD, "web-1")
    begun = recent(document([row("web-2")], finished=None, run_id="interrupted"))
    old = recent(document([row("web-3")], run_id="old"), hours=20)
    for name, content in {"begun.json": begun, "old.json": old}.items():
        (fleet.folder / name).write_text(json.dumps(content), encoding="utf-8")
    given = {"dsa_report_from": [*good, "begun.json", "old.json"], "dsa_gate": False}
    done = fleet.run({}, given, playbook=REPORT)
    assert done.returncode == 2, done.stdout
    stale, unfinished = fleet.report["errors"]
    assert unfinished == "run interrupted: it did not finish"
    assert f"old.json, whose run ended at {old['finished']}, 19.8 hours ago, and dsa_report_max_age is 12" in stale
    assert f"from {old['finished'].replace('T', ' ')[:16]} to" in words(done)


@pytest.mark.parametrize(
    ("extra", "arguments", "named"),
    [
        ({}, (), ["dsa_report_from is not set"]),
        (
            {"dsa_report_from": ["nope.json", *TEXTS]},
            (),
            ["nope.json, and there is no such file", "cut.json, which ends", "schema is 99", "no report", "no JSON"],
        ),
        ({"dsa_report_from": "good.json", "dsa_report_formats": "pdf"}, (), ["dsa_report_formats is 'pdf'"]),
        ({"dsa_report_from": "good.json"}, ("--tags", "foo"), ["--tags foo"]),
    ],
    ids=["none", "files", "format", "tags"],
)
def test_bad_input_makes_no_report_of_files(
    fleet: Fleet, extra: dict[str, t.Any], arguments: tuple[str, ...], named: list[str]
) -> None:
    for name, text in {**TEXTS, "good.json": json.dumps(document([row()]))}.items():
        (fleet.folder / name).write_text(text, encoding="utf-8")
    # Where lines are short, the last of many errors stand in the report alone.
    done = fleet.run({}, extra, *arguments, playbook=REPORT, environment={"COLUMNS": "200"})
    assert done.returncode == 2, done.stdout
    assert fleet.report["passed"] is False
    shown = "".join(done.stdout.split())
    for text in named:
        assert text in " ".join(fleet.report["errors"])
        assert "".join(text.split()) in shown, "lines are cut anywhere in a long path"
