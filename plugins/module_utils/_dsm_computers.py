# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection.

"""The Manager's computers as raw readings: what modules and the inventory plugin share. Nothing is judged here."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

from ansible.module_utils.parsing.convert_bool import boolean

from ansible_collections.deep_security.remediation.plugins.module_utils import _dsm

# What a record is made from; what is not requested stays unknown.
EXPAND = ("computerStatus", "computerSettings", "antiMalware")
# What may be requested: beside the above, what makes an answer several times as large and is seldom needed.
EXPANDABLE = EXPAND + ("securityUpdates",)
RELAY_SETTING = "platformSettingRelayState"
# The vendor publishes the setting, not its values.
RELAY_STATES = {"true": True, "false": False}
# What the Manager's English console calls it.
ENGINE_OFFLINE = r"anti-?malware engine offline"
# What the Manager writes as version where there is no agent.
NO_AGENT = "0.0.0.0"
BUILD = re.compile(r"([0-9]{1,9})\.([0-9]{1,9})\.([0-9]{1,9})[.-]([0-9]{1,9})\Z")
# The fields of a raw reading. The rest of an answer is several times as large.
KEYS = (
    "ID",
    "hostGUID",
    "hostName",
    "displayName",
    "lastIPUsed",
    "platform",
    "groupID",
    "policyID",
    "relayListID",
    "agentFingerPrint",
    "applianceFingerPrint",
    "agentVersion",
    "lastAgentCommunication",
    "lastApplianceCommunication",
    "computerStatus",
)
PARTS = {
    "computerSettings": (RELAY_SETTING,),
    "antiMalware": ("state", "moduleStatus"),
    "securityUpdates": ("updateStatus", "lastChanged", "antiMalware"),
}


def search(client, expand, after=0, size=_dsm.PAGE_SIZE):
    """The computers with an ID above after as the Manager describes them, with the parts that expand names."""
    query = [("expand", name) for name in expand or ["none"]] + [("overrides", "false")]
    return client.search("computers", "computers", query, after=after, size=size)


def reading(raw):
    """The raw reading of one computer: the fields that a record is made from, as they are."""
    kept = {key: raw[key] for key in KEYS if key in raw}
    for name, keys in PARTS.items():
        if isinstance(raw.get(name), dict):
            kept[name] = {key: raw[name][key] for key in keys if key in raw[name]}
    components = kept.get("securityUpdates", {}).get("antiMalware")
    if isinstance(components, list):
        kept["securityUpdates"]["antiMalware"] = [
            {"latest": item.get("latest")} if isinstance(item, dict) else item for item in components
        ]
    return kept


def parse_relay_states(states):
    """The operator's relay_states as {value in lower case: bool}. Raises ValueError."""
    try:
        return {str(word).lower(): boolean(state) for word, state in states.items()}
    except TypeError as error:
        raise ValueError("relay_states: %s" % error)


def relay_value(raw):
    """The Manager's value of the Relay setting, whatever it is, or None."""
    settings = raw.get("computerSettings")
    setting = settings.get(RELAY_SETTING) if isinstance(settings, dict) else None
    return setting.get("value") if isinstance(setting, dict) else None


def is_relay(raw, states):
    """True, False, or None where the value is none of parse_relay_states()."""
    return states.get(str(relay_value(raw)).lower())


def build(text):
    """20.0.0-6313 from 20.0.0.6313, or None. For what a module sends or compares; records are made in _record."""
    found = BUILD.match(text) if isinstance(text, str) else None
    return "%d.%d.%d-%d" % tuple(int(number) for number in found.groups()) if found else None


def group_ids(client, groups):
    """The IDs of groups given by name or ID. Raises DsmError for a name that no group has."""
    ids = {int(group) for group in groups if group.isdigit()}
    names = {group for group in groups if not group.isdigit()}
    if names:
        known = {}
        for group in client.search("computergroups", "computerGroups"):
            known.setdefault(str(group.get("name")), []).append(group["ID"])
        for name in sorted(names):
            if name not in known:
                raise _dsm.DsmError("the Manager has no group %s, or does not show it to this API key" % name)
            ids.update(known[name])
    return ids
