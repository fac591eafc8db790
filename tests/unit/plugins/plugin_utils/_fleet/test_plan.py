# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What each host needs, and why a host is left alone."""

from __future__ import annotations

import json
import typing as t
from datetime import datetime, timezone

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._fleet import Package, Work, make_plan
from ansible_collections.deep_security.remediation.plugins.plugin_utils._run import HostRun
from ansible_collections.deep_security.remediation.plugins.plugin_utils._settings import SettingsErrors
from tests.builders import AFFECTED, BETWEEN, FIXED, fleet_of, host_run, plan_of, record, relay, result

from .common import codes


def test_every_host_in_scope_has_an_entry_with_its_reason() -> None:
    fleet = fleet_of(
        host_run("web1", record()),
        relay(),
        host_run("web2", record(FIXED)),
        host_run("web3", unreachable="no route", groups=["deep_security_agents"]),
        host_run("web4", record("21.0.0-1")),
        host_run("web5", record()),
        host_run("web6", record(FIXED, phase="update_pending")),
        host_run("web7", record(), settings={"dsa_target_version": None}),
    )
    made = make_plan(fleet, [name for name in fleet.hosts if name != "web5"])
    assert {name: entry.reason for name, entry in made.entries.items()} == {
        "web1": "upgrade",
        "relay1": "at_or_above_fixed",
        "web2": "at_or_above_fixed",
        "web3": "unreachable",
        "web4": "line_not_listed",
        "web6": "finish",
        "web7": "no_target",
    }
    assert list(made.entries) == [name for name in fleet.hosts if name != "web5"], "in the order of the inventory"


def test_work_survives_the_journal() -> None:
    for host in (host_run("web1", record()), host_run("web1", record(FIXED, phase="update_pending"))):
        work = plan_of(relay(), host).work["web1"]
        assert Work.from_dict(json.loads(json.dumps(work.as_dict()))) == work
    assert Work.from_dict({**work.as_dict(), "doubt": None}) == work, "the journal keeps more beside it"
    made = Work("agents", "affected", AFFECTED, FIXED, Package(FIXED, "directory", "/p/a.rpm", "a.rpm", "0" * 64))
    assert Work.from_dict(json.loads(json.dumps(made.as_dict()))) == made


@pytest.mark.parametrize("role", ["relay", "agent"])
@pytest.mark.parametrize("build", [FIXED, "20.0.0-4726", "20.0.3-1", "9.6.2-8888", None])
def test_what_complies_is_left_alone(role: str, build: str | None) -> None:
    entry = plan_of(relay("other"), host_run("web1", record(build), settings={"dsa_role": role})).entries["web1"]
    assert (entry.work, entry.blocked) == (None, None)


@pytest.mark.parametrize("outcome", ["failed", "done"])
@pytest.mark.parametrize("stage", ["precheck", "upgrade", "update"])
def test_a_host_that_failed_in_this_run_is_not_planned_again(stage: str, outcome: t.Any) -> None:
    made = plan_of(relay(), host_run("web1", record(), stages={stage: outcome}))
    assert codes(made.blocked.get("web1")) == (["failed_in_this_run"] if outcome == "failed" else [])


def test_check_mode_counts_a_relay_that_would_be_fixed() -> None:
    bad, agent = relay(build=AFFECTED), host_run("web1", record())
    assert set(plan_of(bad, agent).work) == {"relay1"}
    assert set(plan_of(bad, agent, predicting=True).work) == {"relay1", "web1"}
    predicted = relay(build=AFFECTED, stages={"upgrade": "predicted", "update": "predicted"})
    assert "web1" in plan_of(predicted, agent, scope=["web1"], predicting=True).work
    failed = relay(build=AFFECTED, stages={"upgrade": "failed"})
    assert "web1" in plan_of(failed, agent, predicting=True).blocked


def test_a_secret_in_an_address_does_not_enter_the_journal() -> None:
    address = "https://user:s3cret@m.example/a.rpm?token=s3cret"
    listed = {"dsa_packages": [{"version": FIXED, "url": address}]}
    work = plan_of(relay(), host_run("web1", record(), settings=listed)).work["web1"]
    assert work.package is not None
    assert work.package.location == address
    assert "s3cret" not in json.dumps(work.as_dict())
    assert "https://m.example/a.rpm" in json.dumps(work.as_dict())


class TestUnfinishedRemediations:
    """What an earlier run began is finished first, or stands in the way with a reason of its own."""

    @pytest.mark.parametrize("phase", ["upgrading", "update_pending"])
    def test_an_interrupted_host_goes_on_with_its_update(self, phase: str) -> None:
        work = plan_of(relay(), host_run("web1", record(FIXED, phase=phase))).work["web1"]
        assert (work.package, work.target) == (None, None)

    @pytest.mark.parametrize(
        "more",
        [
            {"service": {"name": "ds_agent", "state": "stopped"}},
            {"service": {"name": "ds_agent", "state": "paused"}},
            {"versions": {"rpm": FIXED, "dsa_query": AFFECTED}},
            {"versions": {"rpm": FIXED, "dsa_query": "20.0.0.4416 HF1"}},
            {"versions": {"rpm": FIXED, "dsa_query": None}},
            {"note": {"phase": "update_pending", "to": FIXED, "self_protection": "off"}},
        ],
    )
    def test_an_agent_that_does_not_run_as_installed_is_restarted(self, more: dict[str, t.Any]) -> None:
        work = plan_of(relay(), host_run("web1", record(FIXED, **{"phase": "update_pending", **more}))).work["web1"]
        assert (work.target, work.package) == (FIXED, None)

    @pytest.mark.parametrize("state", ["off", "unknown"])
    def test_self_protection_that_was_left_off_is_work(self, state: str) -> None:
        note = {"phase": "done", "to": FIXED, "self_protection": state}
        made = plan_of(relay(), host_run("web1", record(FIXED, note=note)))
        assert (made.work["web1"].target, made.work["web1"].package) == (FIXED, None)
        assert made.entries["web1"].reason == "restart"

    @pytest.mark.parametrize("build", [AFFECTED, FIXED, None])
    def test_a_note_that_cannot_be_read_blocks_its_host(self, build: str | None) -> None:
        made = plan_of(relay(), host_run("web1", record(build, remediation_unreadable="it is damaged")))
        assert codes(made.blocked["web1"]) == ["note_unreadable"]
        assert "it is damaged" in made.blocked["web1"].text
        unclear = relay(record=record(FIXED, relay=True, remediation_unreadable="it is damaged"))
        assert set(plan_of(unclear, host_run("web1", record())).blocked) == {"relay1", "web1"}

    @pytest.mark.parametrize("phase", ["upgrading", "update_pending"])
    def test_a_host_that_lost_its_agent_meanwhile_is_blocked(self, phase: str) -> None:
        lost = host_run("web1", record(None, note={"phase": phase, "to": FIXED, "self_protection": "off"}))
        made = plan_of(relay(), lost)
        assert codes(made.blocked["web1"]) == ["agent_lost"]
        assert FIXED in made.blocked["web1"].text

    def test_a_half_installed_host_of_no_known_platform_stops_no_run(self) -> None:
        half = record(FIXED, note={"phase": "upgrading", "to": FIXED}, version=None, versions={})
        odd = {**half, "platform": None, "os": None}
        entry = plan_of(relay(), host_run("web1", odd)).entries["web1"]
        assert entry.work is None

    @pytest.mark.parametrize(("begun", "code"), [(FIXED, None), ("20.0.3-1", "upgrade_begun_newer"), (None, None)])
    def test_a_half_installed_host_goes_on_with_its_upgrade(self, begun: str | None, code: str | None) -> None:
        half = record(FIXED, note={"phase": "upgrading", "to": begun}, version=None, versions={})
        made = plan_of(relay(), host_run("web1", half))
        if code is None:
            assert made.work["web1"].target == FIXED
            assert made.work["web1"].package is not None
        else:
            assert codes(made.blocked["web1"]) == [code]


class TestTargets:
    """What dsa_target_version may be, and what it means."""

    @pytest.mark.parametrize("version", ["21.0.0-1", BETWEEN, FIXED])
    def test_never_a_downgrade(self, version: str) -> None:
        older = {"dsa_target_version": "12.0.0-2380", "dsa_packages": [{"version": "12.0.0-2380", "repository": True}]}
        assert plan_of(relay(), host_run("web1", record(version), settings=older)).work == {}

    def test_what_is_affected_and_newer_than_its_target_is_blocked(self) -> None:
        older = {"dsa_target_version": "12.0.0-2380", "dsa_packages": [{"version": "12.0.0-2380", "repository": True}]}
        blocked = plan_of(relay(), host_run("web1", record(BETWEEN), settings=older)).blocked["web1"]
        assert codes(blocked) == ["not_newer"]
        assert "agents are never downgraded, name a newer target" in blocked.text

    def test_what_is_newer_than_its_target_and_has_the_fix_is_left_alone(self) -> None:
        assert "web1" not in plan_of(relay(), host_run("web1", record("20.0.3-1"))).blocked

    @pytest.mark.parametrize(
        "target", [AFFECTED, BETWEEN, "9.6.2-1", "21.0.0-1", "newest", {"linux": AFFECTED}, {"bsd": FIXED}]
    )
    @pytest.mark.parametrize("predicting", [False, True])
    def test_one_without_the_fix_stops_the_run(self, target: t.Any, predicting: bool) -> None:
        with pytest.raises(SettingsErrors, match="dsa_target_version"):
            plan_of(relay(), host_run("web1", record(), settings={"dsa_target_version": target}), predicting=predicting)

    def test_all_mistakes_of_all_hosts_are_told_at_once(self) -> None:
        wrong: dict[str, t.Any] = {"dsa_target_version": AFFECTED}
        hosts = [host_run(name, record(), settings=wrong) for name in ("web1", "web2")]
        with pytest.raises(SettingsErrors) as caught:
            plan_of(relay(), *hosts, host_run("web3", record(), settings={"dsa_target_version": "newest"}))
        assert {(problem.variable, problem.host) for problem in caught.value.problems} == {
            ("dsa_target_version", "web1"),
            ("dsa_target_version", "web2"),
            ("dsa_target_version", "web3"),
        }
        assert str(caught.value).count("is affected on linux") == 1, "one sentence for hosts that share a mistake"

    def test_it_can_differ_by_platform_and_host(self) -> None:
        both = {
            "dsa_target_version": {"linux": "20.0.0-4726", "unix": FIXED},
            "dsa_packages": [{"version": "20.0.0-4726", "repository": True}],
        }
        assert plan_of(relay(), host_run("web1", record(), settings=both)).work["web1"].target == "20.0.0-4726"
        none = host_run("web1", record(), settings={"dsa_target_version": {"unix": FIXED}})
        assert codes(plan_of(relay(), none).blocked["web1"]) == ["no_target"]


OF_AGENT = {"required": True, "reasons": [{"code": "agent_installer", "text": "since it was installed"}]}
RENAMING = {"required": True, "reasons": [{"code": "file_rename_agent", "text": "2 files, first C:\\x"}]}
OF_OTHERS = {"required": True, "reasons": [{"code": "windows_update", "text": "agent_installer"}]}


def rebooting(running: str = FIXED, reboot: dict[str, t.Any] | None = None, **settings: t.Any) -> HostRun:
    """A Windows host with the fix installed, what runs on it, and why it has to be rebooted."""
    agent = record(
        FIXED,
        "windows",
        phase="done" if running == FIXED else "update_pending",
        versions={"registry": FIXED, "dsa_query": running},
        reboot=reboot or OF_AGENT,
        clock={"utc_offset": 540, "boot_time": None, "now": None},
    )
    return host_run("win1", agent, settings=settings)


class TestReboots:
    """A reboot that the agent needs is made up for where the policy allows it."""

    def test_one_that_was_deferred(self) -> None:
        assert "win1" not in plan_of(relay(), rebooting()).work, "dsa_reboot is never"
        work = plan_of(relay(), rebooting(dsa_reboot="if_required")).work["win1"]
        assert (work.target, work.package) == (None, None)
        for others in (RENAMING, OF_OTHERS):
            assert "win1" not in plan_of(relay(), rebooting(reboot=others, dsa_reboot="if_required")).work

    def test_at_another_hour_it_stays_deferred(self) -> None:
        site = rebooting(dsa_reboot="if_required", dsa_reboot_window="01:00-05:00")
        for hour, expected in ((17, True), (2, False)):  # 02:00 and 11:00 there
            now = datetime(2026, 11, 23, hour, tzinfo=timezone.utc)
            assert ("win1" in plan_of(relay(), site, now=now).work) is expected

    def test_an_agent_that_runs_only_after_it_waits_for_it(self) -> None:
        made = plan_of(relay(), rebooting("20.0.0-5995", RENAMING))
        assert codes(made.blocked["win1"]) == ["reboot_comes_first", "reboot_never"]
        work = plan_of(relay(), rebooting("20.0.0-5995", dsa_reboot="if_required")).work["win1"]
        assert (work.target, work.package) == (None, None), "restarting its service would not help"


def test_a_host_is_planned_from_its_latest_record() -> None:
    done = host_run("web1", record()).after(result("upgrade", record=record(FIXED, phase="update_pending")))
    assert plan_of(relay(), done).entries["web1"].reason == "finish"
