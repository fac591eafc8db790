# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection.

"""Reading dsa_query: 'Key: value' lines, incomplete for some seconds after a service start."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

# The certificate every agent ships with, until a Manager activates it.
NOT_ACTIVATED_CERTIFICATE = "D0:68:DE:48:1B:DC:4D:00:89:07:7F:85:15:20:C5:90:11:EB:56:6A"

# What is asked, and how the keys of each answer begin.
COMMANDS = (
    ("GetPluginVersion", "PluginVersion."),
    ("GetAgentStatus", "AgentStatus."),
    ("GetComponentInfo", "Component."),
)
# One shell asks all three in turn: one time limit, and what was answered before a hang still counts.
ASK = "; ".join('"$0" -c ' + name for name, dummy in COMMANDS)


def command(path):
    """The command whose output read() understands, for the dsa_query at path."""
    return ["/bin/sh", "-c", ASK, path]


def parse(text):
    """Return {key: value}. Index lines such as 'AgentStatus.13: driverHooked' name fields and carry no value."""
    values = {}
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        key = key.strip()
        if colon and re.match(r"^[A-Za-z]+(\.[A-Za-z0-9_]+)+$", key) and not re.match(r"^[A-Za-z]+\.\d+$", key):
            values[key] = value.strip()
    return values


def _flag(value):
    return {"true": True, "false": False}.get((value or "").lower())


def anti_malware(values):
    """The Anti-Malware part of a record; what was not answered is None."""
    patterns = {}
    for key, value in values.items():
        found = re.match(r"^Component\.AM\.version\.pattern\.([^.]+)\.(name|version)$", key)
        if found:
            patterns.setdefault(found.group(1), {})[found.group(2)] = value
    # The index differs from host to host, the name does not.
    named = [entry for entry in patterns.values() if entry.get("name")]
    return {
        "mode": values.get("Component.AM.mode") or None,
        "driver_offline": _flag(values.get("Component.AM.driverOffline")),
        "engine": values.get("Component.AM.version.engine.ATSE") or None,
        "patterns": sorted(
            [{"name": entry["name"], "version": entry.get("version")} for entry in named],
            key=lambda entry: entry["name"],
        ),
    }


def activation(values):
    """Return (activated, Manager's URL), None for what is not known."""
    url = values.get("AgentStatus.dsmUrl") or None
    if "AgentStatus.agentState" not in values:
        return None, url
    certificate = (values.get("AgentStatus.agentCertHash") or "").upper()
    return bool(url) and certificate != NOT_ACTIVATED_CERTIFICATE, url
