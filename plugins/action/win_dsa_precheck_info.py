# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read what an upgrade needs of a Windows host."""

from __future__ import annotations

import re
import typing as t

from ..plugin_utils._ansible.action import DsaAction, Result
from ..plugin_utils._ansible.port import AnsiblePort
from ..plugin_utils._stages import HostLost
from ..plugin_utils._text import shorten
from ..plugin_utils._windows_readiness import facts_of, precheck_options

_OPTIONS: dict[str, dict[str, t.Any]] = {
    name: {"type": "list", "elements": "str", "default": []} for name in ("roots", "servicing_packages", "shared_dlls")
}
_THUMBPRINT = re.compile(r"[0-9A-Fa-f]{40}")


class ActionModule(DsaAction):
    """One remote task; the facts are made on the controller."""

    def act(self, task_vars: dict[str, t.Any]) -> Result:
        """Return windows."""
        arguments = self.arguments(_OPTIONS)
        for name in _OPTIONS:
            for text in arguments[name]:
                if not text.strip():
                    return {"failed": True, "msg": f"{name} has an empty entry; take it out"}
        for text in arguments["roots"]:
            if not _THUMBPRINT.fullmatch(text):
                return {"failed": True, "msg": f"roots has {shorten(text)}; a SHA-1 has 40 hexadecimal digits"}
        port = AnsiblePort(self, task_vars, "", 1, 0)
        try:
            result = port.module("win_dsa_host_info", precheck_options(*(arguments[name] for name in _OPTIONS)))
        except HostLost as error:
            return {"unreachable": True, "msg": str(error)}
        if result.get("failed"):
            return result
        reading = result.get("reading")
        return {"changed": False, "windows": facts_of(reading if isinstance(reading, dict) else {})}
