# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is removed, in which order, and what is only named."""

from __future__ import annotations

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._controller import (
    Object,
    name_left_over,
    remove,
)
from tests.unit.plugins.plugin_utils._controller.fake_awx import (
    ORGANIZATION,
    TEMPLATE,
    FakeClient,
    FakePort,
    made,
    setup_of,
)

INVENTORY = Object("inventory", "inventory", "inventories", "i", ORGANIZATION, {"name": "i", "kind": ""})


def test_things_are_removed_in_the_reverse_order_and_an_inventory_is_waited_for() -> None:
    port = FakePort()
    names = {"inventories": {"i": made(3)}, "job_templates": {"gate": made(4)}}
    client = FakeClient(names, {"inventories": [{"count": 1}, {"count": 1}, {"count": 0}]})
    setup = setup_of(client, port)
    remove(setup, [INVENTORY, TEMPLATE])
    assert setup.done.removed == ["job_template gate", "inventory i"]
    assert port.ran[1] == ("inventory", {"name": "i", "state": "absent"})
    assert setup.done.warnings == []
    assert client.answers["inventories"] == [{"count": 0}]


def test_an_inventory_that_does_not_go_is_a_warning() -> None:
    setup = setup_of(FakeClient({"inventories": {"i": made(3)}}, {"inventories": [{"count": 1}]}), FakePort())
    remove(setup, [INVENTORY])
    assert setup.done.warnings == ["AWX has not yet removed the inventory 'i', and its name is taken until then"]


@pytest.mark.parametrize("theirs", [{"id": 3}, made(3, organization=2)], ids=["no mark", "another organization"])
def test_what_somebody_else_made_stays_and_is_named(theirs: dict[str, object]) -> None:
    port = FakePort()
    setup = setup_of(FakeClient({"inventories": {"i": theirs}, "job_templates": {"gate": made(4)}}), port)
    remove(setup, [INVENTORY, TEMPLATE])
    assert (setup.done.removed, setup.done.left_over) == (["job_template gate"], ["inventory i"])
    assert [kind for kind, _arguments in port.ran] == ["job_template"]


def test_what_was_made_under_other_names_is_named() -> None:
    things = {
        "job_templates": {
            "gate": made(4, name="gate", type="job_template"),
            "old": made(5, name="DS: gate", type="job_template"),
            "theirs": {"id": 6, "name": "site.yml", "type": "job_template", "description": ""},
        },
        "schedules": {"old": made(7, name="DS: every night", type="schedule")},
    }
    port = FakePort()
    setup = setup_of(FakeClient(things), port)
    setup.make([TEMPLATE])
    name_left_over(setup, [TEMPLATE])
    assert setup.done.left_over == ["job_template DS: gate", "schedule DS: every night"]
    assert port.shown[-2:] == ["left over: job_template DS: gate", "left over: schedule DS: every night"]
