# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Batches for the Manager: which hosts are in one, what becomes of them, and that nothing is left behind."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace

import pytest

from ansible_collections.deep_security.remediation.plugins.action import dsm_agent_upgrade, dsm_security_update
from ansible_collections.deep_security.remediation.plugins.plugin_utils._fleet import Fleet
from ansible_collections.deep_security.remediation.plugins.plugin_utils._manager import tasks
from ansible_collections.deep_security.remediation.plugins.plugin_utils._run import HostRun, Journal
from ansible_collections.deep_security.remediation.plugins.plugin_utils._run.journal import host_run as journal_run
from ansible_collections.deep_security.remediation.plugins.plugin_utils._settings import Settings, SettingsError
from tests.builders import AFFECTED, FIXED, fleet_of, host_run, manager_computer, record, relay, result

URL = "https://one.example.com:4119"
THROUGH = "dsa_security_update_through"
BY_MANAGER = {THROUGH: "manager", "dsm_url": URL}


def host(name: str = "web1", number: int = 17, settings: t.Any = None, **more: t.Any) -> HostRun:
    """A fixed host that the Manager knows by that ID and updates, unless settings has other ones."""
    settings = BY_MANAGER if settings is None else settings
    more.setdefault("computer", manager_computer(FIXED, id=number))
    more.setdefault("record", record(FIXED))
    return host_run(name, settings=settings, planned=more.pop("planned", True), **more)


def deferred(**details: object) -> dict[str, t.Any]:
    return {"reboot": result("reboot", "deferred", details=details)}


@pytest.mark.parametrize(
    ("run", "url", "chosen"),
    [
        (host(), URL + "/api/", True),
        (host(), "https://two.example.com:4119", False),
        (host(settings={THROUGH: "manager"}), URL, True),
        (host(), None, True),
        (host(computer=None), URL, False),
        (host(stages={"upgrade": "failed"}), URL, False),
        (host(stages={"upgrade": "done", "reboot": "done"}), URL, True),
        (host(stages=deferred(waiting=True)), URL, False),
        (host(stages=deferred(waiting=False)), URL, True),
        (host(stages=deferred()), URL, True),
        (host(settings={"dsm_url": URL, THROUGH: "host"}), URL, False),
        # Somebody's own play, without a plan: naming the hosts is enough.
        (host(settings={"dsm_url": URL, THROUGH: "host"}, planned=False), URL, True),
    ],
)
def test_a_batch_has_the_hosts_that_are_left_to_this_manager(run: HostRun, url: object, chosen: bool) -> None:
    batch = tasks.select({"web1": run}, ["web1", "stranger"], url, THROUGH)
    assert batch.hosts == ({"web1": 17} if chosen else {})
    assert batch.relays == set()


def test_relays_of_a_batch_are_known_by_the_manager() -> None:
    runs = {"relay1": host("relay1", computer=manager_computer(FIXED, True)), "web1": host("web1")}
    assert tasks.select(runs, runs, URL, THROUGH).relays == {"relay1"}


def fleet(*runs: HostRun) -> Fleet:
    """Hosts of this Manager."""
    return fleet_of(*runs, url=URL)


def test_companions_have_the_fix_and_wait_for_no_relay() -> None:
    known: dict[str, t.Any] = {"settings": {"dsm_url": URL}, "planned": True}
    good = relay("relay1", computer=manager_computer(FIXED, True, id=1), **known)
    done = record(FIXED, phase="done")
    beside = [
        host_run("fixed", done, computer=manager_computer(FIXED, id=2), **known),
        host_run("affected", record(AFFECTED), computer=manager_computer(AFFECTED, id=3), **known),
        host_run("unread", computer=manager_computer(FIXED, id=4), **known),
        host_run("left_out", done, computer=manager_computer(FIXED, id=8), settings={"dsm_url": URL}),
        host_run("silent", unreachable="no route", computer=manager_computer(FIXED, id=5), **known),
        host_run(
            "other", done, computer=manager_computer(FIXED, id=6), settings={"dsm_url": "https://two"}, planned=True
        ),
        host_run("stranger", done, **known),
        host("batch", 7),
    ]
    agents, relays = tasks.Batch({"batch": 7}, set()), tasks.Batch({"batch": 7}, {"batch"})
    assert tasks.companions(fleet(good, *beside), agents, URL) == [2]
    assert tasks.companions(fleet(good, *beside), relays, URL) == [1]
    bad = relay("relay1", AFFECTED, None, computer=manager_computer(AFFECTED, True, id=1), **known)
    assert tasks.companions(fleet(bad, *beside), agents, URL) == []


def test_the_managers_record_is_enough_for_a_companion() -> None:
    settings = {"dsm_url": URL, "dsa_source": "manager", "dsa_relays": []}
    known = host_run("known", computer=manager_computer(FIXED, id=2), settings=settings, planned=True)
    assert tasks.companions(fleet(known, host("batch", 7)), tasks.Batch({"batch": 7}, set()), URL) == [2]


@dataclass
class Module:
    """The module: answers each step from a list, the last one for ever, and remembers what it was given."""

    answers: dict[str, list[dict[str, t.Any]]]
    calls: list[tuple[str, dict[str, t.Any]]] = field(default_factory=list)

    def step(self, step: str, options: dict[str, t.Any], task_vars: object) -> dict[str, t.Any]:
        self.calls.append((step, options))
        left = self.answers.get(step, [{}])
        return left.pop(0) if len(left) > 1 else dict(left[0])

    @property
    def steps(self) -> list[str]:
        return [step for step, dummy in self.calls]


STARTED = {"tasks": [{"id": 31, "name": "a task", "computers": [17]}], "before": {"17": {}}, "problems": []}
Act = Callable[..., dict[str, t.Any]]


@dataclass
class Played:
    result: dict[str, t.Any]
    noted: dict[str, t.Any]
    shown: list[str]


def play(
    module: Module,
    *runs: HostRun,
    action: t.Any = dsm_security_update,
    check_mode: bool = False,
    arguments: Mapping[str, t.Any] | None = None,
) -> Played:
    """Run the action over these hosts."""
    played = Played({}, {}, [])
    one = object.__new__(action.ActionModule)
    spec = dict.fromkeys([*tasks.OPTIONS, *one.passed_on])
    given = {
        "wait": 100,
        "interval": 1,
        "settle": 50,
        "url": URL,
        "hosts": [run.host for run in runs],
        **(arguments or {}),
    }
    one._task = SimpleNamespace(check_mode=check_mode)
    one._display = SimpleNamespace(display=played.shown.append, warning=played.shown.append)
    one.arguments = lambda options: {**spec, **given}
    one.step = module.step
    one._fleet_of = lambda task_vars: fleet(*runs)
    one._note_outcomes = lambda outcomes, task_vars: played.noted.update(outcomes)
    played.result = one.act({})
    return played


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time passes only where somebody sleeps."""
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    monkeypatch.setattr("time.sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))


def states(**by_number: str) -> dict[str, t.Any]:
    return {"states": {name[1:]: {"state": state, "evidence": f"it is {state}"} for name, state in by_number.items()}}


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        ("succeeded", "succeeded"),
        ("current", "succeeded"),
        ("failed", "failed"),
        ("not_applicable", None),
        ("gone", None),
    ],
)
def test_what_the_tasks_did_for_a_host_goes_into_the_journal(state: str, outcome: str | None) -> None:
    module = Module({"start": [STARTED], "look": [states(_17="running"), states(_17=state)], "finish": [{}]})
    played = play(module, host())
    expected = {"web1": {"outcome": outcome, "evidence": f"it is {state}"}} if outcome else {}
    assert played.noted == played.result["outcomes"] == expected
    assert module.steps == ["start", "look", "look", "finish"]
    assert played.result["msg"] == f"1 task for 1 hosts: 1 {state}"


def test_the_code_of_a_failed_update_is_kept() -> None:
    failed = {"state": "failed", "evidence": "it failed", "certificate_expired": True}
    module = Module({"start": [STARTED], "look": [{"states": {"17": failed}}], "finish": [{}]})
    kept = {"outcome": "failed", "evidence": "it failed", "certificate_expired": True}
    assert play(module, host()).noted == {"web1": kept}


def test_current_components_of_a_relay_are_no_update() -> None:
    module = Module({"start": [STARTED], "look": [states(_17="current")], "finish": [{}]})
    assert play(module, host("relay1", computer=manager_computer(FIXED, True))).noted == {}


def test_the_time_limit_ends_the_watch_and_the_host_is_unfinished() -> None:
    module = Module({"start": [STARTED], "look": [states(_17="running")], "finish": [{}]})
    played = play(module, host(), arguments={"wait": 100, "interval": 30})
    assert played.noted == {"web1": {"outcome": "unfinished", "evidence": "it is running"}}
    assert module.steps.count("look") == 4
    assert [options["settled"] for step, options in module.calls if step == "look"] == [False, True, True, True]


def test_a_manager_that_is_silent_for_a_while_ends_nothing() -> None:
    failed = {"failed": True, "msg": "connection refused"}
    module = Module({"start": [STARTED], "look": [failed, states(_17="succeeded")], "finish": [{}]})
    played = play(module, host())
    assert played.noted["web1"]["outcome"] == "succeeded"
    assert any("connection refused" in line for line in played.shown)


def test_nothing_is_left_behind_when_a_look_is_interrupted() -> None:
    module = Module({"start": [STARTED], "finish": [{}]})
    original = module.step

    def step(step: str, options: dict[str, t.Any], task_vars: object) -> dict[str, t.Any]:
        if step == "look":
            raise KeyboardInterrupt
        return original(step, options, task_vars)

    module.step = step  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        play(module, host())
    assert module.calls[-1] == ("finish", {"url": URL, "tasks": STARTED["tasks"]})


def test_a_start_that_fails_leaves_the_hosts_to_their_own_stage() -> None:
    module = Module({"start": [{"failed": True, "msg": "HTTP 403", "tasks": []}]})
    played = play(module, host())
    assert (played.result["failed"], played.noted) == (True, {})
    assert module.steps == ["start"]


def test_a_task_that_may_have_started_is_removed_although_the_start_failed() -> None:
    module = Module({"start": [{**STARTED, "failed": True, "msg": "broke off"}], "finish": [{}]})
    assert play(module, host()).result["failed"]
    assert module.steps == ["start", "finish"]


def test_without_a_host_for_the_manager_nothing_is_sent() -> None:
    module = Module({})
    played = play(module, host(computer=None))
    assert (played.result["changed"], module.calls) == (False, [])


def test_check_mode_starts_and_notes_nothing() -> None:
    module = Module({"start": [{**STARTED, "changed": True}]})
    played = play(module, host(), check_mode=True)
    assert (module.steps, played.noted) == (["start"], {})


def test_computers_by_id_are_no_hosts_of_the_journal() -> None:
    module = Module({"start": [STARTED], "look": [states(_17="succeeded")], "finish": [{}]})
    played = play(module, arguments={"hosts": None, "computers": [17]})
    assert played.result["outcomes"]["17"]["outcome"] == "succeeded"
    assert played.noted == {}
    with pytest.raises(SettingsError, match="give hosts"):
        play(module, arguments={"hosts": None})


def test_a_later_task_finds_the_outcome_in_the_run_journal(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    journal = Journal.of_run(str(tmp_path), tmp_path / "report.json")
    monkeypatch.setattr(tasks, "Run", lambda task_vars, display: SimpleNamespace(journal=journal))
    monkeypatch.setattr("ansible.constants.DEFAULT_LOCAL_TMP", str(tmp_path))
    one = object.__new__(dsm_security_update.ActionModule)
    one._display = None
    one._note_outcomes({"web1": {"outcome": "succeeded", "evidence": "updated"}}, {})
    done = journal_run("web1", (), Settings(), journal.entries("web1")).tasks["update"]
    assert (done["outcome"], done["evidence"]) == ("succeeded", "updated")


def test_without_a_run_journal_none_is_begun(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("ansible.constants.DEFAULT_LOCAL_TMP", str(tmp_path))
    one = object.__new__(dsm_security_update.ActionModule)
    one._note_outcomes({"web1": {"outcome": "succeeded", "evidence": "updated"}}, {})
    assert list(tmp_path.iterdir()) == []


def test_a_step_alone_is_passed_on_and_returned() -> None:
    module = Module({"look": [states(_17="running")]})
    assert play(module, arguments={"step": "look", "computers": [17]}).result == states(_17="running")
    assert module.calls == [("look", {"url": URL, "computers": [17]})]


UPGRADE: dict[str, t.Any] = {"settings": {"dsa_upgrade_through": "manager", "dsm_url": URL}}


@pytest.mark.parametrize(
    ("probe", "outcome"),
    [
        ({"supported": False, "problems": ["HTTP 400"]}, "failed"),
        ({"supported": None, "problems": ["no answer"]}, "failed"),
        ({"failed": True, "msg": "connection refused"}, "failed"),
        ({"supported": True}, "succeeded"),
    ],
)
def test_a_manager_that_cannot_upgrade_agents_fails_the_hosts(probe: dict[str, t.Any], outcome: str) -> None:
    answers: dict[str, t.Any] = {
        "probe": [probe],
        "start": [STARTED],
        "look": [states(_17="succeeded")],
        "finish": [{}],
    }
    module = Module(answers)
    played = play(module, host(**UPGRADE), action=dsm_agent_upgrade)
    assert played.noted["web1"]["outcome"] == outcome
    assert ("start" in module.steps) == (outcome == "succeeded")


def test_a_host_that_no_upgrade_task_includes_failed() -> None:
    started = {**STARTED, "uncovered": [18]}
    module = Module({"probe": [{"supported": True}], "start": [started], "look": [states(_17="succeeded")]})
    played = play(module, host(**UPGRADE), host("web2", 18, **UPGRADE), action=dsm_agent_upgrade)
    assert {name: one["outcome"] for name, one in played.noted.items()} == {"web1": "succeeded", "web2": "failed"}
