# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal of a host: one JSON object a line, appended in one write so that parallel writers never mix."""

from __future__ import annotations

import json
import os
import time


def append(journal_path: str, event: str, **fields: object) -> None:
    line = json.dumps({"time": round(time.time(), 3), "event": event, **fields}) + "\n"
    handle = os.open(journal_path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(handle, line.encode())
    finally:
        os.close(handle)
