# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The client: keys, pages, repetitions, and a text that helps for every way in which it can fail."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.deep_security.remediation.plugins.module_utils import _dsm
from tests.manager_stub.stub import KEY, Answer, Asked, Clock, Connect, Stub, certificate, computers, serving

ONE_MANAGER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
OK = Answer(body={"ID": 1})


def refused(client: Any, path: str = "apikeys/current") -> Any:
    """The error with which a request fails."""
    with pytest.raises(_dsm.DsmError) as caught:
        client.get(path)
    return caught.value


def failure(client: Any, path: str = "apikeys/current") -> str:
    """The text with which a request fails."""
    text = str(refused(client, path))
    assert KEY not in text
    assert "\n" not in text
    return text


def test_both_types_of_keys(manager: Stub, connect: Connect) -> None:
    manager.says(OK)
    connect().get("apikeys/current")
    connect(api_key_type="cloud_one", api_key=f" {KEY}\n").get("apikeys/current")
    on_premises, cloud_one = (asked.headers for asked in manager.asked)
    assert on_premises["api-secret-key"] == KEY
    assert "authorization" not in on_premises
    assert cloud_one["authorization"] == f"ApiKey {KEY}"
    assert "api-secret-key" not in cloud_one
    assert on_premises["api-version"] == cloud_one["api-version"] == "v1"


@pytest.mark.parametrize(
    ("url", "key_type", "address"),
    [
        ("https://dsm.example.com:4119", "on_premises", "https://dsm.example.com:4119/"),
        ("https://dsm.example.com:4119/api/", "on_premises", "https://dsm.example.com:4119/"),
        ("https://[2001:db8::1]:4119/dsm", "on_premises", "https://[2001:db8::1]:4119/dsm/"),
        (
            "https://workload.jp-1.CloudOne.TrendMicro.com",
            "cloud_one",
            "https://workload.jp-1.cloudone.trendmicro.com/",
        ),
        ("https://cloudone.trendmicro.com.example.com", "on_premises", "https://cloudone.trendmicro.com.example.com/"),
        ("https://notcloudone.trendmicro.com", "on_premises", "https://notcloudone.trendmicro.com/"),
    ],
)
def test_the_address_tells_the_type_of_the_key(url: str, key_type: str, address: str) -> None:
    client = _dsm.Client(url, KEY)
    assert (client.api_key_type, client.url) == (key_type, address)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"url": "dsm.example.com:4119"}, "write https://"),
        ({"url": "http://dsm.example.com"}, "without TLS"),
        ({"url": ""}, "write https://"),
        ({"url": f"https://{KEY.replace('/', '')}"}, "url"),
        ({"url": f"https://me:{KEY}@dsm.example.com"}, "url"),
        ({"url": "https://dsm.example.com?key=x"}, "question mark"),
        ({"url": "https://dsm.example.com:port"}, "cannot be used"),
        ({"url": "https://[dsm"}, "cannot be used"),
        ({"api_key": " "}, "copy the key"),
        ({"api_key": "one\ntwo"}, "copy the key"),
        ({"api_key": "schlüssel"}, "copy the key"),
        ({"ca_path": "/nowhere.pem"}, "ca_path /nowhere.pem"),
        ({"ca_path": __file__}, "PEM file"),
        ({"timeout": 0}, "timeout is 0"),
        ({"retries": -1}, "retries is -1"),
    ],
)
def test_options_that_cannot_be_used(options: dict[str, Any], text: str) -> None:
    with pytest.raises(_dsm.DsmError, match=text) as caught:
        _dsm.Client(**{"url": "https://dsm.example.com", "api_key": KEY, **options})
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(("total", "requests"), [(0, 1), (1, 2), (4999, 2), (5000, 2), (5001, 3), (10_000, 3)])
def test_pages(manager: Stub, connect: Connect, total: int, requests: int) -> None:
    manager.answer = computers(total)
    client = connect()
    found = [item["ID"] for item in client.search("computers", "computers", [("expand", "none")])]
    assert found == list(range(1, total + 1))
    assert client.statistics() == {"sent": requests, "retried": 0, "rate_limited": 0}
    assert {(asked.method, asked.path) for asked in manager.asked} == {("POST", "/api/computers/search?expand=none")}


def test_pages_survive_what_is_deleted_meanwhile_and_a_smaller_limit(manager: Stub, connect: Connect) -> None:
    fleet = {number: {"ID": number} for number in range(1, 31)}

    def answer(asked: Asked) -> Answer:
        after = asked.body["searchCriteria"][0]["idValue"]
        found = [fleet[number] for number in sorted(fleet) if number > after][:4]
        fleet.pop(after + 2, None)
        return Answer(body={"computers": found})

    manager.answer = answer
    found = [item["ID"] for item in connect().search("computers", "computers", size=10)]
    assert set(found) >= set(fleet)
    assert found == sorted(set(found))


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"computers": None},
        {"computers": "x"},
        {"computers": [1]},
        {"computers": [{}]},
        {"computers": [{"ID": "1"}]},
        {"computers": [{"ID": 2}, {"ID": 1}]},
        {"computers": [{"ID": 1}, {"ID": 1}]},
        {"computers": [{"ID": 7}]},  # for ever the same
        [],
        "x",
        None,
    ],
)
def test_pages_that_are_none(manager: Stub, connect: Connect, body: Any) -> None:
    manager.says(Answer(body=body))
    with pytest.raises(_dsm.DsmError, match="is not that of a Manager"):
        list(connect().search("computers", "computers"))


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_refusal_is_followed_by_another_attempt(manager: Stub, connect: Connect, status: int) -> None:
    manager.says(Answer(status), Answer(status), Answer(status), OK)
    clock = Clock()
    client = connect(clock=clock)
    assert client.get("apikeys/current") == {"ID": 1}
    assert clock.pauses == [1, 2, 4]
    assert client.statistics() == {"sent": 4, "retried": 3, "rate_limited": 3 if status == 429 else 0}


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({"Retry-After": "17"}, 17),
        ({"Retry-After": "0"}, 1),
        ({"Retry-After": "-5"}, 1),
        ({"Retry-After": "soon"}, 1),
        # The Manager's clock is wrong by years, but only the difference counts.
        ({"Date": "Mon, 01 Jan 2001 00:00:00 GMT", "Retry-After": "Mon, 01 Jan 2001 00:00:42 GMT"}, 42),
        ({"Date": "Mon, 01 Jan 2001 00:00:42 GMT", "Retry-After": "Mon, 01 Jan 2001 00:00:00 GMT"}, 1),
        ({"Date": "Mon, 01 Jan 2001 00:00:42 GMT", "Retry-After": "Mon, 99 Jan 9999999 99:00:00 GMT"}, 1),
    ],
)
def test_the_manager_says_how_long(manager: Stub, connect: Connect, headers: dict[str, str], pause: int) -> None:
    # The server writes its own Date: one that is set here stands in front of that.
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    refusal = f"HTTP/1.0 429 Too Many\r\n{lines}Content-Length: 0\r\n\r\n".encode()
    manager.says(Answer(raw=refusal), OK)
    clock = Clock()
    connect(clock=clock).get("apikeys/current")
    assert clock.pauses == [pause]


def test_attempts_end(manager: Stub, connect: Connect) -> None:
    manager.says(Answer(429, {"message": "Too many API requests."}))
    clock = Clock()
    text = failure(connect(clock=clock))
    assert "too many API requests (HTTP 429); the answer is: Too many API requests." in text
    assert text.endswith("(8 attempts)")
    assert clock.pauses == [1, 2, 4, 8, 16, 32, 60]


def test_the_deadline_holds_for_all_together(manager: Stub, connect: Connect) -> None:
    manager.says(Answer(503, headers={"Retry-After": "25"}), OK, Answer(503, headers={"Retry-After": "25"}))
    clock = Clock()
    client = connect(clock=clock, deadline=60)
    client.get("apikeys/current")
    assert "next attempt would be in 25 s, after the deadline of 60 s; raise deadline" in failure(client)
    assert sum(clock.pauses) < 60


def test_a_slow_body_does_not_outlast_the_deadline(manager: Stub, connect: Connect) -> None:
    manager.says(Answer(body={"filler": "x" * 1_000_000}))
    assert "did not give all answers within 5 s; raise deadline" in failure(connect(clock=Clock(tick=1), deadline=5))


def test_what_must_not_happen_twice_is_not_repeated(manager: Stub, connect: Connect) -> None:
    manager.says(Answer(500), OK)
    with pytest.raises(_dsm.DsmError, match="HTTP 500"):
        connect().post("scheduledtasks", {})
    assert len(manager.asked) == 1
    manager.says(Answer(429), OK)
    connect().post("scheduledtasks", {})
    assert len(manager.asked) == 2


@pytest.mark.parametrize(
    ("answer", "attempts", "texts"),
    [
        (Answer(401, {"message": "Invalid API key"}), 1, ["does not accept the API key", "Invalid API key"]),
        (Answer(403, b"<html>"), 1, ["Give the key a role", "api/apikeys/current"]),
        (Answer(404, b"<html>"), 1, ["no Deep Security Manager", "4119"]),
        (Answer(404, {"message": "No such computer"}), 1, ["does not know", "No such computer"]),
        (Answer(400, {"message": "Bad\nthing"}), 1, ["refuses", "HTTP 400", "Bad thing"]),
        (Answer(302, headers={"Location": "https://elsewhere.example.com/"}), 1, ["https://elsewhere.example.com/"]),
        (Answer(301), 1, ["redirects to nowhere"]),
        (Answer(308, headers={"Location": "/SignIn.screen"}), 1, ["write the Manager's own address"]),
        (Answer(502, b"<html>"), 8, ["trouble of its own (HTTP 502)", "(8 attempts)"]),
        (
            Answer(200, b"<!DOCTYPE html>"),
            1,
            ["not the API of a Deep Security Manager", "https://dsm.example.com:4119"],
        ),
        (Answer(200, b""), 1, ["not the API"]),
        (Answer(200, b'{"computers": [{"ID": 1'), 8, ["broke off", "load balancers"]),
        (Answer(200, b'{"ID": 1}', length=4000), 8, ["broke off"]),
        (Answer(200, b"[" * 100_000), 8, ["broke off"]),
        (Answer(200, []), 1, ["no JSON object"]),
        (Answer(raw=b""), 8, ["broke off"]),
        (Answer(raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}"), 8, ["broke off"]),
        (Answer(raw=b"SSH-2.0-OpenSSH_9.9\r\n\r\n"), 8, ["broke off"]),
    ],
)
def test_failures_say_what_to_do(
    manager: Stub, connect: Connect, answer: Answer, attempts: int, texts: list[str]
) -> None:
    manager.says(answer)
    text = failure(connect())
    assert [part for part in texts if part not in text] == []
    assert len(manager.asked) == attempts


def test_a_redirect_takes_the_key_nowhere(manager: Stub, connect: Connect) -> None:
    manager.says(Answer(302, headers={"Location": manager.url + "/other"}), OK)
    failure(connect())
    assert [asked.path for asked in manager.asked] == ["/api/apikeys/current"]


def test_a_netrc_does_not_replace_the_key(
    manager: Stub, connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password mine\n")
    monkeypatch.setenv("NETRC", str(netrc))
    manager.says(OK)
    connect(api_key_type="cloud_one").get("apikeys/current")
    assert manager.asked[0].headers["authorization"] == f"ApiKey {KEY}"


def test_a_certificate_that_nobody_signed(manager: Stub, connect: Connect) -> None:
    text = failure(connect(ca_path=None))
    assert "is self-signed" in text
    assert "name it in ca_path" in text
    assert manager.asked == []
    manager.says(OK)
    assert connect(ca_path=None, validate_certs=False).get("apikeys/current") == {"ID": 1}


@pytest.mark.parametrize(
    ("made", "text"),
    [({"days": -1}, "has expired"), ({"days": 90}, "not valid yet"), ({"host": "dsm.example.com"}, "another")],
)
def test_other_certificates(tmp_path: Path, connect: Connect, made: dict[str, Any], text: str) -> None:
    pem = certificate(tmp_path, "other", **made)
    with serving(pem) as stub:
        assert text in failure(connect(url=stub.url, ca_path=str(pem)))
        assert stub.asked == []


def test_the_wrong_ca(tmp_path: Path, connect: Connect) -> None:
    text = failure(connect(ca_path=str(certificate(tmp_path, "stranger"))))
    assert "another file than the given one" in text


def test_no_tls_there(connect: Connect) -> None:
    with serving(None) as stub:
        assert "no secure connection" in failure(connect(url=stub.url))


def test_nobody_there(connect: Connect) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        text = failure(connect(url=f"https://127.0.0.1:{taken.getsockname()[1]}"))
    assert "connection refused" in text
    assert "4119" in text


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (Answer(401), 401),
        (Answer(403, {"message": "no"}), 403),
        (Answer(404), 404),
        (Answer(503), 503),
        (Answer(302), 302),
        (Answer(body=b"<html>"), 200),
        (Answer(body=[]), 200),
        (Answer(raw=b""), None),
        (Answer(body={"ID": 1}, length=999), None),
    ],
)
def test_a_server_that_answers_is_there(manager: Stub, connect: Connect, answer: Answer, status: int | None) -> None:
    manager.says(answer)
    error = refused(connect(retries=0))
    assert (error.status, error.answered) == (status, True)


def test_a_certificate_that_is_not_trusted_is_an_answer(manager: Stub, connect: Connect) -> None:
    assert refused(connect(ca_path=None)).answered is True


def test_a_node_that_is_shut_down_does_not_answer(connect: Connect) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        error = refused(connect(url=f"https://127.0.0.1:{taken.getsockname()[1]}", retries=0))
    assert (error.status, error.answered) == (None, False)
    assert refused(connect(url="https://dsm.invalid:4119", retries=0)).answered is False


def test_a_proxy_between_leaves_it_open(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(None) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url.replace("https", "http"))
        assert refused(connect(url="https://dsm.example.com:4119", retries=0)).answered is None


@pytest.mark.parametrize(
    ("status", "unclear"), [(None, True), (200, True), (302, False), (400, False), (429, False), (500, True)]
)
def test_what_the_manager_may_have_done_all_the_same(status: int | None, unclear: bool) -> None:
    assert _dsm.DsmError("text", status).unclear == unclear


def test_a_name_that_nobody_knows(connect: Connect) -> None:
    assert "cannot be resolved" in failure(connect(url="https://dsm.invalid:4119"))


def test_silence(connect: Connect) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        text = failure(connect(url=f"https://127.0.0.1:{silent.getsockname()[1]}", timeout=1, retries=0))
    assert "did not answer within 1 s" in text
    assert "firewall" in text


def test_a_proxy_that_refuses(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(None) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url.replace("https", "http"))
        assert "the proxy does not let through" in failure(connect(url="https://dsm.example.com:4119"))


def test_the_proxy_is_left_out(manager: Stub, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    manager.says(OK)
    assert connect(use_proxy=False).get("apikeys/current") == {"ID": 1}


# They begin with what stands in no text, so that a piece of one is found as well.
MARK = "~^|"
KEYS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=5, max_size=80).map(MARK.__add__)


@ONE_MANAGER
@given(
    KEYS,
    st.sampled_from([200, 301, 302, 400, 401, 403, 404, 409, 418, 429, 500, 503]),
    st.integers(0, 250),
    st.sampled_from(["on_premises", "cloud_one"]),
)
def test_the_key_is_in_no_text(
    manager: Stub, connect: Connect, key: str, status: int, before: int, key_type: str
) -> None:
    echo = "." * before + key
    manager.says(
        Answer(status, {"message": echo}, headers={"Location": f"https://x.example.com/{echo}"}),
    )
    client = connect(api_key=key, api_key_type=key_type, retries=1)
    assert MARK not in repr(client)
    with pytest.raises(_dsm.DsmError) as caught:
        list(client.search("computers", "computers"))
    text = str(caught.value)
    assert MARK not in text


@ONE_MANAGER
@given(st.binary(max_size=60) | st.text(max_size=40).map(str.encode), st.sampled_from([200, 400, 500]))
def test_junk_is_an_error_or_an_object(manager: Stub, connect: Connect, body: bytes, status: int) -> None:
    manager.says(Answer(status, body))
    try:
        assert isinstance(connect(retries=0).get("apikeys/current"), dict)
    except _dsm.DsmError as error:
        assert "\n" not in str(error)


@ONE_MANAGER
@given(st.binary(max_size=200))
def test_junk_on_the_wire(manager: Stub, connect: Connect, raw: bytes) -> None:
    manager.says(Answer(raw=raw))
    with pytest.raises(_dsm.DsmError):
        connect(retries=0).get("apikeys/current")


def test_deleting(manager: Stub, connect: Connect) -> None:
    """What is gone already is no error, and an answer that was lost is no reason to stop."""
    manager.says(Answer(503), Answer(204, b""), Answer(404, {"message": "no such task"}), Answer(403))
    client = connect()
    assert client.delete("scheduledtasks/7") is True
    assert client.delete("scheduledtasks/7") is False
    with pytest.raises(_dsm.DsmError, match="Full Access"):
        client.delete("scheduledtasks/7")
    assert [(asked.method, asked.path) for asked in manager.asked] == [("DELETE", "/api/scheduledtasks/7")] * 4
