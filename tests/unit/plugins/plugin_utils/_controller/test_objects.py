# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is made of the settings: order, references, and what depends on what is given. No AWX is needed."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from ansible_collections.deep_security.remediation.plugins.plugin_utils._controller import Object, Ref
from ansible_collections.deep_security.remediation.plugins.plugin_utils._controller.inputs import inputs_of
from ansible_collections.deep_security.remediation.plugins.plugin_utils._controller.names import NAMES, names_of
from ansible_collections.deep_security.remediation.plugins.plugin_utils._controller.objects import (
    PLAYBOOKS,
    given_of,
    objects_of,
)
from ansible_collections.deep_security.remediation.plugins.plugin_utils._settings import Settings
from tests.run.common import ROOT

BASE = {"dsa_controller_scm_url": "https://git.example.com/ds.git"}
ALL = {
    **BASE,
    "dsa_controller_image": "registry.example.com/ee:1",
    "dsa_controller_notification_type": "email",
    "dsa_controller_report_from": ["/srv/gate.json"],
    "dsa_controller_upgrade_managers": True,
    "dsm_url": "https://dsm.example.com:4119",
    "dsm_api_key": "k3y-of-the-manager",
    "dsm_username": "auditor",
    "dsm_password": "p4ss",
    "dsa_self_protection_password": "p4ss",
    "dsa_packages": [{"version": "20.0.0-6313", "repository": True}],
    "dsa_report_to": [{"directory": "/srv/dsa", "host": "store-1"}],
}


def made(values: dict[str, Any], there: tuple[str, ...] = ()) -> dict[str, Object]:
    """Key → object, in their order."""
    settings = Settings.parse(values)
    names = names_of(settings["dsa_controller_prefix"], settings["dsa_controller_names"])
    return {each.key: each for each in objects_of(settings, names, inputs_of(settings, str), there)}


@pytest.mark.parametrize("values", [BASE, ALL], ids=["base", "all"])
def test_everything_is_made_after_what_it_refers_to(values: dict[str, Any]) -> None:
    done = {"organization"}
    for key, each in made(values).items():
        assert each.refs() <= done, key
        for kind in ("success_nodes", "failure_nodes", "always_nodes"):
            assert {f"node {node}" for node in each.arguments.get(kind, [])} <= done, key
        done.add(key)


def test_every_name_that_can_be_changed_is_one_of_an_object() -> None:
    assert set(NAMES) <= set(made(ALL))


@pytest.mark.parametrize("template", PLAYBOOKS)
def test_each_playbook_is_in_the_example_project_and_imports_one_that_there_is(template: str) -> None:
    (play,) = yaml.safe_load((ROOT / "docs" / "awx" / "project" / PLAYBOOKS[template]).read_text(encoding="utf-8"))
    name = play["ansible.builtin.import_playbook"].removeprefix("deep_security.remediation.")
    assert f"{name}.yml" == PLAYBOOKS[template]
    assert (ROOT / "playbooks" / PLAYBOOKS[template]).exists()


def test_without_a_credential_for_the_manager_it_is_no_inventory() -> None:
    assert "inventory_source" not in made(BASE)
    assert "inventory_source" in made(BASE, there=("manager",))
    assert made(BASE, there=("manager",))["gate"].arguments["credentials"] == [Ref("credential_manager")]


def test_an_inventory_and_credentials_that_awx_has_are_used() -> None:
    values = {**ALL, "dsa_controller_inventory": "production", "dsa_controller_credentials": "hosts"}
    objects = made(values)
    assert {"inventory", "inventory_source"}.isdisjoint(objects)
    given = {each.key: (each.endpoint, each.name) for each in given_of(Settings.parse(values))}
    assert given == {"credential hosts": ("credentials", "hosts"), "inventory": ("inventories", "production")}
    with_hosts = {
        key for key, each in objects.items() if Ref("credential hosts") in each.arguments.get("credentials", [])
    }
    assert with_hosts == {"gate", "gate_host", "predict", "managers", "relays", "agents", "recover"}


def test_what_a_rulebook_launches_is_given_a_limit_and_no_variable() -> None:
    """Set, and not left to AWX: what was changed by hand is corrected by the next run."""
    arguments = made({**ALL, "dsa_controller_extra_vars": {"dsa_site": "osaka"}})["gate_host"].arguments
    names = ("ask_limit_on_launch", "ask_variables_on_launch", "survey_enabled")
    assert {name: arguments[name] for name in names} == dict(zip(names, (True, False, False), strict=True))
    assert "survey_spec" not in arguments


def test_the_upgrade_of_managers_takes_their_addresses_from_the_inventory() -> None:
    """An extra variable dsm_url would be the same for all nodes."""
    credentials = made(ALL)["managers"].arguments["credentials"]
    assert Ref("credential_manager_nodes") in credentials and Ref("credential_manager") not in credentials


def test_the_workflow_upgrades_managers_only_where_that_is_set() -> None:
    without = made({**ALL, "dsa_controller_upgrade_managers": False})
    assert "node managers" not in without
    assert without["links of approval"].arguments["success_nodes"] == ["relays"]
    with_managers = made(ALL)
    assert with_managers["links of approval"].arguments["success_nodes"] == ["managers"]
    assert with_managers["node managers"].arguments["failure_nodes"] == ["gate again"]
    assert with_managers["node managers"].arguments["success_nodes"] == ["relays"]


def test_without_reports_to_merge_the_workflow_ends_with_its_gate() -> None:
    objects = made({**ALL, "dsa_controller_report_from": []})
    assert "node report" not in objects and "report" in objects
    assert objects["node gate again"].arguments["always_nodes"] == []


def test_only_the_sliced_template_has_a_part_of_the_fleet() -> None:
    """AWX has no variable for a slice."""
    preset = {"dsa_part_of_fleet": False}
    sliced = made({**BASE, "dsa_controller_slices": 3, "dsa_controller_extra_vars": preset})
    assert sliced["agents"].arguments["extra_vars"] == {"dsa_part_of_fleet": True}
    assert sliced["relays"].arguments["extra_vars"] == preset
    assert made({**BASE, "dsa_controller_slices": 1})["agents"].arguments["extra_vars"] == {}


def test_templates_set_what_makes_them_what_they_are() -> None:
    objects = made({**ALL, "dsa_controller_extra_vars": {"dsa_site": "osaka"}, "dsa_controller_playbook_dir": "awx"})
    assert objects["gate_by_manager"].arguments["extra_vars"] == {"dsa_site": "osaka", "dsa_source": "manager"}
    assert objects["predict"].arguments["extra_vars"]["dsa_gate_on"] == "readiness"
    assert objects["report"].arguments["extra_vars"]["dsa_report_from"] == "/srv/gate.json"
    assert objects["gate"].arguments["playbook"] == "awx/gate.yml"
    assert [key for key, each in objects.items() if each.arguments.get("job_type") == "check"] == ["predict"]
    assert objects["inventory_source"].arguments["source_path"] == "awx/manager.dsm.yml"
