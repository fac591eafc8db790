# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""System events through the legacy interface: what they tell, every end of a session, and no secret in any text."""

from __future__ import annotations

import datetime
import tracemalloc
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.deep_security.remediation.plugins.module_utils import _dsm, _dsm_legacy
from ansible_collections.deep_security.remediation.plugins.modules import dsm_event_info
from tests.conftest import Run
from tests.manager_stub.entry import Play, entry
from tests.manager_stub.stub import KEY, Answer, Asked, Clock, Stub, serving

USERNAME, PASSWORD, SID = "ansible", 'p&ss <w>"ord ~^|', "5E0A|fB1+9/secret="
SPACE, MANAGER = "http://schemas.xmlsoap.org/soap/envelope/", "urn:Manager"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
CONSTANT = "IAURELAY_STATUS_DIGITAL_SIGNATURE_CERT_EXPIRE"
PROSE = "Agent/Appliance Event(s):\n\nEvent ID: 9017\nEvent: Anti-Malware Component Update Failed\nError code: -24"


def event(number: int, event_id: int = 2205, **more: Any) -> dict[str, Any]:
    """A SystemEventTransport, in the order of the WSDL. None is xsi:nil."""
    return {
        "actionPerformedBy": "System",
        "description": PROSE if event_id == 2205 else "succeeded",
        "event": "Security Update",
        "eventID": event_id,
        "eventOrigin": "AGENT",
        "managerHostname": "dsm",
        "systemEventID": number,
        "tags": None,
        "target": "db01.example.com",
        "targetID": 17,
        "targetType": "Host",
        "time": f"2025-09-26T03:{number // 60 % 60:02d}:{number % 60:02d}.000Z",
        "type": "Error",
        **more,
    }


def written(fields: Mapping[str, Any]) -> str:
    parts = (
        f'<{name} xsi:nil="true"/>' if value is None else f"<{name}>{escape(str(value))}</{name}>"
        for name, value in fields.items()
    )
    return f"<item>{''.join(parts)}</item>"


def envelope(inner: str) -> bytes:
    return (
        f'<?xml version="1.0" encoding="utf-8"?><soapenv:Envelope xmlns:soapenv="{SPACE}" xmlns:xsi="{XSI}">'
        f"<soapenv:Body>{inner}</soapenv:Body></soapenv:Envelope>"
    ).encode()


def answer(events: list[dict[str, Any]], truncated: bool | None = False) -> bytes:
    flag = "" if truncated is None else f"<truncated>{str(truncated).lower()}</truncated>"
    inner = f"<systemEvents>{''.join(map(written, events))}</systemEvents>" if events else '<systemEvents xsi:nil="1"/>'
    return envelope(
        f'<systemEventRetrieve2Response xmlns="{MANAGER}"><systemEventRetrieve2Return>{flag}{inner}'
        "</systemEventRetrieve2Return></systemEventRetrieve2Response>"
    )


def fault(kind: str, words: str = "セッションが無効です", status: int = 500) -> Answer:
    """As Axis writes one: the exception by its type."""
    inner = (
        "<soapenv:Fault><faultcode>soapenv:Server.userException</faultcode>"
        f'<faultstring>{words}</faultstring><detail><ns1:fault2 xsi:type="ns1:{kind}" xmlns:ns1="{MANAGER}"/>'
        "</detail></soapenv:Fault>"
    )
    return Answer(status, envelope(inner))


@dataclass
class Legacy:
    """A Manager with events, of which it sends at most limit at once, from one end or from the other."""

    events: list[dict[str, Any]] = field(default_factory=list)
    limit: int = 100
    newest_first: bool = False
    soap: Answer | None = None
    """What it answers to SOAP instead of events."""
    login: Answer | None = None
    logout: Answer | None = None
    tenant: str | None = None
    sessions: set[str] = field(default_factory=set)
    asked: list[Asked] = field(default_factory=list)
    filters: list[dict[str, Any]] = field(default_factory=list)

    def __call__(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        url = urlsplit(asked.path)
        if url.path.startswith("/rest/authentication/log") and "json" in asked.headers["accept"]:
            return Answer(406)  # it produces text/plain
        if url.path.startswith("/rest/authentication/login"):
            return self._login(url.path, asked.body)
        if (asked.method, url.path) == ("DELETE", "/rest/authentication/logout"):
            self.sessions.discard(parse_qs(url.query)["sID"][0])
            return self.logout or Answer(200, b"OK")
        assert (asked.method, url.path) == ("POST", "/webservice/Manager")
        assert asked.headers["content-type"] == "text/xml; charset=utf-8"
        assert asked.headers["soapaction"] == '""'
        return self.soap or self._soap(ElementTree.fromstring(asked.body))

    def _login(self, path: str, body: Any) -> Answer:
        if self.login:
            return self.login
        credentials = {"userName": USERNAME, "password": PASSWORD}
        if self.tenant:
            credentials["tenantName"] = self.tenant
        assert path == "/rest/authentication/login" + ("" if self.tenant else "/primary")
        if body != {"dsCredentials": credentials}:
            return Answer(403, b"authentication failed")
        self.sessions.add(SID)
        return Answer(200, (SID + "\n").encode())

    def _soap(self, root: Any) -> Answer:
        filters = asked_for(root)
        self.filters.append(filters)
        if filters["sID"] not in self.sessions:
            return fault("ManagerAuthenticationException")
        number, operator = int(filters["eventIdFilter"]["id"]), filters["eventIdFilter"]["operator"]
        host = filters["hostFilter"]["hostID"]
        found = [
            one
            for one in self.events
            if (one["systemEventID"] > number if operator == "GREATER_THAN" else one["systemEventID"] < number)
            and (host is None or one["targetID"] == int(host))
        ]
        found.sort(key=lambda one: one["systemEventID"], reverse=self.newest_first)
        return Answer(200, answer(found[: self.limit], len(found) > self.limit))

    def counts(self) -> dict[str, int]:
        """How often each path was asked for."""
        paths = [urlsplit(asked.path).path.rsplit("/", 1)[1] for asked in self.asked]
        return {path: paths.count(path) for path in paths}


def asked_for(element: Any) -> Any:
    """What a request says, as mappings in the order of the document; None for xsi:nil."""
    if element.tag == f"{{{SPACE}}}Envelope":
        (operation,) = element.find(f"{{{SPACE}}}Body")
        assert operation.tag == f"{{{MANAGER}}}systemEventRetrieve2"
        return asked_for(operation)
    assert element.tag.startswith(f"{{{MANAGER}}}")
    if element.get(f"{{{XSI}}}nil") == "true":
        assert element.text is None
        return None
    return {part.tag.rpartition("}")[2]: asked_for(part) for part in element} if len(element) else element.text


@pytest.fixture
def legacy(manager: Stub) -> Legacy:
    made = Legacy()
    manager.answer = made
    return made


@pytest.fixture
def play(
    manager: Stub, pem: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, legacy: Legacy
) -> Play:
    run = entry(dsm_event_info, manager, pem, capsys, monkeypatch)

    def safely(arguments: Mapping[str, Any]) -> dict[str, Any]:
        result = run({"username": USERNAME, "password": PASSWORD, "api_key": KEY, **arguments})
        for secret in (PASSWORD, escape(PASSWORD), SID, KEY):
            assert secret not in str(result)
            assert secret not in str([asked.headers for asked in legacy.asked])
        assert KEY not in str(legacy.asked)
        return result

    return safely


def test_what_events_tell(play: Play, legacy: Legacy) -> None:
    legacy.events = [
        event(1, 2204, targetID=1, target="well"),
        event(2, targetID=2, target="failing"),
        event(3, targetID=3, target="failing"),
        event(4, 2204, targetID=3, target="repaired"),
        event(5, targetID=4, target="network", description="9017 code -3"),
        event(6, 273, targetID=5, target="asked"),
        event(7, targetID=6, target="silent", description=None),
        event(8, 2204, targetID=7, target="worse"),
        event(9, targetID=7, target="worse"),
        event(10, targetID=7, target="worse", description="no connection"),
    ]
    result = play({})
    at = "2025-09-26T03:00:%02dZ"
    assert result["computers"] == {
        "1": {"last_success": at % 1, "last_failure": None, "certificate_expired": False},
        "2": {"last_success": None, "last_failure": at % 2, "certificate_expired": True},
        "3": {"last_success": at % 4, "last_failure": at % 3, "certificate_expired": False},
        "4": {"last_success": None, "last_failure": at % 5, "certificate_expired": False},
        "6": {"last_success": None, "last_failure": at % 7, "certificate_expired": None},
        "7": {"last_success": at % 8, "last_failure": at % 10, "certificate_expired": True},
    }
    assert [one["id"] for one in result["events"]] == [1, 2, 3, 4, 5, 7, 8, 9, 10]
    assert result["events"][1] == {
        "id": 2,
        "event_id": 2205,
        "time": at % 2,
        "computer_id": 2,
        "computer": "failing",
        "certificate_expired": True,
    }
    assert result["read"] == {"events": 10, "successes": 3, "failures": 6}
    assert (result["changed"], result["problems"], legacy.sessions) == (False, [], set())


def test_the_request_is_that_of_the_wsdl(play: Play, legacy: Legacy) -> None:
    play({"ids": [17], "_ansible_check_mode": True})
    (filters,) = legacy.filters
    expected: dict[str, Any] = {
        "timeFilter": {"rangeFrom": None, "rangeTo": None, "specificTime": None, "type": "LAST_7_DAYS"},
        "hostFilter": {"hostGroupID": None, "hostID": "17", "securityProfileID": None, "type": "SPECIFIC_HOST"},
        "eventIdFilter": {"id": "0", "operator": "GREATER_THAN"},
        "includeNonHostEvents": "false",
        "sID": SID,
    }
    assert filters == expected
    # A sequence of XML Schema has an order.
    assert list(filters) == list(expected)
    for name in ("timeFilter", "hostFilter", "eventIdFilter"):
        assert list(filters[name]) == list(expected[name])


@pytest.mark.parametrize("since", ["LAST_HOUR", "LAST_24_HOURS", "last_7_days"])
def test_windows_by_the_managers_clock(play: Play, legacy: Legacy, since: str) -> None:
    play({"since": since})
    assert legacy.filters[0]["timeFilter"]["type"] == since.upper()
    assert legacy.filters[0]["timeFilter"]["rangeFrom"] is None
    assert legacy.filters[0]["hostFilter"] == dict.fromkeys(["hostGroupID", "hostID", "securityProfileID"]) | {
        "type": "ALL_HOSTS"
    }


def test_a_window_of_hours(play: Play, legacy: Legacy) -> None:
    play({"since": 36})
    window = legacy.filters[0]["timeFilter"]
    first, last = (datetime.datetime.fromisoformat(window[name].replace("Z", "+00:00")) for name in list(window)[:2])
    now = datetime.datetime.now(datetime.timezone.utc)
    assert window["type"] == "CUSTOM_RANGE"
    assert abs((now - first).total_seconds() - 36 * 3600) < 60
    assert last > now + datetime.timedelta(hours=12)  # a clock here may be late


@pytest.mark.parametrize("since", ["0", "-5", "yesterday", "1.5", "", "PREVIOUS_MONTH", "100000"])
def test_windows_that_are_none(play: Play, legacy: Legacy, since: str) -> None:
    result = play({"since": since})
    assert result["failed"]
    assert "since is" in result["msg"]
    assert legacy.asked == []


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize(("limit", "total"), [(1, 3), (10, 9), (10, 10), (10, 11), (10, 95), (1000, 95)])
def test_all_pages_are_read_from_whichever_end(
    play: Play, legacy: Legacy, newest_first: bool, limit: int, total: int
) -> None:
    legacy.events = [event(number * 3, 2204, targetID=number) for number in range(1, total + 1)]
    legacy.limit, legacy.newest_first = limit, newest_first
    result = play({})
    assert result["read"] == {"events": total, "successes": total, "failures": 0}
    assert sorted(map(int, result["computers"])) == list(range(1, total + 1))
    assert legacy.counts()["Manager"] <= total // limit + 3


def test_what_comes_in_meanwhile_is_no_endless_reading(play: Play, legacy: Legacy) -> None:
    legacy.events = [event(number) for number in range(1, 31)]
    legacy.limit = 10
    serve = Legacy._soap

    def busy(self: Legacy, root: Any) -> Answer:
        assert len(self.filters) < 20
        self.events.append(event(len(self.events) + 1))
        return serve(self, root)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Legacy, "_soap", busy)
        assert play({})["read"]["events"] > 30


@pytest.mark.parametrize("numbers", [[5], [3, 4, 5], [5, 9]])
def test_a_manager_that_repeats_itself(play: Play, legacy: Legacy, numbers: list[int]) -> None:
    legacy.soap = Answer(200, answer([event(number) for number in numbers]))
    result = play({})
    assert "come again" in result["msg"]
    assert legacy.counts() == {"primary": 1, "Manager": 2, "logout": 1}


def test_many_events_need_little_memory() -> None:
    """An answer of 3 MB, of which nothing is wanted."""
    page = _dsm_legacy.Answer(client_of_nobody(), dsm_event_info.History(None, []).read)
    head, dummy, tail = answer([event(1)]).partition(written(event(1)).encode())
    tracemalloc.start()
    try:
        page.feed(head)
        for number in range(6000):
            page.feed(written(event(number, 273, description=PROSE)).encode())
        page.feed(tail)
        found = page.close()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (found.count, found.highest, found.events) == (6000, 5999, [])
    assert peak < 500_000


def test_of_many_events_few_are_kept() -> None:
    history = dsm_event_info.History(None, ["Host"])
    for number in range(1, 2001):
        fields = event(number, 2204 + number % 2, targetID=number % 10, description=PROSE if number % 4 == 1 else "x")
        found = history.read({name: str(value) for name, value in fields.items()})
        history.add([found], 1)
    assert history.counted == {"events": 2000, "successes": 1000, "failures": 1000}
    assert len(history.computers()) == 10
    assert len(history.events()) <= 30


@pytest.mark.parametrize(
    ("description", "expired"),
    [
        (PROSE, True),
        (f"何かが起きました: {CONSTANT}", True),
        ("イベントID: 9017\n説明: コンポーネントのアップデートに失敗しました。エラーコード-24です", True),
        ("イベント9017、コード「-24」", True),
        ("9017: -24.", True),
        ("(9017) error=-24,", True),
        ("9017 -240", False),
        ("9017 x-24h", False),
        ("9017 x-24", False),
        ("9017 -24h", False),
        ("9017 at 2025-09-24", False),
        ("9017 1-24", False),
        ("9017 -24.5", False),
        ("9017 24", False),
        ("9016 -24", False),
        ("19017 -24", False),
        ("90170 -24", False),
        ("9017-1 -24", False),
        ("-24", False),
        ("9017", False),
        ("9018 IAURELAY_STATUS_OTHER", False),
        (None, None),
        ("", None),
    ],
)
def test_only_the_numbers_and_the_constant_count(description: str | None, expired: bool | None) -> None:
    assert dsm_event_info.certificate_expired(description) is expired


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-09-26T03:10:00Z", "2025-09-26T03:10:00Z"),
        ("2025-09-26T03:10:00.123Z", "2025-09-26T03:10:00Z"),
        ("2025-09-26T12:10:00.5+09:00", "2025-09-26T03:10:00Z"),
        ("2025-12-31T20:30:00-05:30", "2026-01-01T02:00:00Z"),
        (" 2025-09-26T03:10:00Z ", "2025-09-26T03:10:00Z"),
        ("2025-09-26T03:10:00", None),
        ("2025-09-26", None),
        ("2025-13-26T03:10:00Z", None),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_times(play: Play, legacy: Legacy, text: str | None, moment: str | None) -> None:
    legacy.events = [event(1, time=text)]
    result = play({})
    assert result["computers"]["17"]["last_failure"] == moment
    assert result["problems"] == ([] if moment else ["1 events have no time with a zone"])


def test_nil_and_missing_parts(play: Play, legacy: Legacy) -> None:
    bare = {"eventID": 2205, "systemEventID": 4}
    legacy.events = [
        event(1, target=None, targetID=None),
        event(2, targetType=None),
        event(3, targetType="Policy"),
        {**bare, "targetID": 9},
    ]
    result = play({})
    assert result["computers"] == {}
    assert [one["computer_id"] for one in result["events"]] == [None] * len(result["events"])
    assert result["events"][-1] == {
        "id": 4,
        "event_id": 2205,
        "time": None,
        "computer_id": None,
        "computer": None,
        "certificate_expired": None,
    }
    assert result["read"]["failures"] == 4
    assert (
        "1 events have no ID of a computer, but a target of the type 'Policy'; see target_types" in result["problems"]
    )
    words = play({"target_types": ["policy", ""]})
    assert sorted(words["computers"]) == ["17", "9"]


def test_some_computers(play: Play, legacy: Legacy) -> None:
    legacy.events = [event(number, targetID=number) for number in range(1, 6)] + [event(6, targetType="?")]
    result = play({"ids": [2, 4, 99]})
    assert sorted(result["computers"]) == ["2", "4"]
    assert result["read"] == {"events": 6, "successes": 0, "failures": 2}
    assert legacy.filters[0]["hostFilter"]["type"] == "ALL_HOSTS"
    assert len(result["problems"]) == 1


def test_a_tenant(play: Play, legacy: Legacy) -> None:
    legacy.tenant = "東京"
    assert play({"tenant": "東京"})["computers"] == {}
    assert legacy.counts() == {"login": 1, "Manager": 1, "logout": 1}


@pytest.mark.parametrize(
    ("given", "texts"),
    [
        (Answer(401, {"message": "Invalid credentials"}), ["Invalid credentials", "not tried again", "second factor"]),
        (Answer(403, b"authentication failed"), ["the answer is: authentication failed.", "single sign-on", "ansible"]),
        (Answer(403, b"<html>blocked"), ["the password or the tenant is wrong"]),
        (Answer(403, b"ManagerLockoutException"), ["unlock it in the Manager"]),
        (Answer(403, {"message": "アカウントがロックされています"}), ["unlock it in the Manager", "アカウント"]),
        (Answer(500, b"<html>"), ["trouble of its own", "not tried again"]),
        (Answer(404, b"<html>"), ["no legacy interface", "Workload Security"]),
        (Answer(429), ["too many", "HTTP 429"]),
        (Answer(503), ["trouble of its own (HTTP 503)"]),
        (Answer(302, headers={"Location": "https://sso.example.com/"}), ["redirects to https://sso.example.com/"]),
        (Answer(200, b"<html><title>Sign in</title>"), ["single sign-on"]),
        (Answer(200, b""), ["no session ID"]),
        (Answer(200, b"an error occurred"), ["no session ID"]),
        (Answer(raw=b""), ["broke off"]),
        (Answer(403, PASSWORD.encode()), ["********"]),
        (Answer(400, {"message": f"bad {PASSWORD}"}), ["bad ********"]),
    ],
)
def test_a_login_that_fails_is_not_tried_again(play: Play, legacy: Legacy, given: Answer, texts: list[str]) -> None:
    legacy.login = given
    result = play({"retries": 5})
    assert result["failed"]
    assert [text for text in texts if text not in result["msg"]] == []
    assert legacy.counts() == {"primary": 1}


def test_a_wrong_password_locks_nothing(play: Play, legacy: Legacy) -> None:
    result = play({"password": "not the one", "retries": 9})
    assert "does not log in the user ansible (HTTP 403)" in result["msg"]
    assert "not the one" not in str(result)
    assert len(legacy.asked) == 1


@pytest.mark.parametrize(
    ("given", "texts"),
    [
        (Answer(404), ["platformSettingApiSoapWebServiceEnabled", "HTTP 404"]),
        (Answer(403), ["platformSettingApiSoapWebServiceEnabled", "the role of the user ansible"]),
        (Answer(500, b"<html>"), ["platformSettingApiSoapWebServiceEnabled", "HTTP 500"]),
        (fault("ManagerException", "SOAP is off"), ["SOAP is off", "platformSettingApiSoapWebServiceEnabled"]),
        (fault("ManagerAuthenticationException"), ["セッションが無効です", "The session is not accepted"]),
        (fault("ManagerLockoutException"), ["The account is locked"]),
        (fault("ManagerAuthorizationException"), ["Give the user a role"]),
        (fault("ManagerMaxSessionsException", status=200), ["too many sessions"]),
        (fault("ManagerTimeoutException"), ["took too long"]),
        (fault("ManagerException", f"no session {SID} of {escape(PASSWORD)}"), ["no session ******** of ********"]),
        (Answer(200, b"<html><body></body></html>"), ["it begins with html"]),
        (Answer(200, b"<html><br></html>"), ["it begins with html"]),
        (Answer(200, b"<!DOCTYPE html><html></html>"), ["document type"]),
        (Answer(200, b"{}"), ["not that of a Manager's SOAP interface"]),
        (Answer(200, b""), ["broke off"]),
        (Answer(200, answer([event(1)])[:-40]), ["broke off"]),
        (Answer(200, envelope("<other/>")), ["no list of system events"]),
        (Answer(200, answer([event(1, systemEventID=None)])), ["1 system events have no systemEventID"]),
        (Answer(200, answer([event(1, systemEventID="x")])), ["1 system events have no systemEventID"]),
        (Answer(302, headers={"Location": f"/login?sID={SID}"}), ["redirects to /login?sID=********"]),
    ],
)
def test_failures_say_what_to_do_and_end_the_session(
    play: Play, legacy: Legacy, given: Answer, texts: list[str]
) -> None:
    legacy.soap = given
    result = play({})
    assert result["failed"]
    assert [text for text in texts if text not in result["msg"]] == []
    assert legacy.counts() == {"primary": 1, "Manager": 1, "logout": 1}
    assert legacy.sessions == set()


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    f'<s:Envelope xmlns:s="{SPACE}"><s:Body>&b;</s:Body></s:Envelope>'
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_no_document_type_is_taken(play: Play, legacy: Legacy, encoding: str) -> None:
    legacy.soap = Answer(200, BOMB.encode(encoding))
    assert "it has a document type" in play({})["msg"]


def test_an_entity_in_a_file_is_not_read(play: Play, legacy: Legacy, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from a file")
    inner = f'<!DOCTYPE x [<!ENTITY a SYSTEM "file://{tmp_path}/secret">]>'
    legacy.soap = Answer(200, inner.encode() + envelope("&a;").partition(b"?>")[2])
    result = play({})
    assert "document type" in result["msg"]
    assert "from a file" not in result["msg"]


def test_a_busy_manager_is_asked_again(play: Play, legacy: Legacy, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    answers = [Answer(503), Answer(429), Answer(200, answer([event(1)])[:99]), Answer(200, answer([event(1)]))]
    serve = Legacy._soap
    monkeypatch.setattr(Legacy, "_soap", lambda self, root: answers.pop(0) if answers else serve(self, root))
    result = play({"retries": 3})
    assert result["read"]["events"] == 1
    assert result["requests"] == {"sent": 8, "retried": 3, "rate_limited": 1}
    assert pauses == [1, 2, 4]


@pytest.mark.parametrize("given", [Answer(500), Answer(403), Answer(raw=b""), Answer(302), Answer(500, SID.encode())])
def test_a_logout_that_fails_is_a_problem_and_no_failure(play: Play, legacy: Legacy, given: Answer) -> None:
    legacy.events = [event(1)]
    legacy.logout = given
    result = play({"retries": 5})
    assert not result.get("failed")
    assert list(result["computers"]) == ["17"]
    assert "the session could not be ended" in result["problems"][0]
    assert legacy.counts()["logout"] == 1


def test_what_failed_first_is_told_though_the_logout_fails_as_well(play: Play, legacy: Legacy) -> None:
    legacy.soap, legacy.logout = Answer(404), Answer(500)
    assert "platformSettingApiSoapWebServiceEnabled" in play({})["msg"]


def client_of_nobody() -> Any:
    """For what sends nothing."""
    return _dsm.Client("https://dsm.example.com:4119", None)


def client(manager: Stub, pem: Path, **options: Any) -> Any:
    return _dsm.Client(**{"url": manager.url, "api_key": None, "ca_path": str(pem), "clock": Clock(), **options})


def test_the_session_is_ended_after_the_deadline(manager: Stub, pem: Path, legacy: Legacy) -> None:
    legacy.events = [event(number) for number in range(1, 100)]
    legacy.limit = 1
    with (
        pytest.raises(_dsm.DsmError, match="raise deadline or request less"),
        _dsm_legacy.Session(client(manager, pem, deadline=60, clock=Clock(tick=2)), USERNAME, PASSWORD) as session,
    ):
        list(_dsm_legacy.system_events(session, {"type": "LAST_HOUR"}, None, lambda fields: None))
    assert session.problems == []
    assert legacy.sessions == set()


def test_the_session_is_ended_when_somebody_interrupts(manager: Stub, pem: Path, legacy: Legacy) -> None:
    with pytest.raises(KeyboardInterrupt), _dsm_legacy.Session(client(manager, pem), USERNAME, PASSWORD):
        raise KeyboardInterrupt
    assert legacy.sessions == set()


def test_the_logout_does_not_take_long(manager: Stub, pem: Path, legacy: Legacy) -> None:
    clock = Clock(tick=0)
    legacy.logout = Answer(503, headers={"Retry-After": "30"})
    with _dsm_legacy.Session(client(manager, pem, clock=clock), USERNAME, PASSWORD) as session:
        pass
    assert clock.pauses == []
    assert len(session.problems) == 1


def test_without_a_key_there_is_no_api(manager: Stub, pem: Path) -> None:
    with pytest.raises(_dsm.DsmError, match="api_key is missing"):
        client(manager, pem).get("apikeys/current")
    assert manager.asked == []


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"username": " "}, "username is empty"),
        ({"password": ""}, "password is empty"),
        ({"username": None}, "username"),
        ({"password": None}, "password"),
    ],
)
def test_options_that_make_no_sense(play: Play, legacy: Legacy, arguments: dict[str, Any], text: str) -> None:
    result = play(arguments)
    assert result["failed"]
    assert text in result["msg"]
    assert legacy.asked == []


def test_the_other_modules_need_the_key_as_before() -> None:
    assert _dsm.argument_spec()["api_key"]["required"] is True
    assert _dsm.argument_spec(needs_key=False)["api_key"]["required"] is False


# They begin with what stands in no text, so that a piece of one is found as well. Blanks at the ends are part of them.
MARK = "~^|"
PRINTABLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=5, max_size=60)
SECRETS = st.tuples(st.sampled_from(["", " ", "  "]), PRINTABLE, st.sampled_from(["", " ", "   "])).map(
    lambda parts: parts[0] + MARK + parts[1] + parts[2]
)


@pytest.fixture(scope="module")
def echoing(pem: Path) -> Iterator[Stub]:
    """A Manager for many examples: a fixture of one test would be used for all of them anyway."""
    with serving(pem) as manager:
        yield manager


@given(SECRETS, st.sampled_from([400, 401, 403, 404, 429, 500, 503, 302]), st.integers(0, 250), st.booleans())
@example("~^|0000 ", 400, 0, False)
@example(" ~^|0000", 500, 193, True)
def test_the_password_is_in_no_text(
    echoing: Stub, pem: Path, secret: str, status: int, before: int, json: bool
) -> None:
    echo = "." * before + secret
    echoing.answer = lambda asked: Answer(
        status, {"message": echo} if json else echo.encode(), headers={"Location": "https://x.example.com/"}
    )
    with (
        pytest.raises(_dsm.DsmError) as caught,
        _dsm_legacy.Session(client(echoing, pem, retries=0), USERNAME, secret),
    ):
        pass
    assert MARK not in str(caught.value)


@given(st.binary(max_size=200) | st.text(max_size=100).map(envelope))
def test_junk_is_an_answer_or_a_failure(data: bytes) -> None:
    page = _dsm_legacy.Answer(client_of_nobody())
    try:
        page.feed(data)
        page.close()
    except _dsm.Failure as failure:
        assert "\n" not in str(failure)


JUNK = st.none() | st.text(st.characters(min_codepoint=32, exclude_categories=["Cs"]), max_size=12) | st.integers()


@given(
    st.dictionaries(
        st.sampled_from(["description", "target", "targetID", "targetType", "time", "eventID", "extra"]), JUNK
    )
)
def test_junk_in_an_event_never_blames_the_certificate(changes: dict[str, Any]) -> None:
    history = dsm_event_info.History(None, ["Host"])
    fields = {name: None if value is None else str(value) for name, value in event(1, **changes).items()}
    found = history.read(fields)
    history.add([found] if found else [], 1)
    if "description" in changes:
        assert not any(computer["certificate_expired"] for computer in history.computers().values())
    if changes.get("targetType", "Host") != "Host" and str(changes["targetType"]).lower() != "host":
        assert history.computers() == {}


def test_everything_is_documented() -> None:
    documented = yaml.safe_load(dsm_event_info.RETURN)
    assert set(documented) == {"computers", "events", "read", "requests", "problems"}
    history = dsm_event_info.History(None, ["Host"])
    history.add([history.read({name: str(value) for name, value in event(1).items()})], 1)
    assert set(documented["computers"]["contains"]) == set(history.computers()["17"])
    assert set(documented["events"]["contains"]) == set(history.events()[0])
    assert set(documented["read"]["contains"]) == set(history.counted)
    options = yaml.safe_load(dsm_event_info.DOCUMENTATION)["options"]
    assert options["api_key"]["required"] is False
    assert options["target_types"]["default"] == ["Host"]
    assert "was ever tried on a real Manager" in " ".join(dsm_event_info.DOCUMENTATION.split())


PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  module_defaults:
    group/deep_security.remediation.dsm:
      url: "{{ url }}"
  tasks:
    - deep_security.remediation.dsm_event_info:
        username: ansible
      register: events
    - ansible.builtin.assert:
        that:
          - events.computers['17'].certificate_expired
          - not events.changed
    - deep_security.remediation.dsm_computer:
        id: 3
        state: absent
      register: refused
      ignore_errors: true
    - ansible.builtin.assert:
        that: refused is failed and 'api_key' in refused.msg
"""


def test_both_modules_as_ansible_runs_them(
    legacy: Legacy, manager: Stub, pem: Path, tmp_path: Path, run_playbook: Run
) -> None:
    legacy.events = [event(1)]
    play = tmp_path / "play.yml"
    play.write_text(PLAY)
    environment = {"DSM_PASSWORD": PASSWORD, "DSM_CA_PATH": str(pem), "no_proxy": "127.0.0.1"}
    done = run_playbook(play, "localhost,", {"url": manager.url}, "-vvv", "--check", environment=environment)
    assert done.returncode == 0, done.stdout
    for secret in (PASSWORD, SID):
        assert secret not in done.stdout
