# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The recovery of a host through the Manager: which computer is meant, and what the new one gets back."""

from __future__ import annotations

import pytest

from .files import flat, holds, load, named

COMPUTER = "deep_security.remediation.dsm_computer"


@pytest.mark.parametrize(
    ("saved", "found", "accepted"), [({}, 0, False), ({}, 1, True), ({}, 2, False), ({"id": 7}, 0, True)]
)
def test_of_several_computers_of_a_name_none_is_picked(saved: dict[str, int], found: int, accepted: bool) -> None:
    task = named("recover", "find", "Stop where the name does not give exactly one computer")
    that = task["ansible.builtin.assert"]["that"]
    assert holds(that, __recover_saved=saved, __recover_meant=[{}] * found) is accepted


@pytest.mark.parametrize(("newer", "accepted"), [(0, False), (1, True), (2, False)])
def test_of_several_newer_computers_none_gets_what_the_old_one_had(newer: int, accepted: bool) -> None:
    that = named("recover", "give_back", "Stop where more than one computer is newer")["ansible.builtin.assert"]["that"]
    assert holds(that, __recover_newer=[{}] * newer) is accepted


def test_what_the_computer_was_is_kept_before_it_is_deleted() -> None:
    tasks = list(flat(load("recover", "delete")))
    names = [task["name"] for task in tasks]
    assert names.index("Save the data of the computer") < names.index("Delete the computer")
    keep = named("recover", "delete", "Save the data of the computer")["ansible.builtin.copy"]
    assert (keep["force"], keep["mode"]) == (False, "0600"), "an earlier recovery's is not overwritten"


def test_check_mode_deletes_no_computer() -> None:
    """No task of the role overrides the mode of the run."""
    for file in ("main", "find", "delete", "give_back", "agent"):
        assert [task["name"] for task in flat(load("recover", file)) if "check_mode" in task] == []


def test_a_new_computer_gets_back_what_the_old_one_had() -> None:
    given = named("recover", "give_back", "Restore the data")[COMPUTER]
    for option in ("policy_id", "group_id", "relay_group_id", "display_name"):
        assert given[option] == f"{{{{ __recover_saved.{option} | default(omit, true) }}}}"
    assert given["relay"] == "{{ __recover_saved.agent.relay.enabled | default(omit, true) }}"
    assert given["id"] == "{{ __recover_newer[0].id }}"


def test_the_steps_go_from_the_manager_to_the_host_and_back() -> None:
    files = [task.get("ansible.builtin.import_tasks") for task in load("recover")]
    order = ["find.yml", "agent.yml", "delete.yml", "agent.yml", "give_back.yml", "agent.yml"]
    assert [file for file in files if file] == order
