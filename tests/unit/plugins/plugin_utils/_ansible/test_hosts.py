# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings of hosts from their variables, from a play, and from the journal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from jinja2.runtime import StrictUndefined

from ansible_collections.deep_security.remediation.plugins.plugin_utils._ansible.hosts import (
    READ_RESULT,
    host_runs,
    set_by_play,
    settings_of,
)
from ansible_collections.deep_security.remediation.plugins.plugin_utils._settings import SettingsErrors
from tests.builders import AFFECTED, record
from tests.unit.controller import Controller


class Templated(Mapping[str, Any]):
    """Variables of a host as Ansible gives them: a template is filled in when it is used, and can fail."""

    def __init__(self, **raw: Any) -> None:
        self._vars = raw

    def __getitem__(self, name: str) -> Any:
        if self._vars[name] == "{{ broken }}":
            raise ValueError("broken is undefined")
        return self._vars[name].replace("{{ x }}", "1") if isinstance(self._vars[name], str) else self._vars[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._vars)

    def __len__(self) -> int:
        return len(self._vars)


def test_what_a_play_sets_is_known_from_what_its_host_has() -> None:
    own = Templated(dsa_reboot="never", dsa_batch="{{ x }}", dsm_computer={"id": 1}, other="x")
    task = {**own._vars, "dsa_reboot": "always", "dsa_role": "agent", "other": "y", "dsm_computer": {"id": 2}}
    assert set_by_play(task, own, lambda value: f"<{value}>") == {"dsa_reboot": "<always>", "dsa_role": "<agent>"}


def test_what_a_play_set_counts_before_the_hosts_own() -> None:
    assert settings_of("web1", {"dsa_reboot": "mayby"}, {"dsa_reboot": "always"})["dsa_reboot"] == "always"


@pytest.mark.parametrize(
    "variables",
    [
        Templated(dsa_target_version="{{ broken }}"),
        {"dsa_target_version": StrictUndefined(name="x")},
        {"dsa_packages": [{"version": StrictUndefined(name="x")}]},
    ],
    ids=["raises", "undefined", "undefined within"],
)
def test_a_template_that_fails_is_named(variables: Mapping[str, Any]) -> None:
    with pytest.raises(SettingsErrors, match=r"cannot be used: its template fails: .*undefined"):
        settings_of("web1", variables)


def test_what_the_manager_sent_is_no_template() -> None:
    computer = {"agent": {"problems": ["{{ x }}"]}}
    settings = settings_of("web1", Templated(dsm_computer=computer, dsa_target_version="{{ x }}"))
    assert settings["dsm_computer"] is computer


def test_settings_that_a_play_recorded_count_for_tasks_on_other_hosts(controller: Controller) -> None:
    run = controller.run()
    for settings in ({"dsa_reboot": "always"}, {}):
        run.journal.append("web1", "read", status="read", record=record(AFFECTED), settings=settings)
    assert run.host("web1").settings["dsa_reboot"] == "always"
    assert host_runs(run.variables, run.journal)["web1"].settings["dsa_reboot"] == "always"


def test_wrong_settings_of_all_hosts_are_named_at_once(controller: Controller) -> None:
    run = controller.inventory({"a": {"dsa_reboot": "mayby"}, "b": {}, "c": {"dsa_role": "realy"}}).run()
    with pytest.raises(SettingsErrors) as caught:
        host_runs(run.variables, run.journal)
    assert [problem.variable for problem in caught.value.problems] == ["dsa_reboot", "dsa_role"]


@pytest.mark.parametrize(
    ("registered", "why"),
    [
        ({"unreachable": True, "msg": "no such connection"}, "no such connection"),
        ({"failed": True}, "no reason given"),
        ({"failed": False, "msg": "all is well"}, None),
        ("text", None),
    ],
)
def test_a_host_on_which_no_task_could_start_is_unread_with_what_ansible_reports(
    controller: Controller, registered: object, why: str | None
) -> None:
    run = controller.inventory({"web1": {READ_RESULT: registered}}).run()
    host = host_runs(run.variables, run.journal)["web1"]
    assert (host.last.why if host.last else None) == why
    assert host.record is None


def test_such_a_result_is_no_reading_of_a_host_that_was_read(controller: Controller) -> None:
    controller.inventory({"web1": {READ_RESULT: {"failed": True, "msg": "given beforehand"}}})
    run = controller.begin(web1=record(AFFECTED))
    host = host_runs(run.variables, run.journal)["web1"]
    assert (host.record or {}).get("version") == AFFECTED
