# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Service states in one vocabulary.

running, stopped, failed (it ended with an error), paused, pending (on its way to another state), disabled (it is not to
be started), missing (the service manager has no such service), None (not known; raw is then what was read).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from .._text import one_line
from .answer import Answer
from .shape import number_of


@dataclass(frozen=True)
class Service:
    """state: as above. raw: the service manager's own words, None where it gave none. The others: on Windows only."""

    state: str | None
    raw: str | None
    path: str | None = None
    process_id: int | None = None


NAMES = {"linux": "ds_agent", "aix": "ds_agent", "solaris": "ds_agent", "macos": "com.trendmicro.dsa"}
_SYSTEMD = {
    "reloading": "running",
    "refreshing": "running",
    "inactive": "stopped",
    "failed": "failed",
    "maintenance": "failed",
    "activating": "pending",
    "deactivating": "pending",
}
# With these it does not run, whatever else is not known.
NOT_RUNNING = frozenset(("stopped", "failed", "missing", "disabled"))
# The exit statuses of an init script's status, by the Linux Standard Base.
_INIT = {0: "running", 1: "failed", 2: "failed", 3: "stopped"}
_LSSRC = (
    ("inoperative", "stopped"),
    ("active", "running"),
    ("stopping", "pending"),
    ("warned to stop", "pending"),
    ("starting", "pending"),
)
_SVCS = {
    "online": "running",
    "offline": "stopped",
    "disabled": "disabled",
    "maintenance": "failed",
    "uninitialized": "pending",
}
# Windows' words for a state, in lower case. They are the same in every language.
_WIN32 = {
    "running": "running",
    "stopped": "stopped",
    "paused": "paused",
    "start pending": "pending",
    "stop pending": "pending",
    "continue pending": "pending",
    "pause pending": "pending",
}
# 1077: it was not started since Windows was.
_NO_FAILURE = (0, 1077)


def _raw(answer: Answer) -> str | None:
    return one_line(f"{answer.out} {answer.err}", 200) or None


def _systemd(answer: Answer) -> Service:
    values = dict(line.partition("=")[::2] for line in answer.lines)
    load, active, sub = (values.get(key, "") for key in ("LoadState", "ActiveState", "SubState"))
    if answer.rc != 0 or not active:
        return Service(None, _raw(answer))
    raw = one_line(f"{load} {active} ({sub})", 200)
    if active == "active":
        # exited: an init script ended well, and nothing of the service is left.
        return Service({"running": "running", "exited": "stopped"}.get(sub), raw)
    if active == "inactive" and load != "loaded":
        return Service({"not-found": "missing", "masked": "disabled"}.get(load), raw)
    return Service(_SYSTEMD.get(active), raw)


def _init(answer: Answer) -> Service:
    if answer.missing:
        return Service("missing", None)
    state = _INIT.get(answer.rc) if answer.rc is not None else None
    return Service(state, one_line(f"exit status {answer.rc}: {answer.out} {answer.err}", 200))


def _lssrc(answer: Answer) -> Service:
    raw = _raw(answer)
    if "0513-085" in answer.out + answer.err:
        return Service("missing", raw)
    last = answer.lines[-1].lower() if answer.rc == 0 and answer.lines else ""
    return Service(next((state for word, state in _LSSRC if f" {last}".endswith(f" {word}")), None), raw)


def _svcs(answer: Answer) -> Service:
    raw = _raw(answer)
    if answer.rc not in (0, None) and "match any instances" in answer.out + answer.err:
        return Service("missing", raw)
    states = set(answer.lines)
    if answer.rc != 0 or len(states) != 1:
        return Service(None, raw)
    word = states.pop()
    # The asterisk: it is on its way to another state.
    return Service("pending" if word.endswith("*") else _SVCS.get(word), raw)


def _launchctl(answer: Answer) -> Service:
    raw = _raw(answer)
    if answer.rc not in (0, None) and "Could not find service" in answer.out + answer.err:
        return Service("missing", raw)
    if answer.rc != 0 or '"Label"' not in answer.out:
        return Service(None, raw)
    if '"PID" =' in answer.out:
        return Service("running", raw)
    clean_exit = '"LastExitStatus" = 0;' in answer.out or '"LastExitStatus"' not in answer.out
    return Service("stopped" if clean_exit else "failed", raw)


_READERS: Mapping[str, Callable[[Answer], Service]] = {
    "linux": _systemd,
    "aix": _lssrc,
    "solaris": _svcs,
    "macos": _launchctl,
}


def read_service(os_name: str, answers: Mapping[str, Answer]) -> Service:
    """The state of the agent's service on a POSIX host."""
    answer = answers.get("service", Answer())
    if answer.missing and os_name == "linux":
        return _init(answers.get("init", Answer()))
    return _READERS[os_name](answer) if answer.complete else Service(None, _raw(answer))


def read_windows_services(found: Mapping[str, object], names: Sequence[str]) -> dict[str, Service]:
    """name -> state of each of these services and drivers of a Windows host, by services of its raw reading."""
    listed = found.get("entries")
    entries: dict[str, Mapping[str, object]] = {}
    whole = isinstance(listed, list) and not found.get("error")
    for entry in listed if isinstance(listed, list) else ():
        name = entry.get("name") if isinstance(entry, Mapping) else None
        if isinstance(name, str):
            entries[name.lower()] = entry
        else:
            whole = False  # it may be any of them
    why = None if whole else one_line(found.get("error") or "the services were not read")
    absent = Service("missing" if whole else None, why)
    return {name: _win32(entries[name.lower()]) if name.lower() in entries else absent for name in names}


def _win32(entry: Mapping[str, object]) -> Service:
    word, mode, code = entry.get("state"), entry.get("start_mode"), number_of(entry.get("exit_code"))
    state = _WIN32.get(word.lower()) if isinstance(word, str) else None
    if state == "stopped" and isinstance(mode, str) and mode.lower() == "disabled":
        state = "disabled"
    elif state == "stopped" and code is not None and code not in _NO_FAILURE:
        state = "failed"
    path, number = entry.get("path"), number_of(entry.get("process_id"))
    raw = one_line(f"{word} (start mode {mode}, exit code {entry.get('exit_code')})", 200)
    return Service(state, raw, path if isinstance(path, str) else None, number)
