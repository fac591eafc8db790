# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a module's own entry point in this process: arguments as Ansible hands them over, the result as it prints it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args

from .stub import Stub

Play = Callable[..., dict[str, Any]]


def entry(
    module: Any, manager: Stub, pem: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Play:
    """A function that runs the module against the Manager; _ansible_check_mode and the like are arguments too."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)

    def play(arguments: Mapping[str, Any]) -> dict[str, Any]:
        given = {"url": manager.url, "ca_path": str(pem), "retries": 0, **arguments}
        with patch_module_args(given), pytest.raises(SystemExit):
            module.main()
        result: dict[str, Any] = json.loads(capsys.readouterr().out)
        result.pop("invocation", None)
        return result

    return play
