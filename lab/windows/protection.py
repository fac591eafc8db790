# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""dsa_control on a Windows host, and self-protection, which is lowered and raised with it."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from . import reading
from .note import Note, StepError, progress

if TYPE_CHECKING:
    from .machine import WindowsMachine

commands: Any = importlib.import_module("plugins.module_utils._agent.commands")
control: Any = importlib.import_module("plugins.module_utils._agent.control")
PAUSE = 2.0


async def call(machine: WindowsMachine, arguments: Sequence[str], password: str | None = None) -> Any:
    """Run dsa_control and return its Reply, as on POSIX hosts."""
    given = [*arguments, *(["-p", password] if password else [])]
    if not reading.there(machine, "dsa_control.cmd"):
        return control.Reply(commands.Answer(missing=True), password)
    rc, text = machine.agent.dsa_control(given)
    return control.Reply(commands.Answer(rc, text.replace("\r\n", "\n") + "\n"), password)


def shown(reply: Any) -> dict[str, Any]:
    """A reply as a module returns it."""
    return {**reply.as_dict(), "cut": False, "accepted": reply.accepted, "text": reply.text()}


class SelfProtection:
    """state: untouched, on (proven), off, unknown. The note keeps "off" until it is proven to be on again."""

    def __init__(self, note: Note, password: str | None, content: dict[str, Any]) -> None:
        self.note = note
        self.password = password
        self.state = "untouched" if content.get("self_protection") in (None, "on") else "off"
        self.reply: Any = None

    async def switch(self, enable: bool) -> bool | None:
        self.reply = await call(self.note.machine, [f"--selfprotect={int(enable)}"], self.password)
        accepted: bool | None = self.reply.accepted
        return accepted

    async def lower(self) -> None:
        """Turn it off; StepError where that is not proven."""
        before = self.state
        self.note.update({"self_protection": "off"})
        self.state = "unknown"
        accepted = await self.switch(False)
        if accepted:
            self.state = "off"
            return
        if accepted is False:
            self.state = before
            if before in ("untouched", "on"):
                self.note.update({"self_protection": None})
        raise StepError("self_protection_refused", f"self-protection could not be turned off ({self.reply.text()})")

    async def enable(self, patience: float) -> bool:
        """Turn it on, and try again for so many seconds; whether that is proven."""
        deadline = progress.clock() + patience
        while True:
            accepted = await self.switch(True)
            if accepted:
                self.state = "on"
                with contextlib.suppress(StepError):  # the next run turns it on once more
                    self.note.update({"self_protection": None})
                return True
            if accepted is None or self.state == "untouched":
                self.state = "unknown"
            if progress.clock() >= deadline:
                return False
            await asyncio.sleep(min(PAUSE, max(0.0, deadline - progress.clock())))

    def sentence(self) -> str:
        """What people must know of it, empty where it is as it was."""
        if self.state in ("untouched", "on"):
            return ""
        state = "off" if self.state == "off" else "in an unknown state"
        return f"Self-protection is {state}: it could not be turned on; turn it on in the Manager"
