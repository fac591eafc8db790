# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stand-in refuses what AWX refuses: else a test against it proves nothing."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.awx_stub.store import Refused, Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """With a project whose update has ended, and an inventory."""
    git = ["git", "-C", str(tmp_path), "-c", "user.name=test", "-c", "user.email=test@example.com"]
    (tmp_path / "gate.yml").touch()
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "Project"]):
        subprocess.run([*git, *command], check=True)
    store = Store()
    store.create("projects", {"name": "p", "organization": 1, "scm_type": "git", "scm_url": f"file://{tmp_path}"})
    store.create("inventories", {"name": "i", "organization": 1})
    return store


def one(store: Store, endpoint: str) -> dict[str, Any]:
    (found,) = store.every(endpoint)
    return found


def template(store: Store, name: str = "gate", **more: Any) -> dict[str, Any]:
    ids = {"project": one(store, "projects")["id"], "inventory": one(store, "inventories")["id"]}
    return store.create("job_templates", {"name": name, "playbook": "gate.yml", **ids, **more})


def update(store: Store) -> None:
    while one(store, "projects")["current_update"]:
        store.go_on(one(store, "projects"))


def test_a_playbook_is_not_found_before_the_update_has_ended(store: Store) -> None:
    with pytest.raises(Refused, match="Playbook not found for project"):
        template(store)
    update(store)
    assert template(store)["playbook"] == "gate.yml"


def test_a_field_that_there_is_not_is_a_defect(store: Store) -> None:
    update(store)
    template(store, slices=3)
    assert store.defects == ["job_templates have no field slices: AWX ignores it"]


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"forks": "25"}, "is not valid"),
        ({"forks": True}, "is not valid"),
        ({"job_type": "scan"}, "is not a valid choice"),
        ({"inventory": 99}, "object does not exist"),
        ({"playbook": ""}, "This field is required"),
        ({"name": "taken"}, "already exists"),
    ],
    ids=["text", "flag", "choice", "reference", "required", "collision"],
)
def test_a_value_that_awx_refuses_is_refused(store: Store, more: dict[str, Any], problem: str) -> None:
    update(store)
    template(store, "taken")
    with pytest.raises(Refused, match=problem) as raised:
        template(store, **{"name": "new", **more})
    assert raised.value.status == 400


def test_two_credentials_of_one_type_do_not_go_with_one_template(store: Store) -> None:
    update(store)
    gate = template(store)
    kind = store.create("credential_types", {"name": "t", "kind": "cloud"})["id"]
    first, second = (
        store.create("credentials", {"name": name, "organization": 1, "credential_type": kind})["id"] for name in "ab"
    )
    store.associate("job_templates", gate["id"], "credentials", first, False)
    with pytest.raises(Refused, match="Cannot assign multiple"):
        store.associate("job_templates", gate["id"], "credentials", second, False)
    with pytest.raises(Refused, match="in use"):
        store.delete("credential_types", kind)


def test_nodes_are_linked_once_and_in_no_circle(store: Store) -> None:
    workflow = store.create("workflow_job_templates", {"name": "w", "organization": 1})["id"]
    first, second = (
        store.create("workflow_job_template_nodes", {"workflow_job_template": workflow, "identifier": name})["id"]
        for name in "ab"
    )
    store.associate("workflow_job_template_nodes", first, "success_nodes", second, False)
    with pytest.raises(Refused, match="Relationship not allowed"):
        store.associate("workflow_job_template_nodes", first, "failure_nodes", second, False)
    with pytest.raises(Refused, match="Cycle detected"):
        store.associate("workflow_job_template_nodes", second, "always_nodes", first, False)


def test_an_inventory_goes_some_time_later(store: Store) -> None:
    assert store.delete("inventories", one(store, "inventories")["id"]) == 202
    with pytest.raises(Refused, match="already exists"):
        store.create("inventories", {"name": "i", "organization": 1})
    while store.every("inventories"):
        pass
    store.create("inventories", {"name": "i", "organization": 1})


@pytest.mark.parametrize(
    "injectors",
    [
        {"env": {"KEY": "{{ other }}"}},
        {"env": {"ANSIBLE_KEY": "{{ key }}"}},
        {"env": {"KEY": "{{ tower.filename }}"}},
        {"vars": {"key": "{{ key }}"}},
    ],
    ids=["field", "ansible", "file", "group"],
)
def test_an_injector_of_what_there_is_not_is_refused(injectors: dict[str, Any]) -> None:
    inputs = {"fields": [{"id": "key", "label": "Key", "type": "string"}]}
    with pytest.raises(Refused):
        Store().create("credential_types", {"name": "t", "kind": "cloud", "inputs": inputs, "injectors": injectors})
