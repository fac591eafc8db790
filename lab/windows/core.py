# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The scripts that ansible-core brings itself, since 2.19 with their parameters beside them."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from .payload import NotUnderstood, Request

if TYPE_CHECKING:
    from .machine import WindowsMachine


def run(machine: WindowsMachine, request: Request) -> tuple[bytes, bytes, int]:
    given = request.arguments
    if request.name == "powershell_mkdtemp.ps1":
        return make_folder(machine, given["Directory"], given["Name"])
    if request.name == "powershell_expand_user.ps1":
        return expand_user(machine, given["Path"])
    if request.name == "winrm_put_file.ps1":
        return put_file(machine, given["Path"], request.data)
    if request.name == "winrm_fetch_file.ps1":
        return fetch_file(machine, given["Path"], int(given["Offset"]), int(given["BufferSize"]))
    raise NotUnderstood(f"ansible-core's own script {request.name}")


def line(text: str) -> tuple[bytes, bytes, int]:
    return text.encode() + b"\r\n", b"", 0


def make_folder(machine: WindowsMachine, folder: str, name: str) -> tuple[bytes, bytes, int]:
    path = machine.drive.expand(folder) + "\\" + name
    machine.drive.real(path).mkdir(parents=True, exist_ok=True)
    return line(path)


def expand_user(machine: WindowsMachine, path: str) -> tuple[bytes, bytes, int]:
    home = machine.drive.expand("%USERPROFILE%")
    return line(home + path[1:] if path == "~" or path.startswith("~\\") else path)


def put_file(machine: WindowsMachine, path: str, lines: bytes) -> tuple[bytes, bytes, int]:
    data = b"".join(base64.b64decode(one) for one in lines.split())
    machine.write(path, data)
    machine.journal("file_written", path=machine.drive.expand(path), by="winrm")
    return line('{"sha1":"' + hashlib.sha1(data).hexdigest() + '"}')


def fetch_file(machine: WindowsMachine, path: str, offset: int, size: int) -> tuple[bytes, bytes, int]:
    place = machine.drive.real(path)
    if place.is_dir():
        return line("[DIR]")
    if not place.exists():
        return b"", f"{path} does not exist".encode(), 1
    return line(base64.b64encode(place.read_bytes()[offset : offset + size]).decode())
