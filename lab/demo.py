# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The demo: a fleet that cannot update its patterns, gated, remediated, and gated again."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FLEET = ROOT / "lab" / "fleets" / "demo.yml"
VARIABLES = """\
dsa_target_version: {windows: 20.0.2-1390, linux: 20.0.2-1390, unix: 20.0.2-1390, macos: 20.0.2-1390}
# The lab's updates take seconds, not hours.
dsa_security_update_interval: 2
dsa_verify_interval: 2
"""


class Demo:
    """One folder with a fleet, its inventory, and the reports of each step."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lab = folder / "lab"

    def run_lab(self, *arguments: str) -> None:
        """One of the lab's own commands."""
        subprocess.run([sys.executable, "-m", "lab", *arguments], cwd=ROOT, check=True)

    def play(self, playbook: str, report: str, *more: str) -> int:
        """One of the collection's playbooks; returns its exit status."""
        command = [
            str(Path(sys.executable).parent / "ansible-playbook"),
            *("-i", str(self.lab / "inventory.yml"), "-e", f"@{self.lab / 'vars.yml'}", "-e", "@variables.yml"),
            *("-e", f"dsa_report_path=reports/{report}", *more, f"deep_security.remediation.{playbook}"),
        ]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
        environment["ANSIBLE_CONFIG"] = str(self.folder / "ansible.cfg")
        return subprocess.run(command, cwd=self.folder, env=environment, check=False).returncode

    def step(self, number: int, text: str) -> None:
        """A heading."""
        print(f"\n{'=' * 100}\n{number}. {text}\n{'=' * 100}", flush=True)

    def run(self) -> int:
        """All steps; returns an exit status."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "variables.yml").write_text(VARIABLES, encoding="utf-8")
        collections = ROOT / ".venv" / "collections"
        settings = [
            "[defaults]",
            f"collections_path = {collections}",
            "forks = 10",
            f"home = {self.folder}/ansible",
            # A few lines a task; with -v what Ansible shows otherwise.
            "stdout_callback = deep_security.remediation.summary",
            "",
        ]
        (self.folder / "ansible.cfg").write_text("\n".join(settings), encoding="utf-8")
        self.step(
            1, "A fleet of lab hosts: real SSH, WinRM, dpkg and rpm, a simulated agent and Windows (lab/README.md)"
        )
        self.run_lab("up", "--skip-unavailable", str(FLEET), str(self.lab))
        try:
            self.step(2, "What the Manager knows: the gate without touching a host. It fails: exit status 2")
            manager = ("-i", str(self.lab / "dsm.yml"), "-e", f"@{self.lab / 'manager-vars.yml'}")
            known = self.play("gate", "1-manager.json", *manager, "-e", "dsa_source=manager")
            self.step(3, "The gate: who is affected? It reads every host, changes nothing, and fails: exit status 2")
            gate = self.play("gate", "2-gate-before.json")
            self.step(4, "Remediate: every Relay is fixed and updated before any Agent is touched")
            remediate = self.play("remediate", "3-remediate.json")
            self.step(5, "The gate again: it passes, exit status 0")
            again = self.play("gate", "4-gate-after.json")
        finally:
            self.run_lab("down", str(self.lab))
        self.step(6, "Where the results are")
        print(
            f"The gate by the Manager ended with {known}, by the hosts with {gate}, the remediation with {remediate}, "
            f"the gate after it with {again}."
        )
        print(f"Reports:   {self.folder / 'reports'}")
        print(f"Hosts:     {self.lab / 'hosts'}/*/journal.jsonl: what was done to each of them, in order")
        print(f"Inventory: {self.lab / 'inventory.yml'}, variables: {self.folder / 'variables.yml'}")
        as_promised = (known, gate, remediate, again) == (2, 2, 0, 0)
        if not as_promised:
            print("This is not how it should end; please report it with the output above.", file=sys.stderr)
        print(f"\nOpen this in a browser: {(self.folder / 'reports' / '3-remediate.html').as_uri()}")
        return 0 if as_promised else 1


def main() -> int:
    """python -m lab demo"""
    return Demo(ROOT / "build" / "demo").run()
