# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Relays of other slices: what is published of them, and what is taken of it."""

from __future__ import annotations

import json
import typing as t
from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._ansible import relay_hosts
from ansible_collections.deep_security.remediation.plugins.plugin_utils._messages import Message
from ansible_collections.deep_security.remediation.plugins.plugin_utils._settings import SettingsError
from tests.builders import AFFECTED, FIXED, record
from tests.builders import relay_hosts as made
from tests.unit.controller import Controller

JUMP = {"ansible_ssh_common_args": "-J bastion"}
PLAIN = {
    "ansible_host": "192.0.2.1",
    "ansible_port": 22,
    "ansible_user": "root",
    "ansible_connection": "ssh",
    "ansible_become": True,
}
SECRETS = {
    "ansible_password": "S3CRET",
    "ansible_ssh_pass": "S3CRET",
    "ansible_become_password": "S3CRET",
    "ansible_become_pass": "S3CRET",
    "ansible_ssh_private_key_file": "/S3CRET",
    "ansible_ssh_private_key": "S3CRET",
    "ansible_ssh_common_args": "-o ProxyCommand=S3CRET",
    "dsm_api_key": "S3CRET",
    "dsa_certificate_replaced": True,
}


def published(controller: Controller, playbook: str) -> dict[str, t.Any] | None:
    run = controller.begin(playbook, web1=record(AFFECTED), relay1=record(FIXED))
    return relay_hosts.published(run.fleet(), run.variables, playbook, "run-7")


def given(value: object) -> t.Mapping[str, t.Any]:
    """Relay → its variables, as they are taken."""
    found = relay_hosts.given({relay_hosts.VARIABLE: value})
    assert found is not None
    return found.relays


@pytest.mark.parametrize("playbook", ["remediate", "remediate_relays"])
def test_the_relays_are_published_with_what_reaches_them(controller: Controller, playbook: str) -> None:
    controller.inventory({"web1": {}, "relay1": {**PLAIN, **SECRETS}, "odd": {}}, relays=["relay1"])
    controller.play = {"awx_inventory_id": 3}
    found = published(controller, playbook)
    assert found is not None
    lost = ["ansible_ssh_common_args"]
    assert found["relays"] == {"relay1": {**PLAIN, "unpublished": lost}, "odd": {}}, "one not read may be a Relay"
    whole = {"run_id": "run-7", "inventory": "3", "complete": True, "count": 2}
    assert {name: found[name] for name in whole} == whole
    assert relay_hosts.given({relay_hosts.VARIABLE: found}) is not None


@pytest.mark.parametrize("why", [{"dsa_part_of_fleet": "true"}, {"dsm_relays_left_out": ["far (9)"]}], ids=repr)
def test_what_a_part_of_the_fleet_publishes_is_not_complete(controller: Controller, why: dict[str, t.Any]) -> None:
    controller.inventory({"web1": {}, "relay1": PLAIN}, relays=["relay1"])
    controller.play = why
    found = published(controller, "remediate_relays")
    assert found is not None
    assert (found["complete"], found["count"]) == (False, 1)


@pytest.mark.parametrize("playbook", ["gate", "remediate_agents", "report"])
def test_no_other_playbook_publishes_a_part(controller: Controller, playbook: str) -> None:
    controller.inventory({"web1": {}, "relay1": PLAIN}, relays=["relay1"])
    assert published(controller, playbook) is None


@pytest.mark.parametrize("value", ["{{ lookup('pipe', 'id') }}", "{% raw %}", "x" * 400, ["a"], {"a": 1}, 1.5])
def test_what_is_no_plain_value_is_neither_published_nor_taken(controller: Controller, value: object) -> None:
    controller.inventory({"web1": {}, "relay1": {"ansible_host": value}}, relays=["relay1"])
    found = published(controller, "remediate")
    assert found is not None
    assert found["relays"]["relay1"] == {"unpublished": ["ansible_host"]}
    assert given(made({"relay1": {"ansible_host": value}})) == {"relay1": {}}


@pytest.mark.parametrize(
    ("own", "every", "lost"),
    [
        (JUMP, {}, ["ansible_ssh_common_args"]),
        ({**JUMP, "ansible_ssh_common_args": "-J " + "x" * 400}, {}, ["ansible_ssh_common_args"]),
        ({"ansible_psrp_proxy": "http://proxy"}, {}, ["ansible_psrp_proxy"]),
        (JUMP, JUMP, []),  # the slices have it too
        ({"ansible_ssh_common_args": "-J other"}, JUMP, ["ansible_ssh_common_args"]),
        ({"ansible_ssh_args": ""}, {"ansible_ssh_args": "-C"}, []),
        ({"ansible_ssh_port": 2222}, {}, []),
        ({"ansible_port": "{{ x }}"}, {}, ["ansible_port"]),
    ],
    ids=["jump", "long", "proxy", "all", "other", "blank", "port", "template"],
)
def test_a_way_that_is_not_published_is_named(
    controller: Controller, own: dict[str, t.Any], every: dict[str, t.Any], lost: list[str]
) -> None:
    controller.inventory({"web1": every, "web2": every, "relay1": {**PLAIN, **own}}, relays=["relay1"])
    found = published(controller, "remediate_relays")
    assert found is not None
    assert found["relays"]["relay1"].get("unpublished", []) == lost


def test_a_relay_whose_way_is_not_published_is_not_read_and_no_agent_goes_first(controller: Controller) -> None:
    """At its address another host may answer where the slice is."""
    controller.inventory({"web1": {"dsa_relays": None}, "relay2": {}}, relays=["relay2"])
    value = made({"relay1": {**PLAIN, "unpublished": ["ansible_ssh_common_args"]}, "relay2": {}})
    controller.play = {"dsa_relay_hosts": value}
    assert controller.query("begin") == ["web1"]
    assert (controller.query("adding"), controller.query("lacking")) == ([], [])
    found = controller.begin("remediate_agents").fleet().hidden
    assert found is not None
    why = found.values["why"]
    assert isinstance(why, Message)
    assert why.code == "relay_way_unpublished"
    for text in ("relay1", "ansible_ssh_common_args", "without slices"):
        assert text in found.text
    assert controller.run().errors == []


def test_of_what_is_given_only_the_connection_is_taken() -> None:
    """No variable can make a Relay count as fixed."""
    lies = {**PLAIN, **SECRETS, "dsm_computer": {"agent": record(FIXED)}, "dsa_role": "agent", "__dsa_read": {}}
    value = made({"relay1": lies})
    for text in (value, json.dumps(value)):
        assert given(text) == {"relay1": PLAIN}


@pytest.mark.parametrize(
    "value",
    [
        ["relay1"],
        "relay1",
        {"relay1": PLAIN},  # of an earlier release
        made({"relay1": "x"}),
        made({"": {}}),
        made({"a\nb": {}}),
        made({"relay1": {}}, count=2),
        {**made({"relay1": {}}), "relays": ["relay1"]},
        made({"relay1": {}}, at="yesterday"),
        made({"relay1": {}}, at="2026-11-23T02:00:00"),
        made({"relay1": {}}, complete="perhaps"),
    ],
    ids=["list", "text", "shape", "no variables", "no name", "two lines", "count", "names", "time", "zone", "complete"],
)
def test_what_is_no_output_of_the_stage_is_refused(value: object) -> None:
    with pytest.raises(SettingsError, match="dsa_relay_hosts"):
        relay_hosts.given({relay_hosts.VARIABLE: value})


@pytest.mark.parametrize("value", [None, "", {}, made({"relay1": None})], ids=["none", "blank", "empty", "known"])
def test_an_empty_one_adds_nothing_that_is_known(controller: Controller, value: object) -> None:
    controller.inventory(["web1", "relay1"], relays=["relay1"])
    controller.play = {"dsa_relay_hosts": value}
    assert controller.query("begin") == ["web1"]
    assert (controller.query("adding"), controller.query("lacking")) == ([], [])


def test_relays_that_the_inventory_lacks_are_added_once_and_are_not_what_the_run_is_about(
    controller: Controller,
) -> None:
    controller.play = {"dsa_relay_hosts": made({"relay1": PLAIN, "web1": PLAIN})}
    assert controller.query("begin") == ["web1"]
    assert (controller.query("adding"), controller.query("lacking")) == (["web1"], ["relay1"])
    # What the task does; group_vars of the slice are not those of a host that is added.
    controller.inventory({"web1": {"dsa_gate": True}, "relay1": PLAIN}, relays=["relay1"])
    controller.hosts["relay1"].pop("dsa_report_path")
    assert controller.query("read", playbook="remediate_agents") == ["web1"]
    assert controller.query("relays_outside") == ["relay1"]
    assert controller.run().errors == []
    # An import behind it, in the same command.
    controller.play = {"dsa_relay_hosts": made({"relay1": PLAIN, "relay2": {}})}
    controller.query("begin")
    assert (controller.query("adding"), controller.query("lacking")) == (["web1"], ["relay2"])
    assert controller.query("read", playbook="remediate") == ["web1"]


def test_a_wrong_one_is_an_error_before_a_host_is_read(controller: Controller) -> None:
    controller.play = {"dsa_relay_hosts": "relay1"}
    assert (controller.query("begin"), controller.query("adding")) == (["web1"], [])
    assert controller.query("read", playbook="remediate") == []
    assert (controller.query("report"), controller.query("gate")) == (["web1"], ["web1"])
    assert controller.reported()["errors"][0].startswith("dsa_relay_hosts is 'relay1'")


# --- whether the inventory may lack Relays ----------------------------------------------------------------------------

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=timezone.utc)
LIST = made({"relay1": PLAIN}, at=NOW.isoformat(), inventory="3")
SLICE = {"awx_job_template_name": "DS: Agents", "awx_workflow_job_name": "DS: Agents"}
IN_WORKFLOW = {**SLICE, "awx_workflow_job_name": "DS: remediation"}


def hidden(stated: bool | None = None, added: t.Sequence[str] = (), **variables: t.Any) -> list[str]:
    """The code, and that of why."""
    groups = {"all": ["web1", "relay1"]}
    found = relay_hosts.hidden({"groups": groups, **variables}, stated, added, NOW)
    return [each.code for each in (found, found and found.values.get("why")) if isinstance(each, Message)]


@pytest.mark.parametrize(
    ("stated", "added", "variables"),
    [
        (None, [], {}),
        (None, [], IN_WORKFLOW),
        (None, [], {"awx_job_template_name": "DS: Agents"}),
        (False, [], SLICE),
        (None, [], {"dsa_relay_hosts": {**LIST, "complete": False}}),  # nothing is lacking
        (True, [], {"dsa_relay_hosts": LIST}),
        (None, ["relay1"], {"dsa_relay_hosts": LIST}),
        (None, [], {**SLICE, "dsa_relay_hosts": {**LIST, "complete": "true"}, "awx_inventory_id": 3}),
        (True, [], {"dsa_relay_hosts": {**LIST, "inventory": ""}, "awx_inventory_id": 4}),
        (True, [], {"dsa_relay_hosts": {**LIST, "at": (NOW - timedelta(hours=24)).isoformat()}}),
        (True, [], {"dsa_relay_hosts": made({}, at=NOW.isoformat())}),  # it has no Relays, and is known to have none
    ],
)
def test_the_whole_of_a_fleet_and_a_part_that_has_all_its_relays(
    stated: bool | None, added: list[str], variables: dict[str, t.Any]
) -> None:
    assert hidden(stated, added, **variables) == []


@pytest.mark.parametrize(
    ("stated", "added", "variables", "why"),
    [
        (True, [], {}, "relay_hosts_missing"),
        (True, [], {"dsa_relay_hosts": ""}, "relay_hosts_missing"),
        (None, [], SLICE, "relay_hosts_missing"),
        (True, [], {"dsa_relay_hosts": {**LIST, "complete": False}}, "relay_hosts_of_part"),
        (None, ["relay1"], {"dsa_relay_hosts": {**LIST, "complete": False}}, "relay_hosts_of_part"),
        (False, ["relay1"], {"dsa_relay_hosts": {**LIST, "complete": False}}, "relay_hosts_of_part"),
        (True, [], {"dsa_relay_hosts": LIST, "awx_inventory_id": 4}, "relay_hosts_of_other"),
        (True, [], {"dsa_relay_hosts": {**LIST, "at": (NOW - timedelta(hours=25)).isoformat()}}, "relay_hosts_old"),
        (True, [], {"dsa_relay_hosts": {**LIST, "at": (NOW + timedelta(hours=25)).isoformat()}}, "relay_hosts_old"),
        (True, [], {"dsa_relay_hosts": made({"x": {}}, at=NOW.isoformat())}, "relay_not_in_inventory"),
    ],
)
def test_a_part_of_a_fleet_that_may_lack_relays(
    stated: bool | None, added: list[str], variables: dict[str, t.Any], why: str
) -> None:
    assert hidden(stated, added, **variables) == ["relays_elsewhere", why]


@pytest.mark.parametrize("part", [{"dsa_part_of_fleet": "true"}, SLICE], ids=["setting", "AWX"])
def test_a_run_on_a_part_of_the_fleet(controller: Controller, part: dict[str, t.Any]) -> None:
    controller.inventory(["web1", "relay1"], relays=["relay1"])
    controller.play = part
    found = controller.begin("remediate_agents").fleet().hidden
    assert found is not None
    assert "run remediate_relays on the whole inventory" in found.text.lower()
    controller.play = {**part, "dsa_relay_hosts": made({"relay1": {}})}
    assert controller.run().fleet().hidden is None
