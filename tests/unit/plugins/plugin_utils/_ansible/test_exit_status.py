# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each in a process of its own: its exit status is what the room is about."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.conftest import COLLECTIONS

NO_GATE = "ended before its gate"
BEGIN = """
import atexit, os, sys
atexit.register(print, "cleaned up")
from ansible_collections.deep_security.remediation.plugins.plugin_utils._ansible import exit_status
"""


@pytest.mark.parametrize(
    ("code", "status", "shown"),
    [
        ("", 0, False),
        ("exit_status.hold()", 2, True),
        ("exit_status.hold(); sys.exit(4)", 2, True),
        ("exit_status.hold(); raise KeyError('unexpected')", 2, True),
        ("exit_status.hold(); exit_status.shown()", 2, False),
        ("exit_status.hold(); exit_status.release()", 0, False),
        ("exit_status.hold(); exit_status.release(); sys.exit(4)", 4, False),
        # Nothing can be shown: the disk below a log is full.
        ("exit_status.hold(); sys.stderr = None", 2, False),
        # Two playbooks in one process.
        ("exit_status.hold(); exit_status.shown(); exit_status.release(); exit_status.hold()", 2, True),
        # A worker of Ansible.
        (
            "exit_status.hold(); child = os.fork(); child or sys.exit(3); exit_status.release()\n"
            "sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))",
            3,
            False,
        ),
    ],
)
def test_only_a_run_that_passed_ends_with_what_the_process_ends_with(code: str, status: int, shown: bool) -> None:
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + code],
        env={**os.environ, "PYTHONPATH": str(COLLECTIONS)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stderr
    assert (NO_GATE in " ".join(done.stderr.split())) is shown
    assert "cleaned up" in done.stdout
