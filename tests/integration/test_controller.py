# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything as code: the real modules of awx.awx against a stand-in for the API of AWX 24. One story.

A module in a process of its own takes half a second. So the playbook runs once from end to end, and what else there is
goes through the action, whose modules run in this process.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import typing as t
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from ansible.errors import AnsibleActionFail

from ansible_collections.deep_security.remediation.plugins.action import dsa_controller
from ansible_collections.deep_security.remediation.plugins.plugin_utils._controller.model import MARK
from ansible_collections.deep_security.remediation.plugins.plugin_utils._controller.workflow import LINKS
from ansible_collections.deep_security.remediation.plugins.plugin_utils._settings import SettingsError
from tests.awx_stub import TOKEN, Awx, run_module, serving
from tests.conftest import COLLECTIONS, Run
from tests.run.common import ROOT

pytestmark = pytest.mark.skipif(
    not (COLLECTIONS / "ansible_collections" / "awx" / "awx").exists(),
    reason="the collection awx.awx is not here (it could not be downloaded)",
)
PLAYBOOK = "deep_security.remediation.controller"
SECRETS = (
    *("k3y-of-the-manager", "p4ss-of-the-agent", "p4ss-of-the-user", "p4ss-of-the-hook", "p4ss-of-the-files"),
    *("p4ss-of-the-store", TOKEN),
)
VALUES: dict[str, t.Any] = {
    "dsa_controller_token": TOKEN,
    "dsa_controller_image": "registry.example.com/deep-security-ee:1",
    "dsa_controller_slices": 3,
    "dsa_controller_report_from": ["/srv/reports/gate.json"],
    "dsa_controller_extra_vars": {"dsa_target_version": {"linux": "20.0.0-6313"}, "dsa_reboot": "never"},
    "dsa_controller_notification_type": "webhook",
    "dsa_controller_notification": {"url": "https://chat.example.com", "headers": {}, "password": SECRETS[3]},
    "dsm_url": "https://dsm.example.com:4119",
    "dsm_api_key": SECRETS[0],
    "dsm_username": "auditor",
    "dsm_password": SECRETS[2],
    "dsa_self_protection_password": SECRETS[1],
    "dsa_report_to": [{"url": "https://store.example.com/dsa/", "username": "dsa", "password": SECRETS[5]}],
    "dsa_packages": [{"version": "20.0.0-6313", "url": f"https://user:{SECRETS[4]}@files.example.com/agent.deb"}],
}
ALONE = {"dsa_controller_token": TOKEN, "dsa_controller_state": "absent"}
NODES = "workflow_job_template_nodes"
NOTHING = "0 made, 0 changed, 0 removed, 0 unchanged"
HOOK = {
    "organization": 1,
    "notification_type": "webhook",
    "notification_configuration": {"url": "https://chat.example.com", "headers": {}},
}
Result = dict[str, t.Any]
Act = t.Callable[..., Result]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The example project of the documentation, as a Git repository."""
    folder = tmp_path_factory.mktemp("git") / "project"
    shutil.copytree(ROOT / "docs" / "awx" / "project", folder)
    git = ["git", "-C", str(folder), "-c", "user.name=test", "-c", "user.email=test@example.com"]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "Project"]):
        subprocess.run([*git, *command], check=True)
    return f"file://{folder}"


@pytest.fixture(scope="module")
def awx() -> Iterator[Awx]:
    with serving(Awx()) as served:
        yield served


def given(awx: Awx, project: str, values: t.Mapping[str, t.Any], **more: t.Any) -> dict[str, t.Any]:
    every = {"dsa_controller_host": awx.url, "dsa_controller_scm_url": project, **values, **more}
    return {name: value for name, value in every.items() if value is not None}


@pytest.fixture
def act(awx: Awx, project: str, monkeypatch: pytest.MonkeyPatch) -> Act:
    """The task, which returns its result or fails. No secret is in it, and AWX ignored nothing that was sent."""
    installed = SimpleNamespace(find_plugin_with_context=lambda name: SimpleNamespace(resolved=name.startswith("awx.")))
    monkeypatch.setattr(dsa_controller, "module_loader", installed)
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.setenv(name, os.devnull)

    def run(values: t.Mapping[str, t.Any] = VALUES, check: bool = False, **more: t.Any) -> Result:
        shown: list[str] = []
        action: t.Any = object.__new__(dsa_controller.ActionModule)
        action._task = SimpleNamespace(args={}, check_mode=check)
        action._templar = SimpleNamespace(template=lambda value: value)
        action._display = SimpleNamespace(display=lambda line: shown.append(line))
        action._execute_module = lambda module_name, module_args, task_vars: run_module(module_name, module_args, check)
        try:
            result: Result = action.act(given(awx, project, values, **more))
        except (AnsibleActionFail, SettingsError) as error:
            result = {"failed": True, "msg": str(error)}
        assert not [secret for secret in SECRETS if secret in json.dumps([result, shown])]
        assert awx.store.defects == []
        return result

    return run


def changes(awx: Awx, since: int) -> list[str]:
    """What was sent that changes something."""
    return [f"{method} {path}" for method, path in awx.requests[since:] if method not in ("GET", "OPTIONS")]


def named(awx: Awx, endpoint: str) -> dict[str, dict[str, t.Any]]:
    """The objects by what their names have behind the prefix."""
    return {thing["name"].removeprefix("Deep Security: "): thing for thing in awx.store.every(endpoint)}


def workflow(awx: Awx) -> dict[str, list[str]]:
    """Node → the nodes that it leads to."""
    nodes = {node["id"]: node["identifier"] for node in awx.store.every(NODES)}
    lists = awx.store.lists
    return {
        name: [nodes[child] for kind in LINKS for child in lists.get((NODES, key, kind), [])]
        for key, name in nodes.items()
    }


def node(awx: Awx, identifier: str) -> int:
    """The ID of a node."""
    (found,) = (each["id"] for each in awx.store.every(NODES) if each["identifier"] == identifier)
    return int(found)


def template(awx: Awx, name: str) -> int:
    """The ID of a job template."""
    return int(named(awx, "job_templates")[name]["id"])


def roots(awx: Awx) -> list[str]:
    """The nodes that AWX begins with."""
    graph = workflow(awx)
    return [node for node in graph if node not in {child for others in graph.values() for child in others}]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"dsa_controller_token": "not-the-token"}, "does not accept the token (HTTP 401)"),
        ({"dsa_controller_token": f"{TOKEN}\n"}, "dsa_controller_token has characters that no token has"),
        ({"dsa_controller_host": f"http://u:{SECRETS[2]}@127.0.0.1:1"}, "write the address alone"),
        ({"dsa_controller_token": None}, "not set: dsa_controller_token (or CONTROLLER_OAUTH_TOKEN in"),
        ({"dsa_controller_host": "http://127.0.0.1:1"}, "http://127.0.0.1:1 cannot be"),
        ({"dsa_controller_organization": "Sales"}, "AWX has no organization 'Sales'"),
        ({"dsa_controller_collection": "ansible.controller"}, "not installed: ansible.controller"),
        ({"dsa_controller_scm_url": None}, "dsa_controller_scm_url is missing"),
        ({"dsa_controller_slices": 0}, "dsa_controller_slices is 0; write a whole number, at least 1"),
        ({"dsa_controller_slice": 3}, "Did you mean dsa_controller_slices?"),
        ({"dsa_controller_names": {"gates": "x"}}, "dsa_controller_names has the key gates"),
        ({"dsa_controller_names": {"gate": "x", "report": "x"}}, "gate and report both have the name 'x'"),
        ({"dsa_controller_credentials": ["hosts"]}, "dsa_controller_credentials names 'hosts'"),
        ({"dsm_ca_path": "/nowhere/ca.pem"}, "/nowhere/ca.pem cannot be read"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_what_is_wrong_is_found_before_anything_is_made(
    act: Act, awx: Awx, wrong: dict[str, t.Any], message: str
) -> None:
    since = len(awx.requests)
    assert message in act(**wrong)["msg"]
    assert changes(awx, since) == []


def test_an_awx_without_a_field_and_a_user_without_rights_are_found_before_anything_is_made(act: Act, awx: Awx) -> None:
    since = len(awx.requests)
    awx.store.old = {"job_templates": {"job_slice_count"}}
    old = act()
    awx.store.old = {}
    awx.forbidden = {"credential_types"}
    refused = act()
    awx.forbidden = set()
    assert "job_templates of this AWX (24.6.1) have no job_slice_count: it is too old" in old["msg"]
    assert "may not make credential_types" in refused["msg"]
    assert changes(awx, since) == []


def test_what_somebody_else_made_is_not_overwritten(act: Act, awx: Awx) -> None:
    theirs = awx.store.create("inventories", {"name": "Deep Security: inventory", "organization": 1})
    other = awx.store.create("organizations", {"name": "Sales"})["id"]
    image = {"name": "Deep Security: execution environment", "organization": other, "image": "x", "description": MARK}
    image = awx.store.create("execution_environments", image)
    since = len(awx.requests)
    foreign = "execution_environment Deep Security: execution environment, inventory Deep Security: inventory"
    assert f"not made by this role, which would overwrite it: {foreign}" in act()["msg"]
    assert (act(ALONE)["msg"], changes(awx, since)) == (f"{NOTHING}, 2 left over", [])
    awx.store._remove("inventories", theirs["id"])
    awx.store.delete("execution_environments", image["id"])
    awx.store.delete("organizations", other)


def test_check_mode_predicts_and_changes_nothing(act: Act, run_playbook: Run, awx: Awx, project: str) -> None:
    since = len(awx.requests)
    predicted = act(check=True)
    assert predicted["msg"] == "35 made, 0 changed, 0 removed, 0 unchanged, 0 left over"
    done = run_playbook(PLAYBOOK, "localhost,", given(awx, project, VALUES), "--check")
    assert done.returncode == 0, done.stdout
    assert re.findall("^would be made: (.*)", done.stdout, re.MULTILINE) == predicted["made"]
    assert changes(awx, since) == []


def test_a_run_that_breaks_is_completed_by_the_next_one(act: Act, run_playbook: Run, awx: Awx, project: str) -> None:
    """The first has a wrong address of the repository. AWX finds that out in the background, some requests later."""
    assert "Project update failed" in act(dsa_controller_scm_url=f"{project}-moved")["msg"]
    assert "gate" not in named(awx, "job_templates")
    awx.version = "23.9.0"  # the modules warn, each of them
    done = run_playbook(PLAYBOOK, "localhost,", given(awx, project, VALUES), "-vvv")
    awx.version = "24.6.1"
    assert done.returncode == 0, done.stdout
    assert "21 made, 1 changed, 0 removed, 13 unchanged, 0 left over" in done.stdout
    assert done.stdout.count("[WARNING]") == 1
    assert "\nmade: job_template Deep Security: gate\n" in done.stdout
    assert not [secret for secret in SECRETS if secret in done.stdout]
    assert awx.store.defects == []


def test_what_the_task_reports_ends_the_playbook(run_playbook: Run, awx: Awx, project: str) -> None:
    done = run_playbook(
        PLAYBOOK, "localhost,", given(awx, project, VALUES, dsa_controller_organization="Sales"), "-vvv"
    )
    assert done.returncode == 2
    assert "AWX has no organization 'Sales'" in done.stdout
    assert not [secret for secret in SECRETS if secret in done.stdout]


def test_the_templates_are_what_awx_runs(awx: Awx) -> None:
    templates = named(awx, "job_templates")
    assert {name: template["playbook"] for name, template in templates.items()} == {
        "gate": "gate.yml",
        "gate by the Manager": "gate.yml",
        "gate a host": "gate_host.yml",
        "predict": "remediate.yml",
        "Managers": "remediate_managers.yml",
        "Relays": "remediate_relays.yml",
        "Agents": "remediate_agents.yml",
        "recover": "recover.yml",
        "report": "report.yml",
    }
    assert [name for name, template in templates.items() if template["job_type"] == "check"] == ["predict"]
    assert {name: template["job_slice_count"] for name, template in templates.items()}["Agents"] == 3
    surveys = {name for name, template in templates.items() if awx.store.surveys.get(template["id"])}
    assert surveys == {name for name, template in templates.items() if template["survey_enabled"]}
    assert set(templates) - surveys == {"gate a host"}
    credentials = {key: thing["name"] for key, thing in awx.store.things["credentials"].items()}
    agents = awx.store.lists[("job_templates", templates["Agents"]["id"], "credentials")]
    assert sorted(credentials[key].removeprefix("Deep Security: ") for key in agents) == [
        *("Manager", "Manager, legacy user", "packages", "self-protection", "where reports go"),
    ]
    (source,) = awx.store.every("inventory_sources")
    assert (source["source"], source["source_path"], source["update_on_launch"]) == ("scm", "manager.dsm.yml", True)


def test_the_workflow_has_a_way_to_its_end_whatever_fails(awx: Awx) -> None:
    nodes = {node["id"]: node for node in awx.store.every("workflow_job_template_nodes")}
    links = {
        node["identifier"]: {
            kind: [
                nodes[key]["identifier"]
                for key in awx.store.lists.get(("workflow_job_template_nodes", node["id"], kind), [])
            ]
            for kind in ("success_nodes", "failure_nodes", "always_nodes")
        }
        for node in nodes.values()
    }
    assert {node: [way for ways in links[node].values() for way in ways] for node in links} == {
        "gate": ["report", "predict"],
        "predict": ["approval"],
        "approval": ["relays", "report"],
        "relays": ["agents"],
        "agents": ["gate again"],
        "gate again": ["report"],
        "report": [],
    }
    assert links["gate"]["failure_nodes"] == ["predict"]
    assert links["approval"]["failure_nodes"] == ["report"]
    assert all(links[node]["always_nodes"] for node in ("predict", "relays", "agents", "gate again"))
    (approval,) = awx.store.every("workflow_approval_templates")
    assert approval["timeout"] == 86400


def test_the_next_run_corrects_what_was_changed_by_hand_and_nothing_else(act: Act, awx: Awx) -> None:
    gate = named(awx, "job_templates")["gate"]
    awx.store.patch("job_templates", gate["id"], {"forks": 5, "job_type": "check", "description": f"{MARK} Night."})
    since = len(awx.requests)
    done = act()
    assert done["corrected"] == ["job_template Deep Security: gate"]
    assert done["msg"] == "0 made, 1 changed, 0 removed, 34 unchanged, 0 left over"
    assert changes(awx, since) == [f"PATCH /api/v2/job_templates/{gate['id']}/"]
    assert (gate["forks"], gate["job_type"], gate["description"]) == (25, "run", f"{MARK} Night.")


def test_a_workflow_follows_what_is_optional_and_begins_with_its_gate_alone(act: Act, awx: Awx) -> None:
    """AWX begins each node that has no parent when a workflow is launched, without any approval."""
    site = awx.store.create(NODES, {"workflow_job_template": awx.store.every("workflow_job_templates")[0]["id"]})
    awx.store.patch(NODES, site["id"], {"identifier": "site", "unified_job_template": template(awx, "Agents")})
    awx.store.associate(NODES, node(awx, "relays"), "always_nodes", site["id"], False)
    settings: list[dict[str, t.Any]] = [
        {"dsa_controller_upgrade_managers": True},
        {"dsa_controller_report_from": []},
        {},
    ]
    for more in settings:
        predicted = act(check=True, **more)
        done = act(**more)
        assert [sorted(done[key]) for key in ("made", "corrected", "removed")] == [
            sorted(predicted[key]) for key in ("made", "corrected", "removed")
        ]
        assert done["changed"]
        assert roots(awx) == ["gate"]
        assert ("managers" in workflow(awx)) == ("dsa_controller_upgrade_managers" in more)
        assert ("report" in workflow(awx)) == ("dsa_controller_report_from" not in more)
        assert workflow(awx)["relays"] == ["agents", "site"]
    # Its own inventory is no other, also where somebody names it.
    assert act(dsa_controller_inventory="Deep Security: inventory")["changed"] is False


def test_a_node_that_would_run_without_an_approval_is_named(act: Act, awx: Awx) -> None:
    """It was made by hand, so its place in the workflow is not defined."""
    awx.store.associate(NODES, node(awx, "relays"), "always_nodes", node(awx, "site"), True)
    assert "the workflow would run site without an approval" in act()["msg"]
    awx.store.delete(NODES, node(awx, "site"))


def test_what_is_no_longer_in_the_settings_goes_or_is_named(act: Act, awx: Awx) -> None:
    more = {
        "dsa_controller_image": None,
        "dsa_controller_notification_type": None,
        "dsa_controller_names": {"recover": "DS recover"},
        "dsm_username": None,
    }
    predicted = act(check=True, **more)
    done = act(**more)
    assert (
        done["removed"]
        == predicted["removed"]
        == [
            "notification_template Deep Security: notification",
            "execution_environment Deep Security: execution environment",
        ]
    )
    assert done["left_over"] == ["job_template Deep Security: recover"]
    # AWX shows no secret again: what has one stays, and is used.
    assert "Manager, legacy user" in named(awx, "credentials")
    again = act(**more)
    assert (again["changed"], again["left_over"]) == (False, done["left_over"])


def test_a_type_that_somebody_else_uses_stops_the_removal_before_it_begins(act: Act, awx: Awx) -> None:
    kind = named(awx, "credential_types")["self-protection"]["id"]
    theirs = {"name": "my own", "organization": 1, "credential_type": kind, "inputs": {"password": "x"}}
    made = awx.store.create("credentials", theirs)
    since = len(awx.requests)
    done = act(dsa_controller_state="absent")
    awx.store.delete("credentials", made["id"])
    assert "is used by my own, which this role did not make" in done["msg"]
    assert changes(awx, since) == []


def test_absent_removes_what_this_role_made_and_a_second_time_nothing(act: Act, awx: Awx) -> None:
    """It needs no more than access to AWX: none of what the run that made it was given."""
    theirs = awx.store.create("notification_templates", {**HOOK, "name": "Deep Security: notification"})
    done = act(ALONE)
    assert done["left_over"] == ["notification_template Deep Security: notification", "job_template DS recover"]
    awx.store.delete("notification_templates", theirs["id"])
    awx.store.delete("job_templates", template(awx, "DS recover"))
    assert {name: things for name, things in awx.store.things.items() if things and name != "organizations"} == {}
    since = len(awx.requests)
    assert (act(ALONE)["msg"], changes(awx, since)) == (f"{NOTHING}, 0 left over", [])
