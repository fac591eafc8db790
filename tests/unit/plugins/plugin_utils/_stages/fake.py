# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A simulated host behind the port of the stages, scripted by a test. Its clock moves only when somebody sleeps."""

from __future__ import annotations

import copy
import json
import typing as t
from collections.abc import Callable, Iterable, Mapping

from ansible_collections.deep_security.remediation.plugins.plugin_utils._messages import Message
from ansible_collections.deep_security.remediation.plugins.plugin_utils._run import STAGES, HostRun, StageResult
from ansible_collections.deep_security.remediation.plugins.plugin_utils._stages import HostLost, carry
from ansible_collections.deep_security.remediation.plugins.plugin_utils._stages.port import Result
from tests.builders import AFFECTED, FIXED, host_run

from .host import Host, iso

__all__ = ["FAILED", "FILE", "LOST", "PASSWORD", "FakePort", "carried", "iso", "outcomes", "package", "run_of", "work"]

PASSWORD = " s3cret pass "
READING = ("dsa_info", "dsa_host_info")
FILE = "agent.pkg"
# An answer is a result, an exception to raise, or what makes either of the host.
Answer = Result | Exception | Callable[[t.Any], t.Any]


def package(origin: str = "directory", target: str = FIXED) -> Result:
    where = "" if origin in ("repository", "task") else f"/packages/{FILE}"
    file = "" if origin in ("repository", "task") else FILE
    return {"version": target, "origin": origin, "location": where, "file": file, "sha256": "A" * 64}


def work(origin: str | None = "directory", target: str | None = FIXED, installed: str | None = AFFECTED) -> Result:
    """What the plan wants. origin None: no package."""
    chosen = package(origin, target or "") if origin else None
    return {"tier": "agents", "verdict": "affected", "installed": installed, "target": target, "package": chosen}


class FakePort(Host):
    """A host. answers: call → answers that are given instead of the simulated ones, one after the other.

    by_number: number of a call, from 0 → its answer. A call is the short name of a module or action, with its step.
    """

    host = "web1"
    run_id = "run-1"

    def __init__(self, state: Mapping[str, t.Any] | None = None, check_mode: bool = False, **more: t.Any) -> None:
        super().__init__(state)
        self.check_mode = check_mode
        self.answers: dict[str, list[Answer]] = {}
        self.by_number: dict[int, Answer] = {}
        self.calls: list[str] = []
        self.options: list[Result] = []
        self.shown: list[str] = []
        self.on_progress: Callable[[str, Message | None], None] | None = None
        self.results: list[StageResult] = []
        self.__dict__.update(more)

    # The port

    def read(self) -> Mapping[str, t.Any]:
        return t.cast(Result, self._call("dsa_info", {}, self._read))

    def module(self, name: str, options: Mapping[str, t.Any]) -> Result:
        return self.action(name, options)

    def action(self, name: str, options: Mapping[str, t.Any]) -> Result:
        call = name.rpartition(".")[2] + (f" {options['step']}" if "step" in options else "")
        own = getattr(self, "_" + call.replace(" ", "_"), lambda options: {"changed": True})
        return t.cast(Result, self._call(call, options, lambda: own(dict(options))))

    def display(self, text: str) -> None:
        self.shown.append(text)

    def progress(self, stage: str, what: Message | None = None) -> None:
        if self.on_progress is not None:
            self.on_progress(stage, what)
        if what is not None:
            self.shown.append(f"{stage}: {what.text}")

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.seconds += seconds

    def clock(self) -> float:
        return self.seconds

    def _call(self, call: str, options: Mapping[str, t.Any], own: Callable[[], t.Any]) -> t.Any:
        answer = self.by_number.get(len(self.options))
        self.calls.append(call)
        self.options.append(copy.deepcopy(dict(options)))
        assert len(self.options) < 1000, "this does not end"
        if answer is None and self.answers.get(call):
            answer = self.answers[call].pop(0)
        if callable(answer):
            answer = answer(self)
        if isinstance(answer, Exception):
            raise answer
        # A host gives a new answer each time: a change of one must not reach the next test.
        return own() if answer is None else copy.deepcopy(answer)

    def begin(self) -> Result:
        """The answer that step begin has by itself."""
        return self._dsa_upgrade_begin(self.options[-1])

    # What tests look at

    def changing(self) -> list[str]:
        """The calls that are no reading."""
        return [call for call in self.calls if call.split()[0] not in READING and not call.startswith("=")]

    def sent(self, call: str) -> list[Result]:
        """The options of each such call."""
        made = [each for each in self.calls if not each.startswith("=")]
        return [options for each, options in zip(made, self.options, strict=True) if each == call]


def run_of(
    port: FakePort,
    wanted: Mapping[str, t.Any] | None = None,
    settings: Mapping[str, t.Any] | None = None,
    **more: t.Any,
) -> HostRun:
    """The planned run of this host, as the host is now."""
    return host_run(
        record=port._read(), settings=settings, planned=True, work=dict(work() if wanted is None else wanted), **more
    )


def carried(port: FakePort, run: HostRun | None = None, stages: Iterable[str] = STAGES) -> HostRun:
    """The host after these stages. What was recorded stands in port.results, and in port.calls as "= stage outcome"."""

    def record_it(after: HostRun, result: StageResult) -> None:
        assert after.stages[result.stage] == result
        json.dumps(result.as_dict())
        assert result.message.text
        port.results.append(result)
        port.calls.append(f"= {result.stage} {result.outcome}")

    return carry(port, run or run_of(port), stages, record_it)


def outcomes(run: HostRun) -> dict[str, str]:
    return {stage: result.outcome for stage, result in run.stages.items()}


LOST = HostLost("no route to host")
FAILED: Result = {"failed": True, "msg": "it does not work"}
