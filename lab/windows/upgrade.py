# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""win_dsa_upgrade: what is done on a Windows host before and after the package is installed."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING, Any

from .agent import DEPENDENT
from .note import Note, StepError, locked, progress
from .options import ModuleFailure, Result
from .protection import SelfProtection
from .reading import utc

if TYPE_CHECKING:
    from .machine import WindowsMachine

LARGEST_LOG = 64 * 1024


class Step:
    """One step under the lock. result is what the module returns, also where the step fails."""

    def __init__(self, machine: WindowsMachine, params: dict[str, Any], check_mode: bool) -> None:
        self.machine = machine
        self.check_mode = check_mode
        self.params = params
        self.note = Note(machine, params["progress_file"])
        password = params["self_protection_password"]
        self.guarded = bool(password) if params["self_protection"] is None else params["self_protection"]
        # Without permission or password it is tried once: no password may be needed.
        self.patience = params["service_timeout"] if self.guarded or password else 0
        self.result: Result = {"changed": False}
        self.protection = SelfProtection(self.note, password, {})
        self.protection.state = "unknown"

    async def run(self, waited: bool) -> None:
        step, password = self.params["step"], self.params["self_protection_password"]
        try:
            content = self.content = self.note.require()
        except StepError as error:
            permitted = step != "note" and (self.guarded or password) and not self.check_mode
            if permitted and await self.enable():
                raise StepError(error.code, f"{error}. Self-protection was turned on") from error
            raise
        self.protection = SelfProtection(self.note, password, content)
        if step in ("begin", "note"):
            written = progress.written_since(content, self.params["seen"], self.params["note"])
            waited = written or (waited and step == "begin")
            self.result.update(waited=waited, **({"refused": False} if step == "begin" else {}))
            if waited:
                return
        if self.check_mode and step != "begin":
            self.result["changed"] = True
            return
        if step == "end" and self.guarded and self.protection.state == "untouched":
            self.protection.state = "unknown"  # step begin lowered it, and the note can be gone since
        if step in ("begin", "end", "restart") and not self.check_mode:
            await self.restore(0)  # what an earlier run left off
        await getattr(self, "do_" + step)()
        self.result["changed"] = True

    async def restore(self, patience: float) -> bool:
        """Raise self-protection if it may be off; whether nothing is left to restore."""
        return self.protection.state in ("untouched", "on") or await self.enable(patience)

    async def enable(self, patience: float | None = None) -> bool:
        self.result["changed"] = True
        return await self.protection.enable(self.patience if patience is None else patience)

    async def do_note(self) -> None:
        self.note.update(self.params["note"])

    async def do_protect(self) -> None:
        if not await self.enable():
            raise StepError("self_protection_off", self.protection.sentence())

    async def do_begin(self) -> None:
        try:
            self.verify()
            self.result.update(changed=True, path=self.params["path"], log_path=self.params["log_path"])
            if self.check_mode:
                return
            self.note.update({"phase": "upgrading", **(self.params["note"] or {})})
            if self.params["log_path"]:
                self.machine.drive.remove(self.params["log_path"])
            if self.guarded:
                await self.protection.lower()
        except StepError:
            if not self.check_mode:
                await self.restore(self.patience)
            raise

    def verify(self) -> None:
        path, wanted = self.params["path"], self.params["sha256"]
        if not path:
            return
        if not self.machine.drive.real(path).is_file():
            raise StepError("not_there", f"{path} is not there any more; run again")
        found = hashlib.sha256(self.machine.drive.read(path)).hexdigest()
        if wanted and found != wanted.strip().lower():
            self.result["refused"] = True
            if not self.check_mode:
                self.machine.drive.remove(path)
            raise StepError("package_refused", f"{path} has SHA-256 {found}, and not {wanted}")

    async def do_end(self) -> None:
        due = {"reboot_due_since": utc(time.time())} if self.params["reboot_required"] else {}
        problem = None
        try:
            self.note.update({**(self.params["note"] or {}), **due})
        except StepError as error:
            problem = error
        restored = await self.restore(self.patience)
        if problem:
            raise problem
        if not restored:
            raise StepError("self_protection_off", self.protection.sentence())

    def log(self, path: str) -> Result:
        """The end of the installer's log, decoded by its mark."""
        if not self.machine.drive.real(path).is_file():
            return {"path": path, "text": "", "cut": False, "error": "it is not there"}
        data = self.machine.drive.read(path)
        encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        text = data.decode(encoding, "replace").replace("\r\n", "\n")
        return {"path": path, "text": text[-LARGEST_LOG:], "cut": len(text) > LARGEST_LOG, "error": None}

    async def do_restart(self) -> None:
        try:
            await self.restart()
        finally:
            restored = await self.restore(self.patience)
        if not restored:
            raise StepError("self_protection_off", self.protection.sentence())

    async def restart(self) -> None:
        entries = {entry["name"]: entry for entry in self.machine.agent.service_entries()}
        service = entries.get("ds_agent", {"state": "missing", "start_mode": None})
        if self.guarded and service["state"] == "Running":
            if not self.content.get("phase"):
                self.note.update({"phase": "update_pending", "since": utc(time.time())})
            await self.protection.lower()
        if service["state"] not in ("Running", "Stopped") or service["start_mode"] == "Disabled":
            raise StepError("restart_failed", f"the service ds_agent is {service['state']}, {service['start_mode']}")
        others = [name for name in (DEPENDENT,) if entries.get(name, {}).get("state") == "Running"]
        try:
            if service["state"] == "Running":
                self.act("ds_agent", "stop")
            self.act("ds_agent", "start")
        finally:
            down = [one["name"] for one in self.machine.agent.service_entries() if one["state"] == "Stopped"]
            for name in others:
                if name in down:
                    self.act(name, "start")

    def show_protection(self) -> str:
        """Add what is known of self-protection; return what people must know of it."""
        if self.params["step"] == "note":
            return ""
        self.result["self_protection"] = self.protection.state
        return self.protection.sentence()

    def act(self, name: str, action: str) -> None:
        why = self.machine.agent.act(name, action)
        if why:
            raise StepError("restart_failed", why)


async def run(machine: WindowsMachine, params: dict[str, Any], check_mode: bool) -> Result:
    step = Step(machine, params, check_mode)
    if params["step"] == "end" and params["log_path"]:
        step.result["log"] = step.log(params["log_path"])
    try:
        if check_mode:
            await step.run(False)
        else:
            async with locked(machine, params["progress_file"], params["lock_timeout"]) as waited:
                await step.run(waited)
    except StepError as error:
        sentence = step.show_protection()
        more = "" if sentence in str(error) else f". {sentence}"
        raise ModuleFailure(f"{error}{more}", **step.result, code=error.code) from error
    step.show_protection()
    return step.result
