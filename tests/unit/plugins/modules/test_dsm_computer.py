# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One computer in the Manager: deleted, or given its settings back; never a wrong one, and never added."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.deep_security.remediation.plugins.doc_fragments._dsm import ModuleDocFragment
from ansible_collections.deep_security.remediation.plugins.modules import dsm_computer
from ansible_collections.deep_security.remediation.plugins.plugin_utils._record.manager import with_records
from tests.manager_stub.entry import Play, entry
from tests.manager_stub.stub import KEY, Answer, Asked, Stub, computer

CHECK = {"_ansible_check_mode": True}


class Fleet:
    """Computers of a Manager, which can be changed and deleted."""

    def __init__(self, *fleet: dict[str, Any]) -> None:
        self.fleet = {one["ID"]: one for one in fleet}
        self.refused: Answer | None = None
        self.lost = 0  # how many of the next answers to what was done get lost
        self.writes: list[Asked] = []

    def __call__(self, asked: Asked) -> Answer:
        if asked.headers.get("api-secret-key") != KEY:
            return Answer(401)
        if asked.path.startswith("/api/computers/search?"):
            after, most = asked.body["searchCriteria"][0]["idValue"], asked.body["maxItems"]
            return Answer(body={"computers": [self.fleet[n] for n in sorted(self.fleet) if n > after][:most]})
        self.writes.append(asked)
        if self.refused:
            return self.refused
        number = int(asked.path.partition("?")[0].rsplit("/", 1)[1])
        if number not in self.fleet:
            return Answer(404, {"message": "There is no such computer."})
        if asked.method == "DELETE":
            del self.fleet[number]
        else:
            self.fleet[number].update(asked.body)
        if self.lost:
            self.lost -= 1
            return Answer(503)
        return Answer(body=self.fleet[number]) if number in self.fleet else Answer(204, b"")


@pytest.fixture
def fleet(manager: Stub) -> Fleet:
    made = Fleet(*(computer(number) for number in range(1, 6)))
    manager.answer = made
    return made


@pytest.fixture
def play(
    manager: Stub, pem: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, fleet: Fleet
) -> Play:
    run = entry(dsm_computer, manager, pem, capsys, monkeypatch)
    return lambda arguments: with_records(run({"api_key": KEY, **arguments}))


@pytest.mark.parametrize("which", [{"id": 3}, {"name": "HOST3.example.com"}, {"name": "host 3"}, {"name": " Host 3 "}])
def test_deleting(play: Play, fleet: Fleet, which: dict[str, Any]) -> None:
    before = play({**which, "state": "present"})["computer"]
    result = play({**which, "state": "absent"})
    assert result["changed"] is True
    assert result["computer"] == before
    assert result["computer"]["policy_id"] == 12
    assert sorted(fleet.fleet) == [1, 2, 4, 5]
    assert [(asked.method, asked.path) for asked in fleet.writes] == [("DELETE", "/api/computers/3")]
    again = play({**which, "state": "absent"})
    assert (again["changed"], again["computer"]) == (False, None)
    assert len(fleet.writes) == 1


def test_deleting_in_check_mode(play: Play, fleet: Fleet) -> None:
    result = play({"id": 3, "state": "absent", **CHECK, "_ansible_diff": True})
    assert (result["changed"], result["computer"]["id"], fleet.writes) == (True, 3, [])
    assert result["diff"]["before"]["name"] == "host3.example.com"


def test_somebody_else_deletes_it_first(play: Play, fleet: Fleet) -> None:
    fleet.refused = Answer(404, {"message": "There is no such computer."})
    result = play({"id": 3, "state": "absent"})
    assert (result["changed"], result["computer"]["id"]) == (True, 3)


def test_some_other_server_does_not_look_like_a_computer_that_is_gone(manager: Stub, play: Play) -> None:
    manager.answer = lambda asked: Answer(404, b"<html>")
    result = play({"id": 3, "state": "absent"})
    assert result["failed"]
    assert "it is no Deep Security Manager" in result["msg"]


@pytest.mark.parametrize("state", ["absent", "present"])
def test_two_computers_with_the_same_name(play: Play, fleet: Fleet, state: str) -> None:
    fleet.fleet[9] = computer(9, hostName="host3.example.com")
    fleet.fleet[10] = computer(10, displayName="HOST3.EXAMPLE.COM")
    result = play({"name": "host3.example.com", "state": state})
    assert "3 computers of the Manager are called host3.example.com" in result["msg"]
    assert all(text in result["msg"] for text in ("3 (", "9 (", "10 (", "by id"))
    assert fleet.writes == []
    assert play({"id": 9, "state": "absent"})["changed"]
    assert 3 in fleet.fleet


def test_many_computers_with_the_same_name_make_no_endless_message(play: Play, fleet: Fleet) -> None:
    fleet.fleet = {number: computer(number, displayName="clone") for number in range(1, 31)}
    assert "and 20 more. Name the right one by id" in play({"name": "clone", "state": "absent"})["msg"]


def test_a_host_name_that_is_also_the_display_name_is_one_computer(play: Play, fleet: Fleet) -> None:
    fleet.fleet[3]["displayName"] = fleet.fleet[3]["hostName"]
    assert play({"name": "host3.example.com"})["computer"]["id"] == 3


def test_a_name_that_looks_like_an_id(play: Play, fleet: Fleet) -> None:
    gone = play({"name": "3", "state": "absent"})
    assert (gone["changed"], gone["computer"], fleet.writes) == (False, None, [])
    assert "takes a name for no ID" in play({"name": "3"})["msg"]
    fleet.fleet[5]["displayName"] = "3"
    assert play({"name": "3", "state": "absent"})["computer"]["id"] == 5
    assert 3 in fleet.fleet


def test_an_id_that_is_gone_while_a_higher_one_is_there(play: Play, fleet: Fleet) -> None:
    del fleet.fleet[3]
    assert play({"id": 3, "state": "absent"})["changed"] is False
    assert sorted(fleet.fleet) == [1, 2, 4, 5]


@pytest.mark.parametrize("which", [{"id": 77}, {"name": "nobody"}])
def test_a_computer_is_never_added(play: Play, fleet: Fleet, which: dict[str, Any]) -> None:
    result = play({**which, "policy_id": 1})
    assert result["failed"]
    assert "activate the agent, which registers itself" in result["msg"]
    assert fleet.writes == []


GIVEN = {"policy_id": 4, "group_id": 0, "relay_group_id": 2, "display_name": "数据库", "relay": True}
SENT = {
    "policyID": 4,
    "groupID": 0,
    "relayListID": 2,
    "displayName": "数据库",
    "computerSettings": {"platformSettingRelayState": {"value": "true"}},
}


def test_settings_are_given_back_with_one_request(play: Play, fleet: Fleet) -> None:
    fleet.fleet[2]["groupID"] = 2
    result = play({"id": 2, **GIVEN, "_ansible_diff": True})
    assert result["changed"] is True
    assert [asked.body for asked in fleet.writes] == [SENT]
    assert [asked.path.partition("?")[0] for asked in fleet.writes] == ["/api/computers/2"]
    assert "expand=computerSettings" in fleet.writes[0].path
    assert {name: result["computer"][name] for name in GIVEN if name != "relay"} == {
        name: value or None if name != "group_id" else value for name, value in GIVEN.items() if name != "relay"
    }
    assert result["computer"]["agent"]["relay"]["enabled"] is True
    assert (result["before"]["policy_id"], result["before"]["agent"]["relay"]["enabled"]) == (12, False)
    assert result["diff"]["after"] == GIVEN
    assert result["diff"]["before"]["policy_id"] == 12
    again = play({"id": 2, **GIVEN})
    assert again["changed"] is False
    assert len(fleet.writes) == 1
    assert again["requests"]["sent"] == 1


def test_check_mode_predicts_what_a_run_returns(play: Play, fleet: Fleet) -> None:
    predicted = play({"id": 2, **GIVEN, **CHECK})
    assert fleet.writes == []
    assert predicted["changed"] is True
    done = play({"id": 2, **GIVEN})
    assert predicted["computer"] == done["computer"]
    assert predicted["before"] == done["before"]


@pytest.mark.parametrize("option", sorted(GIVEN))
def test_only_what_is_different_is_sent(play: Play, fleet: Fleet, option: str) -> None:
    fleet.fleet[2].update(groupID=2)
    play({"id": 2, option: GIVEN[option]})
    assert [len(asked.body) for asked in fleet.writes] == [1]


def test_nothing_given_changes_nothing(play: Play, fleet: Fleet) -> None:
    result = play({"id": 2})
    assert (result["changed"], fleet.writes) == (False, [])
    assert result["computer"] == result["before"]


@pytest.mark.parametrize("field", ["policyID", "groupID", "relayListID"])
def test_none_of_the_manager_is_none(play: Play, fleet: Fleet, field: str) -> None:
    fleet.fleet[2][field] = None
    option = next(option for option, (name, dummy) in dsm_computer.FIELDS.items() if name == field)
    assert play({"id": 2, option: 0})["changed"] is False


def test_a_relay_state_that_is_not_known_is_not_changed(play: Play, fleet: Fleet) -> None:
    fleet.fleet[2]["computerSettings"] = {"platformSettingRelayState": {"value": "Enabled"}}
    for wanted in (True, False):
        result = play({"id": 2, "relay": wanted})
        assert result["failed"]
        assert "'Enabled'" in result["msg"]
        assert "relay_states" in result["msg"]
    assert fleet.writes == []
    words = {"Enabled": True, "Disabled": "no"}
    assert play({"id": 2, "relay": True, "relay_states": words})["changed"] is False
    assert play({"id": 2, "relay": False, "relay_states": words})["changed"] is True
    assert fleet.writes[0].body == {"computerSettings": {"platformSettingRelayState": {"value": "Disabled"}}}


def test_relay_states_without_the_word(play: Play, fleet: Fleet) -> None:
    assert "has no value that means true" in play({"id": 2, "relay": True, "relay_states": {"false": False}})["msg"]
    assert "relay_states" in play({"id": 2, "relay": True, "relay_states": {"on": "perhaps"}})["msg"]
    assert fleet.writes == []


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({}, "one of the following is required"),
        ({"id": 1, "name": "host 1"}, "mutually exclusive"),
        ({"id": 0}, "id is 0"),
        ({"id": -1, "state": "absent"}, "id is -1"),
        ({"name": " "}, "name is empty"),
        ({"id": 1, "policy_id": -2}, "policy_id is -2"),
        ({"id": 1, "state": "absent", "policy_id": 2, "relay": False}, "policy_id, relay cannot be set"),
    ],
)
def test_options_that_make_no_sense(manager: Stub, play: Play, arguments: dict[str, Any], text: str) -> None:
    result = play(arguments)
    assert result["failed"]
    assert text in result["msg"]
    assert manager.asked == []


@pytest.mark.parametrize("arguments", [{"state": "absent"}, {"policy_id": 1}])
def test_a_key_that_may_only_read(play: Play, fleet: Fleet, arguments: dict[str, Any]) -> None:
    fleet.refused = Answer(403, {"message": "Not allowed."})
    result = play({"id": 2, **arguments})
    assert result["failed"]
    assert "Full Access" in result["msg"]
    assert KEY not in result["msg"]
    assert play({"id": 2, **arguments, **CHECK})["changed"] is True


def test_a_policy_that_is_not_there(play: Play, fleet: Fleet) -> None:
    fleet.refused = Answer(400, {"message": "policyID 99 does not exist"})
    assert "policyID 99 does not exist" in play({"id": 2, "policy_id": 99})["msg"]


def test_an_answer_about_another_computer(play: Play, fleet: Fleet) -> None:
    fleet.refused = Answer(200, {"ID": 3})
    assert "it is not that computer" in play({"id": 2, "policy_id": 99})["msg"]


def test_a_change_whose_answer_was_lost_is_sent_again(
    play: Play, fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    fleet.lost = 1
    result = play({"id": 2, "policy_id": 7, "retries": 1})
    assert (result["changed"], result["computer"]["policy_id"]) == (True, 7)
    fleet.lost = 1
    result = play({"id": 2, "state": "absent", "retries": 1})
    assert (result["changed"], result["requests"]["retried"]) == (True, 1)
    assert 2 not in fleet.fleet


def test_everything_is_documented() -> None:
    assert set(yaml.safe_load(dsm_computer.RETURN)) == {"computer", "before", "requests"}
    options = yaml.safe_load(dsm_computer.DOCUMENTATION)["options"]
    assert (
        options["relay_states"]["default"]
        == yaml.safe_load(ModuleDocFragment.RECORD)["options"]["relay_states"]["default"]
    )
    assert set(dsm_computer.FIELDS) < set(options)
