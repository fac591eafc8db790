# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The upgrade of a Manager: what stops it, what nobody else may read, and what is removed however it ends."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from .files import holds, load, named

ROLE = "upgrade_manager"
SHA256 = "ab" * 32


def decided(objection: str = "", reached: bool = False) -> SimpleNamespace:
    """What the filter decides about a Manager."""
    return SimpleNamespace(objection=objection, reached=reached)


@pytest.mark.parametrize("name", ["Refuse settings that cannot work", "Decide"])
def test_an_objection_stops_the_upgrade_before_anything_is_copied(name: str) -> None:
    that = named(ROLE, "main", name)["ansible.builtin.assert"]["that"]
    assert holds(that, __upgrade_manager_decision=decided())
    assert not holds(that, __upgrade_manager_decision=decided("it is a downgrade"))
    assert [task["name"] for task in load(ROLE)][-1] == "Upgrade"


@pytest.mark.parametrize(
    ("check", "reached", "upgrades"),
    [(False, False, True), (True, False, False), (False, True, False), (True, True, False)],
)
def test_only_a_manager_with_another_build_is_upgraded_and_none_in_check_mode(
    check: bool, reached: bool, upgrades: bool
) -> None:
    condition = named(ROLE, "main", "Upgrade")["when"]
    assert len(condition) == 2
    decision = " | deep_security.remediation.dsm_upgrade_decision(__upgrade_manager_answer)"
    plain = [one.replace(f"(__upgrade_manager_settings{decision})", "decision") for one in condition]
    assert holds(plain, ansible_check_mode=check, decision=decided(reached=reached)) is upgrades


@pytest.mark.parametrize(
    ("found", "stated", "accepted"),
    [(SHA256, SHA256, True), (SHA256, f" {SHA256.upper()} ", True), ("cd" * 32, SHA256, False)],
)
def test_an_installer_with_another_checksum_is_not_run(found: str, stated: str, accepted: bool) -> None:
    (compare,) = load(ROLE, "verify")
    copied = SimpleNamespace(stat=SimpleNamespace(checksum=found))
    that = compare["ansible.builtin.assert"]["that"]
    assert holds(that, __upgrade_manager_copied=copied, dsm_installer_checksum=stated) is accepted


@pytest.mark.parametrize(("setting", "checked"), [(None, True), ("", True), (True, True), ("no", False)])
def test_only_a_clear_no_spares_the_comparison(setting: object, checked: bool) -> None:
    (compare,) = load(ROLE, "verify")
    assert holds(compare["when"], **({} if setting is None else {"dsm_verify_installer": setting})) is checked


@pytest.mark.parametrize("platform", ["linux", "windows"])
def test_the_installer_is_compared_before_passwords_are_copied_and_it_is_run(platform: str) -> None:
    names = [task["name"] for task in load(ROLE, platform)][-5:]
    assert names[0] == "Copy the installer"
    assert names[2:] == ["Stop where the installer has another checksum", "Copy the answer file", "Run the installer"]


@pytest.mark.parametrize("platform", ["linux", "windows"])
@pytest.mark.parametrize("name", ["Copy the answer file", "Run the installer"])
def test_tasks_that_have_passwords_show_nothing(platform: str, name: str) -> None:
    """The installer prints its answers where it fails."""
    assert named(ROLE, platform, name)["no_log"] is True


def test_nobody_else_may_read_the_files_of_an_upgrade() -> None:
    for name in ("Copy the installer", "Copy the answer file"):
        assert named(ROLE, "linux", name)["ansible.builtin.copy"]["mode"] == "0600"
    assert named(ROLE, "linux", "Copy the installer")["ansible.builtin.copy"]["directory_mode"] == "0700"
    names = [task["name"] for task in load(ROLE, "windows")]
    assert names[:3] == ["Make a folder", "Close it to ordinary users", "Copy the installer"]


def test_passwords_are_removed_from_the_host_however_the_upgrade_ends() -> None:
    (always,) = load(ROLE, "upgrade")[0]["always"]
    assert always["ansible.builtin.include_tasks"].startswith("remove_")
    remove = load(ROLE, "remove_linux")[0]["ansible.builtin.file"]
    assert (remove["path"], remove["state"]) == ("{{ __upgrade_manager_folder }}", "absent")
    removed = [task["ansible.windows.win_file"] for task in load(ROLE, "remove_windows")]
    assert [each["state"] for each in removed] == ["absent", "absent"]
    assert removed[0]["path"] == "{{ __upgrade_manager_answers }}", "a folder in use must not keep the passwords"


@pytest.mark.parametrize(("run", "failed"), [({"rc": 0}, False), ({"rc": 1}, True), ({"rc": -9}, True), ({}, True)])
def test_an_installer_that_failed_or_was_lost_is_a_failure(run: dict[str, int], failed: bool) -> None:
    assert holds(named(ROLE, "upgrade", "Fail with the reason")["when"], __upgrade_manager_run=run) is failed


@pytest.mark.parametrize("reached", [True, False])
def test_a_manager_that_does_not_come_back_with_its_build_is_a_failure(reached: bool) -> None:
    that = named(ROLE, "upgrade", "Verify the version")["ansible.builtin.assert"]["that"]
    assert holds(that, __upgrade_manager_decision=decided(reached=reached)) is reached
