# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of settings, and what is written from it."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.deep_security.remediation.plugins.plugin_utils._settings import SETTINGS, Settings
from tests.run.common import ROOT, environment
from tests.run.settings import BEGIN, END, generated, readme_table

ROLES = sorted(path.name for path in (ROOT / "roles").iterdir())
# Modules, plugins and files whose names begin like settings.
_NAME = re.compile(r"(?<![\w.#/-])(?:dsa|dsm)_[a-z_]+(?![\w.-]|\()")


@pytest.fixture(scope="module", name="documented")
def documented_roles(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    env = {**environment(), "ANSIBLE_HOME": str(tmp_path_factory.mktemp("home")), "ANSIBLE_NOCOLOR": "1"}
    names = [f"deep_security.remediation.{role}" for role in ROLES]
    done = subprocess.run(
        ["ansible-doc", "-t", "role", "--json", *names], env=env, capture_output=True, text=True, check=True
    )
    assert "ERROR" not in done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return {name.rpartition(".")[2]: role["entry_points"]["main"] for name, role in found.items()}


def test_what_is_in_the_tree_is_what_the_table_says() -> None:
    stale = [str(path.relative_to(ROOT)) for path, text in generated() if path.read_text(encoding="utf-8") != text]
    assert not stale, "python -m tests.run.settings writes them anew"


@pytest.mark.parametrize("role", ROLES)
def test_a_role_documents_what_it_reads_with_true_defaults(documented: dict[str, Any], role: str) -> None:
    options = documented[role]["options"]
    assert set(options) == {name for name, setting in SETTINGS.items() if role in setting.roles}
    for name, option in options.items():
        assert option.get("default") == SETTINGS[name].default


@pytest.mark.parametrize("role", ROLES)
def test_a_role_shows_a_play_that_uses_it(documented: dict[str, Any], role: str) -> None:
    (play,) = yaml.safe_load(documented[role]["examples"])
    assert f"deep_security.remediation.{role}" in play["roles"]
    rendered = re.sub(r"{{ (\w+) }}", r"\1", json.dumps(play.get("vars", {})))
    Settings.parse(json.loads(rendered))
    assert set(play.get("vars", {})) <= Settings.names()


@pytest.mark.parametrize("role", ROLES)
def test_ansible_itself_accepts_every_example_and_default(documented: dict[str, Any], role: str) -> None:
    # A role in a user's own play is validated by Ansible too.
    options = documented[role]["options"]
    for name in options:
        spec = {name: {key: value for key, value in options[name].items() if key != "description"}}
        for value in (SETTINGS[name].example, SETTINGS[name].default):
            if value is not None:
                assert not ArgumentSpecValidator(spec).validate({name: value}).error_messages


def test_a_setting_is_documented_somewhere() -> None:
    assert [
        name
        for name, setting in SETTINGS.items()
        if not (set(setting.roles) & set(ROLES) or setting.in_readme or setting.made)
    ] == []


def test_a_setting_is_read_by_roles_that_there_are() -> None:
    for setting in SETTINGS.values():
        assert setting.roles
        assert set(setting.roles) <= {*ROLES, "plays"}
        assert set(setting.required) <= set(setting.roles)
        assert setting.description.endswith(".")


def _variables(path: Path) -> Iterator[str]:
    for line in path.read_text(encoding="utf-8").splitlines():
        if not line.lstrip().startswith("#"):
            yield from _NAME.findall(line)


def test_every_variable_that_roles_and_playbooks_read_is_a_setting() -> None:
    files = [*ROOT.glob("roles/*/tasks/*.yml"), *ROOT.glob("roles/*/vars/*.yml"), *ROOT.glob("playbooks/**/*.yml")]
    # What tasks of the operator's own are given.
    given = {"dsa_report_files", "dsa_report_result"}
    assert {name for path in files for name in _variables(path)} - Settings.names() == given


_STAGES = {
    "precheck": "precheck",
    "upgrade": "upgrade",
    "windows_upgrade": "upgrade",
    "reboot": "reboot",
    "update": "security_update",
    "verify": "verify",
}


@pytest.mark.parametrize("stage", sorted(_STAGES))
def test_what_a_stage_reads_is_in_the_table_for_its_role(stage: str) -> None:
    path = ROOT / "plugins" / "plugin_utils" / "_stages" / f"{stage}.py"
    read = re.findall(r'settings\["(\w+)"\]', path.read_text(encoding="utf-8")) if path.exists() else []
    missing = {name for name in read if _STAGES[stage] not in SETTINGS[name].roles}
    assert not missing, "add the role to these settings in plugin_utils/_settings/areas"


def test_the_table_for_the_readme_has_one_row_a_setting() -> None:
    rows = readme_table().splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == [name for name, setting in SETTINGS.items() if setting.in_readme]
    assert all(row.replace("\\|", "").count("|") == 4 for row in rows)
    assert BEGIN != END
