# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The driver: carries one host through its stages, and records each of them before the next begins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from .._advisory import AdvisoryError
from .._messages import message
from .._run import STAGES, HostRun, Reading, StageResult
from .._settings import Settings, SettingsError
from .._text import one_line
from .left_off import other_run_installs, raise_left_off
from .port import HostLost, Port
from .precheck import precheck
from .reboot import reboot
from .shared import guard, problem_texts, raise_guard, unanswered, unguarded, with_guard
from .update import update
from .upgrade import upgrade
from .verify import verify

Stage = Callable[[Port, HostRun], StageResult]
Record = Callable[[HostRun, StageResult], None]
_STAGES: Mapping[str, Stage] = {
    "precheck": precheck,
    "upgrade": upgrade,
    "reboot": reboot,
    "update": update,
    "verify": verify,
}


def read(port: Port) -> Reading:
    """Read a host once. A host that does not answer, or whose reader fails, is a result like any other."""
    try:
        record = port.read()
    except HostLost as error:
        return Reading("unreachable", why=str(error))
    except Exception as error:
        return Reading("unread", why=_shown(error))
    if unanswered(record):
        return Reading("unread", why=problem_texts(record))
    return Reading("read", record)


def restore(port: Port, settings: Settings, record: Mapping[str, Any], at_once: bool = False) -> Reading | None:
    """Raise what an earlier run left off on a host, whatever the plan has for it; the reading after that, or None.

    at_once: see raise_left_off().
    """
    try:
        return read(port) if raise_left_off(port, settings, record, at_once) else None
    except HostLost as error:
        return Reading("unreachable", why=str(error))
    except Exception as error:  # the gate fails while the note has it
        port.display(f"{port.host}: self-protection could not be turned on: {_shown(error)}")
        return None


def carry(port: Port, run: HostRun, stages: Iterable[str], on_result: Record) -> HostRun:
    """Carry a planned host through these stages, in their order, until one fails; return it as it is then.

    on_result records each result at once, so that an interrupted run leaves what it did. A stage that raises is a
    failed stage: the host is reported, and no other host suffers.
    """
    wanted = set(stages)
    for name in STAGES:
        if name not in wanted or run.failure:
            continue
        port.progress(name)
        started = port.clock()
        result = _result(name, port, run)
        result = replace(result, seconds=port.clock() - started)
        run = run.after(result)
        on_result(run, result)
    return run


def _result(name: str, port: Port, run: HostRun) -> StageResult:
    """What the stage did, whatever happens; with the record of how a failed one left the host."""
    changed = name != "verify" and not port.check_mode
    patience = run.settings["dsa_service_timeout"]
    try:
        guarded = _guarded(port, run)
        result = _STAGES[name](port, guarded)
        if guarded is not run:
            result = replace(result, changed=True, record=result.record or guarded.record)
    except HostLost as error:
        # What the stage did until then is not known: the next run reads the host and goes on from there. It is not
        # read here, which would wait a second time for its connection.
        result = StageResult(name, "failed", message("lost", stage=name, why=str(error)), changed=changed)
        may_be_off = name == "upgrade" and guard(run.settings)["self_protection"]
        return with_guard(result, message("guard_state", state="unknown") if may_be_off else None, fails=True)
    except (AdvisoryError, SettingsError) as error:
        result = StageResult(name, "failed", message("stage_settings", stage=name, why=str(error)), changed=changed)
    except Exception as error:
        # A defect, a file of the controller, or a module that it lacks: one host fails, and no other one suffers.
        result = StageResult(name, "failed", message("stage_broke", stage=name, why=_shown(error)), changed=changed)
    if result.failed and result.record is None and not port.check_mode:
        with suppress(Exception):  # why the stage failed matters more
            result = replace(result, record=port.read())
            left = result.record or {}
            if unguarded(left) and not other_run_installs(port, run.settings, left):  # by a step that broke off
                result = with_guard(result, raise_guard(port, run.settings, patience), fails=True)
    return result


def _guarded(port: Port, run: HostRun) -> HostRun:
    """The run, before anything else with the self-protection raised that an earlier run left off."""
    tried = any(result.details.get("self_protection") for result in run.stages.values())
    raised = not tried and raise_left_off(port, run.settings, run.record or {})
    return run.with_reading(Reading("read", port.read())) if raised else run


def _shown(error: Exception) -> str:
    return f"{type(error).__name__}: {one_line(error)}"
