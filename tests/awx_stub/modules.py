# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The modules of awx.awx in this process: what Ansible would start a Python of its own for takes milliseconds here."""

from __future__ import annotations

import importlib
import io
import json
from collections.abc import Mapping
from contextlib import redirect_stdout, suppress
from typing import Any

from ansible.module_utils.testing import patch_module_args


def run_module(name: str, arguments: Mapping[str, Any], check_mode: bool) -> dict[str, Any]:
    """The result of a module without its warnings, which are those of the whole process."""
    collection, _dot, module = name.rpartition(".")
    program = importlib.import_module(f"ansible_collections.{collection}.plugins.modules.{module}")
    given = {name: value for name, value in arguments.items() if value is not None}
    printed = io.StringIO()
    with (
        patch_module_args({**given, "_ansible_check_mode": check_mode}),
        redirect_stdout(printed),
        suppress(SystemExit),
    ):
        program.main()
    result: dict[str, Any] = json.loads(printed.getvalue())
    return {name: value for name, value in result.items() if name != "warnings"}
