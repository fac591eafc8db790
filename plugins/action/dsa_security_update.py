# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Start a security update, watch it from the controller, and tell the operator how it ended."""

from __future__ import annotations

import ntpath
import time
import typing as t
from pathlib import Path

from ansible.errors import AnsibleConnectionFailure

from ..plugin_utils._action import DsaAction, Result

_OPTIONS: dict[str, dict[str, t.Any]] = {
    "trigger": {"type": "list", "elements": "str"},
    "self_protection_password": {"type": "str", "no_log": True},
    "wait": {"type": "int", "default": 1800},
    "interval": {"type": "int", "default": 15},
    "reconnect_timeout": {"type": "int", "default": 300},
    "log_folder": {"type": "path"},
    "success_regex": {"type": "str"},
    "failure_regex": {"type": "str"},
    "diagnostics": {"type": "bool", "default": True},
    "diagnostics_dir": {"type": "path", "default": "dsa-reports/diagnostics"},
    "progress_file": {"type": "path"},
    "wave": {"type": "dict"},
}
_HERE_ALONE = ("wave", "wait", "interval", "reconnect_timeout", "diagnostics", "diagnostics_dir")
# How often the operator hears of an update that still runs, in seconds.
_SAY_EVERY = 60
_ARTICLE = (
    "「Deep Security Agent や Relayのアップグレード後にセキュリティアップデートが完了しない」 (linked from KA-0016311)"
)


class ActionModule(DsaAction):
    """The host is asked and left alone in between: no process waits there, and a lost connection loses nothing."""

    def act(self, task_vars: dict[str, t.Any]) -> Result:
        """Return outcome, evidence and elapsed; failed unless the update succeeded."""
        arguments = self.arguments(_OPTIONS)
        if self._task.check_mode:
            text = "would ask the agent for a security update and wait for it"
            return {"changed": True, "outcome": "predicted", "evidence": "check mode", "elapsed": 0, "msg": text}
        host = task_vars["inventory_hostname"]
        given = {key: value for key, value in arguments.items() if value is not None and key not in _HERE_ALONE}

        def on_host(step: str) -> Result:
            return self.reconnecting(
                arguments["reconnect_timeout"],
                host,
                lambda: self.run_module("dsa_security_update", {**given, "step": step}, task_vars),
            )

        started = time.monotonic()
        try:
            if arguments["wave"]:
                return self._by_manager(arguments["wave"], started, on_host, arguments, task_vars)
            asked = on_host("start")
            if asked.get("failed"):
                return self._end(
                    "refused", str(asked.get("msg")), started, "The security update could not be asked for: {}"
                )
            seen = self._watch(host, on_host, arguments, started)
            if seen.get("failed"):
                return self._end("refused", _why(seen), started, "The security update cannot be watched: {}")
            if seen["state"] == "succeeded":
                return self._end("succeeded", seen["evidence"], started, "{}", failed=False)
            if seen["state"] == "failed":
                return self._end("failed", seen["evidence"], started, _failed(seen["evidence"]))
            return self._unfinished(seen["evidence"], started, on_host, arguments, task_vars)
        except AnsibleConnectionFailure as error:
            return self._end(
                "unfinished", str(error), started, "The host was lost during the security update: {}; run again"
            )

    def _by_manager(
        self,
        wave: dict[str, t.Any],
        started: float,
        on_host: t.Callable[[str], Result],
        arguments: dict[str, t.Any],
        task_vars: dict[str, t.Any],
    ) -> Result:
        """What the Manager did for many hosts at once, as this host's own outcome."""
        evidence = f"the Manager says: {wave.get('evidence')}"
        if wave.get("outcome") == "failed":
            return self._end("failed", evidence, started, _failed(evidence))
        if wave.get("outcome") != "succeeded":
            return self._unfinished(evidence, started, on_host, arguments, task_vars)
        noted = on_host("confirm")
        if noted.get("failed"):
            ended = self._end("succeeded", evidence, started, "The security update succeeded ({})")
            ended["msg"] += f", and that could not be noted on the host: {_why(noted)}"
            return ended
        return self._end("succeeded", evidence, started, "{}", failed=False)

    def _watch(
        self, host: str, on_host: t.Callable[[str], Result], arguments: dict[str, t.Any], started: float
    ) -> Result:
        said = started
        while True:
            time.sleep(min(arguments["interval"], arguments["wait"]))
            seen = on_host("look")
            now = time.monotonic()
            if seen.get("failed") or seen["state"] != "running" or now - started >= arguments["wait"]:
                return seen
            if now - said >= _SAY_EVERY:
                said = now
                limit = arguments["wait"]
                self.say(f"{host}: security update, {now - started:.0f} of at most {limit} s: {seen['evidence']}")

    def _unfinished(
        self,
        evidence: str,
        started: float,
        on_host: t.Callable[[str], Result],
        arguments: dict[str, t.Any],
        task_vars: dict[str, t.Any],
    ) -> Result:
        """The vendor has a procedure of its own for this, not public in full: collect, point to it, stop waiting."""
        text = f"The security update does not finish: {{}}. Follow the vendor's article {_ARTICLE}, or ask its support"
        result = self._end("unfinished", evidence, started, text)
        if not arguments["diagnostics"]:
            return result
        made = on_host("diagnose")
        if made.get("failed"):
            result["msg"] += f"; diagnostics could not be made: {made.get('msg')}"
            return result
        folder = Path(arguments["diagnostics_dir"]).absolute() / task_vars["inventory_hostname"]
        local = folder / ntpath.basename(made["path"])  # of a path of either kind
        fetched = self.run_action(
            "ansible.builtin.fetch", {"src": made["path"], "dest": str(local), "flat": True}, task_vars
        )
        if fetched.get("failed"):
            result["msg"] += f"; diagnostics are on the host in {made['path']} ({fetched.get('msg')})"
        else:
            result["diagnostics"] = str(local)
            result["msg"] += f"; diagnostics are in {local}"
        return result

    @staticmethod
    def _end(outcome: str, evidence: str, started: float, text: str, failed: bool = True) -> Result:
        return {
            "changed": outcome != "refused",
            "failed": failed,
            "outcome": outcome,
            "evidence": evidence,
            "elapsed": round(time.monotonic() - started),
            "msg": text.format(evidence),
        }


def _failed(evidence: str) -> str:
    text = "The security update failed: {}"
    if "-24" in evidence or "CERT_EXPIRE" in evidence:
        text += (
            ". Code -24 means that this agent, or the Relay that served it, does not know the new "
            "code-signing certificate: see that every Relay it uses is fixed and updated, then run again"
        )
    return text


def _why(result: Result) -> str:
    return str(result.get("msg") or result.get("module_stderr") or result.get("exception") or "no reason given")
