# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No way ends with exit status 0 but a report of this run that passed. Each row is an attempt to get it without."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import typing as t
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from tests import report_schema
from tests.conftest import Run, ansible_environment
from tests.integration.test_gate_by_manager import AFFECTED, FIXED, by_manager, computer

GATE, REMEDIATE = "deep_security.remediation.gate", "deep_security.remediation.remediate"
# What a run of yesterday left behind.
OLD = {"passed": True, "run_id": "yesterday"}
GOOD: Mapping[str, t.Any] = {"a": by_manager(1, FIXED), "b": by_manager(2, FIXED)}
BAD: Mapping[str, t.Any] = {"a": by_manager(1, FIXED), "b": by_manager(2, AFFECTED)}
# Ansible cannot even start a task on it.
UNREADABLE = {"ansible_connection": "bogus"}


class Fleet:
    """Runs a playbook on an inventory, beside an older report that passed."""

    def __init__(self, run: Run, folder: Path) -> None:
        self._run = run
        self.folder = folder
        self.path = folder / "dsa-reports" / "report.json"
        self.path.parent.mkdir()
        self.path.write_text(json.dumps(OLD), encoding="utf-8")

    def inventory(self, hosts: Mapping[str, t.Any], **group: t.Any) -> Path:
        path = self.folder / "hosts.yml"
        path.write_text(yaml.safe_dump({"all": {"hosts": dict(hosts), **group}}, allow_unicode=True), encoding="utf-8")
        return path

    def run(
        self,
        hosts: Mapping[str, t.Any],
        extra: Mapping[str, t.Any] | None = None,
        *arguments: str,
        playbook: str = GATE,
        environment: Mapping[str, str] | None = None,
        **group: t.Any,
    ) -> subprocess.CompletedProcess[str]:
        inventory = self.inventory(hosts, **group)
        return self._run(playbook, inventory, extra, *arguments, environment=environment, timeout=120)

    def site(self, content: str) -> str:
        """Somebody's own playbook."""
        path = self.folder / "site.yml"
        path.write_text(content, encoding="utf-8")
        return str(path)

    @property
    def report(self) -> dict[str, t.Any]:
        found: dict[str, t.Any] = json.loads(self.path.read_text(encoding="utf-8"))
        return found if found == OLD else t.cast("dict[str, t.Any]", report_schema.check(found))

    @property
    def replaced(self) -> bool:
        return self.report.get("run_id") != OLD["run_id"]

    @property
    def journals(self) -> list[Path]:
        return sorted(self.folder.rglob("run-*.jsonl"))

    def everything(self) -> str:
        return "".join(path.read_text("utf-8") for path in self.path.parent.iterdir())


@pytest.fixture
def fleet(run_playbook: Run, tmp_path: Path) -> Fleet:
    return Fleet(run_playbook, tmp_path)


def words(done: subprocess.CompletedProcess[str]) -> str:
    return " ".join(done.stdout.split())


# --- nobody is looked at (G2, G8) -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("extra", "arguments", "environment", "why"),
    [
        ({"dsa_hosts": "b"}, ("--limit", "a"), {}, "b matches no host of the inventory within --limit a"),
        ({"dsa_hosts": "typo"}, (), {}, "typo matches no host"),
        ({"__dsa_playbook": "x"}, ("--tags", "foo"), {}, "--tags foo"),
        ({}, (), {"ANSIBLE_RUN_TAGS": "foo"}, "ANSIBLE_RUN_TAGS"),
        ({}, ("--start-at-task", "Fail*"), {}, "--start-at-task"),
    ],
)
def test_a_gate_that_would_look_at_nobody_is_refused_and_replaces_the_older_report(
    fleet: Fleet,
    extra: dict[str, t.Any],
    arguments: tuple[str, ...],
    environment: dict[str, str],
    why: str,
) -> None:
    done = fleet.run(GOOD, extra, *arguments, environment=environment)
    assert done.returncode == 2, done.stdout
    assert why in words(done)
    assert fleet.report["passed"] is False
    assert why in fleet.report["errors"][0]


def test_a_playbook_that_is_called_as_a_file_cannot_be_run_in_parts(fleet: Fleet) -> None:
    """Also where the file is given without its folder."""
    home = Path(__file__).resolve().parents[2] / "playbooks"
    done = fleet.run(GOOD, {}, "--tags", "foo", playbook=os.path.relpath(home / "gate.yml", fleet.folder))
    assert done.returncode == 2, done.stdout
    assert fleet.report["passed"] is False


def test_a_limit_that_fits_nobody_ends_with_an_error(fleet: Fleet) -> None:
    """Ansible ends before anything of ours is reached, so the older report stays: a job's status is what counts."""
    assert fleet.run(GOOD, {}, "--limit", "nope").returncode == 1


def test_an_inventory_without_hosts_does_not_pass(fleet: Fleet) -> None:
    assert fleet.run({}).returncode == 2
    assert fleet.report["passed"] is False


def test_the_report_and_its_sentence_name_what_was_left_out(fleet: Fleet) -> None:
    hosts = {**BAD, "c": by_manager(3, AFFECTED)}
    done = fleet.run(hosts, {"dsa_hosts": ["a", "b"]}, "--limit", "a,c")
    assert done.returncode == 0, done.stdout
    report = fleet.report
    assert {entry["host"]: entry["why"] for entry in report["left_out"]} == {"b": "limit", "c": "dsa_hosts"}
    assert report["limit"] == "a,c"
    assert report["dsa_hosts"] == "a,b"
    assert "2 hosts of the inventory were left out" in words(done)


@pytest.mark.parametrize("option", ["--list-hosts", "--syntax-check"])
def test_a_list_is_made_and_nothing_is_written(fleet: Fleet, option: str) -> None:
    done = fleet.run(GOOD, {}, option, "--tags", "foo")
    assert done.returncode == 0, done.stdout
    assert not fleet.replaced
    assert fleet.journals == []


# --- somebody's own playbook ----------------------------------------------------------------------------------------

IMPORT = f"- import_playbook: {GATE}\n"
TAGGED = f"{IMPORT}  tags: [gate]\n"
OWN = "- hosts: all\n  gather_facts: false\n  tasks: [{name: Mine, debug: {msg: mine}, tags: [own]}]\n"


@pytest.mark.parametrize(
    ("site", "extra", "arguments", "status", "reports"),
    [
        # Wholly ...
        (IMPORT, {}, (), 2, 1),
        (TAGGED, {"ansible_connection": "bogus"}, ("--tags", "gate"), 2, 1),
        (f"{IMPORT}  tags: [always]\n", {}, ("--tags", "own"), 2, 1),
        # ... or not at all.
        (TAGGED + OWN, {}, ("--tags", "own"), 0, 0),
        # A condition is no way to leave out the gate for a host.
        (f"{IMPORT}  when: inventory_hostname != 'b'\n", {}, (), 2, 1),
    ],
)
def test_an_imported_gate_runs_wholly_or_not_at_all(
    fleet: Fleet, site: str, extra: dict[str, t.Any], arguments: tuple[str, ...], status: int, reports: int
) -> None:
    done = fleet.run(BAD, extra, *arguments, playbook=fleet.site(site))
    assert done.returncode == status, done.stdout
    assert len(fleet.journals) == reports
    assert fleet.replaced == bool(reports)
    assert not reports or fleet.report["passed"] is False


def test_each_import_in_a_run_is_a_run_of_its_own(fleet: Fleet) -> None:
    """What the first one read, planned and reported must not stand for what the next one sees."""
    remediate = "- import_playbook: deep_security.remediation.remediate\n"
    done = fleet.run(GOOD, {}, playbook=fleet.site(IMPORT + remediate + IMPORT))
    assert done.returncode == 0, done.stdout
    kept = [report_schema.read(path) for path in fleet.path.parent.glob("report-*.json")]
    assert sorted(report["playbook"] for report in kept) == ["gate", "gate", "remediate"]
    assert len({report["run_id"] for report in kept}) == len(fleet.journals) == 3
    assert fleet.report["playbook"] == "gate"


def test_a_play_of_ones_own_behind_an_imported_gate_is_about_its_own_hosts(fleet: Fleet) -> None:
    """The gate was about another host, and its report must not stand for this play."""
    own = "- hosts: b\n  gather_facts: false\n  roles: [deep_security.remediation.report]\n"
    done = fleet.run(BAD, {}, playbook=fleet.site(f"{IMPORT}  vars: {{dsa_hosts: a}}\n{own}"))
    assert done.returncode == 2, done.stdout
    assert [outcome["host"] for outcome in fleet.report["hosts"]] == ["b"]
    assert fleet.report["left_out"] == [{"host": "a", "why": "play"}]


# --- the gate's own settings (G3) -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("extra", "group", "status"),
    [
        ({"dsa_gate": ""}, {}, 2),
        ({"dsa_gate": "ture"}, {}, 2),
        ({"dsa_gate": "{{ false }}"}, {}, 0),
        ({}, {"dsa_gate": "{{ undefined_name }}"}, 2),
    ],
)
def test_only_a_clear_no_switches_the_gate_off(
    fleet: Fleet, extra: dict[str, t.Any], group: dict[str, t.Any], status: int
) -> None:
    done = fleet.run(BAD, extra, vars=group)
    assert done.returncode == status, done.stdout
    assert fleet.report["passed"] is False


@pytest.mark.parametrize(
    ("host", "setting"), [("a", {"dsa_gate": False}), ("b", {"dsa_hosts": "a"}), ("a", {"dsa_report_roles": ["agent"]})]
)
def test_one_host_does_not_decide_for_the_run(fleet: Fleet, host: str, setting: dict[str, t.Any]) -> None:
    done = fleet.run({**BAD, host: {**BAD[host], **setting}})
    assert done.returncode == 2, done.stdout
    assert f"{next(iter(setting))} is set on {host} and not on every host" in words(done)
    assert fleet.report["passed"] is False


def test_hosts_that_contradict_each_other_stop_a_run(fleet: Fleet) -> None:
    hosts = {name: {**host, "dsa_failure_budget": number} for number, (name, host) in enumerate(GOOD.items())}
    done = fleet.run(hosts, {}, "--check", playbook=REMEDIATE)
    assert done.returncode == 2, done.stdout
    assert [error.split()[0] for error in fleet.report["errors"]] == ["dsa_failure_budget"]


def test_an_error_of_the_run_is_no_pass_without_the_gate(fleet: Fleet) -> None:
    assert fleet.run(GOOD, {"dsa_gate": False, "dsa_advisory": "/nope.yml"}).returncode == 2
    assert fleet.report["passed"] is False


# --- nothing can be read (G4) ---------------------------------------------------------------------------------------


def test_a_fleet_of_which_no_host_can_be_read_has_a_report_with_the_reason_of_each(fleet: Fleet) -> None:
    local = {"ansible_connection": "local"}
    hosts = {
        "bogus": (UNREADABLE, "bogus"),
        "port": ({"ansible_port": "{{ undefined_name }}"}, "undefined_name"),
        "address": ({"ansible_host": "{{ undefined_name }}"}, "undefined_name"),
        "become": ({**local, "ansible_become": True, "ansible_become_method": "nobody"}, "become method"),
        "python": ({**local, "ansible_python_interpreter": "/nope/python"}, "interpreter"),
        "silent": ({"ansible_host": "127.0.0.1", "ansible_port": 1}, "refused"),
    }
    done = fleet.run({name: variables for name, (variables, dummy) in hosts.items()})
    assert done.returncode == 2, done.stdout
    assert f"NOT PASSED: 0 of {len(hosts)} hosts passed" in words(done)
    reasons = {outcome["host"]: outcome["reason"] for outcome in fleet.report["hosts"]}
    assert set(reasons) == set(hosts)
    for name, (dummy, reason) in hosts.items():
        assert reason in reasons[name]


@pytest.mark.parametrize(
    ("extra", "environment"),
    [
        (UNREADABLE, {"ANSIBLE_STRATEGY": "free", "ANSIBLE_ANY_ERRORS_FATAL": "1", "ANSIBLE_FORKS": "1"}),
        (UNREADABLE, {"ANSIBLE_STRATEGY": "host_pinned", "ANSIBLE_TASK_TIMEOUT": "1"}),
    ],
)
def test_what_nobody_can_read_fails_whatever_is_set_for_all(
    fleet: Fleet, extra: dict[str, t.Any], environment: dict[str, str]
) -> None:
    done = fleet.run({"a": {}, "b": {}}, extra, environment=environment)
    assert done.returncode == 2, done.stdout
    assert fleet.report["finished"] is not None
    assert [outcome["passed"] for outcome in fleet.report["hosts"]] == [False, False]


def test_a_host_whose_name_is_a_pattern_to_ansible_is_not_spared(fleet: Fleet) -> None:
    done = fleet.run({"a": by_manager(1, FIXED), "a,a": by_manager(2, AFFECTED)})
    assert done.returncode == 2, done.stdout
    assert fleet.report["passed"] is False


# --- variables that somebody set before (G7) ------------------------------------------------------------------------

_READ = {"status": "read", "record": computer(1, FIXED)["agent"], "agent": computer(1, FIXED)["agent"]}


@pytest.mark.parametrize("place", ["extra", "inventory"])
def test_results_that_are_given_beforehand_do_not_count(fleet: Fleet, place: str) -> None:
    given = {
        **dict.fromkeys(("__assess_result", "__plan_result", "__verify_result", "__dsa_read"), _READ),
        "ansible_limit": "b",
        "ansible_play_hosts": ["b"],
        "ansible_play_hosts_all": ["b"],
        "ansible_play_batch": ["b"],
        "groups": {"all": ["b"]},
        "hostvars": {"a": by_manager(1, FIXED), "b": by_manager(2, FIXED)},
        "lookup": "none",
    }
    hosts = {"a": UNREADABLE, "b": by_manager(2, FIXED)}
    done = fleet.run(hosts, given) if place == "extra" else fleet.run(hosts, vars=given)
    assert done.returncode == 2, done.stdout
    assert {outcome["host"]: outcome["passed"] for outcome in fleet.report["hosts"]} == {"a": False, "b": True}


@pytest.mark.parametrize(
    "given",
    [
        {"__dsa_read": {"failed": True, "msg": "all is well"}},
        {"__dsa_playbook": "remediate"},
        {"inventory_hostname": "b"},
        {"query": "none"},
    ],
    ids=str,
)
def test_names_of_the_playbooks_own_never_make_a_pass(fleet: Fleet, given: dict[str, t.Any]) -> None:
    done = fleet.run({"a": UNREADABLE, "b": by_manager(2, FIXED)}, given)
    assert done.returncode != 0, done.stdout
    assert not fleet.replaced or fleet.report["passed"] is False


def test_a_remediation_does_not_start_with_names_of_the_playbooks_own(fleet: Fleet) -> None:
    """As a gate it would only warn of unknown variables, and go on."""
    done = fleet.run({"a": UNREADABLE, "b": by_manager(2, FIXED)}, {"__dsa_playbook": "gate"}, playbook=REMEDIATE)
    assert done.returncode == 2, done.stdout
    assert "__dsa_playbook is set" in words(done)
    assert "TASK [Read]" not in done.stdout


# --- ways in of AWX -------------------------------------------------------------------------------------------------


def test_empty_fields_of_a_survey_are_not_set(fleet: Fleet) -> None:
    names = "batch relay_batch relays hosts gate role target_version report_path report_roles failure_budget reboot"
    empty = {f"dsa_{name}": "" for name in (*names.split(), "batch_limit", "packages", "unknown_variables")}
    done = fleet.run(GOOD, empty, "--check", playbook=REMEDIATE)
    assert done.returncode == 0, done.stdout
    assert fleet.report["passed"] is True


def test_a_survey_gives_everything_as_text(fleet: Fleet) -> None:
    given = {
        "dsa_batch": "1,100%",
        "dsa_relay_batch": '["1", "50%"]',
        "dsa_hosts": '["a", "b"]',
        "dsa_report_roles": "relay,agent",
        "dsa_failure_budget": "25%",
        "dsa_relays": "",
    }
    done = fleet.run(GOOD, given, "--check", playbook=REMEDIATE)
    assert done.returncode == 0, done.stdout
    assert len(fleet.report["hosts"]) == 2


def test_everything_that_is_wrong_is_named_at_once_before_a_host_is_touched(fleet: Fleet) -> None:
    wrong = {
        "dsa_batch": "abc",
        "dsa_relay_batch": "0",
        "dsa_failure_budget": "x",
        "dsa_batch_limit": "many",
        "dsa_reboot": "mayby",
        "dsa_source": "mangaer",
        "dsa_role": "realy",
        "dsa_target_version": {"linux": 20.0},
        "dsa_packages": "x",
        "dsa_read_timeout": "abc",
        "dsa_reboott": "always",
        "dsm_ur1": "https://dsm.example.com",
    }
    done = fleet.run({"a": UNREADABLE, "b": {}}, wrong, playbook=REMEDIATE, children={"deepsecurity_relays": {}})
    assert done.returncode == 2, done.stdout
    assert "TASK [Read]" not in done.stdout
    errors = fleet.report["errors"]
    for name in [*wrong, "deepsecurity_relays"]:
        # Once in the report, and once on the screen.
        assert sum(f"{name} " in error or f"{name}." in error for error in errors) == 1, (name, errors)
    assert done.stdout.count("dsa_batch is 'abc'") == 1


@pytest.mark.parametrize(
    ("extra", "name"),
    [
        ({"dsa_report_roles": "realy"}, "dsa_report_roles"),
        ({"dsa_advisory": "/nope.yml"}, "dsa_advisory"),
        ({"dsa_hosts": {"a": 1}}, "dsa_hosts"),
    ],
)
def test_a_setting_of_the_run_that_is_wrong_ends_it(fleet: Fleet, extra: dict[str, t.Any], name: str) -> None:
    done = fleet.run(GOOD, extra)
    assert done.returncode == 2, done.stdout
    assert [error.split()[0].rstrip(":") for error in fleet.report["errors"]] == [name]


def test_unknown_variables_are_warnings_of_the_gate_and_of_a_remediation_if_that_is_set(fleet: Fleet) -> None:
    hosts = {**GOOD, "b": {**GOOD["b"], "dsa_reboott": True}}
    assert fleet.run(hosts).returncode == 0
    assert [warning.split()[0] for warning in fleet.report["warnings"]] == ["dsa_reboott"]
    assert fleet.run(hosts, {"dsa_unknown_variables": "warn"}, playbook=REMEDIATE).returncode == 0
    assert [warning.split()[0] for warning in fleet.report["warnings"]] == ["dsa_reboott"]


# --- where the report goes ------------------------------------------------------------------------------------------


def test_a_report_path_can_be_relative_and_a_template(fleet: Fleet) -> None:
    done = fleet.run(GOOD, {"dsa_report_path": "sub/{{ 'r' ~ 1 }}.json"})
    assert done.returncode == 0, done.stdout
    assert report_schema.read(fleet.folder / "sub" / "r1.json")["passed"] is True


@pytest.mark.parametrize("path", ["file/report.json", "fifo"])
def test_a_report_that_cannot_be_written_is_no_pass(fleet: Fleet, path: str) -> None:
    (fleet.folder / "file").touch()
    os.mkfifo(fleet.folder / "fifo")
    done = fleet.run(GOOD, {"dsa_report_path": path})
    assert done.returncode == 2, done.stdout
    assert "dsa_report_path" in done.stdout
    assert (fleet.folder / "fifo").is_fifo(), "a device would be replaced by a file"


def test_a_refused_run_replaces_the_older_report_where_the_inventory_has_it(fleet: Fleet) -> None:
    path = fleet.folder / "mine" / "report.json"
    path.parent.mkdir()
    path.write_text(json.dumps(OLD), encoding="utf-8")
    done = fleet.run(GOOD, {"dsa_gate": "ture"}, vars={"dsa_report_path": str(path)})
    assert done.returncode == 2, done.stdout
    assert report_schema.read(path)["passed"] is False


# --- a run that does not come to its end ----------------------------------------------------------------------------


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A port that takes connections and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        listener.settimeout(60)
        yield listener


def behind(silent: socket.socket) -> dict[str, t.Any]:
    """A host with this port."""
    return {"a": {"ansible_host": "127.0.0.1", "ansible_port": silent.getsockname()[1]}}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["interrupted", "killed"])
def test_a_run_that_was_interrupted_leaves_a_report_that_it_did_not_finish(
    fleet: Fleet, silent: socket.socket, number: signal.Signals
) -> None:
    inventory = fleet.inventory(behind(silent))
    process = subprocess.Popen(
        [str(Path(sys.executable).parent / "ansible-playbook"), "-i", str(inventory), GATE],
        cwd=fleet.folder,
        env=ansible_environment(fleet.folder),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        with silent.accept()[0]:  # it reads the host
            os.killpg(process.pid, number)
            process.communicate(timeout=30)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    assert process.returncode != 0
    assert fleet.report["passed"] is False
    assert fleet.report["finished"] is None
    assert [outcome["host"] for outcome in fleet.report["hosts"]] == ["a"]


def test_a_time_limit_for_tasks_does_not_end_a_reading(fleet: Fleet, silent: socket.socket) -> None:
    environment = {"ANSIBLE_TASK_TIMEOUT": "1", "ANSIBLE_TIMEOUT": "2"}
    done = fleet.run(behind(silent), environment=environment)
    assert done.returncode == 2, done.stdout
    assert [outcome["verdict"] for outcome in fleet.report["hosts"]] == ["unreachable"]


# --- secrets --------------------------------------------------------------------------------------------------------

_SECRETS = {
    "dsa_self_protection_password": "S3CRET-one ",
    "dsm_api_key": "S3CRET-two",
    "dsm_password": "S3CRET-three",
}


@pytest.mark.parametrize(
    ("hosts", "extra"),
    [
        (
            {**GOOD, "c": UNREADABLE, "d": {"ansible_connection": "local"}},
            {**_SECRETS, "dsm_url": "https://127.0.0.1:1"},
        ),
        (GOOD, {name: [value] for name, value in _SECRETS.items()}),
    ],
    ids=["right", "wrong"],
)
def test_a_secret_is_nowhere_in_output_journal_and_report(
    fleet: Fleet, hosts: Mapping[str, t.Any], extra: dict[str, t.Any]
) -> None:
    # Not with -e: Ansible shows the command line itself. A host that is read here is this machine, and has no agent.
    done = fleet.run(hosts, {}, "-vvvv", "--check", playbook=REMEDIATE, vars=extra)
    assert done.returncode == 2, done.stdout
    assert fleet.replaced
    for place in (done.stdout, fleet.everything()):
        assert "S3CRET" not in place
