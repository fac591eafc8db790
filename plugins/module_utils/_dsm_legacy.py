# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection.

"""The Manager's legacy interface: a session that is always ended, and system events through SOAP.

The paths and the login are from the vendor's documentation of the legacy REST interface, the SOAP messages from a
public copy of the Manager's WSDL (targetNamespace urn:Manager, document/literal). None of it was tried on a Manager.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import re
from urllib.parse import urlencode
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from ansible_collections.deep_security.remediation.plugins.module_utils import _dsm

LOGIN = "rest/authentication/login"
LOGOUT = "rest/authentication/logout"
SOAP = "webservice/Manager"
SOAP_HEADERS = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '""'}
ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:urn="urn:Manager">'
    "<soapenv:Header/><soapenv:Body>%s</soapenv:Body></soapenv:Envelope>"
)
XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
ENVELOPE_TAG = "{http://schemas.xmlsoap.org/soap/envelope/}Envelope"
# What ends a session has this long, even where the deadline has passed.
LOGOUT_SECONDS = 10
# What no session ID is: an HTML page, a sentence, a word of refusal.
SESSION_ID = re.compile(r"[\x21\x23-\x25\x27-\x3b=\x3f-\x7e]{8,1000}\Z")
# English or Japanese; a request that was "blocked" on the way is another thing.
LOCKED = re.compile(r"lockout|\blocked\b|\u30ed\u30c3\u30af", re.IGNORECASE)
# By the exceptions of the WSDL, whose names are the same in every language; that a fault holds them is not documented.
REMEDIES = (
    ("Lockout", "The account is locked; unlock it in the Manager, after looking who locked it"),
    ("MaxSessions", "The user has too many sessions; end some in the Manager, or have the limit raised"),
    ("Authorization", "Give the user a role that may use web services and see events"),
    ("Authentication", "The session is not accepted or has ended; try again"),
    ("Timeout", "The Manager took too long; request less"),
)


class Session:
    """A session of one user, for a with statement: logged in once, and logged out whatever happens.

    Raises DsmError where the login fails. What was wrong with the logout is in problems, as all else is done by then.
    """

    def __init__(self, client, username, password, tenant=None):
        self.client = client
        self.problems = []
        self._username = username
        self._password = password
        self._tenant = tenant
        self._id = None
        client.hide(password)

    def __enter__(self):
        credentials = {"userName": self._username, "password": self._password}
        if self._tenant:
            credentials["tenantName"] = self._tenant
        path = LOGIN if self._tenant else LOGIN + "/primary"
        # Never repeated: wrong passwords lock accounts, and a login whose answer was lost has left a session open.
        answer = self.client.legacy("POST", path, json.dumps({"dsCredentials": credentials}), explain=self._refused)
        text = answer.decode("utf-8", "replace").strip()
        if not SESSION_ID.match(text):
            raise self.client.strange(path, "the answer is no session ID, but perhaps the page of a single sign-on")
        self._id = text
        self.client.hide(text)
        return self

    def __exit__(self, *dummy):
        self.client.grace(LOGOUT_SECONDS)
        try:
            self.client.legacy("DELETE", LOGOUT + "?" + urlencode([("sID", self._id)]))
        except _dsm.DsmError as error:
            self.problems.append(
                "the session could not be ended, and stays open until the Manager's own time-out: %s" % error
            )

    def _refused(self, status, data):
        """What a refused login means; None for what is as everywhere else."""
        client = self.client
        if status == 404:
            return (
                "%s has no %s (HTTP 404): it has no legacy interface, as Workload Security, or it is no Deep Security "
                "Manager; write the address of the Manager's console into url" % (client.url, LOGIN)
            )
        if status not in (400, 401, 403, 500):
            return None
        # Not stripped before it is masked: the blanks at the ends may be those of the password.
        text = data.decode("utf-8", "replace")
        words = client.words(data) or ("" if text.lstrip().startswith("<") else client.short(text))
        answer = "; the answer is: %s" % words if words else ""
        if LOCKED.search(words or text):
            why = "The account is locked; unlock it in the Manager, after looking who locked it"
        else:
            why = (
                "The user name, the password or the tenant is wrong, the account is locked, it signs in with a second "
                "factor or a single sign-on, which this interface does not know, or its role may not use web services"
                "%s. The password was sent once and is not tried again, as accounts lock"
                % (", or the Manager has trouble of its own" if status == 500 else "")
            )
        return "%s does not log in the user %s (HTTP %d)%s. %s" % (client.url, self._username, status, answer, why)

    def call(self, operation, content, receiver):
        """What receiver() makes of the answer to one SOAP operation that changes nothing."""
        body = ENVELOPE % _element(operation, content + [("sID", self._id)])
        return self.client.legacy(
            "POST", SOAP, body, SOAP_HEADERS, retries=None, explain=self._soap_refused, receiver=receiver
        )

    def _soap_refused(self, status, data):
        """A fault, which SOAP sends with HTTP 500, or what the refusal means; None for what is as everywhere else."""
        if status not in (401, 403, 404, 500):
            return None
        try:
            page = Answer(self.client)
            page.feed(data)
            page.close()
        except _dsm.Failure as failure:
            if page.target.fault is not None:
                return str(failure)
        return (
            "%s refuses %s (HTTP %d): its SOAP interface is switched off (platformSettingApiSoapWebServiceEnabled in "
            "the Manager's system settings), the role of the user %s may not use it, or the Manager has trouble of its "
            "own" % (self.client.url, SOAP, status, self._username)
        )


def system_events(session, time_filter, computer_id, read):
    """Pages (lists) of what read(fields) makes of system events, and how many the Manager sent for each.

    time_filter: {type, rangeFrom, rangeTo} in the words of the WSDL; computer_id: one computer, or None for all.
    read gets the texts of one SystemEventTransport by name, None for xsi:nil, and gives None for what is not wanted.

    The Manager may limit how many it sends at once. With which end it then begins is not documented, so its list is
    read upwards and downwards from the first answer, each time until nothing more comes.
    """

    def page(operator, number):
        times = ("rangeFrom", "rangeTo", "specificTime", "type")
        content = [
            ("timeFilter", [(name, time_filter.get(name)) for name in times]),
            (
                "hostFilter",
                [
                    ("hostGroupID", None),
                    ("hostID", computer_id),
                    ("securityProfileID", None),
                    ("type", "ALL_HOSTS" if computer_id is None else "SPECIFIC_HOST"),
                ],
            ),
            ("eventIdFilter", [("id", number), ("operator", operator)]),
            ("includeNonHostEvents", "false"),
        ]
        return session.call("systemEventRetrieve2", content, lambda: Answer(session.client, read))

    first = page("GREATER_THAN", 0)
    if not first.count:
        return
    yield first.events, first.count
    largest = first.count
    for operator, end in (("GREATER_THAN", first.highest), ("LESS_THAN", first.lowest)):
        while True:
            found = page(operator, end)
            if not found.count:
                break
            beyond = found.lowest > end if operator == "GREATER_THAN" else found.highest < end
            if not beyond:
                raise session.client.strange(SOAP, "its system events do not follow on the last ones, but come again")
            yield found.events, found.count
            end = found.highest if operator == "GREATER_THAN" else found.lowest
            # On a busy Manager there is always something new, so this is an end as well: a part that is smaller than
            # another and said to be all.
            if found.truncated is False and found.count < largest:
                break
            largest = max(largest, found.count)


class Answer:
    """The answer to a SOAP request, parsed piece by piece, so that a large one needs little memory."""

    def __init__(self, client, read=None):
        self.target = _Target(read or (lambda fields: None))
        self._client = client
        self._parser = ElementTree.XMLParser(target=self.target)

    def feed(self, piece):
        try:
            self._parser.feed(piece)
        except (ElementTree.ParseError, _Foreign, LookupError, ValueError) as error:
            raise self._strange(error)

    def close(self):
        try:
            self._parser.close()
        except ElementTree.ParseError:
            raise self._client.broken_off()
        except _Foreign as error:
            raise self._strange(error)
        target = self.target
        if target.fault is not None:
            raise _dsm.Failure(self._fault(target.fault))
        if not target.complete:
            raise self._strange("there is no list of system events in it")
        if target.nameless:
            raise self._strange("%d system events have no systemEventID" % target.nameless)
        return target

    def _fault(self, fault):
        words = " ".join(fault)
        remedy = next((remedy for name, remedy in REMEDIES if name in words), None)
        return "%s refuses to give events: %s. %s" % (
            self._client.url,
            self._client.short(words) or "a SOAP fault without words",
            remedy or "Look whether its SOAP interface is switched on (platformSettingApiSoapWebServiceEnabled)",
        )

    def _strange(self, why):
        return _dsm.Failure(
            "the answer of %s to %s is not that of a Manager's SOAP interface: %s. Look whether url is the Manager's "
            "own address" % (self._client.url, SOAP, self._client.short(why))
        )


class _Foreign(Exception):
    """Something that no SOAP answer has."""


class _Target:
    """Gets the parser's events; keeps of system events what read wants, and the words of a fault."""

    def __init__(self, read):
        self._read = read
        self._path = []
        self._fields = None  # of the event inside which the parser is
        self._pieces = []  # of the text since the last tag
        self._nil = False
        self.events = []
        self.count = 0
        self.nameless = 0
        self.lowest = None
        self.highest = None
        self.truncated = None
        self.complete = False
        self.fault = None

    def doctype(self, *dummy):
        # Entities are declared there, and a few of them can fill the memory.
        raise _Foreign("it has a document type")

    def start(self, tag, attributes):
        if not self._path and tag != ENVELOPE_TAG:
            raise _Foreign("it begins with %s" % tag)
        self._path.append(_local(tag))
        self._pieces = []
        self._nil = attributes.get(XSI + "nil") in ("true", "1")
        if self._path[-2:] == ["systemEvents", "item"]:
            self._fields = {}
        if self._path[-2:] == ["Body", "Fault"]:
            self.fault = []
        elif "detail" in self._path and self.fault is not None:
            # A fault's exception may be named by the element or by its type.
            self.fault += [self._path[-1], _local(attributes.get(XSI + "type", ""))]

    def data(self, text):
        self._pieces.append(text)

    def end(self, tag):
        name, text = self._path.pop(), "".join(self._pieces)
        self._pieces = []
        if self._path[-1:] == ["item"] and self._fields is not None:
            self._fields[name] = None if self._nil else text
        elif name == "item" and self._fields is not None:
            self._event(self._fields)
            self._fields = None
        elif name == "truncated":
            self.truncated = {"true": True, "1": True, "false": False, "0": False}.get(text.strip())
        elif name == "systemEventRetrieve2Return":
            self.complete = True
        elif self.fault is not None and text.strip():
            self.fault.append(text)
        self._nil = False

    def close(self):
        return None

    def _event(self, fields):
        self.count += 1
        number = integer(fields.get("systemEventID"))
        if number is None:
            self.nameless += 1
            return
        self.lowest = number if self.lowest is None else min(self.lowest, number)
        self.highest = number if self.highest is None else max(self.highest, number)
        event = self._read(fields)
        if event is not None:
            self.events.append(event)


def integer(text):
    """A number from XML, or None."""
    return int(text) if re.match(r"\s*[+-]?[0-9]{1,19}\s*\Z", text or "") else None


def _local(name):
    """A tag or a type without its namespace or prefix."""
    return name.rpartition("}")[2].rpartition(":")[2]


def _element(name, content):
    """One element of urn:Manager: with elements from (name, content) in their order, with a text, or nil."""
    if content is None:
        return '<urn:%s xsi:nil="true"/>' % name
    if isinstance(content, list):
        text = "".join(_element(inner, value) for inner, value in content)
    else:
        text = escape(str(content))
    return "<urn:%s>%s</urn:%s>" % (name, text, name)
