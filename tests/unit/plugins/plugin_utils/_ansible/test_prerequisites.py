# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the controller lacks is an error of the run, said once."""

from __future__ import annotations

import importlib.util
import typing as t
from pathlib import Path

import pytest

from tests.unit.controller import Controller

WINRM = {"ansible_connection": "winrm"}
PSRP = {"ansible_connection": "ansible.builtin.psrp"}


@pytest.fixture
def absent(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Names of Python modules that are not on the controller."""
    names: set[str] = set()
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in names else find(name))
    return names


def errors(controller: Controller, hosts: dict[str, dict[str, t.Any]], playbook: str = "remediate") -> list[str]:
    return controller.inventory(hosts).begin(playbook).errors


@pytest.mark.parametrize(("own", "module", "package"), [(WINRM, "winrm", "pywinrm"), (PSRP, "pypsrp", "pypsrp")])
@pytest.mark.parametrize("playbook", ["gate", "remediate"])
def test_the_library_of_a_connection_is_named_once_for_all_hosts(
    controller: Controller, absent: set[str], own: dict[str, t.Any], module: str, package: str, playbook: str
) -> None:
    absent.add(module)
    hosts: dict[str, dict[str, t.Any]] = {"linux": {}, **{f"win{number}": own for number in range(9)}}
    (error,) = errors(controller, hosts, playbook)
    assert f"pip install {package}" in error
    assert error.endswith("(hosts win0, win1, win2 and 6 more). Nothing was changed")


def test_a_library_that_is_there_or_that_no_host_needs_is_no_error(controller: Controller, absent: set[str]) -> None:
    absent.add("pypsrp")
    assert errors(controller, {"a": WINRM, "b": {}, "c": {"ansible_connection": "ssh"}}) == []


def test_the_connection_of_the_command_line_counts(controller: Controller, absent: set[str]) -> None:
    absent.add("winrm")
    controller.command_line(connection="winrm")
    assert len(errors(controller, {"a": {}, "b": {"ansible_connection": "ssh"}})) == 1


def test_a_host_of_which_the_manager_knows_is_not_connected_to(controller: Controller, absent: set[str]) -> None:
    absent.add("winrm")
    host = {**WINRM, "dsa_source": "manager"}
    assert not any("pywinrm" in error for error in errors(controller, {"a": host}, "gate"))


@pytest.mark.parametrize(("playbook", "count"), [("gate", 0), ("remediate", 1)])
def test_the_collection_for_windows_is_needed_to_work_on_hosts(
    controller: Controller, absent: set[str], playbook: str, count: int
) -> None:
    absent.add("ansible_collections.ansible.windows")
    found = errors(controller, {"a": WINRM, "b": WINRM}, playbook)
    assert [error.count("ansible-galaxy collection install ansible.windows") for error in found] == [1] * count
    assert [error.count("Nothing was changed") for error in found] == [1] * count


@pytest.mark.parametrize(("playbook", "count"), [("gate", 0), ("remediate", 1)])
@pytest.mark.parametrize("kind", ["absent", "a file"])
def test_a_folder_of_packages_that_is_none_is_named_once(
    controller: Controller, tmp_path: Path, playbook: str, count: int, kind: str
) -> None:
    folder = tmp_path / "packages"
    if kind == "a file":
        folder.touch()
    found = errors(controller, {f"web{number}": {"dsa_package_dir": str(folder)} for number in range(9)}, playbook)
    assert [f"dsa_package_dir is {folder}" in error for error in found] == [True] * count
    assert [error.endswith("(hosts web0, web1, web2 and 6 more). Nothing was changed") for error in found] == [
        True
    ] * count


def test_a_folder_of_packages_that_can_be_read_is_no_error(controller: Controller, tmp_path: Path) -> None:
    assert errors(controller, {"a": {"dsa_package_dir": str(tmp_path)}, "b": {}}) == []


def test_hosts_outside_the_scope_do_not_count(controller: Controller) -> None:
    controller.play = {"dsa_hosts": "a"}
    assert errors(controller, {"a": {}, "b": {"dsa_package_dir": "/nope"}}) == []
