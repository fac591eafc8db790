# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Output of a playbook in a few lines a task, however many hosts there are."""

from __future__ import annotations

DOCUMENTATION = r"""
name: summary
author: deep_security.remediation contributors (@deep-security-remediation)
version_added: 0.1.0
type: stdout
short_description: A few lines a task instead of one a host
description:
  - For fleets of which a line a host would bury the result. Shows each play by its name, each task with the numbers of
    hosts, what failed grouped by its text, and what a task shows to the operator, such as this collection's report.
  - A host that does not pass the gate fails, and the report has why; that is not shown a second time.
  - With O(ignore:-v) the output is that of P(ansible.builtin.default#callback).
extends_documentation_fragment:
  - default_callback
  - result_format_callback
requirements:
  - Set C(stdout_callback=deep_security.remediation.summary) in C(ansible.cfg), or E(ANSIBLE_STDOUT_CALLBACK).
seealso:
  - plugin: ansible.builtin.default
    plugin_type: callback
"""

EXAMPLES = r"""
# export ANSIBLE_STDOUT_CALLBACK=deep_security.remediation.summary
# ansible-playbook -i inventory.yml deep_security.remediation.gate
"""

import time
import typing as t
from collections import Counter
from contextlib import suppress

from ansible import constants as C
from ansible.plugins.callback.default import CallbackModule as Default

from ..plugin_utils._ansible.terminal import in_width
from ..plugin_utils._text import one_line

# Whose failures are results that the report has, and what such a result has: any other failure of theirs is shown.
_EXPECTED = {"deep_security.remediation.dsa_gate": "reason", "deep_security.remediation.dsa_report": "summary"}
# It shows the plan itself, below the name of the play.
_PLANS = "deep_security.remediation.dsa_plan"
# Not shown where they succeed. dsa_result is for the next node of a workflow; the last lines are those of the report.
_QUIET = {_PLANS, "deep_security.remediation.dsa_result"}
# Seconds between two lines about a task that goes on.
_INTERVAL = 30.0
# So many texts of a task are shown, so many hosts of each, and so much of it.
_TEXTS = 5
_HOSTS = 5
_LONGEST = 400
_COLOURS = {"failed": C.COLOR_ERROR, "unreachable": C.COLOR_UNREACHABLE, "shown": None}
_COUNTS = ("ok", "changed", "unreachable", "failures", "skipped", "rescued", "ignored")


class _Task:
    """What came of one task so far."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.counts: Counter[str] = Counter()
        self.texts: dict[tuple[str, str], list[str]] = {}

    def add(self, kind: str, text: str, host: str) -> None:
        hosts = self.texts.setdefault((kind, text), [])
        if host not in hosts[-1:]:  # an item of a loop after the other
            hosts.append(host)


class _Sum:
    """Ansible's statistics with all hosts as one: for each count, of how many hosts it is not 0."""

    def __init__(self, stats: t.Any) -> None:
        hosts = [stats.summarize(host) for host in stats.processed]
        self._counts = {name: sum(host[name] > 0 for host in hosts) for name in _COUNTS}
        self.processed = {f"{len(hosts)} host{'s' * (len(hosts) != 1)}": 1}
        self.custom = stats.custom

    def summarize(self, dummy: str) -> dict[str, int]:
        return self._counts


class CallbackModule(Default):
    """Counts and groups. What it does not override is as in the default callback."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "deep_security.remediation.summary"

    def __init__(self) -> None:
        super().__init__()
        self._play: t.Any = None
        self._tasks: dict[str, _Task] = {}
        self._play_name: str | None = None
        self._hosts: int | None = None
        self._shown = time.monotonic()

    @property
    def _brief(self) -> bool:
        return not self._display.verbosity

    # What begins

    def v2_playbook_on_play_start(self, play: t.Any) -> None:
        """The name of a play is shown with the first result in it: many have no host."""
        self._flush()
        if not self._brief:
            super().v2_playbook_on_play_start(play)
            return
        # A play with serial begins once for each batch.
        if self._play is None or play.get_name() != self._play.get_name():
            self._play_name = play.get_name().strip()
        self._play = play
        self._hosts = None
        with suppress(Exception):  # without it what came of a task is shown a little later
            self._hosts = len(play.get_variable_manager().get_vars(play=play)["ansible_play_batch"])

    def v2_playbook_on_task_start(self, task: t.Any, is_conditional: bool) -> None:
        """With most strategies the task before has ended."""
        if not self._brief:
            super().v2_playbook_on_task_start(task, is_conditional)
            return
        if self._play is None or "linear" in str(self._play.strategy):
            self._flush()
        if task.action == _PLANS:
            self._name_play()

    def v2_playbook_on_handler_task_start(self, task: t.Any) -> None:
        """A handler is shown as a task is."""
        if self._brief:
            self.v2_playbook_on_task_start(task, False)
        else:
            super().v2_playbook_on_handler_task_start(task)

    # What comes of it

    def v2_runner_on_ok(self, result: t.Any) -> None:
        """Count; and group what is always shown, such as the text of a debug task."""
        if not self._brief:
            super().v2_runner_on_ok(result)
            return
        if result._task.action in _QUIET:
            self._handle_warnings(result._result)
            return
        task = self._counted(result, "changed" if result._result.get("changed") else "ok")
        if self._run_is_verbose(result) and "results" not in result._result:
            task.add("shown", self._text(result), result._host.get_name())
        self._ended(result)

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        """Count and group."""
        if self._brief:
            self._failed(result, "failed")
        else:
            super().v2_runner_on_failed(result, ignore_errors)

    def v2_runner_on_unreachable(self, result: t.Any) -> None:
        """Count and group."""
        if self._brief:
            self._failed(result, "unreachable")
        else:
            super().v2_runner_on_unreachable(result)

    def v2_runner_on_skipped(self, result: t.Any) -> None:
        """Count."""
        if self._brief:
            self._counted(result, "skipped")
            self._ended(result)
        else:
            super().v2_runner_on_skipped(result)

    def v2_runner_item_on_ok(self, result: t.Any) -> None:
        """Group what is always shown."""
        if not self._brief:
            super().v2_runner_item_on_ok(result)
        elif self._run_is_verbose(result):
            self._task_of(result).add("shown", self._text(result), result._host.get_name())

    def v2_runner_item_on_failed(self, result: t.Any) -> None:
        """Group; the host is counted when its loop has ended."""
        if self._brief:
            self._task_of(result).add("failed", self._text(result), result._host.get_name())
        else:
            super().v2_runner_item_on_failed(result)

    def v2_runner_item_on_skipped(self, result: t.Any) -> None:
        """Nothing to show."""
        if not self._brief:
            super().v2_runner_item_on_skipped(result)

    def v2_playbook_on_include(self, included_file: t.Any) -> None:
        """It would name all hosts."""
        if not self._brief:
            super().v2_playbook_on_include(included_file)

    def v2_playbook_on_no_hosts_matched(self) -> None:
        """A play without hosts is not shown."""
        if not self._brief:
            super().v2_playbook_on_no_hosts_matched()

    def v2_playbook_on_no_hosts_remaining(self) -> None:
        """After a gate that no host passes it would look like a crash."""
        if not self._brief:
            super().v2_playbook_on_no_hosts_remaining()

    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        """All hosts as one."""
        self._flush()
        super().v2_playbook_on_stats(_Sum(stats) if self._brief else stats)

    # How it is shown

    def _task_of(self, result: t.Any) -> _Task:
        task = result._task
        return self._tasks.setdefault(task._uuid, _Task(task.get_name().strip()))

    def _name_play(self) -> None:
        if self._play_name:
            self._display.display(f"\n{self._play_name}", color=C.COLOR_HIGHLIGHT)
            self._play_name = None

    def _counted(self, result: t.Any, kind: str) -> _Task:
        self._handle_warnings(result._result)
        if kind != "skipped":
            self._name_play()
        task = self._task_of(result)
        task.counts[kind] += 1
        return task

    def _ended(self, result: t.Any) -> None:
        """Show the task if this was its last host; else, now and then, how far it is."""
        task, now = self._task_of(result), time.monotonic()
        if sum(task.counts.values()) == (1 if result._task.run_once else self._hosts):
            self._flush()
        elif now - self._shown >= _INTERVAL:
            self._display.display(f"  {task.name}: {sum(task.counts.values())} hosts so far")
            self._shown = now

    def _failed(self, result: t.Any, kind: str) -> None:
        if _EXPECTED.get(result._task.action) in result._result:
            self._handle_warnings(result._result)
            return
        task = self._counted(result, kind)
        if "results" not in result._result:  # its items have been grouped
            task.add(kind, self._text(result), result._host.get_name())
        self._ended(result)

    def _text(self, result: t.Any) -> str:
        values = result._result
        return one_line(values.get("msg") or self._dump_results(values), _LONGEST)

    def _flush(self) -> None:
        """Show what came of the tasks that have ended."""
        for task in self._tasks.values():
            if set(task.counts) - {"skipped"}:
                counts = ", ".join(f"{count} {kind}" for kind, count in sorted(task.counts.items()))
                self._display.display(f"  {task.name}: {counts}")
            texts = sorted(task.texts.items(), key=lambda item: -len(item[1]))
            for (kind, text), hosts in texts[:_TEXTS]:
                more = f" … and {len(hosts) - _HOSTS} more" if len(hosts) > _HOSTS else ""
                label = "" if kind == "shown" else f"{kind}: "
                names = ", ".join(hosts[:_HOSTS])
                lines = in_width(f"    {label}{text} ({names}{more})")
                self._display.display("\n".join(lines), color=_COLOURS[kind])
            if len(texts) > _TEXTS:
                self._display.display(f"    … and {len(texts) - _TEXTS} more texts, which -v shows")
        self._tasks.clear()
        self._shown = time.monotonic()
