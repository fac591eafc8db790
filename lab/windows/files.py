# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of a Windows host: C:\\ is a folder of this machine, and names differ by more than their case."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

NO_ROOM = {
    "en": "There is not enough space on the disk.",
    "ja": "ディスクに十分な空き領域がありません。",
}
# What NTFS keeps in its own table still fits on a full disk.
SMALL = 900


class Drive:
    """The drives of one host: C: is this folder, and other drives would be beside it."""

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        self.folder = folder
        self.names = dict(variables)
        self.variables = {name.lower(): value for name, value in variables.items()}

    def expand(self, text: str) -> str:
        """%NAME% as Windows expands it: what is not known stays."""
        return re.sub(r"%([^%]+)%", lambda match: self.variables.get(match[1].lower(), match[0]), text)

    def real(self, path: str) -> Path:
        """Where this machine keeps a path of the host; the case of what exists already wins."""
        text = self.expand(path).replace("/", "\\")
        if not re.match(r"(?i)[a-z]:\\", text):
            raise FileNotFoundError(f"{path}: the lab's Windows hosts have full paths only")
        place = self.folder.parent / text[0].upper()
        for part in [one for one in text[3:].split("\\") if one not in ("", ".")]:
            if part == "..":
                raise FileNotFoundError(path)
            exact = place / part
            if not exact.exists() and place.is_dir():
                same = [entry for entry in place.iterdir() if entry.name.lower() == part.lower()]
                exact = same[0] if same else exact
            place = exact
        return place

    def exists(self, path: str) -> bool:
        return self.real(path).exists()

    def read(self, path: str) -> bytes:
        return self.real(path).read_bytes()

    def write(self, path: str, data: bytes) -> None:
        target = self.real(path)
        if path[:2].lower() != "c:" and "%" not in path:
            raise FileNotFoundError(f"Could not find a part of the path '{path}'.")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)

    def remove(self, path: str) -> bool:
        target = self.real(path)
        if not target.exists():
            return False
        target.unlink()
        return True
