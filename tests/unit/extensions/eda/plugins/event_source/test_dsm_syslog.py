# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a syslog message becomes: of what the network sends nothing but a checked host name, numbers and constants."""

from __future__ import annotations

import json
import re

import pytest
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from hypothesis import example, given
from hypothesis import strategies as st

from ansible_collections.deep_security.remediation.extensions.eda.plugins.event_source.dsm_syslog import (
    CODES,
    MESSAGE_BYTES,
    Event,
    Form,
    RefusedError,
    event_of,
)
from tests.run.common import ROOT

TARGET = Form("target", re.compile("(.+)$"), False)
HEADER = "<134>Nov 28 00:00:00 dsm CEF:0|Trend Micro|Deep Security Manager|20.0.737|2205|Pattern Update Failed|6|"
# The vendor's documentation has these fields; the text of msg is a guess, its numbers and its constant are not.
FAILED = (
    r"src=10.0.0.1 suser=System target=web-1 msg=The following agent event was received.\n\nAgent event: 9017\n"
    r"Error code: -24\nError message: IAURELAY_STATUS_DIGITAL_SIGNATURE_CERT_EXPIRE"
    " TrendMicroDsTenant=Primary TrendMicroDsTenantId=0"
)
CONSTANT = "IAURELAY_STATUS_DIGITAL_SIGNATURE_CERT_EXPIRE"
HOSTILE = (
    *("web-1:&other", "!all", "-e", "--limit", "{{ 1 }}", "{% raw %}", "@/etc/passwd", "a,b", "web[1:3]", "web*"),
    *(
        "~web",
        "all",
        "ALL",
        "ungrouped",
        "localhost",
        "",
        " ",
        "web 1",
        "web\t1",
        "web\n1",
        r"web\n1",
        "wéb",
        "web-1\0",
    ),
    *("../x", "$(id)", "`id`", "web;id", "web-", ".web", r"DOMAIN\web", "x" * 254, "::1"),
)


def event(fields: str = FAILED, form: Form = TARGET, header: str = HEADER) -> Event:
    """The event of a message with these fields."""
    return event_of((header + fields).encode(), form)


def test_the_message_by_which_documentation_has_it_tried_is_an_event_that_starts_a_gate() -> None:
    (message,) = re.findall("'(CEF:0.*)'", (ROOT / "docs" / "eda.md").read_text(encoding="utf-8"))
    found = event_of(f"<13>Nov 28 02:59:32 vm root: {message}".encode(), TARGET)
    assert (found["id"], found["host"]) == ("2205", "web1.example.com")
    assert {"9017", "-24"} <= set(found["codes"])


def test_the_event_of_the_advisory() -> None:
    assert event() == {
        "id": "2205",
        "host": "web-1",
        "codes": ["9017", "-24", CONSTANT, "0"],
        "meta": {"hosts": ["web-1"]},
    }


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(HEADER.partition(" ")[2], id="no priority"),
        pytest.param(HEADER[HEADER.index("CEF") :], id="nothing before"),
        pytest.param(HEADER.replace("CEF:0", "CEF: 0"), id="a space"),
        pytest.param("<134>1 2026-11-28T00:00:00Z dsm dsm - - - \ufeff" + HEADER[HEADER.index("CEF") :], id="RFC 5424"),
        pytest.param(HEADER.replace("Pattern", r"a \| pipe and a \\"), id="escaped"),
    ],
)
def test_headers(header: str) -> None:
    assert event(header=header) == event()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param("Trend Micro|", "Another|", id="vendor"),
        pytest.param("Deep Security Manager", "Deep Security Agent", id="product"),
        pytest.param("|2205|", "|22x|", id="number"),
        pytest.param("|2205|", "|٢٢|", id="digits of another script"),
        pytest.param("|6|", "", id="too few fields"),
        pytest.param("CEF:0", "LEEF:2.0", id="LEEF"),
        pytest.param("Pattern", "Pattern " * 30, id="too long a field"),
        pytest.param("<134>", "x" * 500, id="too much before"),
    ],
)
def test_other_messages_are_refused(old: str, new: str) -> None:
    assert old in HEADER
    with pytest.raises(RefusedError):
        event(header=HEADER.replace(old, new))


@pytest.mark.parametrize("target", HOSTILE, ids=ascii)
def test_hostile_names_are_refused(target: str) -> None:
    with pytest.raises(RefusedError):
        event(f"target={target} msg=9017 -24")


def test_a_field_that_stands_twice_is_refused() -> None:
    with pytest.raises(RefusedError, match="2 fields target"):
        event("msg=somebody wrote target=db-1 target=web-1")
    with pytest.raises(RefusedError, match="0 fields target"):
        event("msg=somebody wrote notarget=db-1")
    # What is escaped is no field.
    assert event(r"msg=somebody wrote target\=db-1 target=web-1")["host"] == "web-1"


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("code=-24", "-24"),
        ("コード-24）", "-24"),
        ("イベント9017。", "9017"),
        ("(9017, -24)", "9017 -24"),
        ("2026-11-24 00:00", ""),
        ("20.0.0-24 12.9017 9017.5 A-24 _-24 -245 90170 9017-1 x9017 -24x", "-245 90170"),
        ("1234567890", ""),
        (f"{CONSTANT}_2 x{CONSTANT}", f"{CONSTANT}_2"),
    ],
    ids=ascii,
)
def test_codes_are_no_parts_of_dates_versions_and_names(text: str, codes: str) -> None:
    found, wanted = set(event(f"target=web-1 msg={text}")["codes"]), set(codes.split())
    assert wanted <= found
    assert found & {"9017", "-24", CONSTANT} == wanted & {"9017", "-24", CONSTANT}


def assert_harmless(found: Event) -> None:
    """Every text of the event is a number, a constant, or a name that is a pattern of that host alone."""
    host = found["host"]
    assert set(found) == {"id", "host", "codes", "meta"} and found["meta"] == {"hosts": [host]}
    assert re.fullmatch(r"[0-9]{1,6}", found["id"])
    assert len(found["codes"]) <= CODES
    assert all(re.fullmatch(r"-?[0-9]{1,6}|[A-Z][A-Z0-9_]{3,63}", code) for code in found["codes"])
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,253}", host) and host[0] not in "-._"
    inventory = InventoryManager(DataLoader(), parse=False)
    for name in ("another", host):
        inventory.add_host(name, group="all")
    assert [each.name for each in inventory.get_hosts(host)] == [host]
    json.dumps(found)


TEXT = st.text(st.sampled_from("ab-1.=|\\ \n,:&!*~[]{}%@9017-24T_"), max_size=40) | st.text(max_size=40)


@given(target=TEXT, text=TEXT)
@example(target="web-1", text="9017 -24")
def test_whatever_the_fields_are_an_event_is_harmless(target: str, text: str) -> None:
    try:
        found = event(f"target={target} msg={text}")
    except RefusedError:
        return
    assert_harmless(found)


@given(st.binary(max_size=200) | TEXT.map(lambda text: (HEADER + text).encode("utf-8", "surrogatepass")))
def test_whatever_comes_is_an_event_or_refused(message: bytes) -> None:
    try:
        found = event_of(message, TARGET)
    except RefusedError:
        return
    assert_harmless(found)


@pytest.mark.parametrize("piece", [" ", "a=", " a=", "\\", "\\|", "-2", "A_", "CEF:0|", "target=x "])
def test_a_message_is_bounded(piece: str) -> None:
    """Nothing takes more than linear time: with another, these would not end."""
    room = MESSAGE_BYTES - len(HEADER)
    for header in (HEADER, ""):
        try:
            event_of((header + piece * (room // len(piece)))[:MESSAGE_BYTES].encode(), TARGET)
        except RefusedError:
            continue
    with pytest.raises(RefusedError, match="longer"):
        event_of(b"x" * (MESSAGE_BYTES + 1), TARGET)
    assert len(event("target=web-1 msg=" + " ".join(map(str, range(CODES * 2))))["codes"]) == CODES
