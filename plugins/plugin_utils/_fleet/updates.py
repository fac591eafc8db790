# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Whether the progress note on a host proves a security update of the agent that is installed there now."""

from __future__ import annotations

from collections.abc import Mapping

from .._advisory import BuildError, parse_build
from .._record.evidence import parse_time


def proven_by_other_run(before: Mapping[str, object], record: Mapping[str, object], run_id: str) -> bool:
    """Whether another run has proven an update since this one read the host first, by both records of it."""
    old, note = (one.get("remediation") for one in (before, record))
    if not isinstance(note, Mapping) or note.get("run") == run_id:
        return False
    old = old if isinstance(old, Mapping) else {}
    return update_proven(record) and any(old.get(key) != note.get(key) for key in ("run", "phase"))


def update_proven(record: Mapping[str, object]) -> bool:
    """Whether the record's note says that the remediation of this very installation is done.

    A note outlives the agent: one that was removed and installed anew by hand has not been updated since.
    """
    note = record.get("remediation")
    if not isinstance(note, Mapping) or note.get("phase") != "done":
        return False
    try:
        if parse_build(note.get("build") or note.get("to")) != parse_build(record.get("version")):
            return False
    except BuildError:
        return False
    if record.get("installed_at") is None or note.get("done_at") is None:
        return True
    installed, done = parse_time(record["installed_at"]), parse_time(note["done_at"])
    return installed is not None and done is not None and done > installed
