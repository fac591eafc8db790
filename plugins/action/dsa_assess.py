# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the agent of a host and judge it; or judge a record that is given."""

from __future__ import annotations

import typing as t

from ..plugin_utils._advisory import Context, decide, load_advisory
from ..plugin_utils._ansible.action import DsaAction, Result
from ..plugin_utils._ansible.port import AnsiblePort
from ..plugin_utils._record import findings_of
from ..plugin_utils._stages import HostLost

_OPTIONS: dict[str, dict[str, t.Any]] = {
    "agent": {"type": "dict"},
    "advisory": {"type": "str"},
    "relays": {"type": "list", "elements": "dict"},
    "certificate_replaced": {"type": "bool", "default": False},
    "not_installed_compliant": {"type": "bool", "default": True},
    "timeout": {"type": "int", "default": 15},
    "progress_file": {"type": "path"},
}


class ActionModule(DsaAction):
    """One remote task that reads, and none when it is given a record."""

    def act(self, task_vars: dict[str, t.Any]) -> Result:
        """Return agent, findings, and the verdict's fields beside them."""
        arguments = self.arguments(_OPTIONS)
        # An advisory that cannot be used is reported before the host is read.
        advisory = load_advisory(arguments["advisory"]) if arguments["advisory"] else load_advisory()
        context = Context(arguments["relays"], arguments["certificate_replaced"], arguments["not_installed_compliant"])
        record = arguments["agent"]
        if record is None:
            port = AnsiblePort(self, task_vars, "", arguments["timeout"], 0, arguments["progress_file"])
            try:
                record = dict(port.read())
            except HostLost as error:
                return {"unreachable": True, "msg": str(error)}
        findings = [finding.as_dict() for finding in findings_of(record)]
        return {"changed": False, "agent": record, "findings": findings, **decide(record, advisory, context).as_dict()}
