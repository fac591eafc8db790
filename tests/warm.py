# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One engine for all files of tests in a process: a start with its first tasks costs nine seconds of a processor."""

from __future__ import annotations

import atexit
import functools
import os
from unittest import mock

from lab.windows.engine import Engine


@functools.cache
def engine() -> Engine:
    """With two processes, whatever this machine has; the second starts when two tasks run side by side."""
    with mock.patch.dict(os.environ, LAB_WINDOWS_WORKERS="2"):
        started = Engine()
    atexit.register(started.close)
    return started
