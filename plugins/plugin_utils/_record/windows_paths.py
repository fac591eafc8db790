# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Paths of Windows, compared without a Windows: what can have several spellings is not taken for different."""

from __future__ import annotations

import ntpath
import re

# Where an installer of the agent puts its files, wherever the drive and Program Files are.
AGENT_FOLDERS = (r"\trend micro\deep security agent", r"\trend micro\amsp")
# As above in short (8.3) names.
_SHORT_AGENT = re.compile(r"\\trendm~[0-9]\\(?:deepse|amsp)[^\\]*(?:\\|\Z)")
_DRIVE = re.compile(r"[a-z]:\\")
_PREFIX = re.compile(r"\\\\[?.]\\|\\\?\?\\")


def folded(path: object) -> str:
    """One spelling of a path: lower case, backslashes, no quotation marks, no prefix, nothing at its end."""
    text = (path if isinstance(path, str) else "").replace("/", "\\").replace('"', "").strip()
    text = _PREFIX.sub("", text, count=1) if _PREFIX.match(text) else text
    normal = ntpath.normpath(text).lower() if text else ""
    # Windows drops blanks and dots at the end of a name.
    return "\\".join(name.rstrip(" .") or name for name in normal.split("\\")).rstrip("\\")


def program_folder(command: object) -> str | None:
    """The folder of the program that a command line starts, folded; None where it names no whole path."""
    text = command.strip() if isinstance(command, str) else ""
    program = re.match(r'"([^"]+)"|(.+?\.exe)(?=\s|\Z)|(\S+)', text, re.IGNORECASE)
    path = folded(next(filter(None, program.groups()))) if program else ""
    return ntpath.dirname(path) if is_whole(path) else None


def is_whole(path: str) -> bool:
    """Whether a folded path has one spelling: it begins at a drive, without short names, variables and streams."""
    return bool(_DRIVE.match(path)) and not re.search(r"~[0-9]|%|[*?<>|]", path) and ":" not in path[2:]


def is_below(path: str, folder: str) -> bool:
    """Whether a folded path lies in a folder."""
    return bool(folder) and path.startswith(folded(folder) + "\\")


def of_agent(path: str, folders: list[str]) -> bool:
    """Whether a folded path may be a file of the agent. A path of the kernel names no drive."""
    tails = [folded(folder) for folder in folders]
    names = [tail[2:] if _DRIVE.match(tail) else tail for tail in tails if len(tail) > 3]
    return any(f"{name}\\" in f"{path}\\" for name in (*names, *AGENT_FOLDERS)) or bool(_SHORT_AGENT.search(path))
