#!/usr/bin/python

# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: dsm_event_info
short_description: Read from a Manager's events which agents already fail to update
version_added: 0.1.0
description:
  - Reads the system events 2204 (pattern update on agents successful) and 2205 (failed) of a Deep Security Manager
    (DSM), and returns of each computer when its update last succeeded and last failed, and whether the failure is that
    of the advisory KA-0016311. Changes nothing.
  - An event 2205 is of that advisory when its description holds the agent's event 9017 and the code -24, or the name
    C(IAURELAY_STATUS_DIGITAL_SIGNATURE_CERT_EXPIRE). All else in it is prose in the Manager's language.
  - The Manager's API has no events, so this module signs in to the legacy interface with a user and a password, and
    always signs out again. It sends the password once.
  - It is optional, as evidence beside the build. That there is no event does not mean that an agent has no problem.
  - Runs where the Manager can be reached, on the controller as a rule.
author:
  - deep_security.remediation contributors (@deep-security-remediation)
options:
  api_key:
    description:
      - Not used, and never sent to the legacy interface. It is here so that all modules can share their options.
      - If not set, the environment variable E(DSM_API_KEY) is used.
    type: str
    required: false
  username:
    description:
      - A user of the Manager whose role may use web services and see the computers and the events.
      - A user who signs in with a second factor or a single sign-on cannot be used here.
      - If not set, the environment variable E(DSM_USERNAME) is used.
    type: str
    required: true
  password:
    description:
      - The password of that user.
      - If not set, the environment variable E(DSM_PASSWORD) is used.
    type: str
    required: true
  tenant:
    description:
      - The name of a tenant, on a Manager with several. Without it the primary tenant is used.
      - If not set, the environment variable E(DSM_TENANT) is used.
    type: str
  since:
    description:
      - How far to look back. V(LAST_HOUR), V(LAST_24_HOURS) and V(LAST_7_DAYS) go by the Manager's clock, a number of
        hours goes by the clock of the machine where the module runs.
    type: str
    default: LAST_7_DAYS
  ids:
    description:
      - Only events about computers with these IDs. With one ID the Manager filters, with several the module does.
    type: list
    elements: int
  target_types:
    description:
      - Which target types of the Manager mean that an event is about a computer, so that its target's ID is a
        computer's. An empty one stands for an event that has no such word. Upper and lower case are the same.
      - The vendor documents the field and not its values. The default was seen in events that a Manager sent elsewhere.
    type: list
    elements: str
    default: [Host]
extends_documentation_fragment:
  - deep_security.remediation._dsm
  - deep_security.remediation._attributes
  - deep_security.remediation._attributes.info
notes:
  - The login and the logout follow the vendor's documentation of the legacy REST interface. The SOAP request
    C(systemEventRetrieve2) and the fields of an event are from a public copy of the Manager's WSDL. None of it was ever
    tried on a real Manager.
  - Not documented, and therefore not relied on, are how many events a Manager sends at once and in which order. How it
    answers to a wrong password and while SOAP is switched off is not documented either, so that the messages name all
    causes that there can be.
  - Workload Security has no such login.
seealso:
  - module: deep_security.remediation.dsm_computer_info
"""

EXAMPLES = r"""
- name: Read which agents fail to update
  deep_security.remediation.dsm_event_info:
    url: https://dsm.example.com:4119
    ca_path: /etc/pki/dsm.pem
    username: ansible
    password: "{{ vault_dsm_password }}"
    since: LAST_24_HOURS
  delegate_to: localhost
  run_once: true
  register: dsm_events

- name: Show the IDs of the computers that fail because of the certificate
  ansible.builtin.debug:
    msg: "{{ dsm_events.computers | dict2items | selectattr('value.certificate_expired', 'sameas', true)
      | map(attribute='key') }}"
"""

RETURN = r"""
computers:
  description:
    - What the events show of each computer, by its ID as a text. A computer without such an event is not there.
  returned: always
  type: dict
  contains:
    last_success:
      description: When its update last succeeded, null if never or if the time is not known.
      type: str
      sample: "2025-09-24T03:10:00Z"
    last_failure:
      description: When its update last failed, null if never or if the time is not known.
      type: str
      sample: "2025-09-26T03:10:00Z"
    certificate_expired:
      description:
        - Whether an update failed because of the certificate since the last one that succeeded. Null where an update
          failed and the Manager gives no reason.
      type: bool
      sample: true
  sample:
    "17":
      last_success: "2025-09-24T03:10:00Z"
      last_failure: "2025-09-26T03:10:00Z"
      certificate_expired: true
events:
  description:
    - The newest success, the newest failure and the newest failure because of the certificate of each computer, in the
      order of their IDs.
  returned: always
  type: list
  elements: dict
  contains:
    id:
      description: The number of its record in the Manager.
      type: int
      sample: 48213
    event_id:
      description: V(2204) or V(2205).
      type: int
      sample: 2205
    time:
      description: When it was, null if the Manager gives no time or none with a zone.
      type: str
      sample: "2025-09-26T03:10:00Z"
    computer_id:
      description: The ID of the computer, null where it is not known that the event is about one, see O(target_types).
      type: int
      sample: 17
    computer:
      description: The name of the target, as the Manager writes it.
      type: str
      sample: db01.example.com
    certificate_expired:
      description: Whether it is a failure because of the certificate, null for a failure without a description.
      type: bool
      sample: true
read:
  description: How many system events were read, and how many of them were of the two kinds and of O(ids).
  returned: always
  type: dict
  contains:
    events:
      description: All that the Manager sent.
      type: int
      sample: 5310
    successes:
      description: Those with the number 2204.
      type: int
      sample: 412
    failures:
      description: Those with the number 2205.
      type: int
      sample: 38
  sample: {events: 5310, successes: 412, failures: 38}
requests:
  description: C(sent) requests, how many of them were C(retried), and how many answers were C(rate_limited).
  returned: always
  type: dict
  sample: {sent: 5, retried: 0, rate_limited: 0}
problems:
  description: Why something is null, and whether the session could not be ended.
  returned: always
  type: list
  elements: str
  sample: []
"""

import calendar
import re
import time

from ansible.module_utils.basic import AnsibleModule, env_fallback

from ansible_collections.deep_security.remediation.plugins.module_utils import _dsm, _dsm_legacy

SUCCESS = 2204
FAILURE = 2205
WINDOWS = ("LAST_HOUR", "LAST_24_HOURS", "LAST_7_DAYS")
CONSTANT = "IAURELAY_STATUS_DIGITAL_SIGNATURE_CERT_EXPIRE"
# Around them may stand Japanese without a space, but no letter, digit or sign that makes another code or a date of it.
AGENT_EVENT = re.compile(r"(?<![0-9A-Za-z_.-])9017(?![0-9A-Za-z_-]|[.,][0-9])")
CODE = re.compile(r"(?<![0-9A-Za-z_.-])-24(?![0-9A-Za-z_-]|[.,][0-9])")
MOMENT = re.compile(
    r"\s*([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]+)?"
    r"(Z|([+-])([0-9]{2}):([0-9]{2}))?\s*\Z"
)
# For a clock here that is behind the Manager's.
A_DAY = 24 * 3600


def main():
    module = AnsibleModule(
        argument_spec=dict(
            _dsm.argument_spec(needs_key=False),
            username=dict(type="str", required=True, fallback=(env_fallback, ["DSM_USERNAME"])),
            password=dict(type="str", required=True, no_log=True, fallback=(env_fallback, ["DSM_PASSWORD"])),
            tenant=dict(type="str", fallback=(env_fallback, ["DSM_TENANT"])),
            since=dict(type="str", default="LAST_7_DAYS"),
            ids=dict(type="list", elements="int"),
            target_types=dict(type="list", elements="str", default=["Host"]),
        ),
        supports_check_mode=True,
    )
    params = module.params
    for name in ("username", "password"):
        if not params[name].strip():
            module.fail_json(msg="%s is empty; give that of a user of the Manager" % name)
    history = History(params["ids"], params["target_types"])
    try:
        window = time_filter(params["since"], time.time())
        client = _dsm.client(dict(params, api_key=None))
        with _dsm_legacy.Session(client, params["username"], params["password"], params["tenant"]) as session:
            computer_id = params["ids"][0] if params["ids"] and len(params["ids"]) == 1 else None
            for events, count in _dsm_legacy.system_events(session, window, computer_id, history.read):
                history.add(events, count)
    except (_dsm.DsmError, ValueError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(
        changed=False,
        computers=history.computers(),
        events=history.events(),
        read=history.counted,
        requests=client.statistics(),
        problems=history.problems() + session.problems,
    )


def time_filter(since, now):
    """The WSDL's TimeFilterTransport for since; now is in seconds since 1970. Raises ValueError."""
    if since.upper() in WINDOWS:
        return {"type": since.upper()}
    if not re.match(r"[0-9]{1,5}\Z", since) or int(since) == 0:
        raise ValueError("since is %s; give a number of hours or one of %s" % (since, ", ".join(WINDOWS)))
    return {"type": "CUSTOM_RANGE", "rangeFrom": utc(now - int(since) * 3600), "rangeTo": utc(now + A_DAY)}


def utc(seconds):
    """ISO 8601 in UTC, which is also xsd:dateTime, from seconds since 1970."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def moment(text):
    """ISO 8601 in UTC from xsd:dateTime; None for what is no moment or has no zone."""
    found = MOMENT.match(text or "")
    if not found or not found.group(7):
        return None
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    if year < 1970 or not (1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60 and second < 61):
        return None
    east = 0
    if found.group(8):
        east = int(found.group(9)) * 3600 + int(found.group(10)) * 60
        east = -east if found.group(8) == "-" else east
    return utc(calendar.timegm((year, month, day, hour, minute, second)) - east)


def certificate_expired(description):
    """Whether the description of a failure is that of the advisory, None without one."""
    if not description:
        return None
    return CONSTANT in description or bool(AGENT_EVENT.search(description) and CODE.search(description))


class History:
    """What matters of many events: at most three of each computer, so that their number does not matter."""

    def __init__(self, ids, target_types):
        self._ids = None if ids is None else set(ids)
        self._target_types = {word.lower() for word in target_types}
        self._newest = {}  # by computer: by kind (SUCCESS, FAILURE, CONSTANT) the newest event
        self._unknown = {}  # by reason: how many events
        self.counted = {"events": 0, "successes": 0, "failures": 0}

    def read(self, fields):
        """One entry of events from the fields of a SystemEventTransport, or None for what is not wanted."""
        event_id = _dsm_legacy.integer(fields.get("eventID"))
        if event_id not in (SUCCESS, FAILURE):
            return None
        kind = fields.get("targetType") or ""
        is_computer = kind.lower() in self._target_types
        return {
            "id": _dsm_legacy.integer(fields["systemEventID"]),
            "event_id": event_id,
            "time": moment(fields.get("time")),
            "computer_id": _dsm_legacy.integer(fields.get("targetID")) if is_computer else None,
            "computer": fields.get("target") or None,
            "certificate_expired": event_id == FAILURE and certificate_expired(fields.get("description")),
            "target_type": kind,
        }

    def add(self, events, count):
        """Take note of one page of events, and of how many the Manager sent for it."""
        self.counted["events"] += count
        for event in events:
            self._note(event)

    def _note(self, event):
        kind, computer_id = event.pop("target_type"), event["computer_id"]
        if computer_id is None:
            self._count("no ID of a computer, but a target of the type %r; see target_types" % kind)
        if self._ids is not None and computer_id not in self._ids:
            return
        if event["time"] is None:
            self._count("no time with a zone")
        failed = event["event_id"] == FAILURE
        self.counted["failures" if failed else "successes"] += 1
        newest = self._newest.setdefault((computer_id, None if computer_id is not None else event["computer"]), {})
        for name in (event["event_id"], CONSTANT) if event["certificate_expired"] else (event["event_id"],):
            if name not in newest or newest[name]["id"] < event["id"]:
                newest[name] = event

    def _count(self, reason):
        self._unknown[reason] = self._unknown.get(reason, 0) + 1

    def computers(self):
        """RETURN's computers. A record's number gives the order, as a time may be missing."""
        found = {}
        for (computer_id, dummy), newest in self._newest.items():
            if computer_id is None:
                continue
            success, failure, expired = (newest.get(kind) for kind in (SUCCESS, FAILURE, CONSTANT))
            since = success["id"] if success else float("-inf")
            if expired and expired["id"] > since:
                state = True
            else:
                state = None if failure and failure["id"] > since and failure["certificate_expired"] is None else False
            found[str(computer_id)] = {
                "last_success": success["time"] if success else None,
                "last_failure": failure["time"] if failure else None,
                "certificate_expired": state,
            }
        return found

    def events(self):
        """RETURN's events."""
        kept = {event["id"]: event for newest in self._newest.values() for event in newest.values()}
        return [kept[number] for number in sorted(kept)]

    def problems(self):
        """Why something is null."""
        return ["%d events have %s" % (self._unknown[reason], reason) for reason in sorted(self._unknown)]


if __name__ == "__main__":
    main()
