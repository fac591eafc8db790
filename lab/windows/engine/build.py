# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Builds what ansible-core sends for a module, with ansible-core's own code, in a process of its own.

Of its own because ansible-core finds a collection once a process, because a test may take the modules of another
tree, and because another Python may have another ansible-core. `python build.py FOLDER` reads lines of JSON (path and
name of a module, its arguments, check, verbosity) and writes lines with script and data.
"""

from __future__ import annotations

import base64
import inspect
import json
import os
import pkgutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

COLLECTION = "deep_security.remediation"
PLUGINS = Path(__file__).resolve().parents[3] / "plugins"
LINE = """#!powershell

{requires}

$ErrorActionPreference = "Stop"
$found = & (Get-Module | Where-Object {{ $_.Name.EndsWith(".{util}") }}) {{
{code}
}}
ConvertTo-Json -InputObject $found -Depth 20 -Compress
"""


class BuildError(Exception):
    """ansible-core cannot build this."""


class Builder:
    """The modules of one tree, with the ansible-core of one Python."""

    def __init__(self, plugins: Path = PLUGINS, python: str = sys.executable) -> None:
        self.plugins = plugins
        self.folder = tempfile.TemporaryDirectory()
        self.tree = Path(self.folder.name) / "ansible_collections" / COLLECTION.replace(".", "/")
        self.tree.mkdir(parents=True)
        (self.tree / "plugins").mkdir()
        for entry in plugins.iterdir():
            if entry.name != "modules":
                (self.tree / "plugins" / entry.name).symlink_to(entry)
        (self.tree / "plugins" / "modules").mkdir()
        settings = Path(self.folder.name) / "ansible.cfg"
        settings.touch()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
        environment.update(ANSIBLE_CONFIG=str(settings), ANSIBLE_HOME=self.folder.name, LC_ALL="C.UTF-8")
        self.process = subprocess.Popen(
            [python, __file__, self.folder.name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )

    def utils(self) -> list[str]:
        return sorted(path.stem for path in self.plugins.glob("module_utils/*.psm1"))

    def module(self, name: str, arguments: dict[str, Any], check: bool, verbosity: int) -> tuple[str, bytes]:
        text = (self.plugins / "modules" / f"{name}.ps1").read_text(encoding="utf-8")
        return self.build(name, text, arguments, check, verbosity)

    def code(self, code: str, util: str, utils: list[str] | None) -> tuple[str, bytes]:
        """A module that runs a line inside a util and returns what that gives."""
        names = [*(self.utils() if utils is None else utils)]
        requires = "\n".join(
            f"#AnsibleRequires -PowerShell ..module_utils.{name}" for name in {util: 0, **dict.fromkeys(names)}
        )
        return self.build("run_code", LINE.format(requires=requires, util=util, code=code), {}, False, 0)

    def build(self, name: str, text: str, arguments: dict[str, Any], check: bool, verbosity: int) -> tuple[str, bytes]:
        path = self.tree / "plugins" / "modules" / f"{name}.ps1"
        path.write_text(text, encoding="utf-8")
        assert self.process.stdin is not None and self.process.stdout is not None
        request = {"path": str(path), "name": name, "arguments": arguments, "check": check, "verbosity": verbosity}
        self.process.stdin.write(json.dumps(request).encode() + b"\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline() or '{"error": "ansible-core ended"}')
        if "error" in answer:
            raise BuildError(answer["error"])
        return answer["script"], base64.b64decode(answer["data"])

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()
        self.folder.cleanup()


def build_one(name: str, text: str) -> tuple[str, bytes]:
    """A module that stands in no tree."""
    builder = Builder()
    try:
        return builder.build(name, text, {}, False, 0)
    finally:
        builder.close()


def serve(collections: str) -> None:
    from ansible import constants
    from ansible.executor.module_common import modify_module
    from ansible.plugins.loader import init_plugin_loader, shell_loader
    from ansible.release import __version__ as version

    init_plugin_loader([collections])
    script = (pkgutil.get_data("ansible.executor.powershell", "bootstrap_wrapper.ps1") or b"").decode()
    options: dict[str, Any] = {"templar": None, "task_vars": {}, "environment": {}}
    if (
        "shell_plugin" in inspect.signature(modify_module).parameters
    ):  # since 2.21, which supports PowerShell on Linux too
        options["shell_plugin"] = shell_loader.get("powershell")
    for line in sys.stdin:
        request = json.loads(line)
        arguments = {
            **request["arguments"],
            "_ansible_check_mode": request["check"],
            "_ansible_no_log": False,
            "_ansible_debug": False,
            "_ansible_diff": False,
            "_ansible_verbosity": request["verbosity"],
            "_ansible_version": version,
            "_ansible_module_name": f"{COLLECTION}.{request['name']}",
            "_ansible_syslog_facility": "LOG_USER",
            "_ansible_selinux_special_fs": constants.DEFAULT_SELINUX_SPECIAL_FS,
            "_ansible_socket": None,
            "_ansible_shell_executable": "/bin/sh",
            "_ansible_keep_remote_files": False,
            "_ansible_tmpdir": None,
            "_ansible_remote_tmp": "%TEMP%",
        }
        try:
            built = modify_module(
                module_name=request["name"],
                module_path=request["path"],
                module_args=arguments,
                **options,
            )
            data = built[0] if isinstance(built, tuple) else built.b_module_data
            answer = {"script": script, "data": base64.b64encode(data).decode()}
        except Exception as error:
            answer = {"error": str(error)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    serve(sys.argv[1])
