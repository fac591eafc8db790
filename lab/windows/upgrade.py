# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""win_dsa_upgrade: what the collection does on a Windows host before and after the package is installed."""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from typing import TYPE_CHECKING, Any, NoReturn

from . import record
from .modules import signature
from .options import ModuleFailure, Result

if TYPE_CHECKING:
    from .machine import WindowsMachine

TIMEOUT = 15.0
INTERVAL = 0.05
MATTERS = re.compile(r"^MSI \(s\).*(return|error)|Error \d{4}\b|-- Error|Return value 3", re.IGNORECASE)


class Upgrade:
    """One run of the module."""

    def __init__(self, machine: WindowsMachine, params: dict[str, Any], check_mode: bool) -> None:
        self.machine = machine
        self.params = params
        self.check_mode = check_mode
        self.target = record.numbers(params["version"])
        self.result: Result = {"changed": False}

    async def run(self) -> Result:
        if not self.target:
            raise ModuleFailure(f"version is '{self.params['version']}'; write a build such as 20.0.2-1390")
        await {"begin": self.begin, "end": self.end, "restart": self.restart}[self.params["step"]]()
        return self.result

    async def read(self) -> dict[str, Any]:
        return await record.read(self.machine, TIMEOUT, self.params["progress_file"])

    def note(self, **changes: Any) -> None:
        if not self.check_mode:
            record.note(self.machine, self.params["progress_file"], **changes)

    async def fail(self, why: str) -> NoReturn:
        after = (await self.read())["version_raw"]
        raise ModuleFailure(f"{why.rstrip('.')}. The host now has: {after or 'no agent'}", **self.result, after=after)

    # Steps

    async def begin(self) -> None:
        agent = await self.read()
        text, left = agent["version_raw"], agent["remediation"] or {}
        self.result.update(before=text, done=False)
        if text and record.numbers(text) >= self.target:
            self.result["done"] = True
            if left.get("self_protection") == "off" and not self.check_mode:
                await self.switch_on()
            self.complete(agent)
            return
        reinstall = bool(self.params.get("reinstall"))
        if not agent["installed"] and not reinstall:
            raise ModuleFailure("there is no agent to upgrade: none is installed", **self.result)
        path = self.params["path"]
        self.result["verified_by"] = await self.verify(path)
        self.result.update(path=path, log_path=self.params["log_path"])
        if self.check_mode:
            return
        self.machine.drive.remove(self.params["log_path"])
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        self.note(
            phase="upgrading",
            reinstalled=now if reinstall else None,
            since=now,
            **{"from": text},
            to=self.params["version"],
            patterns=agent["anti_malware"]["patterns"],
            engine=agent["anti_malware"]["engine"],
        )
        if self.params["self_protection"]:
            await self.switch_off()

    async def verify(self, path: str) -> str:
        if not self.machine.drive.exists(path):
            await self.fail(f"{path} is not there any more; run again")
        wanted, by, why = self.params["sha256"], "not verified, as dsa_verify_packages says", None
        if wanted:
            by, found = "SHA-256", hashlib.sha256(self.machine.drive.read(path)).hexdigest()
            if found != wanted.lower():
                why = f"{path} has SHA-256 {found}, and not {wanted} as you state; find out which is right"
        elif self.params["verify"]:
            status, signer = signature(self.machine, path)
            by = f"Authenticode ({signer})"
            if status != "Valid":
                why = f"{path} is not verified: Windows calls its signature {status}, and no SHA-256 is stated"
        if why:
            if not self.check_mode:
                self.machine.drive.remove(path)
            self.result["refused"] = True
            await self.fail(why)
        return by

    async def end(self) -> None:
        if self.params["failed"]:
            self.result["log_lines"] = self.log_lines()
        if self.params["self_protection"] and not self.check_mode:
            await self.switch_on()
        if self.params["failed"] or self.check_mode:
            agent = await self.read()
            self.result.update(after=agent["version_raw"], reboot=agent["reboot"])
        else:
            agent = await self.read_back(not self.params["reboot_required"])
            self.complete(agent)
        self.result["changed"] = agent["version_raw"] != (agent["remediation"] or {}).get("from")

    async def restart(self) -> None:
        agent = await self.read()
        text = self.result["before"] = agent["version_raw"]
        there = bool(text) and record.numbers(text) >= self.target
        if self.params.get("update_due") and not self.check_mode:
            now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            self.note(phase="update_pending" if there else "upgrading", since=now, to=self.params["version"])
            if not there:
                self.result["after"] = text
                return
        if not there:
            await self.fail(f"the build {self.params['version']} is not installed, and no package was given")
        running = agent["service"]["state"] == "running"
        restart = not (running and self.reached(agent, True))
        unguarded = (agent["remediation"] or {}).get("self_protection") == "off"
        self.result["changed"] = restart or unguarded
        if self.check_mode:
            self.complete(agent)
            return
        if restart:
            if running and self.params["self_protection"] and not unguarded:
                await self.switch_off()
                unguarded = True
            problem = self.machine.agent.restart_by_hand()
            if problem:
                if unguarded and running:
                    await self.switch_on()
                await self.fail(f"the agent's service could not be restarted: {problem}")
            agent = await self.read_back(True)
        if unguarded:
            await self.switch_on()
        self.complete(agent)

    # Parts of them

    def complete(self, agent: dict[str, Any]) -> None:
        self.result.update(after=agent["version_raw"], reboot=agent["reboot"])
        if self.check_mode:
            return
        if (agent["remediation"] or {}).get("phase") == "upgrading":
            self.note(phase="update_pending")
        if self.params["path"]:
            self.machine.drive.remove(self.params["path"])

    def reached(self, agent: dict[str, Any], running: bool) -> bool:
        """Whether registry, file and, if it matters, the running agent have the build."""
        said = {source: record.numbers(text) for source, text in agent["versions"].items()}
        wanted = {"registry", "file"} | ({"dsa_query"} if running else set())
        return all(source in said and said[source] >= self.target for source in wanted)

    async def switch_off(self) -> None:
        self.note(self_protection="off")
        problem = self.machine.agent.protect(False, self.params["self_protection_password"])
        if problem:
            self.note(self_protection=None)
            await self.fail(f"self-protection could not be switched off: {problem}; is the password right?")

    async def switch_on(self) -> None:
        deadline = time.monotonic() + self.params["service_timeout"]
        while problem := self.machine.agent.protect(True, self.params["self_protection_password"]):
            if time.monotonic() >= deadline:
                self.result["self_protection"] = "off"
                await self.fail(
                    f"self-protection could not be switched on again: {problem}; switch it on in the Manager"
                )
            await asyncio.sleep(INTERVAL)
        self.note(self_protection=None)

    async def read_back(self, running: bool) -> dict[str, Any]:
        deadline = time.monotonic() + self.params["service_timeout"]
        while True:
            agent = await self.read()
            if self.reached(agent, running):
                return agent
            if time.monotonic() >= deadline:
                break
            await asyncio.sleep(INTERVAL)
        if record.numbers(agent["versions"].get("registry", "")) >= self.target:
            self.note(phase="update_pending")
        texts = ", ".join(f"{source} says {text}" for source, text in sorted(agent["versions"].items()))
        problems = "".join("; " + problem for problem in agent["problems"])
        await self.fail(
            f"the installer reported success, but {self.params['service_timeout']} s later "
            f"{texts or 'nobody gives a build'}, and the service ds_agent is {agent['service']['state']}{problems}"
        )

    def log_lines(self) -> list[str]:
        path = self.params["log_path"]
        if not self.machine.drive.exists(path):
            return []
        lines = self.machine.drive.read(path).decode("utf-16").splitlines()
        last = max(0, len(lines) - 20)
        return [line for number, line in enumerate(lines) if number >= last or MATTERS.search(line)][-40:]


async def run(machine: WindowsMachine, params: dict[str, Any], check_mode: bool) -> Result:
    return await Upgrade(machine, params, check_mode).run()
