# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""What a report has of the run itself: which one it was, who started it, and with which versions."""

from __future__ import annotations

import getpass
import json
import os
import typing as t
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import yaml
from ansible.release import __version__ as core_version

from .._text import one_line
from .run import Run

_ROOT = Path(__file__).resolve().parents[3]
# The variables that AWX, and before it Tower, gives every job.
_AWX: Mapping[str, tuple[str, ...]] = {
    "awx_job": ("awx_job_id", "tower_job_id"),
    "awx_job_name": ("awx_job_template_name", "tower_job_template_name"),
    "awx_user": ("awx_user_name", "tower_user_name"),
}


def run_facts(run: Run, scope: Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The fields of a report that are the run's own. scope: Scope.as_dict(), or what of it is known."""
    return {
        "collection_version": collection_version(),
        "core_version": core_version,
        "run_id": run.journal.run_id,
        "playbook": run.begun.get("playbook"),
        "check_mode": run.check_mode,
        "started": run.journal.started,
        "limit": _text_or_none(scope.get("limit")),
        "dsa_hosts": None if scope.get("pattern") in (None, "all") else _text_or_none(scope["pattern"]),
        "change_id": run.settings["dsa_change_id"],
        "started_by": started_by(run.variables),
        "gate_on": run.settings["dsa_gate_on"],
        "errors": run.errors,
        "warnings": run.texts("warning"),
        "left_out": list(scope.get("left_out") or ()),
    }


def started_by(variables: Mapping[str, t.Any]) -> dict[str, str | None]:
    """The user on the controller, and in AWX the job and who launched it."""
    found: dict[str, str | None] = {"user": _user()}
    for name, names in _AWX.items():
        value = next((variables[each] for each in names if variables.get(each)), None)
        found[name] = None if value is None else one_line(value, 200)
    return found


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without an entry for its user
        return str(os.getuid())


@lru_cache(maxsize=1)
def collection_version() -> str:
    """The version of this collection: MANIFEST.json where it was installed, galaxy.yml in a checkout."""
    try:
        manifest = json.loads((_ROOT / "MANIFEST.json").read_text(encoding="utf-8"))
        return str(manifest["collection_info"]["version"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    try:
        return str(yaml.safe_load((_ROOT / "galaxy.yml").read_text(encoding="utf-8"))["version"])
    except (OSError, yaml.YAMLError, KeyError, TypeError):
        return "unknown"


def _text_or_none(value: t.Any) -> str | None:
    if isinstance(value, (list, tuple)):
        value = ",".join(map(str, value))
    return str(value) if value else None
