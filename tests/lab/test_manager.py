# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Manager's simulator: its faults, what it shares with the lab's hosts, and that it scales."""

from __future__ import annotations

import email.utils
import json
import re
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import yaml

from lab.fleet import FleetError, build_fleet
from lab.manager import synthetic
from lab.manager.api import FULL_ACCESS, Api
from lab.manager.events import Events
from lab.manager.hosts import Hosts
from lab.manager.options import Options
from lab.manager.server import Server
from lab.manager.store import OFFLINE, ONLINE, Computer, Store
from lab.manager.tasks import Tasks
from lab.manager.web import Answer, Request
from tests.lab.lab_fleet import Lab
from tests.lab.manager_client import ManagerClient, Said, manager_alone, update_task

FIXED, AFFECTED = "20.0.2-1390", "20.0.0-4416"
ALONE: dict[str, Any] = {
    "packages": [FIXED],
    "manager": {"computers": 200, "groups": 4, "update_seconds": 0.2, "task_seconds": 0.1, "page_limit": 100},
    "hosts": {"relay1": {"role": "relay", "build": FIXED}, "web1": {"build": AFFECTED}},
}
SHARED: dict[str, Any] = {
    "packages": [FIXED],
    "manager": {"heartbeat_seconds": 0.1},
    "hosts": {
        "relay1": {"role": "relay", "build": AFFECTED, "distribution": {"id": "ubuntu", "version": "22.04"}},
        "web1": {"build": FIXED, "patterns": "old", "uses": []},
        "win1": {"os": "windows", "release": "2019", "build": "20.0.2-1390", "patterns": "old", "uses": []},
    },
}
for about in SHARED["hosts"].values():
    about["update_seconds"] = 0
CONTROL = "/opt/ds_agent/dsa_control "


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ManagerClient]:
    with manager_alone(tmp_path_factory.mktemp("manager"), ALONE) as client:
        yield client


@pytest.fixture
def manager(alone: ManagerClient) -> Iterator[ManagerClient]:
    """A Manager without faults."""
    yield alone
    assert alone.raw("DELETE", "/lab/faults").body == {}


def page(manager: ManagerClient, after: int, size: int = 5000, expand: str = "none") -> Said:
    body = {"maxItems": size, "searchCriteria": [{"idTest": "greater-than", "idValue": after}]}
    return manager.api("POST", f"computers/search?expand={expand}", body)


def agent_tasks(manager: ManagerClient, number: int) -> list[str]:
    found: list[str] = manager.api("GET", f"computers/{number}?expand=tasks").body["tasks"]["agentTasks"]
    return found


def version(manager: ManagerClient, headers: Mapping[str, str]) -> str:
    return str(manager.raw("GET", "/api/computers/1", headers=headers).body["agentVersion"])


def ids(said: Said) -> list[int]:
    return [one["ID"] for one in said.body["computers"]]


# Keys, pages and searches


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 400),
        ({"api-version": "v2", "api-secret-key": "KEY"}, 400),
        ({"api-version": "v1"}, 401),
        ({"api-version": "v1", "api-secret-key": "wrong"}, 401),
        ({"api-version": "v1", "Authorization": "ApiKey KEY"}, 401),
        ({"api-version": "v1", "api-secret-key": "KEY"}, 200),
    ],
)
def test_keys(manager: ManagerClient, headers: dict[str, str], status: int) -> None:
    real = {name: value.replace("KEY", manager.about["api_key"]) for name, value in headers.items()}
    said = manager.raw("GET", "/api/apikeys/current", headers=real)
    assert said.status == status
    assert "message" in said.body if status != 200 else said.body["roleID"] == 2


def test_an_auditor_reads_only(manager: ManagerClient) -> None:
    key = manager.about["auditor_key"]
    assert manager.api("POST", "computers/search", {}, key).status == 200
    assert manager.api("DELETE", "computers/3", None, key).status == 403
    assert manager.api("POST", "scheduledtasks", update_task({"type": "all-computers"}), key).status == 403
    assert manager.api("GET", "computers/3").status == 200


def test_pages(manager: ManagerClient) -> None:
    first = ids(page(manager, 0))
    assert first == list(range(1, 101)), "not the page limit"
    assert ids(page(manager, 100, 30)) == list(range(101, 131))
    assert ids(page(manager, 202)) == []


@pytest.mark.parametrize(
    ("criterion", "found"),
    [
        ({"idTest": "equal", "idValue": 7}, [7]),
        ({"idTest": "less-than-or-equal", "idValue": 2}, [1, 2]),
        ({"fieldName": "hostName", "stringTest": "equal", "stringValue": "web1"}, [2]),
        ({"fieldName": "hostName", "stringValue": "%eb_", "stringWildcards": True}, [2]),
        ({"fieldName": "platform", "stringValue": "AIX%", "stringWildcards": True}, [10, 20, 30]),
        ({"fieldName": "groupID", "numericTest": "greater-than", "numericValue": 5}, [153, 154, 155]),
        ({"fieldName": "agentVersion", "versionTest": "greater-than", "versionValue": "20.0.2"}, [1, 20, 21]),
    ],
)
def test_searches(manager: ManagerClient, criterion: dict[str, Any], found: list[int]) -> None:
    said = manager.api("POST", "computers/search?expand=none", {"maxItems": 3, "searchCriteria": [criterion]})
    assert ids(said)[: len(found)] == found and len(ids(said)) == len(found)


@pytest.mark.parametrize(
    "body",
    [
        {"searchCriteria": [{"fieldName": "nonsense", "stringValue": "x"}]},
        {"searchCriteria": [{"idTest": "near", "idValue": 1}]},
        {"searchCriteria": {}},
        {"maxItems": -1},
    ],
)
def test_searches_that_are_wrong(manager: ManagerClient, body: dict[str, Any]) -> None:
    assert manager.api("POST", "computers/search", body).status == 400


def test_expand(manager: ManagerClient) -> None:
    assert "computerStatus" not in manager.api("GET", "computers/1?expand=none").body
    one = manager.api("GET", "computers/1?expand=securityUpdates&expand=tasks").body
    assert one["securityUpdates"]["updateStatus"]["status"] == "active"
    assert [item["latest"] for item in one["securityUpdates"]["antiMalware"]] == [True] * 6
    assert one["tasks"]["agentTasks"] == [] and "computerSettings" not in one
    whole = manager.api("GET", "computers/1").body
    assert whole["computerSettings"]["platformSettingRelayState"] == {"value": "true"}
    assert whole["antiMalware"]["moduleStatus"]["agentStatus"] == "active"
    assert set(manager.api("GET", "computers/1?overrides=true").body["computerSettings"]) == {
        "platformSettingRelayState"
    }
    assert manager.api("GET", "computers/1?expand=everything").status == 400


def test_a_computer_is_changed_and_deleted(manager: ManagerClient) -> None:
    said = manager.api("POST", "computers/150?expand=none", {"displayName": "Ä", "policyID": 2, "relayListID": 3})
    assert (said.body["displayName"], said.body["policyID"], said.body["relayListID"]) == ("Ä", 2, 3)
    assert manager.api("POST", "computers/150", {"groupID": 99}).status == 400
    path = "computers/150/settings/platformSettingRelayState"
    assert manager.api("GET", path).body == {"value": "false"}
    assert manager.api("POST", path, {"value": "yes"}).status == 400
    assert manager.api("DELETE", "computers/151").status == 204
    assert manager.api("DELETE", "computers/151").status == 404
    assert manager.api("GET", "computers/151").status == 404


def test_names_of_groups_and_policies(manager: ManagerClient) -> None:
    found = manager.api(
        "POST", "computergroups/search", {"searchCriteria": [{"fieldName": "name", "stringValue": "Relays"}]}
    )
    (group,) = found.body["computerGroups"]
    assert manager.computers()["relay1"]["groupID"] == group["ID"]
    assert "Linux Server" in [policy["name"] for policy in manager.api("GET", "policies").body["policies"]]


# Updates


def test_one_task_updates_a_group(manager: ManagerClient) -> None:
    before = {one["ID"]: one for one in page(manager, 40, 20, "securityUpdates").body["computers"]}
    group = before[45]["groupID"]
    first = len(events(manager))
    said = manager.update({"type": "computers-in-group", "computerGroupID": group})
    assert said.body["lastRunTime"] and "runNow" not in said.body
    manager.wait("update", lambda: agent_tasks(manager, 45) == [])
    for number, was in before.items():
        now = manager.api("GET", f"computers/{number}?expand=securityUpdates").body
        if now["groupID"] != group or now["agentFingerPrint"] is None:
            continue
        words = now["securityUpdates"]["updateStatus"]["status"]
        if was["securityUpdates"]["updateStatus"]["status"] == "active":
            assert words == "active"
        # Nothing here was fixed since, so that nothing changed.
        assert now["securityUpdates"]["lastChanged"] == was["securityUpdates"]["lastChanged"]
        assert words in ("active", "error") or now["ID"] == 52, "52 is offline"
    new = events(manager)[first:]
    assert {event["eventID"] for event in new} == {"273", "2204", "2205"}
    failed = next(event for event in new if event["eventID"] == "2205")
    assert re.search(r"9017.*-24.*IAURELAY_STATUS_DIGITAL_SIGNATURE_CERT_EXPIRE", failed["description"], re.DOTALL)
    manager.wait("removal", lambda: manager.api("GET", f"scheduledtasks/{said.body['ID']}").status == 404)


@pytest.mark.parametrize(
    "change",
    [
        {"type": "scheduled-agent-upgrade"},
        {"name": ""},
        {"scheduleDetails": None},
        {"checkForSecurityUpdatesTaskParameters": {"computerFilter": {"type": "computer", "computerID": 9999}}},
        {"checkForSecurityUpdatesTaskParameters": {"computerFilter": {"type": "some"}}},
        {"checkForSecurityUpdatesTaskParameters": None},
    ],
)
def test_tasks_that_are_wrong(manager: ManagerClient, change: dict[str, Any]) -> None:
    before = manager.state()["tasks"]
    assert manager.api("POST", "scheduledtasks", {**update_task({"type": "all-computers"}), **change}).status == 400
    assert manager.state()["tasks"] == before


def test_the_name_of_a_task_is_its_own(manager: ManagerClient) -> None:
    task = update_task({"type": "computer", "computerID": 1}, name="twice", enabled=False, runNow=False)
    first = manager.api("POST", "scheduledtasks", task)
    assert manager.api("POST", "scheduledtasks", task).status == 400
    found = manager.api(
        "POST", "scheduledtasks/search", {"searchCriteria": [{"fieldName": "name", "stringValue": "twice"}]}
    )
    assert [one["ID"] for one in found.body["scheduledTasks"]] == [first.body["ID"]]
    assert manager.api("POST", f"scheduledtasks/{first.body['ID']}", {"runNow": True}).body["lastRunTime"]
    assert manager.api("DELETE", f"scheduledtasks/{first.body['ID']}").status == 204


# The legacy interface


def soap(manager: ManagerClient, session: str, operation: str = "systemEventRetrieve2", above: int = 0) -> Said:
    text = (
        '<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
        f'<{operation} xmlns="urn:Manager"><timeFilter><type>LAST_24_HOURS</type></timeFilter>'
        "<hostFilter><type>ALL_HOSTS</type></hostFilter>"
        f"<eventIdFilter><id>{above}</id><operator>GREATER_THAN</operator></eventIdFilter>"
        f"<includeNonHostEvents>false</includeNonHostEvents><sID>{session}</sID></{operation}></s:Body></s:Envelope>"
    )
    headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}
    return manager.raw("POST", "/webservice/Manager", text.encode(), headers)


def login(manager: ManagerClient, password: str | None = None) -> Said:
    given = {"userName": manager.about["username"], "password": password or manager.about["password"]}
    return manager.raw("POST", "/rest/authentication/login/primary", json.dumps({"dsCredentials": given}).encode())


def events(manager: ManagerClient) -> list[dict[str, str]]:
    """All system events, page by page."""
    session, above, found = login(manager).body.decode(), 0, []
    while True:
        text = soap(manager, session, above=above).body.decode()
        items = re.findall(r"<item>(.*?)</item>", text, re.DOTALL)
        found += [dict(re.findall(r"<(\w+)>(.*?)</\1>", item, re.DOTALL)) for item in items]
        if "<truncated>true" not in text:
            break
        above = int(found[-1]["systemEventID"])
    manager.raw("DELETE", f"/rest/authentication/logout?sID={session}")
    return found


def test_sessions_and_faults_of_soap(manager: ManagerClient) -> None:
    assert manager.raw("GET", "/rest/managerInfo/version").body == b"20.0.737"
    assert login(manager, "wrong").status == 401
    before = manager.state()["sessions"]
    session = login(manager).body.decode()
    assert manager.state()["sessions"] == before + 1
    assert soap(manager, session).status == 200
    unknown = soap(manager, session, "hostRetrieveAll")
    assert unknown.status == 500 and b"Fault" in unknown.body
    assert manager.raw("DELETE", f"/rest/authentication/logout?sID={session}").status == 200
    assert manager.state()["sessions"] == before
    ended = soap(manager, session)
    assert ended.status == 500 and b"ManagerAuthenticationException" in ended.body


def test_soap_off(manager: ManagerClient) -> None:
    session = login(manager).body.decode()
    manager.arm(soap_off=True)
    assert soap(manager, session).status == 404
    manager.raw("DELETE", "/lab/faults")
    path = "systemsettings/platformSettingApiSoapWebServiceEnabled"
    assert manager.api("GET", path).body == {"value": "true"}
    manager.api("POST", path, {"value": "false"})
    assert soap(manager, session).status == 404
    manager.api("POST", path, {"value": "true"})
    assert soap(manager, session).status == 200


# Faults


def test_storm_and_server_errors(manager: ManagerClient) -> None:
    manager.arm(storm=2)
    answers = [manager.api("GET", "apikeys/current") for dummy in range(3)]
    assert [said.status for said in answers] == [429, 429, 200]
    assert answers[0].headers["retry-after"] == "1"
    manager.arm(server_errors=1)
    assert [manager.api("GET", "apikeys/current").status for dummy in range(2)] == [500, 200]


def test_rate_limit(manager: ManagerClient) -> None:
    manager.arm(rate_limit=2)
    statuses = [manager.api("GET", "apikeys/current") for dummy in range(3)]
    assert [said.status for said in statuses] == [200, 200, 429]
    assert 0 < int(statuses[-1].headers["retry-after"]) <= 60


def test_truncated(manager: ManagerClient) -> None:
    manager.arm(truncated=1)
    with pytest.raises(HTTPException):
        manager.api("GET", "policies")
    assert manager.api("GET", "policies").status == 200


def test_slow_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr("lab.manager.server.time.sleep", slept.append)
    server = SimpleNamespace(store=Store(Options(faults={"slow_pages": 7})), answer=lambda _request: Answer(200))
    for path, waits in (("/api/apikeys/current", []), ("/api/computers/search", [7.0]), ("/api/computers", [7.0])):
        slept.clear()
        assert Server.decide(cast(Server, server), Request("GET", path, {}, b"")).status == 200
        assert slept == waits, path


def test_deleted_between_pages(manager: ManagerClient) -> None:
    manager.arm(deleted_between_pages=[198, 199])
    assert ids(page(manager, 190, 5)) == [191, 192, 193, 194, 195]
    assert ids(page(manager, 195, 5)) == [196, 197, 200, 201, 202]


def test_clock_skew(manager: ManagerClient) -> None:
    manager.arm(clock_skew=-86400)
    task = manager.update({"type": "computer", "computerID": 1})
    date = email.utils.parsedate_to_datetime(task.headers["date"]).timestamp()
    assert abs(date - time.time() + 86400) < 30
    assert abs(task.body["lastRunTime"] / 1000 - date) < 30


def test_expired_certificate(manager: ManagerClient) -> None:
    manager.arm(expired_certificate=True)
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        manager.api("GET", "policies")
    blind = ssl.create_default_context(cafile=manager.about["ca_path"])
    blind.check_hostname, blind.verify_mode = False, ssl.CERT_NONE
    connection = manager.connect()
    connection._context = blind  # type: ignore[attr-defined]
    connection.request("DELETE", "/lab/faults?name=expired_certificate")
    assert connection.getresponse().status == 200
    assert manager.api("GET", "policies").status == 200


def test_lost_answer(manager: ManagerClient) -> None:
    manager.arm(lost_answer=1)
    task = update_task({"type": "computer", "computerID": 1}, name="lost", runNow=False)
    with pytest.raises((HTTPException, OSError)):
        manager.api("POST", "scheduledtasks", task)
    (there,) = [one for one in manager.api("GET", "scheduledtasks").body["scheduledTasks"] if one["name"] == "lost"]
    assert manager.api("DELETE", f"scheduledtasks/{there['ID']}").status == 204


def test_updates_never_finish_and_tasks_stay(manager: ManagerClient) -> None:
    """An update that was asked for later, without the fault, has finished."""
    manager.arm(updates_never_finish=True, task_not_removed=True)
    task = manager.update({"type": "computer", "computerID": 120}).body["ID"]
    manager.raw("DELETE", "/lab/faults?name=updates_never_finish")
    manager.update({"type": "computer", "computerID": 121})
    manager.wait("update", lambda: agent_tasks(manager, 121) == [])
    assert agent_tasks(manager, 120) != []
    assert manager.api("GET", f"scheduledtasks/{task}").status == 200


def test_faults_that_are_none(manager: ManagerClient) -> None:
    for faults in ({"nonsense": 1}, {"storm": "many"}, {"expired_certificate": False}, {"storm": True}):
        said = manager.raw("POST", "/lab/faults", json.dumps(faults).encode())
        assert said.status == 400 and "allowed" in said.body["message"]


# What a fleet may say


@pytest.mark.parametrize(
    ("manager_key", "host", "wrong"),
    [
        ({"nonsense": 1}, {}, "nonsense"),
        ({"faults": {"storm": "x"}}, {}, "storm"),
        ({"version": 20.0}, {}, "version"),
        ({"computers": -1}, {}, "computers"),
        ([], {}, "mapping"),
        ({}, {"manager": {"colour": "red"}}, "colour"),
        ({}, {"manager": {"kind": "toaster"}}, "kind"),
    ],
)
def test_wrong_fleets(manager_key: Any, host: dict[str, Any], wrong: str) -> None:
    with pytest.raises(FleetError, match=wrong):
        build_fleet({"manager": manager_key, "hosts": {"a": {"build": FIXED, **host}}})


def test_without_the_key_nothing_is_known_of_a_manager() -> None:
    assert build_fleet({"hosts": {"a": {}}}).manager is None
    with pytest.raises(FleetError, match="manager"):
        build_fleet({"hosts": {"a": {"manager": {"group": "x"}}}})


def test_what_the_manager_says_of_a_host_may_differ(tmp_path: Path) -> None:
    hosts = {
        "dsva": {"build": "20.0.0-6313", "manager": {"kind": "appliance"}},
        "odd": {"build": FIXED, "manager": {"relay": "Ja", "display_name": "Odd one", "group": "Web", "policy": "Own"}},
        "bare": {"role": "none"},
        "new": {"build": FIXED, "activated": False},
    }
    with manager_alone(tmp_path, {"manager": None, "hosts": hosts}) as manager:
        computers = manager.computers()
        assert set(computers) == {"dsva", "odd"}
        dsva, odd = computers["dsva"], computers["odd"]
        assert dsva["platform"] == "Deep Security Virtual Appliance"
        assert dsva["agentFingerPrint"] is None and dsva["applianceFingerPrint"] and dsva["lastApplianceCommunication"]
        assert dsva["computerStatus"]["applianceStatusMessages"] == ["Managed (Online)"]
        assert odd["computerSettings"]["platformSettingRelayState"]["value"] == "Ja"
        assert odd["displayName"] == "Odd one"
        assert manager.api("GET", f"computergroups/{odd['groupID']}").body["name"] == "Web"
        assert manager.api("GET", f"policies/{odd['policyID']}").body["name"] == "Own"


# Hosted, and big


def test_hosted(tmp_path: Path) -> None:
    fleet = {"packages": [FIXED], "manager": {"hosted": True, "computers": 20, "update_seconds": 0.1}}
    with manager_alone(tmp_path, fleet) as manager:
        assert manager.api("GET", "policies").status == 401
        headers = {"Authorization": f"ApiKey {manager.about['api_key']}", "api-version": "v1"}
        assert manager.raw("GET", "/api/policies", headers=headers).status == 200
        assert manager.raw("GET", "/rest/managerInfo/version").status == 404
        assert soap(manager, "x").status == 404
        task = {
            **update_task({}, type="scheduled-agent-upgrade"),
            "scheduledAgentUpgradeTaskParameters": {"computerFilter": {"type": "all-computers"}},
        }
        assert manager.raw("POST", "/api/scheduledtasks", json.dumps(task).encode(), headers).status == 200
        manager.wait("upgrade", lambda: version(manager, headers) == "20.0.2.1390")


def test_hosted_upgrades_a_linux_host(tmp_path: Path) -> None:
    fleet = {
        "packages": [FIXED],
        "manager": {"hosted": True},
        "hosts": {"web1": {"build": AFFECTED, "self_protection": True}},
    }
    with in_lab(tmp_path, fleet) as (lab, manager):
        task = {
            **update_task({}, type="scheduled-agent-upgrade"),
            "scheduledAgentUpgradeTaskParameters": {"computerFilter": {"type": "all-computers"}},
        }
        headers = {"Authorization": f"ApiKey {manager.about['api_key']}", "api-version": "v1"}
        assert manager.raw("POST", "/api/scheduledtasks", json.dumps(task).encode(), headers).status == 200
        lab.wait_for("web1", "package_installed")
        manager.wait("upgrade", lambda: version(manager, headers) == "20.0.2.1390")
        status = lab.status("web1")
        assert (status["running_build"], status["self_protection"]) == (FIXED, True)
    with pytest.raises(ConnectionRefusedError):
        manager.state()  # it ended with its lab


class Counted(dict[int, Computer]):
    """Counts how often one of them is looked up."""

    looked_up = 0

    def __getitem__(self, number: int) -> Computer:
        self.looked_up += 1
        return super().__getitem__(number)


def test_a_page_costs_what_is_on_it_however_many_computers_there_are() -> None:
    store = Store(Options(page_limit=500))
    synthetic.fill(store, 5_000, 100)
    counted = store.computers = Counted(store.computers)
    api = Api(store, Tasks(store, Events()), {"key": FULL_ACCESS})
    headers = {"api-secret-key": "key", "api-version": "v1"}
    after, pages = 0, []
    while True:
        body = {"searchCriteria": [{"idTest": "greater-than", "idValue": after}]}
        counted.looked_up = 0
        answer = api.answer(Request("POST", "/api/computers/search?expand=none", headers, json.dumps(body).encode()))
        found = [one["ID"] for one in json.loads(answer.data)["computers"]]
        if not found:
            break
        assert counted.looked_up <= len(found) + 1, "it walked over computers of other pages"
        after = found[-1]
        pages.append(found)
    assert len(pages) == 10 and [one for page in pages for one in page] == list(range(1, 5_001))


# With the lab's hosts


@contextmanager
def in_lab(folder: Path, fleet: dict[str, Any]) -> Iterator[tuple[Lab, ManagerClient]]:
    lab = Lab(folder / "run")
    with lab.up(fleet, "--skip-unavailable"):
        yield lab, ManagerClient(lab.folder)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Lab, ManagerClient]]:
    with in_lab(tmp_path_factory.mktemp("shared"), SHARED) as both:
        yield both


def heartbeat(manager: ManagerClient, name: str) -> None:
    """Wait for the next one of that host."""

    def last() -> int:
        return int(manager.computers()[name]["lastAgentCommunication"])

    before = last()
    manager.wait("heartbeat", lambda: last() > before)


def updates(manager: ManagerClient, name: str) -> tuple[str, bool]:
    found = manager.computers()[name]["securityUpdates"]
    return found["updateStatus"]["status"], found["antiMalware"][0]["latest"]


def test_files_for_ansible(shared: tuple[Lab, ManagerClient]) -> None:
    lab, manager = shared
    inventory = yaml.safe_load((lab.folder / "dsm.yml").read_text(encoding="utf-8"))
    assert inventory["plugin"] == "deep_security.remediation.dsm"
    variables = yaml.safe_load((lab.folder / "manager-vars.yml").read_text(encoding="utf-8"))
    assert variables["dsm_url"] == inventory["url"] == manager.about["url"]
    assert "dsm_url" not in (lab.folder / "vars.yml").read_text(encoding="utf-8")
    for name in ("dsm.yml", "manager-vars.yml", "manager.json", "manager.pem"):
        assert (lab.folder / name).stat().st_mode & 0o077 == 0, name


def test_the_hosts_are_its_computers(shared: tuple[Lab, ManagerClient]) -> None:
    lab, manager = shared
    computers = manager.computers()
    assert set(computers) == set(lab.hosts())
    assert computers["relay1"]["ID"] == 1 and computers["relay1"]["platform"] == "Ubuntu Linux 22 (64 bit)"
    assert computers["relay1"]["agentVersion"] == "20.0.0.4416"
    assert computers["relay1"]["computerSettings"]["platformSettingRelayState"]["value"] == "true"
    assert computers["web1"]["computerSettings"]["platformSettingRelayState"]["value"] == "false"
    heartbeat(manager, "web1")
    if "win1" in computers:
        assert computers["win1"]["platform"] == "Microsoft Windows Server 2019 (64 bit)"


def test_a_download_is_the_lab_s_package(shared: tuple[Lab, ManagerClient]) -> None:
    lab, manager = shared
    said = manager.raw("GET", "/software/agent/Ubuntu_22.04/x86_64/20.0.2.1390/agent.deb")
    assert said.body == next((lab.folder / "packages").glob("*Ubuntu_22.04*")).read_bytes()
    assert manager.raw("GET", "/software/agent/Ubuntu_22.04/x86_64/agent.deb").body == said.body
    for path in ("Ubuntu_22.04/x86_64/20.0.0.1/agent.deb", "RedHat_EL8/x86_64/20.0.2.1390/agent.rpm", "x"):
        nothing = manager.raw("GET", f"/software/agent/{path}")
        assert (nothing.status, nothing.body) == (200, b"")


@pytest.mark.parametrize("name", ["web1", "win1"])
def test_a_task_updates_the_host(shared: tuple[Lab, ManagerClient], name: str) -> None:
    lab, manager = shared
    lab.need(name)
    before = manager.computers()[name]
    assert updates(manager, name) == ("warning", False)
    manager.update({"type": "computer", "computerID": before["ID"]})
    lab.wait_for(name, "security_update_succeeded")
    assert len(lab.journal(name, "security_update_requested")) == 1
    assert lab.status(name)["patterns_current"] is True
    manager.wait("success", lambda: updates(manager, name) == ("active", True))
    after = manager.computers()[name]
    assert after["securityUpdates"]["lastChanged"] > before["securityUpdates"]["lastChanged"]
    assert after["tasks"]["agentTasks"] == []
    mine = [event["eventID"] for event in events(manager) if event["target"] == name]
    assert mine == ["273", "2204"]


def test_an_upgrade_shows_after_a_heartbeat_and_an_affected_host_fails_until_then(
    shared: tuple[Lab, ManagerClient],
) -> None:
    lab, manager = shared
    number = manager.computers()["relay1"]["ID"]
    manager.update({"type": "computer", "computerID": number})
    manager.wait("failure", lambda: updates(manager, "relay1") == ("error", False))
    assert [event["eventID"] for event in events(manager) if event["target"] == "relay1"] == ["273", "2205"]
    package = next((lab.folder / "packages").glob("*Ubuntu_22.04*"))
    lab.copy("relay1", package, "/var/tmp/agent.deb")
    assert lab.run("relay1", "dpkg -i /var/tmp/agent.deb")[0] == 0
    manager.wait("upgrade", lambda: manager.computers()["relay1"]["agentVersion"] == "20.0.2.1390")
    manager.update({"type": "computer", "computerID": number})
    manager.wait("success", lambda: updates(manager, "relay1") == ("active", True))
    # What the host asks for itself shows too, and brings nothing new.
    changed = manager.computers()["relay1"]["securityUpdates"]["lastChanged"]
    lab.run("relay1", CONTROL + '-m "UpdateComponent:true"')
    manager.wait("event", lambda: [one["eventID"] for one in events(manager)].count("2204") >= 2)
    assert manager.computers()["relay1"]["securityUpdates"]["lastChanged"] == changed


def test_deleted_and_activated_again(shared: tuple[Lab, ManagerClient]) -> None:
    lab, manager = shared
    before = manager.computers()["relay1"]
    manager.api("DELETE", f"computers/{before['ID']}")
    for _beat in range(3):
        heartbeat(manager, "web1")
    assert "relay1" not in manager.computers(), "its heartbeats must not bring it back"
    lab.run("relay1", CONTROL + "-a dsm://manager.lab.example:4120/")
    manager.wait("registration", lambda: "relay1" in manager.computers())
    after = manager.computers()["relay1"]
    assert after["ID"] > before["ID"] and after["groupID"] == 0 and after["policyID"] == 0
    assert after["computerSettings"]["platformSettingRelayState"]["value"] == "false"
    lab.wait_for("relay1", "relay")
    manager.wait("no listener", lambda: lab.run("relay1", "ss -ltn | grep :4122")[0] != 0)
    path = f"computers/{after['ID']}/settings/platformSettingRelayState"
    assert manager.api("POST", path, {"value": "true"}).body == {"value": "true"}
    assert lab.wait_for("relay1", "relay", 2)["on"] is True
    manager.wait("listener", lambda: lab.run("relay1", "ss -ltn | grep :4122")[0] == 0)


def test_three_missed_heartbeats_make_a_computer_offline() -> None:
    """One, or two, are no proof."""
    store = Store(Options())
    hosts, computer = Hosts(store, Tasks(store, Events()), {}), store.add(Computer("web1", "linux", "Linux"))
    computer.host, computer.status = "web1", ONLINE
    states = []
    for _beat in range(3):
        hosts.hear("web1", [], {}, None, True)
        states.append(computer.status)
    assert states == [ONLINE, ONLINE, OFFLINE]


def test_a_stopped_agent_is_offline(shared: tuple[Lab, ManagerClient]) -> None:
    lab, manager = shared

    def said() -> list[str]:
        found: list[str] = manager.computers()["web1"]["computerStatus"]["agentStatusMessages"]
        return found

    assert said() == ["Managed (Online)"]
    lab.run("web1", "systemctl stop ds_agent")
    manager.wait("offline", lambda: said() == ["Offline"])
    manager.update({"type": "computer", "computerID": manager.computers()["web1"]["ID"]})
    count = len(lab.journal("web1", "security_update_requested"))
    lab.run("web1", "systemctl start ds_agent")
    manager.wait("online", lambda: said() == ["Managed (Online)"])
    lab.wait_for("web1", "security_update_requested", count + 1)


def test_faults_are_healed_through_the_lab(shared: tuple[Lab, ManagerClient]) -> None:
    lab, manager = shared
    manager.arm(storm=50, slow_pages=9)
    assert "storm" in lab.command("heal", str(lab.folder), "manager", "storm")
    assert manager.state()["faults"] == {"slow_pages": 9}
    assert "no fault" in lab.command("heal", str(lab.folder), "manager", "nonsense", check=False)
    lab.command("heal", str(lab.folder), "manager")
    assert manager.state()["faults"] == {}
