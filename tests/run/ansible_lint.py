# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""python -m tests.run.ansible_lint ARGUMENT ...: ansible-lint, whose syntax checks are forks of one loaded Ansible.

It runs ansible-playbook for each playbook and role, and once more for each playbook that another one imports: as
commands they take two thirds of its processor time, nearly all of that to load Ansible.
"""

from __future__ import annotations

import functools
import os
import runpy
import subprocess
import threading
import typing as t
from pathlib import Path

from tests.preloaded import Preloaded

SYNTAX_CHECK = ["ansible-playbook", "--syntax-check"]
_run = subprocess.run
_loaded: list[Preloaded] = []
_one_at_a_time = threading.Lock()


@functools.wraps(_run)
def run(command: list[str], **options: t.Any) -> subprocess.CompletedProcess[t.Any]:
    """As subprocess.run(). The environments of all syntax checks differ in nothing that Ansible reads."""
    if command[: len(SYNTAX_CHECK)] != SYNTAX_CHECK:
        return _run(command, **options)
    with _one_at_a_time:
        if not _loaded:
            _loaded.append(Preloaded(options["env"]))
        return _loaded[0].command(command, Path(options.get("cwd") or os.getcwd()))


if __name__ == "__main__":
    subprocess.run = run  # type: ignore[assignment]
    try:
        runpy.run_module("ansiblelint", run_name="__main__", alter_sys=True)
    finally:
        for preloaded in _loaded:
            preloaded.end()
