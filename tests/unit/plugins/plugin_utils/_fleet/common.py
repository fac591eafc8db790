# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all tests of this room need: a fleet of some hosts, its plan, and the codes in a message."""

from __future__ import annotations

import typing as t
from collections.abc import Sequence

from ansible_collections.deep_security.remediation.plugins.plugin_utils._advisory import load_advisory
from ansible_collections.deep_security.remediation.plugins.plugin_utils._fleet import Fleet, Plan, make_plan
from ansible_collections.deep_security.remediation.plugins.plugin_utils._messages import Message
from ansible_collections.deep_security.remediation.plugins.plugin_utils._run import HostRun
from tests.builders import NOW


def fleet_of(*hosts: HostRun, **more: t.Any) -> Fleet:
    """These hosts, in this order, at two in the morning."""
    return Fleet({host.host: host for host in hosts}, load_advisory(), more.pop("now", NOW), **more)


def plan_of(*hosts: HostRun, scope: Sequence[str] | None = None, predicting: bool = False, **more: t.Any) -> Plan:
    """The plan for these hosts, or for those in scope."""
    fleet = fleet_of(*hosts, **more)
    return make_plan(fleet, list(fleet.hosts) if scope is None else scope, predicting)


def codes(told: Message | None) -> list[str]:
    """The codes of a message and of all messages in it. Each can be rendered."""
    if told is None:
        return []
    assert told.text
    assert Message.from_dict(told.as_dict()) == told
    found = [told.code]
    for value in told.values.values():
        for item in value if isinstance(value, (list, tuple)) else [value]:
            found += codes(item) if isinstance(item, Message) else []
    return found
