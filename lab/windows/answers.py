# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who answers what: takes a script and its input apart and gives back what PowerShell would have written."""

from __future__ import annotations

import asyncio
import json
import sys
import traceback
from collections.abc import Awaitable
from typing import Any

from . import collection, core, modules, options, payload, scripts
from .engine.pool import Pool, TaskFailed
from .engine_host import WindowsHost
from .machine import CURRENT, WindowsMachine

Output = tuple[bytes, bytes, int]
OURS = "deep_security.remediation."
KNOWN: dict[str, options.Module] = {**modules.KNOWN, **collection.KNOWN}


async def run(machine: WindowsMachine, script: str, data: bytes) -> Output:
    """Standard output, standard error, exit code."""
    try:
        request = payload.decode(script, data)
        machine.journal("winrm_command", name=label(request), requests=machine.requests)
        if request.kind == "module":
            if request.name.startswith(OURS):
                real = machine.about["engine"] == "powershell"
                return await (run_real(machine, script, data) if real else run_module(machine, request))
            return await dying(machine, run_module(machine, request))
        if request.kind == "builtin":
            return core.run(machine, request)
        return scripts.run(machine, script, data)
    except payload.NotUnderstood as error:
        text = f"the lab does not understand: {error}"
        machine.journal("winrm_not_understood", what=str(error))
        print(f"{machine.name}: {text}", file=sys.stderr)
        return b"", text.encode(), 1
    except OSError as error:
        return b"", str(error).encode(), 1


def label(request: payload.Request) -> str:
    return scripts.name(request.arguments["text"]) if request.kind == "script" else request.name


POOLS: dict[asyncio.AbstractEventLoop, Pool] = {}


def pool() -> Pool:
    """That of the event loop, of which the lab's process has one."""
    loop = asyncio.get_running_loop()
    if loop not in POOLS:
        POOLS[loop] = Pool()
    return POOLS[loop]


async def run_real(machine: WindowsMachine, script: str, data: bytes) -> Output:
    """The module itself, run by PowerShell with this host behind its stand-ins."""
    try:
        return await pool().run(WindowsHost(machine), script, data)
    except TaskFailed as error:
        print(f"{machine.name}: {error}", file=sys.stderr)
        return b"", str(error).encode(), 1


async def dying(machine: WindowsMachine, answer: Awaitable[Output]) -> Output:
    """With the fault winrm_dies the module runs to its end, and its result is lost.

    Not for modules of this collection: run by PowerShell a reading may take too long to count as lost at once.
    """
    dies = machine.fault("winrm_dies")
    output = await answer
    if dies:
        command = CURRENT.get()
        if command is not None:
            await command.awaited.wait()
        machine.journal("winrm_dropped", connections=len(machine.door.connections))
        machine.door.drop()
    return output


async def run_module(machine: WindowsMachine, request: payload.Request) -> Output:
    module = KNOWN.get(request.name)
    if module is None:
        raise payload.NotUnderstood(f"the module {request.name}")
    result: dict[str, Any] = {"changed": False}
    check_mode = bool(request.arguments.get("_ansible_check_mode"))
    try:
        params = options.check(request.name, module.spec, request.arguments, machine.drive.expand)
        result.update(await module.run(machine, params, check_mode))
    except options.ModuleFailure as error:
        result.update(error.result, failed=True, msg=str(error))
    except OSError as error:
        result.update(failed=True, msg=f"Unhandled exception while executing module: {error}")
    except Exception:
        traceback.print_exc()  # into the lab's log
        result.update(failed=True, msg=f"the lab itself failed: {traceback.format_exc()}")
    return json.dumps(result).encode() + b"\r\n", b"", 1 if result.get("failed") else 0
