# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a report is made with beside the run: waivers, an earlier report, reports of other runs."""

from __future__ import annotations

import json
import re
import typing as t
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._ansible import inputs, report
from ansible_collections.deep_security.remediation.plugins.plugin_utils._ansible.run import Run
from ansible_collections.deep_security.remediation.plugins.plugin_utils._settings import SettingsError
from tests import report_schema
from tests.builders import AFFECTED, FIXED, record
from tests.documents import document, failing, recent, row
from tests.unit.controller import Controller

DONE, OPEN = record(FIXED, phase="done"), record(AFFECTED)
NOW = datetime.now(timezone.utc)


def waiver(**changes: t.Any) -> dict[str, t.Any]:
    """A waiver for every host that is affected."""
    return {
        "hosts": "all",
        "verdicts": ["affected"],
        "reason": "it is replaced in January",
        "owner": "ops@example.com",
        "expires": (NOW + timedelta(days=2)).date().isoformat(),
        **changes,
    }


def begun(controller: Controller, /, **read: t.Any) -> Run:
    """A gate that began, with what was read."""
    run = controller.begin("gate", **read)
    inputs.begin(run)
    return run


def written(controller: Controller, name: str, **run: t.Any) -> Path:
    """A report of another run, of an hour ago."""
    return saved(controller, name, recent(document(**run)))


def saved(controller: Controller, name: str, content: t.Any) -> Path:
    """A file with a report."""
    path = controller.temporary / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


# --- waivers --------------------------------------------------------------------------------------------------------


def test_a_waiver_is_for_the_hosts_that_fit_its_pattern(controller: Controller) -> None:
    controller.inventory(["web1", "web2", "db1"])
    controller.play = {"dsa_waivers": [waiver(hosts=["web*", "!web2"])]}
    ended = report.end(begun(controller, web1=OPEN, web2=OPEN, db1=DONE))
    assert {outcome.host: outcome.passed for outcome in ended.report.outcomes} == {
        "web1": True,
        "web2": False,
        "db1": True,
    }
    document = report_schema.check(controller.reported())
    assert document["summary"]["waived"] == 1
    assert [(each["hosts"], each["state"], each["used_by"]) for each in document["waivers"]] == [
        ("web*,!web2", "applied", ["web1"])
    ]


def test_a_waiver_changes_no_plan_and_no_verdict(controller: Controller) -> None:
    controller.inventory({"web1": {"dsa_waivers": [waiver()]}})
    ended = report.end(begun(controller, web1=OPEN))
    assert (ended.passed, ended.report.outcomes[0].verdict) == (True, "affected")
    assert ended.report.outcomes[0].next["code"] == "upgrade"
    assert ended.failing == {}


@pytest.mark.parametrize(("days", "passed"), [(-1, False), (0, True)])
def test_a_waiver_ends_with_its_day_in_utc(controller: Controller, days: int, passed: bool) -> None:
    day = (datetime.now(timezone.utc) + timedelta(days=days)).date()
    controller.play = {"dsa_waivers": [waiver(expires=day)]}
    ended = report.end(begun(controller, web1=OPEN))
    assert ended.passed is passed
    assert ended.report.errors == []


def test_a_waiver_for_nobody_is_listed(controller: Controller) -> None:
    controller.play = {"dsa_waivers": [waiver(hosts="nobody")]}
    ended = report.end(begun(controller, web1=DONE))
    assert ended.passed
    assert [each["state"] for each in ended.report.waivers] == ["unused"]


def test_prechecks_that_are_waived_are_listed(controller: Controller) -> None:
    controller.inventory({"web1": {"dsa_precheck_waive": ["free_space"]}, "web2": {}})
    ended = report.end(begun(controller, web1=DONE, web2=DONE))
    assert [(each["kind"], each["checks"], each["state"]) for each in ended.report.waivers] == [
        ("precheck", ["free_space"], "unused")
    ]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"hosts": "~("}, "dsa_waivers[0].hosts is '~('; Ansible cannot read this pattern"),
        ({"verdicts": ["fixed"]}, "dsa_waivers[0].verdicts is ['fixed']; its entries can be affected"),
    ],
    ids=["pattern", "verdict"],
)
def test_what_is_wrong_with_a_waiver_stops_the_run(controller: Controller, changes: t.Any, named: str) -> None:
    controller.play = {"dsa_waivers": [waiver(**changes)]}
    run = begun(controller, web1=DONE)
    assert len(run.errors) == 1
    assert named in run.errors[0]
    ended = report.end(run)
    assert (ended.passed, ended.report.errors) == (False, run.errors), "once"


def test_what_is_wrong_with_a_waiver_is_found_where_no_playbook_of_ours_began(controller: Controller) -> None:
    controller.play = {"dsa_waivers": [waiver(hosts="~(")]}
    ended = report.end(controller.run(), ["web1"])
    assert "dsa_waivers[0].hosts" in ended.error


# --- bad input -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("extra", "named"),
    [
        ({"dsa_report_formats": "json,pdf"}, "dsa_report_formats is 'json,pdf'; its entries can be json, html, csv"),
        ({"dsa_report_language": "fr"}, "dsa_report_language is 'fr'; write en or ja"),
        ({"dsa_gate_on": "luck"}, "dsa_gate_on is 'luck'; write compliance or readiness"),
        ({"dsa_gate_on": "readiness"}, "dsa_gate_on is readiness, and only a remediation in check mode"),
        ({"dsa_report_baseline": "nope.json"}, "nope.json, and there is no such file; name the JSON report"),
        ({"dsa_report_baseline": "cut.json"}, "cut.json, which ends in the middle: it was cut; take it again"),
        ({"dsa_report_baseline": "newer.json"}, "newer.json, whose schema is 99, and this release reads 3; use a"),
        ({"dsa_report_baseline": "list.json"}, "list.json, which is no report of this collection; name the JSON"),
        ({"dsa_report_baseline": "page.json"}, "page.json, which is no JSON: line 1"),
        ({"dsa_waivers": [{}]}, "dsa_waivers[0] is {}; it has no"),
        *(
            ({"dsa_waivers": [waiver(), {**waiver(), key: None}]}, "dsa_waivers[1] is {")
            for key in ("hosts", "verdicts", "reason", "owner", "expires")
        ),
        ({"dsa_waivers": [waiver(reason=" ")]}, "dsa_waivers[0] is {"),
        ({"dsa_waivers": [waiver(expires="2026-02-30")]}, "dsa_waivers[0].expires is '2026-02-30'; write the last day"),
        ({"dsa_waivers": [waiver(expires="soon")]}, "dsa_waivers[0].expires is 'soon'; write the last day"),
        ({"dsa_waivers": [waiver(until="x")]}, "dsa_waivers[0].until is 'x'; this key is not known; known are hosts"),
        ({"dsa_waivers": [waiver(owner=["a"])]}, "dsa_waivers[0].owner is ['a']; write a text"),
        ({"dsa_waivers": [waiver(verdicts=["late"])]}, "dsa_waivers[0].verdicts is ['late']; its entries can be"),
        ({"dsa_waivers": [waiver(hosts="~(")]}, "dsa_waivers[0].hosts is '~('; Ansible cannot read this pattern"),
        ({"dsa_waivers": "all"}, "dsa_waivers is 'all'; write a list"),
    ],
    ids=map(str, range(23)),
)
def test_bad_input_is_named_with_its_value_and_what_to_do(
    controller: Controller, extra: dict[str, t.Any], named: str
) -> None:
    (controller.temporary / "cut.json").write_text(json.dumps(document())[:-300], encoding="utf-8")
    (controller.temporary / "list.json").write_text("[]", encoding="utf-8")
    (controller.temporary / "page.json").write_text("<html>", encoding="utf-8")
    written(controller, "newer.json", schema=99)
    if "dsa_report_baseline" in extra:
        extra = {"dsa_report_baseline": str(controller.temporary / extra["dsa_report_baseline"])}
    (error,) = begun(controller.inventory({"web1": extra}), web1=DONE).errors
    assert named in error
    assert error.endswith("Nothing was changed")


# --- an earlier report ----------------------------------------------------------------------------------------------


def test_a_report_has_what_changed_since_the_one_that_it_replaces(controller: Controller) -> None:
    report.end(begun(controller, web1=OPEN))
    controller.play = {"dsa_report_baseline": str(controller.report)}
    run = begun(controller, web1=DONE)
    controller.report.unlink()
    ended = report.end(run)
    difference = report_schema.check(ended.document)["difference"]
    assert (difference["fixed"], difference["new"]) == (["web1"], [])


def test_an_earlier_report_that_cannot_be_read_stops_the_run(controller: Controller) -> None:
    path = controller.temporary / "nope.json"
    controller.play = {"dsa_report_baseline": str(path)}
    assert begun(controller, web1=DONE).errors == [
        f"dsa_report_baseline names {path}, and there is no such file; name the JSON report of a run of this "
        "collection. Nothing was changed"
    ]


def test_an_earlier_report_by_another_advisory_stops_the_run(controller: Controller) -> None:
    controller.play = {"dsa_report_baseline": str(written(controller, "old.json", advisory="KA-1"))}
    (error,) = begun(controller, web1=DONE).errors
    assert error.startswith("dsa_report_baseline names /")
    assert "old.json, which is by the advisory KA-1, and this run by KA-0016311: name a report by KA-0016311" in error


def test_the_report_of_a_run_that_was_refused_compares_with_nothing(controller: Controller) -> None:
    """As where a gate runs every night, with the last report as its baseline."""
    controller.play = {"dsa_report_baseline": str(written(controller, "old.json", hosts=[], errors=["no room"]))}
    ended = report.end(begun(controller, web1=DONE))
    assert (ended.passed, ended.report.difference) == (True, None)
    assert ["about no host" in text for text in ended.report.warnings] == [True]


def test_a_play_of_ones_own_has_an_earlier_report_too(controller: Controller) -> None:
    controller.play = {"dsa_report_baseline": str(written(controller, "old.json", hosts=[failing("web1"), row("b")]))}
    run = controller.run()
    report.begin_play(run, ["web1"])
    assert report.end(run, ["web1"]).document["difference"]["gone"] == ["b"]


# --- reports of other runs ------------------------------------------------------------------------------------------


def test_everything_that_is_wrong_with_the_files_is_named_at_once(controller: Controller) -> None:
    paths = [controller.temporary / "a.json", written(controller, "b.json", schema=4)]
    controller.play = {"dsa_report_from": [str(path) for path in paths]}
    with pytest.raises(SettingsError) as error:
        inputs.reports(controller.run())
    assert f"dsa_report_from names {paths[0]}, and there is no such file" in str(error.value)
    assert f"dsa_report_from names {paths[1]}, whose schema is 4" in str(error.value)


def test_reports_by_another_advisory_are_not_merged(controller: Controller) -> None:
    paths = [written(controller, "a.json"), written(controller, "b.json", advisory="KA-1")]
    controller.play = {"dsa_report_from": [str(path) for path in paths]}
    with pytest.raises(SettingsError, match=r"b\.json, which is by the advisory KA-1, and this run by KA-0016311"):
        inputs.reports(controller.run())
    written(controller, "b.json", advisory="", finished=None, hosts=[])  # one that was interrupted at once
    assert len(inputs.reports(controller.run())) == 2


@pytest.mark.parametrize(
    ("wanted", "wrong"), [("readiness", False), (None, False), ("compliance", True)], ids=["same", "not set", "other"]
)
def test_parts_by_another_gate_than_the_one_that_is_set_are_not_merged(
    controller: Controller, wanted: str | None, wrong: bool
) -> None:
    path = written(controller, "a.json", gate_on="readiness")
    controller.play = {"dsa_report_from": [str(path)], **({"dsa_gate_on": wanted} if wanted else {})}
    if not wrong:
        assert len(inputs.reports(controller.run())) == 1
        return
    with pytest.raises(SettingsError, match=r"which is a gate on readiness, and dsa_gate_on is compliance"):
        inputs.reports(controller.run())


def test_a_file_of_tasks_that_is_encrypted_is_left_to_ansible(tmp_path: Path) -> None:
    """Which has the password."""
    file = tmp_path / "send.yml"
    file.write_text("$ANSIBLE_VAULT;1.1;AES256\n6162\n", encoding="ascii")
    assert inputs.wrong_tasks({"tasks": str(file)}) == ""
    file.write_text("6162", encoding="ascii")
    assert inputs.wrong_tasks({"tasks": str(file)}) == "which has no list of tasks"


def test_an_advisory_that_cannot_be_read_is_named_once(controller: Controller) -> None:
    controller.play = {"dsa_report_from": [str(written(controller, "a.json"))], "dsa_advisory": "/nope.yml"}
    assert len(inputs.reports(controller.run())) == 1, "what began the run names it"


def test_a_report_that_was_edited_or_is_of_the_future_is_refused(controller: Controller) -> None:
    edited = written(controller, "a.json", hosts=[row(version="20.0.0-4416")])
    future = saved(controller, "b.json", recent(document([row()]), hours=-2))
    controller.play = {"dsa_report_from": [str(edited), str(future)]}
    with pytest.raises(
        SettingsError, match=r"(?s)a\.json, which was edited: web-1 .*b\.json, which has a time of the f"
    ):
        inputs.reports(controller.run())


@pytest.mark.parametrize(
    ("hours", "most", "error"),
    [
        (11.0, None, False),
        (13.0, None, True),
        (71.0, "72", False),
        (73.0, 72, True),
        (1.0, 0.5, True),
    ],
)
def test_a_report_that_is_too_old_is_an_error_that_names_its_file_its_age_and_what_to_do(
    controller: Controller, hours: float, most: object, error: bool
) -> None:
    """As where tonight's run wrote none, and last night's file of the same name is still there."""
    old = saved(controller, "a.json", recent(document([row()]), hours=hours + 1 / 6))  # it took ten minutes
    controller.play = {"dsa_report_from": [str(old), str(written(controller, "b.json"))], "dsa_report_max_age": most}
    run = controller.run()
    assert len(inputs.reports(run)) == 2, "what it has is shown"
    texts = run.errors
    assert len(texts) == (2 if most == 0.5 else error)
    if error:
        assert texts[0].startswith(f"dsa_report_from names {old}, whose run ended at 20")
        assert f", {hours} hours ago, and dsa_report_max_age is {most or 12}: make it again, or raise" in texts[0]


def test_a_baseline_may_be_old_and_by_an_older_table(controller: Controller) -> None:
    old = saved(controller, "a.json", recent(document([row(version="20.0.0-4416")]), hours=9999))
    controller.play = {"dsa_report_baseline": str(old)}
    assert begun(controller, web1=DONE).errors == []


def test_without_a_file_there_is_nothing_to_report(controller: Controller) -> None:
    with pytest.raises(SettingsError, match="dsa_report_from is not set"):
        inputs.reports(controller.run())


def test_a_report_that_is_read_is_known_by_whatever_name(controller: Controller) -> None:
    path = written(controller, "a.json")
    (path.parent / "link.json").symlink_to(path)
    controller.play = {"dsa_report_from": [str(path.parent / "link.json")]}
    assert inputs.is_read(controller.run(), path)
    assert not inputs.is_read(controller.run(), path.with_name("b.json"))


def runs(controller: Controller, *paths: object) -> list[str]:
    controller.play["dsa_report_from"] = list(map(str, paths))
    return [each.run_id for each in inputs.reports(controller.run())]


def test_a_folder_stands_for_its_reports_of_one_run_and_a_pattern_for_what_fits(controller: Controller) -> None:
    """What an earlier attempt to merge them left there would count as later than its parts."""
    first = written(controller, "flow-1/a.json", run_id="a")
    written(controller, "flow-1/b.json", run_id="b")
    merged = written(controller, "flow-1/whole.json", run_id="whole", playbook="report")
    (first.parent / "a.html").touch()
    assert runs(controller, first.parent) == ["a", "b"]
    assert runs(controller, first.parent / "[b-z]*.json") == ["b"]
    assert runs(controller, first.parent, first, merged) == ["a", "b", "whole"], "each once; named itself, it counts"
    controller.play["dsa_workflow"] = "flow-1"
    assert runs(controller, first.parents[1] / "{workflow}") == ["a", "b"]
    brackets = written(controller, "flow[1]/a.json", run_id="c")
    assert (runs(controller, brackets.parent), runs(controller, brackets)) == (["c"], ["c"])


@pytest.mark.parametrize(
    ("path", "named"),
    [("empty", "empty/*.json, and there is no such file"), ("x*.json", "x*.json, and there is no such file")],
    ids=["folder", "pattern"],
)
def test_a_folder_without_reports_is_none(controller: Controller, path: str, named: str) -> None:
    (controller.temporary / "empty").mkdir()
    with pytest.raises(SettingsError, match=re.escape(named)):
        runs(controller, controller.temporary / path)


def test_a_folder_with_merged_reports_alone_is_none(controller: Controller) -> None:
    folder = written(controller, "flow/whole.json", playbook="report").parent
    with pytest.raises(SettingsError, match="flow, and there is no report of one run"):
        runs(controller, folder)


def test_reports_on_a_host_count_when_all_of_them_were_fetched(controller: Controller) -> None:
    """Without one of them, the failures of its hosts would be lost."""
    controller.play = {"dsa_report_from": ["here/a:b.json", "store-1:/srv/{workflow}"], "dsa_workflow": "w"}
    assert [(each["host"], each["directory"]) for each in controller.query("sources")] == [("store-1", "/srv/w")]
    controller.play["dsa_report_from"] = "store-1:/srv/{workflow}"
    assert controller.query("fetching", playbook="report") == ["web1"]
    (source,) = controller.query("sources")
    folder = Path(source["folder"])
    folder.mkdir()
    (folder / "a.json").write_text(json.dumps(document(run_id="a")), encoding="utf-8")
    with pytest.raises(SettingsError, match="names store-1:/srv/w, and not all of its reports could be fetched"):
        runs(controller, source["from"])
    Path(source["complete"]).touch()
    assert runs(controller, source["from"]) == ["a"]
    (folder / "a.json").unlink()
    with pytest.raises(SettingsError, match="names store-1:/srv/w, and there is no report of one run"):
        runs(controller, source["from"])


def test_nothing_is_fetched_for_a_run_with_errors(controller: Controller) -> None:
    controller.inventory({"web1": {"dsa_report_formats": "pdf"}}).play = {"dsa_report_from": "store-1:/srv"}
    assert controller.query("fetching", playbook="report") == []
