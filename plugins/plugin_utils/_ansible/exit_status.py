# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The exit status of a run: 2 until its report lets it pass, whatever else happens in the process.

Ansible alone does not see to that. It ends with 0 where the only host of a play fails at a file that it cannot include,
even where that was rescued, and the plays that follow are left out; and an operator's own tasks run before the gate.
"""

from __future__ import annotations

import atexit
import os
import sys
from contextlib import suppress

from ansible.utils.display import Display

# A gate that does not pass, or proves nothing, ends with this exit status.
NOT_PASSED = 2


class _Verdict:
    """Of the run that goes on in this process. Ansible's workers are forks of it, and have none."""

    process: int | None = None
    shown = False


_verdict = _Verdict()


def hold() -> None:
    """From now on the process ends with exit status 2."""
    if _verdict.process is None:
        # Those that were registered before, as Ansible's that remove its temporary folder, are run by _end().
        atexit.register(_end)
    _verdict.process, _verdict.shown = os.getpid(), False


def shown() -> None:
    """The operator sees why the run does not pass."""
    _verdict.shown = True


def release() -> None:
    """The run has passed."""
    atexit.unregister(_end)
    _verdict.process = None


def _end() -> None:
    """The last act of the process. Python has no other way to choose the exit status from here."""
    if _verdict.process != os.getpid():
        return
    atexit.unregister(_end)
    try:
        if not _verdict.shown:
            with suppress(Exception):  # the disk below a log may be full
                Display().error(
                    "the run ended before its gate, so nothing is proven: see what ended it, and run it again"
                )
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(NOT_PASSED)
