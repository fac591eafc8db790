# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A simulated host: its state, and what the modules do to it where a test gives no other answer."""

from __future__ import annotations

import base64
import copy
import json
import typing as t
from collections.abc import Mapping
from datetime import datetime, timedelta

from ansible_collections.deep_security.remediation.plugins.plugin_utils._stages.port import Result
from ansible_collections.deep_security.remediation.plugins.plugin_utils._windows_readiness import load_lists
from tests.builders import AFFECTED, FIXED, NOW, record


def iso(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


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


def absent_key(path: str) -> Result:
    return {"path": path, "exists": False, "values": {}, "error": None}


def key(**values: object) -> Result:
    """A key of the registry, with texts and numbers."""
    named = {
        name: {"type": "DWord" if isinstance(value, int) else "String", "value": value, "cut": False}
        for name, value in values.items()
    }
    return {"path": "SOFTWARE", "exists": True, "values": named, "error": None}


def raw(facts: dict[str, t.Any]) -> Result:
    """The reading of win_dsa_host_info that has these facts. A reboot is required where reasons say so."""
    major, minor = facts.pop("nt_version").split(".")
    windows = key(
        CurrentMajorVersionNumber=int(major),
        CurrentMinorVersionNumber=int(minor),
        CurrentBuildNumber=str(facts.pop("build")),
        UBR=facts.pop("ubr"),
        ProductName=facts.pop("product"),
    )
    reasons = facts.pop("reboot")["reasons"]
    due = {name: key(ComputerName="A") for name in ("computer_name", "active_computer_name")}
    due.update({name: absent_key(name) for name in ("component_based_servicing", "server_manager", "session_manager")})
    dlls = {f"shared_dlls:0:{path}": key(**{path: count}) for path, count in facts.pop("shared_dlls").items()}
    packages = [
        {**key(CurrentState=each["state"]), "path": f"Packages\\{each['name']}"}
        for each in facts.pop("servicing_packages")
    ]
    stores = {store: {"thumbprints": found, "error": None} for store, found in facts.pop("certificates").items()}
    return {
        "certificates": stores,
        "room": {"drive": facts.pop("drive"), "free_bytes": facts.pop("free_bytes"), "error": None},
        "keys": {
            **due,
            "windows_update": key() if reasons else absent_key("windows_update"),
            **dlls,
            "windows": windows,
            "environment": key(PROCESSOR_ARCHITECTURE={"x86_64": "AMD64"}[facts.pop("arch")]),
            "authroot_policy": key(DisableRootAutoUpdate=int(facts.pop("root_update")["disabled"])),
            **{name: absent_key(name) for name in ("authroot_update", "cert_padding", "cert_padding_32")},
        },
        "servicing": {"entries": packages, "errors": []},
        "netlogon": {"entries": [], "errors": []},
        "sccm": {"installed": False, "pending": None, "hard": None, "error": None},
    }


LOG = "Error 1714. The older version cannot be removed.\n" + "noise\n" * 30
# What win_dsa_package_info returns of a good package.
PACKAGE: Result = {
    "path": "C:\\Program Files\\deep_security_remediation\\packages\\agent.pkg",
    "exists": True,
    "sha256": "A" * 64,
    "status": "Valid",
    "signer": 'CN="Trend Micro, Inc.", O="Trend Micro, Inc.", C=US',
    "chain": [{"subject": "CN=Root", "thumbprint": "B" * 40}],
    "partial": False,
    "error": None,
}


class Host:
    """A host, and below its hands: one method for each module, called by its short name and its step."""

    def __init__(self, state: Mapping[str, t.Any] | None = None) -> None:
        self.state: dict[str, t.Any] = copy.deepcopy(dict(state or record(AFFECTED)))
        self.windows = self.state["platform"] == "windows"
        if self.windows and "registry" in self.state["versions"]:
            self.state["versions"].setdefault("file", self.state["versions"]["registry"])
        self.seconds = 0.0
        self.guarded = (self.state.get("remediation") or {}).get("self_protection") != "off"
        self.updated = False
        self.rebooted = 0
        self.facts = ready()
        self.package = dict(PACKAGE)
        self.left: list[str] = []
        self.unseen: list[str] = []
        self.msi_code = 0
        self.installer = "stopped"
        self.started_at = NOW - timedelta(days=30)

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.seconds)

    def note(self, changes: Mapping[str, t.Any]) -> None:
        merged = {**(self.state["remediation"] or {}), **changes}
        self.state["remediation"] = {key: value for key, value in merged.items() if value is not None} or None

    def written(self, options: Mapping[str, t.Any]) -> bool:
        """Whether another run has written to the note since this one read the host."""
        note = self.state["remediation"] or {}
        own = note.get("run") == options.get("note", {}).get("run")
        return not own and any(note.get(key) != value for key, value in options.get("seen", {}).items())

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

    def guard_state(self) -> str:
        return "untouched" if self.guarded else "off"

    def boot(self) -> None:
        self.rebooted += 1
        self.started_at = self.now() + timedelta(seconds=1)
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
        state = {**copy.deepcopy(self.state), "clock": clock}
        due = (state["remediation"] or {}).get("reboot_due_since")
        if due and clock["boot_time"] <= due:
            reasons = [{"code": "agent_installer", "text": "the agent's installer requires it"}]
            state["reboot"] = {"required": True, "reasons": [*reasons, *state["reboot"]["reasons"]]}
        return state

    def _reboot(self, options: Result) -> Result:
        self.boot()
        return {"changed": True, "rebooted": True}

    _win_reboot = _reboot

    # The hands on a POSIX host

    def _dsa_upgrade_install(self, options: Result) -> Result:
        if self.written(options):
            return {"changed": False, "waited": True}
        self.note({"phase": "upgrading", **options["note"]})
        self.has(options["version"])
        self.guard()
        command = ["rpm", "-U", options.get("path", options["version"])]
        return {"changed": True, "waited": False, "refused": False, "command": command, "rc": 0, "output": []}

    def _dsa_upgrade_note(self, options: Result) -> Result:
        if self.written(options):
            return {"changed": False, "waited": True}
        self.note(options["note"])
        return {"changed": True}

    def _dsa_upgrade_protect(self, options: Result) -> Result:
        self.guard()
        return {"changed": True, "self_protection": "on"}

    def _dsa_upgrade_restart(self, options: Result) -> Result:
        self.runs()
        self.guard()
        return {
            "changed": True,
            "self_protection": "on",
            "command": ["systemctl", "restart", "ds_agent"],
            "rc": 0,
            "output": [],
        }

    def _dsa_security_update_start(self, options: Result) -> Result:
        if self.written(options):
            return {"changed": False, "waited": True}
        self.note({"phase": "update_pending", **options.get("note", {})})
        request = {"rc": 0, "out": "HTTP Status: 200 - OK", "err": "", "timed_out": False, "missing": False}
        return {"changed": True, "now": iso(self.now()), "marks": [], "request": {**request, "accepted": True}}

    def _dsa_security_update_look(self, options: Result) -> Result:
        self.updated = True
        return self.looks("x | 9016 | y")

    def looks(self, line: str | None = None) -> Result:
        """What a look shows."""
        lines = [{"file": "ds_agent.log", "text": line, "marked": True}] if line else []
        note = json.dumps(self.state["remediation"])
        return {"lines": lines, "lines_cut": False, "lines_unread": [], "now": iso(self.now()), "note_text": note}

    def _dsa_security_update_confirm(self, options: Result) -> Result:
        if self.written(options):
            return {"changed": False, "waited": True}
        self.note(options["note"])
        return {"changed": True}

    def _dsa_security_update_diagnose(self, options: Result) -> Result:
        return {"changed": True, "path": "C:\\diag\\1790000000.zip" if self.windows else "/diag/1790000000.zip"}

    # The hands on a Windows host

    def _dsa_package_info(self, options: Result) -> Result:
        return {"package": copy.deepcopy(self.package)}

    def _dsa_upgrade_begin(self, options: Result) -> Result:
        if self.written(options):
            return {"changed": False, "waited": True}
        self.note({"phase": "upgrading", **options["note"]})
        if options["self_protection"]:
            self.lower()
        return {"changed": True, "waited": False, "refused": False, "self_protection": self.guard_state()}

    def _win_package(self, options: Result) -> Result:
        if options["state"] == "absent":
            self.state.update(installed=False, product_code=None, version=None, versions={}, service=None)
            return {"changed": True, "rc": 0}
        if self.msi_code in (0, 3010, 1641):
            before = self.state["version"]
            self.state["service"] = {"name": "ds_agent", "state": "running", "raw": "running"}
            self.state["versions"] = {"registry": None, "file": None, **self.state["versions"]}
            self.has(FIXED, before if self.msi_code else None)
            if self.msi_code:
                self.needs_reboot(before)
            return {"changed": True, "rc": self.msi_code, "reboot_required": self.msi_code == 3010}
        return {"changed": False, "rc": self.msi_code, "failed": self.msi_code != 1618, "msg": "unexpected rc"}

    def _win_service_info(self, options: Result) -> Result:
        return {"exists": True, "services": [{"name": options["name"], "state": self.installer}]}

    def _dsa_upgrade_end(self, options: Result) -> Result:
        if options.get("reboot_required"):
            self.note({"reboot_due_since": iso(self.now())})
        if options["self_protection"] or not self.guarded:
            self.guard()
        log = {"path": "C:\\install.log", "text": LOG, "cut": False, "error": None} if "log_path" in options else None
        return {"changed": True, "self_protection": self.guard_state(), **({"log": log} if log else {})}

    def _slurp(self, options: Result) -> Result:
        return {"content": base64.b64encode(b"the log").decode()}

    def _dsa_control(self, options: Result) -> Result:
        for argument in options["arguments"]:
            if argument == "-a":
                self.state["activated"] = True
        return {"changed": True}

    def _dsa_host_info(self, options: Result) -> Result:
        if options.get("system"):
            return {"reading": raw(copy.deepcopy(self.facts))}
        found: Result = {
            "keys": {name: absent_key(path) for name, (path, *_values) in options["keys"].items()},
            "paths": [{"path": path, "exists": path in self.left, "folder": True} for path in options["paths"]],
            "uninstall": {"entries": [], "errors": self.unseen},
        }
        return {"reading": found}
