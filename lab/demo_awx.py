# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The workflow of docs/awx.md without AWX: ansible-runner runs its nodes over the lab's fleet, one after the other.

The node for the Agents has three slices, which run at once. Each job has an inventory, a project and files of its own,
as in AWX: what a later node needs comes through the artifacts, and through dsa_report_to.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import textwrap
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from .awx_job import Finished, Inventory, Job, finished, of_lab, sliced
from .demo import FLEET, ROOT, VARIABLES

SLICES = 3
COLLECTION = "deep_security.remediation"


class Workflow:
    """One folder with a fleet, the jobs of the workflow, and their reports."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lab = folder / "lab"
        self.reports = folder / "reports"
        # What AWX hands from node to node.
        self.artifacts: dict[str, Any] = {}
        self.survey: Mapping[str, Any] = {}
        self.environment = {"ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".venv" / "collections")}

    def run_lab(self, *arguments: str) -> None:
        """One of the lab's own commands."""
        subprocess.run([sys.executable, "-m", "lab", *arguments], cwd=ROOT, check=True)

    def answers(self) -> dict[str, Any]:
        """What the surveys of the templates would have: every answer is text."""
        variables = {**yaml.safe_load(VARIABLES), **yaml.safe_load((self.lab / "vars.yml").read_text("utf-8"))}
        return {name: value if isinstance(value, str) else json.dumps(value) for name, value in variables.items()}

    def node(
        self, name: str, playbook: str, inventories: Sequence[Inventory], *arguments: str, **more: Any
    ) -> list[Finished]:
        """The jobs of one node, all at once; shows what AWX shows of them."""
        print(f"\n{' '.join([f'{name}: {playbook}', *arguments])}", flush=True)
        send_to = {"dsa_report_to": json.dumps([{"directory": str(self.reports / name), "host": "localhost"}])}
        (self.reports / name).mkdir(parents=True)
        variables = {**self.survey, **send_to, **self.artifacts, **more}
        jobs = [Job(f"{COLLECTION}.{playbook}", own, variables, arguments=arguments) for own in inventories]
        folders = [self.folder / "jobs" / f"{name}-{number}" for number in range(1, len(jobs) + 1)]
        start = time.monotonic()
        running = [job.start(folder, self.environment) for job, folder in zip(jobs, folders, strict=True)]
        ended = [finished(process, folder) for process, folder in zip(running, folders, strict=True)]
        for number, job_ended in enumerate(ended, 1):
            self.show(f"slice {number} of {len(ended)}: " if len(ended) > 1 else "", job_ended)
            self.artifacts.update(job_ended.artifacts)
        print(f"  {time.monotonic() - start:.0f} s")
        return ended

    def show(self, which: str, job: Finished) -> None:
        """Its status, its events, its artifacts, and the hosts that "relaunch on failed hosts" takes."""
        result = job.artifacts.get("dsa_result", {})
        counts = f"{result.get('passed_hosts')} of {result.get('hosts')} hosts pass"
        state = "Failed" if job.status else "Successful"
        size = len(json.dumps(job.artifacts))
        print(f"  {which}{state}: {counts}; {len(job.events)} events, {size} bytes of artifacts")
        if ready := result.get("readiness"):
            word = "ready" if ready["ready"] else "not ready"
            self.line(f"{word}: {ready['would_upgrade']} would be upgraded, {ready['silent']} are silent")
        for reason in result.get("reasons", []):
            several = f"{reason['count']} hosts, for example " if reason["count"] > 1 else ""
            self.line(f"{several}{reason['hosts'][0]}: {reason['text']}")
        failed = job.failed()
        for message in dict.fromkeys(failed.values()):
            hosts = [host for host, text in failed.items() if text == message]
            self.line(f"failed: {message} ({', '.join(hosts)})")

    @staticmethod
    def line(text: str) -> None:
        """A text below a job, no wider than most terminals."""
        print(textwrap.fill(text, 120, initial_indent="    ", subsequent_indent="      ", break_on_hyphens=False))

    def run(self) -> int:
        """All nodes; returns an exit status."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        self.run_lab("up", "--skip-unavailable", str(FLEET), str(self.lab))
        try:
            self.survey = self.answers()
            inventory = of_lab(self.lab / "inventory.yml")
            ended = self.nodes(inventory)
        finally:
            self.run_lab("down", str(self.lab))
        as_promised = ended == [2, 0, 0, *[0] * SLICES, 0, 0]
        if not as_promised:
            print(f"The jobs ended with {ended}: this is not how it should end; please report it.", file=sys.stderr)
        print(f"\nJobs:    {self.folder / 'jobs'}/*/artifacts/job: stdout and job_events")
        print(f"Reports: {self.reports}, a folder for each node")
        merged = next(iter(sorted((self.reports / "report").glob("*.html"))), None)
        print(f"\nOpen this in a browser: {merged.as_uri() if merged else 'there is no merged report'}")
        return 0 if as_promised and merged else 1

    def nodes(self, inventory: Inventory) -> list[int]:
        """The exit status of each job."""
        print("\nThe first gate fails, as it should: then the workflow goes on with the prediction.")
        jobs = self.node("1-gate", "gate", [inventory])
        jobs += self.node("2-predict", "remediate", [inventory], "--check", dsa_gate_on="readiness")
        print("\nIn AWX the workflow waits here until somebody approves.")
        jobs += self.node("3-relays", "remediate_relays", [inventory])
        slices = [sliced(inventory, number, SLICES) for number in range(1, SLICES + 1)]
        jobs += self.node("4-agents", "remediate_agents", slices)
        jobs += self.node("5-gate", "gate", [inventory])
        made = [str(self.reports / name) for name in ("3-relays", "4-agents", "5-gate")]
        jobs += self.node("report", "report", [inventory], dsa_report_from=json.dumps(made))
        return [job.status for job in jobs]


def main() -> int:
    """python -m lab demo-awx"""
    return Workflow(ROOT / "build" / "demo-awx").run()
