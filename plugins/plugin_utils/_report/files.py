# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The report's files: its JSON, kept for each run and at a name that stays, and other forms beside it."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

from .._messages import Texts
from .._text import clean
from .document import Document
from .formats import FORMATS

_REMEDY = "Set dsa_report_path to a file in a folder that can be written and has room, and run again"


class Written(NamedTuple):
    """The files at names that stay, JSON first; and what could not be written, or an empty text."""

    files: tuple[Path, ...]
    problem: str


def write(document: Document, path: Path, formats: Iterable[str], texts: Texts) -> Written:
    """Write the JSON to path and beside it under the name of its run, and the other formats beside it.

    Never raises: after a night's work a report that cannot be written must still be shown. Each file is tried whatever
    became of those before it. One that cannot be replaced is removed: of an older run, it would pass for this one's.
    """
    files: list[Path] = []
    problems: list[str] = []
    if _is_no_file(path):
        return Written((), f"dsa_report_path is {clean(str(path))}, which is no file: name a file, and run again")
    for name in dict.fromkeys(("json", *formats)):
        try:
            file = beside(path, name)
        except ValueError as error:
            problems.append(f"{clean(str(path))} ({name}): {_why(error)}")
            continue
        try:
            content = FORMATS[name].face(document, texts)
            if name == "json":
                problems += _replaced(kept_path(document, path), content)
            problem = _replaced(file, content)
            files += [] if problem else [file]
            problems += problem
        except Exception as error:
            problems.append(f"{clean(str(file))} ({name}): {_why(error)}")
            _remove(file)
    problem_text = f"The report could not be written to {'; '.join(problems)}. {_REMEDY}" if problems else ""
    return Written(tuple(files), problem_text)


def beside(path: Path, name: str) -> Path:
    """Where a format stands: report.html for report.json. Raises ValueError where that is the JSON itself."""
    if name == "json":
        return path
    file = path.with_suffix(FORMATS[name].suffix)
    if file == path:
        raise ValueError("the JSON report has this name; end dsa_report_path with .json")
    return file


def kept_path(document: Document, path: Path) -> Path:
    """Where the report of this run stays: report-20261127T133821Z-RUN_ID.json for report.json."""
    return path.with_name(f"{path.stem}-{_stamp(document['started'])}-{_safe(document['run_id'])}{path.suffix}")


def _replaced(file: Path, content: bytes) -> list[str]:
    """Replace the file; what went wrong."""
    try:
        _replace(file, content)
    except Exception as error:
        _remove(file)
        return [f"{clean(str(file))}: {_why(error)}"]
    return []


def _remove(file: Path) -> None:
    with suppress(OSError, ValueError):
        if not _is_no_file(file):
            file.unlink(missing_ok=True)


def _replace(file: Path, content: bytes) -> None:
    """Replace the file as a whole, so that nobody ever reads half a report. A device is not replaced by a file."""
    if _is_no_file(file):
        raise ValueError("this is no file")
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(dir=file.parent, prefix=".dsa-report-")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(part, 0o644)
        os.replace(part, file)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(part)


def _is_no_file(path: Path) -> bool:
    return os.path.exists(path) and not os.path.isfile(path)


def _stamp(started: str | None) -> str:
    try:
        return (
            f"{datetime.fromisoformat((started or '').replace('Z', '+00:00')).astimezone(timezone.utc):%Y%m%dT%H%M%SZ}"
        )
    except ValueError:
        return _safe(started or "unknown")


def _safe(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "_", text)[:100]


def _why(error: Exception) -> str:
    # Without the name of the temporary file, which the whole text of an OSError ends with.
    plain = error.strerror if isinstance(error, OSError) else None
    return clean(plain or str(error) or type(error).__name__, 300)
