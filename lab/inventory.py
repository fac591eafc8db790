# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the lab hands to Ansible: the inventory, and the variables about the packages on offer."""

from __future__ import annotations

import json
import shlex
import sys
from pathlib import Path
from typing import Any

import yaml

from . import packages
from .layout import Layout
from .windows import tls


def by_winrm(host: dict[str, Any], layout: Layout) -> dict[str, Any]:
    """How Ansible reaches a Windows host. It notices soon that one is gone: nothing here takes long."""
    trust = (
        {"ca_trust_path": str(tls.authority(layout)), "server_cert_validation": "validate"} if tls.wanted(host) else {}
    )
    return {
        "ansible_connection": "winrm",
        "ansible_user": host["user"],
        "ansible_password": host["winrm_password"],
        "ansible_winrm_scheme": "http",
        "ansible_winrm_transport": "basic",
        "ansible_winrm_connection_timeout": 10,
        **{f"ansible_winrm_{name}": value for name, value in trust.items()},
    }


def write(layout: Layout, hosts: list[dict[str, Any]], control_folder: Path) -> None:
    groups: dict[str, dict[str, Any]] = {"deep_security_relays": {}, "deep_security_agents": {}}
    everyone: dict[str, Any] = {}
    if any(tls.wanted(host) for host in hosts):
        tls.write(layout)
    for host in hosts:
        reached = (
            by_winrm(host, layout) if host["os"] == "windows" else {"ansible_python_interpreter": host["interpreter"]}
        )
        everyone[host["name"]] = {"ansible_port": host["port"], **reached, **host["vars"]}
        if host["group"] and host["role"] != "none":
            groups[f"deep_security_{host['role']}s"][host["name"]] = {}
    options = {
        "UserKnownHostsFile": f'"{layout.known_hosts}"',
        "GlobalKnownHostsFile": "/dev/null",
        "StrictHostKeyChecking": "yes",
        "IdentitiesOnly": "yes",
        "IdentityAgent": "none",
        "PreferredAuthentications": "publickey",
        "ControlMaster": "auto",
        "ControlPersist": "60s",
    }
    arguments = ["-F", "/dev/null", *(word for name, value in options.items() for word in ("-o", f"{name}={value}"))]
    inventory = {
        "all": {
            "hosts": everyone,
            "children": {name: {"hosts": members} for name, members in groups.items()},
            "vars": {
                "ansible_connection": "ssh",
                "ansible_host": "127.0.0.1",
                "ansible_user": "root",
                "ansible_ssh_private_key_file": str(layout.key),
                "ansible_ssh_args": " ".join(shlex.quote(word) for word in arguments),
                "ansible_control_path_dir": str(control_folder),
                "ansible_ssh_pipelining": True,
            },
        }
    }
    text = yaml.safe_dump(inventory, sort_keys=False, allow_unicode=True, width=1000)
    layout.inventory.touch(mode=0o600)
    layout.inventory.write_text(f"# Written by: python -m lab up ({sys.version.split()[0]})\n" + text, encoding="utf-8")


def write_vars(layout: Layout) -> None:
    """The checksums an operator would have from the vendor: of the good files, unless the plan says that the broken one
    was good when its checksum was taken (then only its signature, or the package manager, can tell)."""
    plan = json.loads(layout.plan.read_text(encoding="utf-8")) if layout.plan.exists() else {}
    trusted = set(plan.get("checksum_of_broken", []))
    checksums = {}
    for path in sorted(layout.packages.iterdir()):
        good = layout.store / "good" / path.name
        checksums[path.name] = packages.checksum(good if good.exists() and path.name not in trusted else path)
    layout.vars.write_text(
        yaml.safe_dump({"dsa_package_dir": str(layout.packages), "dsa_package_checksums": checksums}, width=1000),
        encoding="utf-8",
    )
