# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The report as JSON files: one that is kept for each run, and a copy of the latest at a name that stays."""

from __future__ import annotations

import json
import os
import re
import tempfile
import typing as t
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path

from .._text import clean, clean_tree
from .model import Report

_REMEDY = "Set dsa_report_path to a file in a folder that can be written and has room, and run again"


def write(report: Report, path: Path) -> str:
    """Write the report beside path under the name of its run, and to path; return what went wrong, or an empty text.

    Never raises: after a night's work a report that cannot be written must still be shown. The second file is tried
    where the first fails, so that an older report at path does not pass for this one.
    """
    problems: list[str] = []
    files: tuple[Path, ...] = ()
    try:
        content, files = as_json(report.as_dict()), (kept_path(report, path), path)
    except Exception as error:
        problems.append(f"{clean(str(path))}: {_why(error)}")
    for file in files:
        try:
            _replace(file, content)
        except Exception as error:
            problems.append(f"{clean(str(file))}: {_why(error)}")
    return f"The report could not be written to {'; '.join(problems)}. {_REMEDY}" if problems else ""


def kept_path(report: Report, path: Path) -> Path:
    """Where the report of this run stays: report-20261127T133821Z-RUN_ID.json for report.json."""
    return path.with_name(f"{path.stem}-{_stamp(report.started)}-{_safe(report.run_id)}{path.suffix}")


def as_json(content: Mapping[str, t.Any]) -> bytes:
    """The report as JSON in UTF-8, one host a line: readable by every parser, whatever texts and values are in it."""
    head: dict[str, t.Any] = clean_tree({name: value for name, value in content.items() if name != "hosts"})
    hosts = [clean_tree(host) for host in content["hosts"]]
    lines = ",\n".join(f"  {_dumped(host)}" for host in hosts)
    text = _dumped(head, indent=1)[: -len("\n}")]
    return f'{text},\n "hosts": [\n{lines}\n ]\n}}\n'.encode()


def _dumped(value: t.Any, indent: int | None = None) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)
    except ValueError:  # NaN and Infinity are no JSON; as texts they are
        plain = json.loads(json.dumps(value), parse_constant=str)
        return json.dumps(plain, ensure_ascii=False, indent=indent)


def _replace(file: Path, content: bytes) -> None:
    """Replace the file as a whole, so that nobody ever reads half a report."""
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
