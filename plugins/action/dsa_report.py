# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sum up what the run knows of every host: as a table for people, as JSON for machines."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import typing as t
from datetime import datetime, timezone
from pathlib import Path

from ..plugin_utils._action import DsaAction, Result, advisory_of, see_fleet, unread_inventory
from ..plugin_utils._report import Report, make_report, render

_OPTIONS: dict[str, dict[str, t.Any]] = {
    "advisory": {"type": "str"},
    "path": {"type": "path", "default": "dsa-reports/report.json"},
    "relay_readings": {"type": "list", "elements": "dict", "default": []},
    "roles": {"type": "list", "elements": "str", "choices": ["relay", "agent", "appliance", "manager"]},
    "undelivered": {"type": "dict", "default": {}},
    "manager": {"type": "dict", "default": {}},
    "events": {"type": "dict", "default": {}},
    "show": {"type": "str"},
    "error": {"type": "str", "default": ""},
    "gate": {"type": "str"},
}
_NARROWEST, _WIDEST = 120, 200


class ActionModule(DsaAction):
    """Runs on the controller alone, once for all hosts of the play. Writes its file in check mode too."""

    def act(self, task_vars: dict[str, t.Any]) -> Result:
        """Return passed, summary, text and failing (host → reason); or show a text that was made before."""
        arguments = self.arguments(_OPTIONS)
        if arguments["show"] is not None:
            self.say("\n" + arguments["show"])
            return {"changed": False, "failed": bool(arguments["error"]), "msg": arguments["error"]}
        if arguments["gate"] is not None:
            # One text for all hosts: Ansible then shows it once, and each host's own reason stays in its result.
            failed = {"failed": True, "msg": "This host does not pass.", "reason": arguments["gate"]}
            return {"changed": False, **(failed if arguments["gate"] else {"msg": "This host passes."})}
        given = {name: arguments[name] for name in ("relay_readings", "manager", "events")}
        fleet = see_fleet(advisory_of(arguments), task_vars, forgiving=True, **given)
        # Without --limit every host of the inventory; with it those that were asked for.
        wanted = arguments["roles"]
        asked = (fleet.hosts[name] for name in task_vars["ansible_play_hosts_all"] if name in fleet.hosts)
        names = [host.name for host in asked if not wanted or host.role in wanted]
        report = make_report(
            fleet,
            names,
            bool(self._task.check_mode),
            datetime.now(timezone.utc).isoformat(timespec="seconds"),
            undelivered=arguments["undelivered"],
        )
        path = Path(arguments["path"]).expanduser().absolute()
        error = _write(path, report) or unread_inventory(task_vars) or fleet.managers_silence() or ""
        if not report.outcomes:
            error = "There is no host to report on, and nothing is proven: check --limit, dsa_hosts and the groups"
        failing = {outcome.host: outcome.reason for outcome in report.outcomes if not outcome.passed}
        width = min(max(shutil.get_terminal_size((_NARROWEST, 24)).columns, _NARROWEST), _WIDEST)
        return {
            "changed": False,
            "passed": report.passed,
            "summary": report.summary(),
            # Hosts that only the Manager speaks for have no gate of their own.
            "shortfall": report.shortfall if any(fleet.hosts[name].source == "manager" for name in failing) else "",
            "failing": failing,
            "path": str(path),
            "error": error,
            "text": f"{render(report, width)}\n{error or f'Report: {path}'}",
        }


def _write(path: Path, report: Report) -> str:
    """Replace the file as a whole, so that nobody ever reads half a report; return what went wrong.

    After a night's work a report that cannot be written must still be shown.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=path.parent, prefix=path.name)
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(report.as_dict(), stream, indent=1, ensure_ascii=False)
            stream.write("\n")
        os.chmod(part, 0o644)
        os.replace(part, path)
    except OSError as error:
        return f"The report could not be written to {path}: {error}; set dsa_report_path"
    return ""
