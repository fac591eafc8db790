# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything as code: the real modules of awx.awx against a stand-in for the API of AWX 24. One story."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import typing as t
from collections.abc import Iterator, Mapping

import pytest

from tests.awx_stub import TOKEN, Awx, serving
from tests.conftest import COLLECTIONS, Run
from tests.preloaded import Preloaded
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
Play = t.Callable[..., "subprocess.CompletedProcess[str]"]


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


@pytest.fixture
def play(run_playbook: Run, preloaded: Preloaded, awx: Awx, project: str) -> Play:
    """Runs the playbook. However much it prints, no secret is in it; and AWX ignored nothing that was sent."""

    def run(*arguments: str, values: Mapping[str, t.Any] = VALUES, **more: t.Any) -> subprocess.CompletedProcess[str]:
        given = {"dsa_controller_host": awx.url, "dsa_controller_scm_url": project, **values, **more}
        given = {name: value for name, value in given.items() if value is not None}
        done = run_playbook(PLAYBOOK, "localhost,", given, "-vvv", *arguments)
        assert not [secret for secret in SECRETS if secret in done.stdout]
        assert awx.store.defects == []
        return done

    return run


def result(done: subprocess.CompletedProcess[str]) -> dict[str, t.Any]:
    """What the task returned."""
    found: dict[str, t.Any] = json.JSONDecoder().raw_decode(done.stdout.partition("localhost] => ")[2])[0]
    return found


def changes(awx: Awx, since: int) -> list[str]:
    """What was sent that changes something."""
    return [f"{method} {path}" for method, path in awx.requests[since:] if method not in ("GET", "OPTIONS")]


def named(awx: Awx, endpoint: str) -> dict[str, dict[str, t.Any]]:
    """The objects by what their names have behind the prefix."""
    return {thing["name"].removeprefix("Deep Security: "): thing for thing in awx.store.every(endpoint)}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"dsa_controller_token": "not-the-token"}, "does not accept the token (HTTP 401)"),
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
    play: Play, awx: Awx, wrong: dict[str, t.Any], message: str
) -> None:
    since = len(awx.requests)
    done = play(**wrong)
    assert done.returncode == 2
    assert message in done.stdout
    assert changes(awx, since) == []


def test_an_awx_without_a_field_and_a_user_without_rights_are_found_before_anything_is_made(
    play: Play, awx: Awx
) -> None:
    since = len(awx.requests)
    awx.store.old = {"job_templates": {"job_slice_count"}}
    done = play()
    awx.store.old = {}
    awx.forbidden = {"credential_types"}
    refused = play()
    awx.forbidden = set()
    assert (done.returncode, refused.returncode) == (2, 2)
    assert "job_templates of this AWX (24.6.1) have no job_slice_count: it is too old" in done.stdout
    assert "may not make credential_types" in refused.stdout
    assert changes(awx, since) == []


def test_check_mode_predicts_and_changes_nothing(play: Play, awx: Awx) -> None:
    since = len(awx.requests)
    done = play("--check")
    assert done.returncode == 0
    assert result(done)["msg"] == "35 made, 0 changed, 0 removed, 0 unchanged"
    assert re.findall("^would be (.*)", done.stdout, re.MULTILINE) == [f"made: {each}" for each in result(done)["made"]]
    assert changes(awx, since) == []


def test_a_run_that_breaks_is_completed_by_the_next_one(play: Play, awx: Awx, project: str) -> None:
    """The first has a wrong address of the repository. AWX finds that out in the background, some requests later."""
    done = play(dsa_controller_scm_url=f"{project}-moved")
    assert done.returncode == 2
    assert "Project update failed" in done.stdout
    assert "gate" not in named(awx, "job_templates")
    done = play()
    assert done.returncode == 0, done.stdout
    assert result(done)["msg"] == "21 made, 1 changed, 0 removed, 13 unchanged"
    assert "[WARNING]" not in done.stdout


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


def test_the_next_run_corrects_what_was_changed_by_hand_and_nothing_else(play: Play, awx: Awx) -> None:
    gate = named(awx, "job_templates")["gate"]
    awx.store.patch("job_templates", gate["id"], {"forks": 5, "job_type": "check"})
    since = len(awx.requests)
    awx.version = "23.9.0"  # the modules warn, each of them
    done = play()
    awx.version = "24.6.1"
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("[WARNING]") == 1
    assert result(done)["corrected"] == ["job_template Deep Security: gate"]
    assert result(done)["msg"] == "0 made, 1 changed, 0 removed, 35 unchanged"
    assert changes(awx, since) == [f"PATCH /api/v2/job_templates/{gate['id']}/"]
    assert (gate["forks"], gate["job_type"]) == (25, "run")


def test_a_type_that_somebody_else_uses_stops_the_removal_before_it_begins(play: Play, awx: Awx) -> None:
    made = awx.store.create(
        "credentials",
        {
            "name": "my own",
            "organization": 1,
            "credential_type": named(awx, "credential_types")["self-protection"]["id"],
            "inputs": {"password": "x"},
        },
    )
    since = len(awx.requests)
    done = play(dsa_controller_state="absent")
    awx.store.delete("credentials", made["id"])
    assert done.returncode == 2
    assert "is used by my own, which this role did not make" in done.stdout
    assert changes(awx, since) == []


def test_absent_removes_everything_and_a_second_time_nothing(play: Play, awx: Awx) -> None:
    """It needs no more than access to AWX: none of what the run that made it was given."""
    alone = {"dsa_controller_token": TOKEN, "dsa_controller_state": "absent"}
    done = play(values=alone)
    assert done.returncode == 0, done.stdout
    assert {name: things for name, things in awx.store.things.items() if things and name != "organizations"} == {}
    since = len(awx.requests)
    again = play(values=alone)
    assert (again.returncode, changes(awx, since)) == (0, [])
    assert (result(again)["changed"], result(again)["removed"]) == (False, [])
