# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the agent of a host and judge it; or judge a record that is already there."""

from __future__ import annotations

import typing as t
from collections.abc import Mapping
from datetime import datetime, timezone

from ..plugin_utils._action import READING_OPTIONS, DsaAction, Result, advisory_of
from ..plugin_utils._advisory import Context, decide
from ..plugin_utils._fleet import SOURCES, find, out_of_date

_OPTIONS: dict[str, dict[str, t.Any]] = {
    **READING_OPTIONS,
    "agent": {"type": "dict"},
    "source": {"type": "str", "choices": list(SOURCES), "default": "host"},
    "computer": {"type": "dict"},
    "manager_max_age": {"type": "float", "default": 7},
    "advisory": {"type": "str"},
    "relays": {"type": "list", "elements": "dict"},
    "certificate_replaced": {"type": "bool", "default": False},
    "not_installed_compliant": {"type": "bool", "default": True},
}


class ActionModule(DsaAction):
    """One remote task that reads, and none when it is given a record."""

    def act(self, task_vars: dict[str, t.Any]) -> Result:
        """Return the record, the verdict's fields beside it, and the findings."""
        arguments = self.arguments(_OPTIONS)
        advisory = advisory_of(arguments)  # a wrong one is reported before the host is asked
        context = Context(arguments["relays"], arguments["certificate_replaced"], arguments["not_installed_compliant"])
        record = arguments["agent"]
        computer = arguments["computer"]
        if record is None and arguments["source"] == "manager" and computer:
            # Good news from the Manager is believed while it is fresh; a host that needs work is asked itself.
            told = computer.get("agent")
            silent = out_of_date(computer.get("last_contact"), arguments["manager_max_age"], datetime.now(timezone.utc))
            if isinstance(told, Mapping) and not silent and decide(told, advisory, context).compliant:
                record = told if says_enough(told) else None
        if record is None:
            read = self.read_record(arguments, task_vars)
            record = read.get("agent")
            if record is None:
                # Python is missing, become is refused, the module crashed: a verdict like any other, with its reason.
                why = str(read.get("module_stderr") or read.get("module_stdout") or "").strip()
                problem = " ".join(f"{read.get('msg') or 'the reader gave no record'} {why}".split())[:500]
                record = {"installed": None, "version": None, "problems": [problem]}
        verdict = decide(record, advisory, context).as_dict()
        return {
            "changed": False,
            "agent": record,
            "findings": [finding.as_dict() for finding in find(record)],
            **verdict,
        }


def says_enough(told: Mapping[str, t.Any]) -> bool:
    """Whether the host need not be asked too. Of a Relay it must also be known that it has updated since."""
    relay, updates = told.get("relay"), told.get("updates")
    if isinstance(updates, Mapping) and updates.get("status") == "error":
        return False
    if not isinstance(relay, Mapping) or relay.get("enabled") is False:
        return True
    return isinstance(updates, Mapping) and updates.get("latest") is True
