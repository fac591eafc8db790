# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journals of the hosts, read and shown."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from .standins.journal import append

__all__ = ["append", "read", "show"]


def read(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def show(entry: dict[str, Any]) -> str:
    moment = time.strftime("%H:%M:%S", time.localtime(entry["time"]))
    rest = " ".join(f"{key}={value}" for key, value in entry.items() if key not in ("time", "event"))
    return f"{moment}.{int(entry['time'] * 1000) % 1000:03d} {entry['event']} {rest}".rstrip()
