# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an operator sees of a gate and of other playbooks, with every ansible-core: with the callback, and without."""

from __future__ import annotations

import json
import os
import re
import subprocess
import typing as t
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.conftest import Run
from tests.integration.test_gate_by_manager import AFFECTED, FIXED, by_manager

pytestmark = pytest.mark.matrix

# Ansible starts a process for each host. What is printed must not grow with their number: 300 show that too.
LARGE = 3_000 if os.environ.get("HYPOTHESIS_PROFILE") == "full" else 300
CALLBACK = {"ANSIBLE_STDOUT_CALLBACK": "deep_security.remediation.summary"}
LOCAL = {"ansible_connection": "local"}
HOSTS = {
    **dict.fromkeys(("a", "b", "c"), LOCAL),
    "silent": {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": 1},
}
SITE = """
- name: Mine
  hosts: all
  gather_facts: false
  tasks:
    - name: Reach
      ansible.builtin.raw: "true"
      changed_when: inventory_hostname == 'a'
    - name: Greet
      ansible.builtin.debug: {msg: hello}
    - name: Leave out
      ansible.builtin.debug: {msg: never}
      when: false
    - name: Try
      ansible.builtin.fail: {msg: "no {{ item }}"}
      loop: [room, time]
      ignore_errors: true
    - name: Include
      ansible.builtin.include_tasks: more.yml
    - name: Break
      ansible.builtin.fail: {msg: it breaks}
      when: inventory_hostname != 'c'
- name: Nobody
  hosts: nobody
  tasks: []
"""


def inventory(folder: Path, hosts: Mapping[str, t.Any]) -> Path:
    path = folder / "hosts.json"
    path.write_text(json.dumps({"all": {"hosts": hosts}}), encoding="utf-8")
    return path


def gate(
    run: Run, folder: Path, hosts: int, affected: int, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """A gate by what the Manager knows of these hosts."""
    fleet = {
        f"web-{number}": by_manager(number, AFFECTED if number <= affected else FIXED) for number in range(1, hosts + 1)
    }
    return run("deep_security.remediation.gate", inventory(folder, fleet), {}, *arguments, environment=environment)


def site(run: Run, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "site.yml").write_text(SITE, encoding="utf-8")
    (folder / "more.yml").write_text("- ansible.builtin.debug: {msg: more}\n", encoding="utf-8")
    # One host after the other, so that their names have one order.
    environment = {**CALLBACK, "ANSIBLE_FORKS": "1"}
    return run(folder / "site.yml", inventory(folder, HOSTS), {}, *arguments, environment=environment)


def test_a_gate_over_a_large_fleet_fits_on_a_screen(run_playbook: Run, tmp_path: Path) -> None:
    done = gate(run_playbook, tmp_path, LARGE, 20, **CALLBACK)
    assert done.returncode == 2, done.stdout
    lines = [line for line in done.stdout.splitlines() if line]
    assert lines[0] == f"KA-0016311 NOT PASSED: {LARGE - 20} of {LARGE} hosts passed."
    assert len(lines) <= 10
    assert [line for line in lines if line.startswith("20 hosts: 20.0.0-4416 is affected")]
    assert lines[-3].startswith("NOT PASSED. Report: ")
    assert re.search(r"^20 hosts .*failed=20 ", lines[-1])
    for crash in ("[ERROR]", "Origin:", "fatal:", "Traceback", "NO MORE HOSTS"):
        assert crash not in done.stdout


def test_a_gate_that_passes_says_so_in_a_few_lines(run_playbook: Run, tmp_path: Path) -> None:
    done = gate(run_playbook, tmp_path, 20, 0, **CALLBACK)
    assert done.returncode == 0, done.stdout
    lines = [line for line in done.stdout.splitlines() if line]
    assert lines[0] == "KA-0016311 PASSED: 20 of 20 hosts passed."
    assert len(lines) <= 5


def test_without_the_callback_there_is_a_line_a_host_and_one_block_a_cause(run_playbook: Run, tmp_path: Path) -> None:
    done = gate(run_playbook, tmp_path, 20, 12)
    assert done.returncode == 2, done.stdout
    assert done.stdout.count("fatal: [web-") == 12
    assert done.stdout.count("[ERROR]") <= 1, done.stdout
    assert done.stdout.count("Origin:") <= 1
    assert done.stdout.count("20.0.0-4416 is affected") == 13, "once for all, and in the result of each"


def test_verbose_shows_each_host_in_the_report(run_playbook: Run, tmp_path: Path) -> None:
    done = gate(run_playbook, tmp_path, 20, 12, "-v", **CALLBACK)
    rows = [line for line in done.stdout.splitlines() if re.match(r"web-\d+ +20\.0\.", line)]
    assert len(rows) == 20
    assert done.stdout.count("fatal: [web-") == 12


def test_a_playbook_of_ones_own_is_counted_and_grouped(run_playbook: Run, tmp_path: Path) -> None:
    done = site(run_playbook, tmp_path)
    assert done.returncode != 0
    lines = done.stdout.split("\n")
    for line in (
        "Mine",
        "  Reach: 1 changed, 2 ok, 1 unreachable",
        "    hello (a, b, c)",
        "  Try: 3 failed",
        "    failed: no room (a, b, c)",
        "    failed: no time (a, b, c)",
        "    more (a, b, c)",
        "  Break: 2 failed, 1 skipped",
        "    failed: it breaks (a, b)",
    ):
        assert line in lines, done.stdout
    # The text of SSH goes on in further lines.
    assert re.search(r"^    unreachable: .*(\n    .*)*?\(silent\)$", done.stdout, re.MULTILINE), done.stdout
    for absent in ("Nobody", "Leave out", "never", "fatal:", "included:", "One or more items"):
        assert absent not in done.stdout
    assert re.search(r"^4 hosts .*changed=1 .*unreachable=1 .*failed=2 ", done.stdout, re.MULTILINE)


def test_verbose_is_the_default_callback(run_playbook: Run, tmp_path: Path) -> None:
    text = site(run_playbook, tmp_path, "-v").stdout
    for words in (
        "PLAY [Mine]",
        "TASK [Greet]",
        "ok: [a] => ",
        "failed: [a] (item=room)",
        "skipping: no hosts matched",
    ):
        assert words in text
    assert re.search(r"^silent .*unreachable=1 ", text, re.MULTILINE)
