# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The agent record of a Windows host, as win_dsa_info gives it back."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from .agent import INSTALL_DIR, MANAGER

if TYPE_CHECKING:
    from .machine import WindowsMachine

QUERIES = "GetPluginVersion, GetComponentInfo"


def dotted(build: str) -> str:
    """As Windows writes versions; the vendor's own form is not known publicly."""
    return build.replace("-", ".")


def numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.replace("-", ".").split(".") if part.isdigit())


def progress(machine: WindowsMachine, path: str) -> tuple[dict[str, Any] | None, str | None]:
    """How far the collection came on this host, or why that cannot be read."""
    if not machine.drive.exists(path):
        return None, None
    try:
        content = json.loads(machine.drive.read(path))
        if not isinstance(content, dict):
            raise ValueError("it holds no mapping")
        return content, None
    except ValueError as error:
        return None, f"{path} is damaged ({error}); remove it and run the security update once more"


def note(machine: WindowsMachine, path: str, **changes: Any) -> None:
    content = {**(progress(machine, path)[0] or {}), **changes}
    machine.write(path, (json.dumps(content, sort_keys=True, indent=1) + "\n").encode())


async def read(machine: WindowsMachine, timeout: float, progress_path: str) -> dict[str, Any]:
    registry, agent = machine.registry, machine.agent
    build = None if machine.fault("agent_not_listed") else registry["build"]
    record: dict[str, Any] = {
        "installed": build is not None,
        "version": None,
        "version_raw": None,
        "version_source": None,
        "versions": {},
        "platform": "windows",
        "os": "windows",
        "os_version": f"{machine.release.nt}.{machine.release.build}",
        "arch": machine.about["arch"],
        "distribution": None,
        "install_dir": None,
        "service": {"name": "ds_agent", "state": agent.service_state()},
        "activated": None,
        "manager_url": None,
        "relay": {"enabled": None, "source": None},
        "anti_malware": {
            "mode": None,
            "driver_offline": None,
            "engine": None,
            "patterns": [],
            **agent.services(),
        },
        "reboot": machine.reboot_state(),
        "clock": {
            "utc_offset": 540 if machine.japanese else 0,
            "boot_time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(machine.shown_boot_time)),
        },
        "product_code": registry["product_code"] if build else None,
        "remediation": None,
        "problems": [],
    }
    record["remediation"], problem = progress(machine, progress_path)
    record["problems"] = [problem] if problem else []
    if build is None:
        return record
    record["versions"] = {"registry": dotted(build), "file": dotted(registry["file_build"])}
    record.update(version_raw=dotted(build), version_source="registry", install_dir=INSTALL_DIR)
    record["relay"] = {"enabled": None, "source": "tcp_4122_listener"}
    if agent.state == "running":
        record["relay"]["enabled"] = agent.is_relay
    silent = await agent.answers(timeout)
    if silent is None:
        record["activated"] = bool(registry["activated"])
        record["manager_url"] = MANAGER if registry["activated"] else None
        if agent.ready:
            record["versions"]["dsa_query"] = agent.build
            record["anti_malware"].update(agent.anti_malware())
        else:
            silent = f"no answer to {QUERIES}"
    if silent:
        record["problems"].append(f"dsa_query: {silent}")
    return record
