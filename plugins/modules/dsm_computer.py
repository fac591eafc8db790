#!/usr/bin/python

# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: dsm_computer
short_description: Delete a computer in a Deep Security Manager, or give it its settings back
version_added: 0.1.0
description:
  - Deletes one computer of a Deep Security Manager (DSM) or of Workload Security, as a clean reinstallation of its
    agent needs it, and returns what it was; or sets the policy, the group, the group of Relays, the display name or the
    Relay state of one, which is how a computer that registered itself anew gets back what it had.
  - It never adds a computer. An agent does that itself when it is activated.
  - It deletes nothing on the host. Remove the agent first, or it stays there, activated for a computer that is gone.
  - Runs where the Manager can be reached, on the controller as a rule.
author:
  - deep_security.remediation contributors (@deep-security-remediation)
options:
  state:
    description:
      - V(absent) deletes the computer. One that is not there is fine.
      - V(present) sets what is given and different. One that is not there is an error.
    type: str
    choices: [present, absent]
    default: present
  id:
    description:
      - The Manager's ID of the computer.
      - Exactly one of O(id) and O(name) must be given.
    type: int
  name:
    description:
      - The host name or the display name of the computer. Upper and lower case are the same.
      - Where several computers have it, nothing is done and the message names their IDs. That happens, as an agent that
        registers itself anew may leave its old computer behind.
      - For a name all computers are read, 5000 with one request. It is never taken for an ID, even if it is a number.
    type: str
  policy_id:
    description: The ID of the policy that the computer shall have.
    type: int
  group_id:
    description: The ID of the group that it shall be in.
    type: int
  relay_group_id:
    description: The ID of the group of Relays from which it shall update itself. V(0) is none.
    type: int
  display_name:
    description: The name that it shall have in the Manager.
    type: str
  relay:
    description:
      - Whether it shall be a Relay, by its setting C(platformSettingRelayState).
      - The agent learns it with its next heartbeat, and needs time to become one.
    type: bool
  relay_states:
    description:
      - Which values of that setting mean that a computer is a Relay. The first of the right meaning is what is set.
      - The vendor documents the setting and not its values; the default is what its older interface takes.
      - Where the computer's own value is none of them, O(relay) is not set, and the module fails.
    type: dict
    default: {"true": true, "false": false}
extends_documentation_fragment:
  - deep_security.remediation._dsm
  - deep_security.remediation._attributes
attributes:
  check_mode:
    support: full
    details: It reads the computer. Whether the API key may change or delete it is not checked.
  diff_mode:
    support: full
notes:
  - The API key needs a role that may change or delete computers, such as Full Access.
  - A computer that the role of the API key does not show looks as if it were not there.
seealso:
  - module: deep_security.remediation.dsm_computer_info
  - module: deep_security.remediation.dsa_recover
"""

EXAMPLES = r"""
- name: Delete the computer, and keep what it was
  deep_security.remediation.dsm_computer:
    url: https://dsm.example.com:4119
    api_key: "{{ vault_dsm_api_key }}"
    ca_path: /etc/pki/dsm.pem
    name: "{{ inventory_hostname }}"
    state: absent
  delegate_to: localhost
  register: old

# The agent is installed and activated anew here.

- name: Restore the data of a computer that was deleted
  deep_security.remediation.dsm_computer:
    url: https://dsm.example.com:4119
    api_key: "{{ vault_dsm_api_key }}"
    ca_path: /etc/pki/dsm.pem
    name: "{{ inventory_hostname }}"
    policy_id: "{{ old.computer.policy_id | default(omit, true) }}"
    group_id: "{{ old.computer.group_id | default(omit, true) }}"
  delegate_to: localhost

- name: Make it a Relay again
  deep_security.remediation.dsm_computer:
    url: https://dsm.example.com:4119
    api_key: "{{ vault_dsm_api_key }}"
    ca_path: /etc/pki/dsm.pem
    id: 17
    relay: true
  delegate_to: localhost
"""

RETURN = r"""
computer:
  description:
    - The computer as RV(deep_security.remediation.dsm_computer_info#module:computers) has it, after the changes; in
      check mode as it would be.
    - After O(state=absent) it is what was deleted, to be given back later. Null if it was not there.
  returned: success
  type: dict
  sample: {id: 17, name: db01.example.com, policy_id: 12, group_id: 3, relay_group_id: 1}
before:
  description: The computer before the changes.
  returned: success and O(state=present)
  type: dict
  sample: {id: 17, name: db01.example.com, policy_id: 1, group_id: 3, relay_group_id: 1}
requests:
  description: C(sent) requests, how many of them were C(retried), and how many answers were C(rate_limited).
  returned: success
  type: dict
  sample: {sent: 2, retried: 0, rate_limited: 0}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.deep_security.remediation.plugins.module_utils import _dsm, _dsm_computers

# Options that are a field of the Manager's computer, and the value that stands for none.
FIELDS = {
    "policy_id": ("policyID", 0),
    "group_id": ("groupID", 0),
    "relay_group_id": ("relayListID", 0),
    "display_name": ("displayName", ""),
}
# How many of several computers with the same name a message names.
SHOWN = 10


def main():
    module = AnsibleModule(
        argument_spec=dict(
            _dsm.argument_spec(),
            state=dict(type="str", choices=["present", "absent"], default="present"),
            id=dict(type="int"),
            name=dict(type="str"),
            policy_id=dict(type="int"),
            group_id=dict(type="int"),
            relay_group_id=dict(type="int"),
            display_name=dict(type="str"),
            relay=dict(type="bool"),
            relay_states=dict(type="dict", default=_dsm_computers.RELAY_STATES),
        ),
        required_one_of=[("id", "name")],
        mutually_exclusive=[("id", "name")],
        supports_check_mode=True,
    )
    params = module.params
    try:
        check(params)
        states = _dsm_computers.parse_relay_states(params["relay_states"])
        client = _dsm.client(params)
        raw = find(client, params["id"], params["name"])
        act = delete if params["state"] == "absent" else change
        result = act(client, states, raw, params, module.check_mode)
    except (_dsm.DsmError, ValueError) as error:
        module.fail_json(msg=str(error))
    # The action plugin of this name makes records of the raw readings.
    module.exit_json(requests=client.statistics(), reading={"relay_states": params["relay_states"]}, **result)


def check(params):
    """Raises ValueError for options that make no sense."""
    if params["id"] is not None and params["id"] < 1:
        raise ValueError("id is %d; the Manager's IDs begin with 1" % params["id"])
    if params["name"] is not None and not params["name"].strip():
        raise ValueError("name is empty; give the host name or the display name of one computer")
    for option in ("policy_id", "group_id", "relay_group_id"):
        if params[option] is not None and params[option] < 0:
            raise ValueError("%s is %d; give an ID of the Manager" % (option, params[option]))
    if params["state"] == "absent":
        given = sorted(name for name in list(FIELDS) + ["relay"] if params[name] is not None)
        if given:
            raise ValueError("%s cannot be set with state=absent; leave it out" % ", ".join(given))


def find(client, number, name):
    """The one computer as the Manager describes it, or None. Raises DsmError where several have the name."""
    if number is None:
        wanted = name.strip().lower()
        found = [raw for raw in _dsm_computers.search(client, ()) if wanted in _names(raw)]
        if len(found) > 1:
            raise _dsm.DsmError(
                "%d computers of the Manager are called %s: %s%s. Name the right one by id"
                % (len(found), name, ", ".join(_shown(raw) for raw in found[:SHOWN]), _more(found))
            )
        if not found:
            return None
        number = found[0]["ID"]
    # By a search, which answers with nothing where the computer is gone: 404 would also come from some other server.
    raw = next(_dsm_computers.search(client, _dsm_computers.EXPAND, after=number - 1, size=1), None)
    return raw if raw and raw["ID"] == number else None


def delete(client, states, raw, dummy, check_mode):
    """state=absent: the result, with a raw reading."""
    if raw is None:
        return {"changed": False, "computer": None}
    if not check_mode:
        # If another client was faster it is gone as well.
        client.delete("computers/%d" % raw["ID"])
    return {
        "changed": True,
        "computer": _dsm_computers.reading(raw),
        "diff": {"before": _identity(raw), "after": {}},
    }


def change(client, states, raw, params, check_mode):
    """state=present: the result, with raw readings. Raises DsmError where the computer is missing."""
    if raw is None:
        if params["id"] is not None:
            missing = "no computer with the ID %d" % params["id"]
        else:
            missing = "no computer called %s" % params["name"]
            if params["name"].strip().isdigit():
                missing += ", and takes a name for no ID; if it is one, write it to id"
        raise _dsm.DsmError(
            "the Manager has %s, or does not show it to this API key. It is not added from here: install and activate "
            "the agent, which registers itself" % missing
        )
    body, diff = {}, {"before": {}, "after": {}}
    for option, (field, none) in FIELDS.items():
        is_now = raw.get(field) or none
        if params[option] is not None and params[option] != is_now:
            body[field] = diff["after"][option] = params[option]
            diff["before"][option] = is_now
    is_relay = _dsm_computers.is_relay(raw, states)
    if params["relay"] is not None and params["relay"] != is_relay:
        if is_relay is None:
            raise _dsm.DsmError(
                "it is unknown whether the computer %s is a Relay, so it is not changed: its Relay state is %s; see "
                "relay_states" % (_shown(raw), client.short(repr(_dsm_computers.relay_value(raw))))
            )
        body["computerSettings"] = {
            _dsm_computers.RELAY_SETTING: {"value": _word(params["relay"], params["relay_states"])}
        }
        diff["before"]["relay"], diff["after"]["relay"] = is_relay, params["relay"]
    after = raw
    if body and check_mode:
        after = dict(raw, **body)
    elif body:
        query = [("expand", name) for name in _dsm_computers.EXPAND] + [("overrides", "false")]
        # Setting the same values once more changes nothing.
        after = client.post("computers/%d" % raw["ID"], body, query, repeatable=True)
        if after.get("ID") != raw["ID"]:
            raise client.strange("computers/%d" % raw["ID"], "it is not that computer")
    return {
        "changed": bool(body),
        "computer": _dsm_computers.reading(after),
        "before": _dsm_computers.reading(raw),
        "diff": diff,
    }


def _names(raw):
    return {raw[field].lower() for field in ("hostName", "displayName") if isinstance(raw.get(field), str)}


def _shown(raw):
    return "%d (%s)" % (raw["ID"], " / ".join(sorted(_names(raw))))


def _more(found):
    return " and %d more" % (len(found) - SHOWN) if len(found) > SHOWN else ""


def _word(state, relay_states):
    """The Manager's value for a Relay or for none. Raises ValueError without one."""
    for word, meaning in relay_states.items():
        if boolean(meaning) == state:
            return str(word)
    raise ValueError("relay_states has no value that means %s; add one" % str(state).lower())


def _identity(raw):
    fields = {"id": "ID", "name": "hostName", "display_name": "displayName", "policy_id": "policyID"}
    return {name: raw.get(field) for name, field in sorted(dict(fields, group_id="groupID").items())}


if __name__ == "__main__":
    main()
