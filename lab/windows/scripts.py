# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scripts that come as text: those of win_reboot, and of ansible-core where it sends no parameters beside them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from . import core
from .payload import SHOWN, NotUnderstood

if TYPE_CHECKING:
    from .machine import WindowsMachine

Output = tuple[bytes, bytes, int]
Answer = Callable[["WindowsMachine", "re.Match[str]", bytes], Output]
# An argument, with PowerShell's quotes or, since ansible-core 2.21 and where it needs none, without.
WORD = r"('(?:[^']|'')*'|[^\s';()]+)"
ALREADY = {
    "en": "A system shutdown has already been scheduled.(1190)",
    "ja": "システムのシャットダウンは既に予定されています。(1190)",
}


def unquote(text: str) -> str:
    return text[1:-1].replace("''", "'") if text.startswith("'") else text


def boot_time(machine: WindowsMachine, match: re.Match[str], data: bytes) -> Output:
    return core.line(str(machine.boot_filetime()))


def shut_down(machine: WindowsMachine, match: re.Match[str], data: bytes) -> Output:
    scheduled = machine.go_down("reboot", float(match[1]))
    said = "" if scheduled else ALREADY[machine.about["language"]]
    return core.line(json.dumps({"stdout": "", "stderr": said, "rc": 0 if scheduled else 1190}))


def keep_up(machine: WindowsMachine, match: re.Match[str], data: bytes) -> Output:
    return b"", b"", 0 if machine.stay_up() else 1116


def logon_ready(machine: WindowsMachine, match: re.Match[str], data: bytes) -> Output:
    return core.line(unquote(match[1]))


def remove(machine: WindowsMachine, match: re.Match[str], data: bytes) -> Output:
    import shutil

    place = machine.drive.real(unquote(match[1]))
    if place.is_dir():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)
    return b"", b"", 0


def checksum(machine: WindowsMachine, match: re.Match[str], data: bytes) -> Output:
    place = machine.drive.real(unquote(match[1]))
    found = hashlib.sha1(place.read_bytes()).hexdigest() if place.is_file() else "3" if place.is_dir() else "1"
    return core.line(found)


def exists(machine: WindowsMachine, match: re.Match[str], data: bytes) -> Output:
    there = machine.drive.exists(unquote(match[1]))
    return b"$res\r\n", b"", 0 if there else 1


def put_file(machine: WindowsMachine, match: re.Match[str], data: bytes) -> Output:
    return core.put_file(machine, unquote(match[1]), data)


def fetch_file(machine: WindowsMachine, match: re.Match[str], data: bytes) -> Output:
    return core.fetch_file(machine, unquote(match[1]), int(match[3]), int(match[2]))


def expand_user(machine: WindowsMachine, match: re.Match[str], data: bytes) -> Output:
    return core.line(unquote(match[1]))


def make_folder(machine: WindowsMachine, match: re.Match[str], data: bytes) -> Output:
    return core.make_folder(machine, unquote(match[1]), unquote(match[2]))


def who(machine: WindowsMachine, match: re.Match[str], data: bytes) -> Output:
    return core.line(f"{machine.name}\\{machine.about['user']}" if match[1] == "whoami" else machine.name)


SCRIPTS: tuple[tuple[str, str, Answer], ...] = (
    ("boot time", r"LastBootUpTime", boot_time),
    ("shutdown /r", r"shutdown\.exe /r /t (\d+)", shut_down),
    ("shutdown /a", r"shutdown\.exe /a", keep_up),
    ("logon test", rf"AutoLogonChecked' -ErrorAction Stop; {WORD}", logon_ready),
    ("put_file", rf"\$path = {WORD}\s(?s:.*)\[System\.IO\.File\]::Create", put_file),
    (
        "fetch_file",
        rf"\$path = {WORD}\s(?s:.*)\$buffer_size = (\d+)\s+\$offset = (\d+)(?s:.*)ToBase64String",
        fetch_file,
    ),
    ("checksum", rf"Test-Path -PathType Leaf {WORD}(?s:.*)SHA1CryptoServiceProvider", checksum),
    ("exists", rf"(?:If \(|exit -not \()Test-Path (?:-LiteralPath )?{WORD}\)", exists),
    ("mkdtemp", rf"ExpandEnvironmentVariables\({WORD}\)(?s:.*)New-Item -Type Directory.*-Name {WORD}", make_folder),
    ("remove", rf"Remove-Item {WORD} -Force", remove),
    ("expand_user", rf"Write-Output {WORD}\s*$", expand_user),
    ("who", r"^(?:Set-StrictMode.*\n)?(whoami|hostname)\b", who),
)


def name(script: str) -> str:
    return next((known for known, pattern, _answer in SCRIPTS if re.search(pattern, script)), "unknown script")


def run(machine: WindowsMachine, script: str, data: bytes) -> Output:
    for _name, pattern, answer in SCRIPTS:
        if match := re.search(pattern, script):
            return answer(machine, match, data)
    raise NotUnderstood(f"the script {script[:SHOWN]!r}")
