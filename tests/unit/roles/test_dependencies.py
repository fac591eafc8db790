# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Roles in somebody's own play: each brings what has to come before it, and does one thing."""

from __future__ import annotations

import pytest

from tests.run.common import ROOT

from .files import load

ON_HOSTS, PLAN = "deep_security.remediation.dsa_remediate", "deep_security.remediation.dsa_plan"
# Role → the stages that it does, each on hosts that the plan allows to be worked on.
STAGES = {
    "precheck": ["precheck"],
    "upgrade": ["upgrade"],
    "reboot": ["reboot"],
    "security_update": ["update"],
    "verify": ["verify"],
}
DEPENDS_ON = {"plan": "assess", **dict.fromkeys(STAGES, "plan")}
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir())


def query(what: str, hosts: str) -> str:
    return f"{{{{ query('deep_security.remediation.dsa_run', '{what}', hosts={hosts}) }}}}"


@pytest.mark.parametrize("role", ROLES)
def test_a_role_brings_the_roles_that_have_to_come_before_it(role: str) -> None:
    """Without a plan a host would have no work, and without a reading no plan."""
    found = [entry["role"] for entry in load(role, folder="meta")["dependencies"]]
    assert found == ([f"deep_security.remediation.{DEPENDS_ON[role]}"] if role in DEPENDS_ON else [])


@pytest.mark.parametrize("role", STAGES)
def test_a_role_of_a_stage_does_that_stage_and_fails_where_it_fails(role: str) -> None:
    (task,) = load(role)
    assert task.pop("name")
    assert task == {ON_HOSTS: {"stages": STAGES[role]}, "timeout": 0}


def test_assess_reads_the_hosts_and_the_relays_outside_the_play() -> None:
    hosts, relays = load("assess")
    assert hosts[ON_HOSTS] == relays[ON_HOSTS] == {"stages": ["read"]}
    assert hosts["register"] == "__dsa_read"
    assert (relays["loop"], relays["delegate_to"]) == (query("relays_outside", "ansible_play_hosts_all"), "{{ item }}")
    for task in (hosts, relays):
        assert (task["ignore_errors"], task["ignore_unreachable"], task["timeout"]) == (True, True, 0)


def test_plan_reads_the_relays_of_the_batch_again_before_it_decides() -> None:
    relays, plan = load("plan")
    assert relays[ON_HOSTS] == {"stages": ["read_again"]}
    assert (relays["loop"], relays["delegate_to"]) == (query("relays_of_batch", "ansible_play_batch"), "{{ item }}")
    assert (PLAN in plan, plan["run_once"]) == (True, True)


def test_report_reports_once_and_fails_the_play() -> None:
    (block,) = load("report")
    (task,), (publish,) = block["block"], block["always"]
    assert ("deep_security.remediation.dsa_report" in task, task["run_once"]) == (True, True)
    assert "ignore_errors" not in task
    assert set(block) == {"name", "block", "always"}, "a rescue would let the play pass"
    assert publish["ansible.builtin.import_tasks"] == "publish.yml"
