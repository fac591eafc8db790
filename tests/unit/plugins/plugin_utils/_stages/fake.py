# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A small simulated host behind the port of the stages. Its clock moves only when somebody sleeps."""

from __future__ import annotations

import base64
import copy
import json
import typing as t
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from ansible_collections.deep_security.remediation.plugins.plugin_utils._run import STAGES, HostRun, StageResult
from ansible_collections.deep_security.remediation.plugins.plugin_utils._stages import HostLost, carry
from ansible_collections.deep_security.remediation.plugins.plugin_utils._stages.port import Result
from ansible_collections.deep_security.remediation.plugins.plugin_utils._windows_readiness import load_lists
from tests.builders import AFFECTED, FIXED, NOW, host_run, record

PASSWORD = " s3cret pass "
READING = ("dsa_info", "dsa_precheck_info")
FILE = "agent.pkg"
# An answer is a result, an exception to raise, or what makes either of the host.
Answer = Result | Exception | Callable[[t.Any], t.Any]


def iso(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def package(origin: str = "directory", target: str = FIXED) -> Result:
    where = "" if origin in ("repository", "task") else f"/packages/{FILE}"
    file = "" if origin in ("repository", "task") else FILE
    return {"version": target, "origin": origin, "location": where, "file": file, "sha256": "A" * 64}


def work(origin: str | None = "directory", target: str | None = FIXED, installed: str | None = AFFECTED) -> Result:
    """What the plan wants. origin None: no package."""
    chosen = package(origin, target or "") if origin else None
    return {"tier": "agents", "verdict": "affected", "installed": installed, "target": target, "package": chosen}


class FakePort:
    """A host. answers: call → answers that are given instead of the simulated ones, one after the other.

    by_number: number of a call, from 0 → its answer. A call is the short name of a module or action, with its step.
    """

    host = "web1"
    run_id = "run-1"

    def __init__(self, state: Mapping[str, t.Any] | None = None, check_mode: bool = False, **more: t.Any) -> None:
        self.state: dict[str, t.Any] = copy.deepcopy(dict(state or record(AFFECTED)))
        self.windows = self.state["platform"] == "windows"
        self.check_mode = check_mode
        self.answers: dict[str, list[Answer]] = {}
        self.by_number: dict[int, Answer] = {}
        self.calls: list[str] = []
        self.options: list[Result] = []
        self.shown: list[str] = []
        self.results: list[StageResult] = []
        self.seconds = 0.0
        self.guarded = (self.state.get("remediation") or {}).get("self_protection") != "off"
        self.updated = False
        self.rebooted = 0
        self.facts = ready()
        self.msi_code = 0
        self.started_at = NOW - timedelta(days=30)
        self.__dict__.update(more)

    # The port

    def read(self) -> Mapping[str, t.Any]:
        return t.cast(Result, self._call("dsa_info", {}, self._read))

    def module(self, name: str, options: Mapping[str, t.Any]) -> Result:
        return self.action(name, options)

    def action(self, name: str, options: Mapping[str, t.Any]) -> Result:
        call = name.rpartition(".")[2] + (f" {options['step']}" if "step" in options else "")
        own = getattr(self, "_" + call.replace(" ", "_"), lambda options: {"changed": True})
        return t.cast(Result, self._call(call, options, lambda: own(dict(options))))

    def display(self, text: str) -> None:
        self.shown.append(text)

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.seconds += seconds

    def clock(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.seconds)

    def _call(self, call: str, options: Mapping[str, t.Any], own: Callable[[], t.Any]) -> t.Any:
        answer = self.by_number.get(len(self.options))
        self.calls.append(call)
        self.options.append(copy.deepcopy(dict(options)))
        assert len(self.options) < 1000, "this does not end"
        if answer is None and self.answers.get(call):
            answer = self.answers[call].pop(0)
        if callable(answer):
            answer = answer(self)
        if isinstance(answer, Exception):
            raise answer
        return own() if answer is None else answer

    # The host

    def note(self, changes: Mapping[str, t.Any]) -> None:
        merged = {**(self.state["remediation"] or {}), **changes}
        self.state["remediation"] = {key: value for key, value in merged.items() if value is not None} or None

    def has(self, build: str, running: str | None = None) -> None:
        """This build is installed; runs: the same, unless another is named."""
        sources = [source for source in self.state["versions"] if source != "dsa_query"]
        versions = {**dict.fromkeys(sources, build), "dsa_query": running or build}
        self.state.update(installed=True, version=build, version_raw=build, versions=versions)

    def runs(self) -> None:
        self.state["service"] = {**self.state["service"], "state": "running"}
        self.has(self.state["version"])

    def lower(self) -> None:
        self.note({"self_protection": "off"})
        self.guarded = False

    def guard(self) -> None:
        self.guarded = True
        self.note({"self_protection": None})

    def boot(self) -> None:
        self.rebooted += 1
        self.started_at = self.now()
        self.state["reboot"] = {"required": False, "reasons": []}
        self.facts["reboot"] = {"required": False, "reasons": []}
        self.runs()

    def needs_reboot(self, running: str | None = None) -> None:
        if running:
            self.has(self.state["version"], running)
        reasons = [{"code": "agent_installer", "text": "the agent's installer requires it"}]
        self.state["reboot"] = {"required": True, "reasons": reasons}

    def _read(self) -> Result:
        offset = self.state["clock"]["utc_offset"]
        clock = {"utc_offset": offset, "boot_time": iso(self.started_at), "now": iso(self.now())}
        return {**copy.deepcopy(self.state), "clock": clock}

    def _reboot(self, options: Result) -> Result:
        self.boot()
        return {"changed": True, "rebooted": True}

    _win_reboot = _reboot

    # The hands on a POSIX host

    def _dsa_upgrade_install(self, options: Result) -> Result:
        self.note({"phase": "upgrading", **options["note"]})
        self.has(options["version"])
        self.guard()
        command = ["rpm", "-U", options.get("path", options["version"])]
        return {"changed": True, "waited": False, "refused": False, "command": command, "rc": 0, "output": []}

    def _dsa_upgrade_note(self, options: Result) -> Result:
        self.note(options["note"])
        return {"changed": True}

    def _dsa_upgrade_protect(self, options: Result) -> Result:
        self.guard()
        return {"changed": True, "self_protection": "on"}

    def _dsa_upgrade_restart(self, options: Result) -> Result:
        if options.get("update_due"):
            self.note({"phase": "upgrading", "to": options["version"]})
            return {"changed": False}
        self.runs()
        self.guard()
        return {"changed": True, "command": ["systemctl", "restart", "ds_agent"], "rc": 0, "output": []}

    def _dsa_security_update_start(self, options: Result) -> Result:
        self.note({"phase": "update_pending", **options.get("note", {})})
        request = {"rc": 0, "out": "HTTP Status: 200 - OK", "err": "", "timed_out": False, "missing": False}
        return {"changed": True, "now": iso(self.now()), "marks": [], "request": {**request, "accepted": True}}

    def _dsa_security_update_look(self, options: Result) -> Result:
        self.updated = True
        if self.windows:
            self.note({"phase": "done"})
            return {"state": "succeeded", "evidence": "the log has: | 9016 |"}
        return self.looks("x | 9016 | y")

    def looks(self, line: str | None = None) -> Result:
        """What a look shows on a POSIX host."""
        lines = [{"file": "ds_agent.log", "text": line, "marked": True}] if line else []
        return {"lines": lines, "now": iso(self.now()), "note_text": json.dumps(self.state["remediation"])}

    def _dsa_security_update_confirm(self, options: Result) -> Result:
        self.note(options.get("note", {"phase": "done"}))
        return {"changed": True}

    def _dsa_security_update_diagnose(self, options: Result) -> Result:
        return {"changed": True, "path": "C:\\diag\\1790000000.zip" if self.windows else "/diag/1790000000.zip"}

    # The hands on a Windows host

    def _dsa_precheck_info(self, options: Result) -> Result:
        return {"windows": copy.deepcopy(self.facts)}

    def _dsa_upgrade_begin(self, options: Result) -> Result:
        self.note({"phase": "upgrading", "reinstalled": iso(self.now()) if options.get("reinstall") else None})
        if options["self_protection"]:
            self.lower()
        return {"done": False, "path": options["path"], "log_path": "C:\\install.log", "verified_by": "SHA-256"}

    def _win_package(self, options: Result) -> Result:
        if options["state"] == "absent":
            self.state.update(installed=False, product_code=None, version=None, versions={}, service=None)
            return {"changed": True, "rc": 0}
        if self.msi_code in (0, 3010, 1641):
            before = self.state["version"]
            self.state["service"] = {"name": "ds_agent", "state": "running", "raw": "running"}
            self.state["versions"] = {"registry": None, **self.state["versions"]}
            self.has(FIXED, before if self.msi_code else None)
            if self.msi_code:
                self.needs_reboot(before)
            return {"changed": True, "rc": self.msi_code, "reboot_required": self.msi_code == 3010}
        return {"changed": False, "rc": self.msi_code, "failed": self.msi_code != 1618, "msg": "unexpected rc"}

    def _dsa_upgrade_end(self, options: Result) -> Result:
        if options["self_protection"] or not self.guarded:
            self.guard()
        if options["failed"]:
            return {"log_lines": ["Error 1714. The older version cannot be removed.", "noise"]}
        self.note({"phase": "update_pending"})
        return {"changed": True}

    def _slurp(self, options: Result) -> Result:
        return {"content": base64.b64encode(b"the log").decode()}

    def _dsa_control(self, options: Result) -> Result:
        for argument in options["arguments"]:
            if argument.startswith("--selfprotect"):
                self.guarded = argument.endswith("1")
            elif argument == "-a":
                self.state["activated"] = True
        return {"changed": True}

    def _dsa_leftovers_info(self, options: Result) -> Result:
        return {"leftovers": []}

    # What tests look at

    def changing(self) -> list[str]:
        """The calls that are no reading."""
        return [call for call in self.calls if call.split()[0] not in READING and not call.startswith("=")]

    def sent(self, call: str) -> list[Result]:
        """The options of each such call."""
        made = [each for each in self.calls if not each.startswith("=")]
        return [options for each, options in zip(made, self.options, strict=True) if each == call]


def ready() -> dict[str, t.Any]:
    """The facts of a Windows host that nothing prevents from an upgrade."""
    return {
        "build": 26100,
        "ubr": 1742,
        "nt_version": "10.0",
        "product": "Windows Server 2025 Datacenter",
        "arch": "x86_64",
        "servicing_packages": [],
        "certificates": {"Root": load_lists().thumbprints(), "AuthRoot": [], "CA": [], "Disallowed": []},
        "root_update": {"disabled": True, "source": None, "last_sync": None},
        "shared_dlls": {"C:\\Windows\\System32\\msvcp140.dll": 2},
        "drive": "C:",
        "free_bytes": 50 * 1024**3,
        "self_protection": None,
        "reboot": {"required": False, "reasons": []},
        "cert_padding_check": False,
        "package": None,
        "problems": [],
    }


def run_of(
    port: FakePort,
    wanted: Mapping[str, t.Any] | None = None,
    settings: Mapping[str, t.Any] | None = None,
    **more: t.Any,
) -> HostRun:
    """The planned run of this host, as the host is now."""
    return host_run(
        record=port._read(), settings=settings, planned=True, work=dict(work() if wanted is None else wanted), **more
    )


def carried(port: FakePort, run: HostRun | None = None, stages: Iterable[str] = STAGES) -> HostRun:
    """The host after these stages. What was recorded stands in port.results, and in port.calls as "= stage outcome"."""

    def record_it(after: HostRun, result: StageResult) -> None:
        assert after.stages[result.stage] == result
        json.dumps(result.as_dict())
        assert result.message.text
        port.results.append(result)
        port.calls.append(f"= {result.stage} {result.outcome}")

    return carry(port, run or run_of(port), stages, record_it)


def outcomes(run: HostRun) -> dict[str, str]:
    return {stage: result.outcome for stage, result in run.stages.items()}


LOST = HostLost("no route to host")
FAILED: Result = {"failed": True, "msg": "it does not work"}
