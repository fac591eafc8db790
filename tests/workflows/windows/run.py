# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the payloads on this Windows, as WinRM would, and checks the results.

    python -m tests.workflows.windows.run DIR powershell|pwsh

Before it: fake_agent.ps1. Standard library only.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import socket
import subprocess
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.workflows.windows.scenarios import RELAY_PORT, SCENARIOS, Scenario

LIMIT = 300
SHELL = ("-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Unrestricted", "-EncodedCommand")


def run(shell: str, script: str, data: str) -> dict[str, Any]:
    """The result of a module. What else it prints would break the result on the controller too."""
    # What ansible_pwsh_interpreter sets: ansible-core 2.21 would start Windows PowerShell from PowerShell 7.
    data = data.replace('"PwshPath": "powershell"', f'"PwshPath": "{shell}"')
    # That of the shell which started this one would bring the modules of the other PowerShell.
    environment = {name: value for name, value in os.environ.items() if name.upper() != "PSMODULEPATH"}
    encoded = base64.b64encode(script.encode("utf-16-le")).decode()
    done = subprocess.run(
        [shell, *SHELL, encoded],
        input=data.encode(),
        capture_output=True,
        env=environment,
        timeout=LIMIT,
        check=False,
    )
    try:
        result: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        raise AssertionError(f"exit status {done.returncode}, no result: {done.stdout!r} {done.stderr!r}") from None
    return result


@contextlib.contextmanager
def listener(wanted: bool) -> Iterator[None]:
    """Something that listens on the Relay's port."""
    if not wanted:
        yield
        return
    with socket.create_server(("127.0.0.1", RELAY_PORT)):
        yield


def passes(one: Scenario, shell: str, payload: dict[str, str]) -> bool:
    """Whether a scenario passes; what is wrong is printed."""
    result: dict[str, Any] = {}
    try:
        assert payload["name"] == one.name, "the payloads were built from other scenarios"
        with listener(one.listens):
            result = run(shell, payload["script"], payload["data"])
        one.check(result, lambda path: Path(path).read_bytes())
    except Exception:
        print(f"FAILED {one.name}\n{traceback.format_exc()}{json.dumps(result, indent=1)}", flush=True)
        return False
    print(f"ok     {one.name}", flush=True)
    return True


def main(folder: Path, shell: str) -> int:
    """All of them, whatever fails; the exit status."""
    files = sorted(folder.glob("*.json"))
    payloads = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    results = [passes(one, shell, payload) for one, payload in zip(SCENARIOS, payloads, strict=True)]
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    return 0 if results and all(results) else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
