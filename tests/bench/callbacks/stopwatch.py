# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes, for every task of a run, how long it took over all hosts, and what it cost the controller."""

from __future__ import annotations

import json
import os
import resource
import time
import typing as t

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: stopwatch
type: aggregate
short_description: Times tasks
description: For the benchmark of this repository.
"""


def _cpu() -> float:
    """Seconds of the processor by this process and by its workers, ssh included, that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


class CallbackModule(CallbackBase):
    """From the start of a task to the start of the next one, which waits for the last host."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "stopwatch"

    def __init__(self, *arguments: t.Any, **options: t.Any) -> None:
        super().__init__(*arguments, **options)
        self._running: tuple[str, float, float] | None = None
        self._wrong = 0

    def _lap(self, following: str | None) -> None:
        wall, cpu = time.perf_counter(), _cpu()
        if self._running:
            name, wall_before, cpu_before = self._running
            line = {"task": name, "wall": wall - wall_before, "cpu": cpu - cpu_before, "wrong": self._wrong}
            with open(os.environ["STOPWATCH"], "a", encoding="utf-8") as stream:
                stream.write(json.dumps(line) + "\n")
        self._wrong = 0
        self._running = (following, wall, cpu) if following else None

    def v2_playbook_on_task_start(self, task: t.Any, is_conditional: bool) -> None:
        self._lap(str(task.get_name()))

    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        self._lap(None)

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        self._wrong += 1

    def v2_runner_on_unreachable(self, result: t.Any) -> None:
        self._wrong += 1
