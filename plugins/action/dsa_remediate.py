# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carry a host through the stages of a remediation."""

from __future__ import annotations

import typing as t

from ansible import constants as C

from ..plugin_utils._advisory import Context, decide
from ..plugin_utils._ansible import report
from ..plugin_utils._ansible.action import DsaAction, Result
from ..plugin_utils._ansible.hosts import set_by_play
from ..plugin_utils._ansible.planning import hosts_by_manager
from ..plugin_utils._ansible.port import AnsiblePort
from ..plugin_utils._ansible.progress import ENDED, progress_of
from ..plugin_utils._ansible.run import Run
from ..plugin_utils._run import STAGES, HostRun, Journal, StageResult
from ..plugin_utils._settings import SETTINGS
from ..plugin_utils._stages import begin_by_manager, carry, read, restore

_OPTIONS: dict[str, dict[str, t.Any]] = {
    "stages": {
        "type": "list",
        "elements": "str",
        "choices": ["read", "read_again", "begin_by_manager", *STAGES],
        "default": list(STAGES),
    },
}


class ActionModule(DsaAction):
    """One task for a host. What it finds and does goes into the run journal, entry by entry."""

    def act(self, task_vars: dict[str, t.Any]) -> Result:
        """Return stages and msg; unreachable, or failed with what to do."""
        stages = self.arguments(_OPTIONS)["stages"]
        run = Run(task_vars)
        if not Journal.begun(C.DEFAULT_LOCAL_TMP):
            report.begin_play(run, [str(host) for host in task_vars["ansible_play_hosts_all"]])
        name = str(self._task.delegate_to or task_vars["inventory_hostname"])
        by_play: dict[str, object] = {}
        if not self._task.delegate_to:
            by_play = set_by_play(task_vars, run.variables["hostvars"][name], self._templar.template)
        host = run.host(name, by_play)
        reading = "read_again" in stages or ("read" in stages and host.first is None)
        patience = 0 if reading else host.settings["dsa_reconnect_timeout"]
        port = AnsiblePort(self, task_vars, run.journal.run_id, host.settings["dsa_read_timeout"], patience)
        if reading:
            return self._read(run, port, host, by_play)
        if stages == ["read"]:
            return {"changed": False, "msg": "already read in this run"}
        progress = progress_of(run, name)
        if host.work is None:
            progress.note(ENDED)
            # In a play of one's own: a playbook of ours has done it when the host was read.
            raised = restore(port, host.settings, host.record or {}) if "upgrade" in stages else None
            if raised:
                run.journal.append(name, "read", **raised.as_dict())
            why = host.blocked.text if host.blocked else "nothing to do"
            return {"changed": bool(raised), "stages": [], "msg": why}
        if "begin_by_manager" in stages:
            return self._begin_by_manager(run, port, host)

        def record(after: HostRun, result: StageResult) -> None:
            run.journal.append(name, "stage", **result.as_dict())

        port.on_progress = progress.note
        with progress:
            host = carry(port, host, stages, record)
        if host.failure or STAGES[-1] in stages:
            progress.note(ENDED)
        return _result(host, stages)

    def _begin_by_manager(self, run: Run, port: AnsiblePort, host: HostRun) -> Result:
        """Only where a task of the Manager is to upgrade the host. Where it cannot be noted no task does."""
        if self._task.check_mode or not hosts_by_manager(run, [host.host]):
            return {"changed": False, "stages": [], "msg": "no task of the Manager upgrades it now"}
        failed = begin_by_manager(port, host)
        if failed is None:
            return {"changed": True, "stages": [], "msg": "noted"}
        run.journal.append(host.host, "stage", **failed.as_dict())
        return _result(host.after(failed), [failed.stage])

    def _read(self, run: Run, port: AnsiblePort, host: HostRun, by_play: dict[str, object]) -> Result:
        reading, raised = read(port), None
        if reading.record and not self._task.delegate_to and str(run.begun.get("playbook")).startswith("remediate"):
            # Before anything else, on every host: the plan may leave this one alone.
            raised = restore(port, host.settings, reading.record, at_once=True)
            reading = raised or reading
        recorded = {name: value for name, value in by_play.items() if name not in SETTINGS or not SETTINGS[name].secret}
        run.journal.append(host.host, "read", **reading.as_dict(), **({"settings": recorded} if recorded else {}))
        if reading.status == "unreachable":
            return {"changed": False, "unreachable": True, "msg": f"unreachable: {reading.why}"}
        if reading.record is None:
            return {"changed": False, "failed": True, "msg": f"cannot be read: {reading.why}"}
        settings = host.settings
        context = Context(None, settings["dsa_certificate_replaced"], settings["dsa_not_installed_compliant"])
        verdict = decide(reading.record, run.advisory, context)
        return {"changed": bool(raised), "verdict": verdict.verdict, "version": verdict.version, "msg": verdict.reason}


def _result(host: HostRun, stages: list[str]) -> Result:
    done = [host.stages[stage] for stage in STAGES if stage in host.stages and stage in stages]
    parts = [result.message.text for result in done if result.outcome != "nothing"]
    return {
        "changed": any(result.changed for result in done),
        "failed": any(result.failed for result in done),
        "stages": [
            {"stage": result.stage, "outcome": result.outcome, "seconds": round(result.seconds, 1)} for result in done
        ],
        "msg": "; ".join(parts) or "nothing to do",
    }
