# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Ansible sends to be run: a PowerShell command line, and for modules a manifest on its standard input.

Recognised by content: ansible-core 2.19 to 2.21 send one form, 2.16 to 2.18 another.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ENCODED = re.compile(r"-EncodedCommand\s+([A-Za-z0-9+/=]+)", re.IGNORECASE)
SEPARATOR = re.compile(rb"\r?\n?\0\0\0\0\r?\n?")
SHOWN = 400
COLLECTIONS = ("deep_security/remediation", "ansible/windows")


class NotUnderstood(Exception):
    """The lab does not know what this is; the text shows its head."""


@dataclass(frozen=True)
class Request:
    """kind is module, builtin (one of ansible-core's own scripts) or script (anything else, as text)."""

    kind: str
    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    data: bytes = b""


def script_of(command: str) -> str:
    """The innermost script of a command line."""
    text = command
    while match := ENCODED.search(text):
        text = base64.b64decode(match[1]).decode("utf-16-le")
    return text


def reads_input(script: str) -> bool:
    """Whether the script waits for its standard input."""
    return "$codeJson" in script or "$split_parts" in script or "FromBase64String($input)" in script.replace(" ", "")


def decode(script: str, data: bytes) -> Request:
    if "$codeJson" in script:
        return of_manifest(data)
    if "$split_parts" in script:
        return of_old_payload(data)
    return Request("script", "script", {"text": script}, data)


def of_manifest(data: bytes) -> Request:
    parts = SEPARATOR.split(data, maxsplit=2)
    try:
        json.loads(parts[0])
        manifest = json.loads(parts[1])
        action = manifest["actions"][-1]
        name, params = action["name"], action["params"]
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise NotUnderstood(f"no manifest ({error!r}): {head(data)}") from error
    rest = parts[2] if len(parts) > 2 else b""
    if name != "module_wrapper.ps1":
        return Request("builtin", name, params, rest)
    module = str(params["Script"]).removesuffix(".ps1").removeprefix("ansible_collections.")
    arguments = next((one["Value"] for one in params.get("Variables", []) if one["Name"] == "complex_args"), None)
    if arguments is None:
        raise NotUnderstood(f"{module} is a script, not a module; the lab runs none")
    return Request("module", module.replace(".plugins.modules.", "."), arguments, rest)


def of_old_payload(data: bytes) -> Request:
    """Here the module has no name: it is known by its text."""
    try:
        payload = json.loads(SEPARATOR.split(data, maxsplit=1)[1])
        text = base64.b64decode(payload["module_entry"]).decode()
        arguments = payload["module_args"]
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise NotUnderstood(f"no payload ({error!r}): {head(data)}") from error
    return Request("module", name_of(text), arguments)


def name_of(text: str) -> str:
    """The module whose file has this text, among the collections that this repository works with."""
    root = Path(__file__).resolve().parents[2]
    for collection in COLLECTIONS:
        for path in (root / ".venv/collections/ansible_collections" / collection / "plugins/modules").glob("*.ps1"):
            if path.read_text(encoding="utf-8").split() == text.split():
                return f"{collection.replace('/', '.')}.{path.stem}"
    raise NotUnderstood(f"a module that no known collection has: {text[:SHOWN]}")


def head(data: bytes) -> str:
    return repr(data[:SHOWN])
