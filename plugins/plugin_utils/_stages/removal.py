# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The removal of an agent from a Windows host, for its recovery.

It is noted before it is done, and seen to have worked before anything is installed. What is left is named, not deleted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._fleet import rules_from
from .._record import begun_upgrade, judge_leftovers, leftover_options
from .._run import HostRun
from .._settings import Settings
from . import msi
from .port import Port, Result
from .reboot import reboot_and_wait, required
from .shared import guard, problem_texts, reason, seen, unanswered, unguarded

Record = Mapping[str, Any]
_NOT_INSTALLED = 1605


class Stopped(Exception):
    """A step cannot be done, or had no effect. The message says what to do before the next run."""


def read(port: Port) -> Record:
    """The record of the host. Raises Stopped where there is none."""
    record = port.read()
    if unanswered(record):
        raise Stopped(f"the agent could not be read: {problem_texts(record)}; run again")
    return record


def run_module(port: Port, name: str, options: Result, otherwise: str) -> Result:
    """Run a module. Raises Stopped where it fails, with its reason."""
    done = port.module(name, options)
    if done.get("failed"):
        raise Stopped(f"{otherwise}: {reason(done)}")
    return done


def uninstall(port: Port, run: HostRun, record: Record, version: str) -> bool:
    """Remove the agent; whether Windows Installer requires a reboot to finish. version: what is installed after it.

    First it is noted: a host that lost its agent here would look like one that never had any.
    """
    note = begun_upgrade(record, version, port.run_id, port.now())
    guarded = {"service_timeout": run.settings["dsa_service_timeout"], **guard(run.settings)}
    begin = {"step": "begin", "note": note, "seen": seen(record), **guarded}
    if run_module(port, "dsa_upgrade", begin, "nothing was removed").get("waited"):
        raise Stopped("nothing was removed: another run is at work on this host, run again after it")
    port.display(f"{port.host}: removing the agent")
    codes = [*msi.SUCCESS, msi.BUSY, _NOT_INSTALLED]
    options = {"product_id": record["product_code"], "state": "absent", "expected_return_code": codes}
    try:
        done = run_module(port, "ansible.windows.win_package", options, "the agent could not be removed")
        if done.get("rc") == msi.BUSY:
            raise Stopped("the agent was not removed: another installation is running there, run again after it")
        reboot = bool(done.get("reboot_required")) or done.get("rc") in (msi.REBOOT_REQUIRED, msi.REBOOT_STARTED)
        if not reboot and read(port).get("product_code"):
            raise Stopped("msiexec reported success, and the agent is still there: look at the host")
    except Exception as error:
        try:
            end = {"step": "end", **guarded}
            run_module(port, "dsa_upgrade", end, "whether self-protection is on again is not known")
        except Exception as second:
            raise Stopped(f"{error}. {second}: turn self-protection on in the Manager") from error
        raise
    return reboot


def see_that_it_is_gone(port: Port, settings: Settings, reboot_required: bool, steps: list[str]) -> None:
    """Reboot if that is required, then go through the check list."""
    record = read(port)
    # What was lowered is gone. A reboot that is not done now must not be forgotten: Windows may show no trace of it.
    note: Result = {"self_protection": None} if unguarded(record) else {}
    if reboot_required:
        note["reboot_due_since"] = (record.get("clock") or {}).get("now")
    if note:
        run_module(port, "dsa_upgrade", {"step": "note", "note": note}, "the removal could not be noted")
    if reboot_required or required(record):
        _reboot(port, settings, record)
        steps.append("rebooted")
        record = read(port)
    if record.get("installed") is not False and record.get("product_code"):
        raise Stopped("msiexec reported success, and the agent is still there: look at the host")
    found = run_module(port, "dsa_host_info", leftover_options(), "what is left could not be looked for")
    leftovers, problems = judge_leftovers(found.get("reading"))
    left = [str(entry["name"]) for entry in leftovers if not entry.get("maybe_other_product")]
    if left:
        raise Stopped(
            f"the agent was removed, and this is left of it: {', '.join(left)}. Remove it by the vendor's article on "
            "manual removal, then run again"
        )
    if problems:
        raise Stopped(f"whether anything is left of the agent could not be seen: {'; '.join(problems)}; run again")
    if record.get("installed") is None:
        raise Stopped(f"whether the agent is gone could not be read: {problem_texts(record)}; run again")


def only_left_over(record: Record) -> bool:
    """Whether no source lists the agent, and something of it is there, as after a removal that left files."""
    return any(problem.get("code") == "leftovers" for problem in record.get("problems") or ())


def _reboot(port: Port, settings: Settings, record: Record) -> None:
    texts = [str(entry.get("text", entry)) for entry in (record.get("reboot") or {}).get("reasons") or []]
    reasons = ", ".join(texts) or "Windows Installer requires it"
    rules = rules_from(settings["dsa_reboot"], settings["dsa_reboot_window"], settings["dsa_reboot_timezone"])
    objection = rules.objection(True, record.get("clock"), port.now())
    if objection:
        raise Stopped(
            f"a reboot is needed to finish the removal ({reasons}), and not done now: {objection.text}. Reboot the "
            "host, then run again"
        )
    done = reboot_and_wait(port, settings, record, reasons, "reboot")
    if done.failed:
        raise Stopped(done.message.text)
