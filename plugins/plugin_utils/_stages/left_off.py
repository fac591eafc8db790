# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Self-protection that an earlier run left off: it is raised before anything else is done on the host.

A run that is still at work is left alone. On a POSIX host its lock spans the installation; no lock spans an MSI.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from .._record.evidence import parse_time
from .._record.services import NOT_RUNNING
from .._settings import Settings
from .port import Port
from .shared import guard, note_of, raise_guard, unguarded

Record = Mapping[str, Any]
# How long a reading waits for an agent that does not answer, and for a step of another run, in seconds.
_PATIENCE, _LOCK_TIMEOUT = 1, 5
# From the beginning that is noted until Windows Installer is at work, at most.
_BEGINNING = timedelta(minutes=2)


def raise_left_off(port: Port, settings: Settings, record: Record, at_once: bool = False) -> bool:
    """Raise it; whether that was done. at_once: without waiting for the agent, or for another run.

    Where it cannot be raised the run goes on: a reboot may be what it takes. The gate fails while the note has it.
    """
    # An agent that is down does not answer; it is raised when its service was started.
    down = record.get("installed") is False or (record.get("service") or {}).get("state") in NOT_RUNNING
    # A note that cannot be read may have it.
    lost = bool(record.get("remediation_unreadable")) and guard(settings)["self_protection"]
    if port.check_mode or down or not (unguarded(record) or lost):
        return False
    if other_run_installs(port, settings, record):
        port.display(f"{port.host}: self-protection stays off: another run is installing there")
        return False
    if at_once:
        problem = raise_guard(port, settings, _PATIENCE, _LOCK_TIMEOUT)
    else:
        problem = raise_guard(port, settings, settings["dsa_service_timeout"])
    port.display(f"{port.host}: {problem.text if problem else 'turned on self-protection, which was left off'}")
    return problem is None


def other_run_installs(port: Port, settings: Settings, record: Record) -> bool:
    """Whether another run may be in the middle of an MSI on this Windows host: raised now, it would make that fail.

    By the note it lowered it for one, less than dsa_upgrade_timeout ago, and the service of Windows Installer is not
    stopped. That stops by itself some ten minutes after its last work, so a run that was killed delays the next one for
    no longer.
    """
    note = note_of(record)
    since = parse_time(note.get("since"))
    begun = note.get("phase") == "upgrading" and note.get("run") != port.run_id
    if not port.windows or not begun or since is None or not unguarded(record):
        return False
    age = abs(port.now() - since)  # the clock of the other controller can be ahead
    if age >= timedelta(seconds=settings["dsa_upgrade_timeout"]):
        return False
    if age < _BEGINNING:
        return True
    seen = port.module("ansible.windows.win_service_info", {"name": "msiserver"})
    states = [service.get("state") for service in seen.get("services") or ()]
    return states != ["stopped"]


def wait_for_other_run(port: Port, settings: Settings, record: Record) -> Record:
    """Wait until no other run installs on this Windows host; its record then, the same where there was none."""
    shown = False
    while other_run_installs(port, settings, record):
        if not shown:
            port.display(f"{port.host}: another run is installing there; waiting for it")
        shown = True
        port.sleep(settings["dsa_verify_interval"])
        record = port.read()
    return record
