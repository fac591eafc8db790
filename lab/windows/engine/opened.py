# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ansible-core sends for a module, opened: its texts can be changed, all else stays as it is.

Recognised by content, as in lab/windows/payload.py: ansible-core 2.19 to 2.21 send one form, 2.16 to 2.18 another.
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any

SEPARATOR = b"\n\0\0\0\0\n"
EXPORT = re.compile(r"(?m)^Export-ModuleMember\b")
BASIC = "Ansible.Basic"
ADD_TYPE = "Ansible.ModuleUtils.AddType"


def encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def decode(text: str) -> str:
    return base64.b64decode(text).decode()


class Opened:
    """utils and module are texts by name; arguments are the module's options."""

    arguments: dict[str, Any]

    def utils(self) -> dict[str, str]:
        raise NotImplementedError

    def module(self) -> str:
        raise NotImplementedError

    def basic(self) -> str:
        """The source of Ansible.Basic, empty for a module without it."""
        raise NotImplementedError

    def set_util(self, name: str, text: str) -> None:
        """A util that is there is replaced; a new one is loaded after the others."""
        raise NotImplementedError

    def set_module(self, text: str) -> None:
        raise NotImplementedError

    def data(self) -> bytes:
        raise NotImplementedError


class Manifest(Opened):
    """The form of ansible-core 2.19 and newer."""

    def __init__(self, data: bytes) -> None:
        self.head, body, *rest = re.split(rb"\r?\n\0\0\0\0\r?\n", data, maxsplit=2)
        self.rest = rest
        self.content = json.loads(body)
        self.scripts = self.content["scripts"]
        self.action = self.content["actions"][-1]["params"]
        self.arguments = next(one["Value"] for one in self.action["Variables"] if one["Name"] == "complex_args")

    def utils(self) -> dict[str, str]:
        return {name: decode(about["script"]) for name, about in self.scripts.items() if name.endswith(".psm1")}

    def module(self) -> str:
        return decode(self.scripts[self.action["Script"]]["script"])

    def basic(self) -> str:
        found = self.scripts.get(BASIC + ".cs")
        return decode(found["script"]) if found else ""

    def set_util(self, name: str, text: str) -> None:
        if name not in self.scripts:
            self.action["PowerShellModules"] = [*(self.action.get("PowerShellModules") or []), name]
            self.scripts[name] = {"path": name}
        self.scripts[name]["script"] = encode(text)

    def set_module(self, text: str) -> None:
        self.scripts[self.action["Script"]]["script"] = encode(text)

    def data(self) -> bytes:
        return SEPARATOR.join([self.head, json.dumps(self.content).encode(), *self.rest])


class OldPayload(Opened):
    """The form of ansible-core 2.16 to 2.18."""

    def __init__(self, data: bytes) -> None:
        self.head, self.between, body = re.split(rb"(\r?\n?\0\0\0\0\r?\n?)", data, maxsplit=1)
        self.content = json.loads(body)
        self.arguments = self.content["module_args"]

    def utils(self) -> dict[str, str]:
        return {name: decode(text) for name, text in self.content["powershell_modules"].items()}

    def module(self) -> str:
        return decode(self.content["module_entry"])

    def basic(self) -> str:
        return decode(self.content["csharp_utils"].get(BASIC, ""))

    def set_util(self, name: str, text: str) -> None:
        self.content["powershell_modules"][name] = encode(text)

    def set_module(self, text: str) -> None:
        self.content["module_entry"] = encode(text)

    def data(self) -> bytes:
        return self.head + self.between + json.dumps(self.content).encode()


def read(script: str, data: bytes) -> Opened:
    return Manifest(data) if "$codeJson" in script else OldPayload(data)


def before_export(text: str, addition: str) -> str:
    """A text behind the functions of a util: what it is imported with is bound at its Export-ModuleMember."""
    found = list(EXPORT.finditer(text))
    place = found[-1].start() if found else len(text)
    return f"{text[:place]}\n{addition}\n{text[place:]}"
