# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The legacy interface: the Manager's version, sessions, and system events over SOAP."""

from __future__ import annotations

import datetime
import hmac
import secrets
import xml.etree.ElementTree as ET
from xml.sax.saxutils import escape

from .events import DESCRIPTIONS, NAMES, Event, Events
from .store import Store
from .web import Answer, Refused, Request

ENVELOPE, MANAGER = "http://schemas.xmlsoap.org/soap/envelope/", "urn:Manager"
MINUTE, HOUR = 60_000, 3_600_000
LAST = {"LAST_HOUR": HOUR, "LAST_24_HOURS": 24 * HOUR, "LAST_7_DAYS": 7 * 24 * HOUR}
TOO_MANY_FAILURES = 5


class Fault(Exception):
    """A SOAP fault, of a kind that the WSDL names."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Legacy:
    def __init__(self, store: Store, events: Events, username: str, password: str) -> None:
        self.store = store
        self.events = events
        self.username = username
        self.password = password
        self.failures = 0

    def answer(self, request: Request) -> Answer:
        path = request.path.rstrip("/")
        if self.store.options.hosted:
            raise Refused(404, f"There is no {path}")
        if (request.method, path) == ("GET", "/rest/managerInfo/version"):
            return Answer(data=self.store.options.version.encode(), kind="text/plain")
        if request.method == "POST" and path in ("/rest/authentication/login/primary", "/rest/authentication/login"):
            return self.login(request)
        if (request.method, path) == ("DELETE", "/rest/authentication/logout"):
            with self.store.lock:
                self.store.sessions.pop(request.query.get("sID", [""])[0], None)
            return Answer(200, kind="text/plain")
        if path == "/webservice/Manager" and self.store.soap_enabled:
            return self.soap(request)
        raise Refused(404, f"There is no {path}")

    def login(self, request: Request) -> Answer:
        """Which status says what is a guess."""
        given = request.json().get("dsCredentials")
        given = given if isinstance(given, dict) else {}
        with self.store.lock:
            if self.failures >= TOO_MANY_FAILURES:
                raise Refused(403, "The account is locked")
            right = hmac.compare_digest(
                f"{given.get('userName')}\0{given.get('password')}".encode(),
                f"{self.username}\0{self.password}".encode(),
            )
            if not right:
                self.failures += 1
                raise Refused(401, "Invalid username or password")
            self.failures = 0
            session = secrets.token_hex(16).upper()
            self.store.sessions[session] = self.username
            self.store.logins += 1
        return Answer(data=session.encode(), kind="text/plain")

    # SOAP

    def soap(self, request: Request) -> Answer:
        try:
            if request.method != "POST":
                raise Fault("ManagerValidationException", "only POST is answered here")
            inner, status = self.operate(self.body(request.data)), 200
        except Fault as fault:
            inner = (
                f"<soapenv:Fault><faultcode>soapenv:Server.userException</faultcode>"
                f"<faultstring>{escape(str(fault))}</faultstring>"
                f'<detail><{fault.kind} xmlns="{MANAGER}"/></detail></soapenv:Fault>'
            )
            status = 500
        text = (
            f'<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="{ENVELOPE}"><soapenv:Body>{inner}'
            "</soapenv:Body></soapenv:Envelope>"
        )
        return Answer(status, text.encode(), "text/xml; charset=utf-8")

    @staticmethod
    def body(data: bytes) -> ET.Element:
        """The operation's element."""
        if b"<!" in data.replace(b"<!--", b""):
            raise Fault("ManagerValidationException", "no DOCTYPE is allowed")
        try:
            envelope = ET.fromstring(data)
        except ET.ParseError as error:
            raise Fault("ManagerValidationException", f"no XML: {error}") from error
        body = envelope.find(f"{{{ENVELOPE}}}Body")
        if body is None or len(body) != 1:
            raise Fault("ManagerValidationException", "no SOAP body with one operation")
        return body[0]

    def operate(self, operation: ET.Element) -> str:
        if operation.tag != f"{{{MANAGER}}}systemEventRetrieve2":
            raise Fault("ManagerException", f"the lab does not know the operation {operation.tag}")
        if text_of(operation, "sID") not in self.store.sessions:
            raise Fault("ManagerAuthenticationException", "the session is not known, or has ended")
        first, last = self.period(operation)
        computers = self.hosts(operation)
        number, test = self.record(operation)
        limit = self.store.options.page_limit
        found: list[Event] = []
        truncated = False
        with self.store.lock:
            for event in self.events.above(number if test == "GREATER_THAN" else 0):
                if (test == "LESS_THAN" and event.number >= number) or (test == "EQUAL" and event.number != number):
                    continue
                if not first <= event.time <= last or (computers is not None and event.computer not in computers):
                    continue
                if len(found) == limit:
                    truncated = True
                    break
                found.append(event)
        items = "".join(written(event) for event in found)
        return (
            f'<systemEventRetrieve2Response xmlns="{MANAGER}"><systemEventRetrieve2Return>'
            f"<truncated>{str(truncated).lower()}</truncated><systemEvents>{items}</systemEvents>"
            "</systemEventRetrieve2Return></systemEventRetrieve2Response>"
        )

    def period(self, operation: ET.Element) -> tuple[int, int]:
        """From when to when, in milliseconds."""
        given, now = part_of(operation, "timeFilter"), self.store.now()
        kind = text_of(given, "type")
        if kind in LAST:
            return now - LAST[kind], now + MINUTE
        if kind == "CUSTOM_RANGE":
            return moment(text_of(given, "rangeFrom")), moment(text_of(given, "rangeTo"))
        if kind == "SPECIFIC_TIME":
            return (moment(text_of(given, "specificTime")),) * 2
        if kind == "PREVIOUS_MONTH":
            return now - 31 * 24 * HOUR, now + MINUTE
        raise Fault("ManagerValidationException", f"timeFilter.type {kind}")

    def hosts(self, operation: ET.Element) -> set[int] | None:
        """The computers that are asked for; None is all."""
        given = part_of(operation, "hostFilter")
        kind = text_of(given, "type")
        if kind in ("ALL_HOSTS", "MY_HOSTS"):
            return None
        names = {
            "SPECIFIC_HOST": ("hostID", "number"),
            "HOSTS_IN_GROUP": ("hostGroupID", "group"),
            "HOSTS_IN_GROUP_AND_ALL_SUBGROUPS": ("hostGroupID", "group"),
            "HOSTS_USING_SECURITY_PROFILE": ("securityProfileID", "policy"),
        }
        if kind not in names:
            raise Fault("ManagerValidationException", f"hostFilter.type {kind}")
        key, field = names[kind]
        wanted = whole(text_of(given, key))
        with self.store.lock:
            return {one.number for one in self.store.computers.values() if getattr(one, field) == wanted}

    @staticmethod
    def record(operation: ET.Element) -> tuple[int, str]:
        """The number and the test of eventIdFilter; all records where it is empty."""
        given = part_of(operation, "eventIdFilter")
        test = text_of(given, "operator")
        if not test:
            return 0, "GREATER_THAN"
        if test not in ("GREATER_THAN", "LESS_THAN", "EQUAL"):
            raise Fault("ManagerValidationException", f"eventIdFilter.operator {test}")
        return whole(text_of(given, "id")), test


def part_of(element: ET.Element, name: str) -> ET.Element:
    found = element.find(f"{{{MANAGER}}}{name}")
    if found is None:
        raise Fault("ManagerValidationException", f"{name} is missing")
    return found


def text_of(element: ET.Element, name: str) -> str:
    found = element.find(f"{{{MANAGER}}}{name}")
    return "" if found is None or found.text is None else found.text.strip()


def whole(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise Fault("ManagerValidationException", f"{text!r} is no number") from error


def moment(text: str) -> int:
    """Milliseconds from an xsd:dateTime."""
    try:
        found = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise Fault("ManagerValidationException", f"{text!r} is no dateTime") from error
    if found.tzinfo is None:
        found = found.replace(tzinfo=datetime.timezone.utc)
    return int(found.timestamp() * 1000)


def written(event: Event) -> str:
    """SystemEventTransport."""
    name, kind = NAMES[event.event]
    time = datetime.datetime.fromtimestamp(event.time / 1000, datetime.timezone.utc)
    fields = {
        "actionPerformedBy": "System",
        "description": DESCRIPTIONS[event.event].format(name=event.name),
        "event": name,
        "eventID": event.event,
        "eventOrigin": "MANAGER",
        "managerHostname": "manager.lab.example",
        "systemEventID": event.number,
        "tags": "",
        "target": event.name,
        "targetID": event.computer,
        "targetType": "Host",
        "time": time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{event.time % 1000:03d}Z",
        "type": kind,
    }
    return "<item>" + "".join(f"<{key}>{escape(str(value))}</{key}>" for key, value in fields.items()) + "</item>"
