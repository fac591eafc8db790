# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the modules that travel to hosts as a host does: by an old Python too, with tools that stand in for the agent's.

Ansible's own module code needs a newer Python than these modules, so a small stand-in takes its place. That the
options are valid for the real one is a test of its own.
"""

from __future__ import annotations

import functools
import json
import os
import select
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path

from tests.pythons import interpreters
from tests.run.common import ROOT

_PACKAGE = "ansible_collections.deep_security.remediation.plugins"
_BASIC = """
import json, os, sys

class AnsibleModule(object):
    def __init__(self, argument_spec, **ignored):
        given = json.loads(os.environ["MODULE_ARGS"])
        unknown = set(given) - set(argument_spec)
        assert not unknown, unknown
        if sys.version_info[0] == 2:
            given = self.native(given)
        self.params = dict((key, given.get(key, spec.get("default"))) for key, spec in argument_spec.items())
        self.check_mode = False

    def native(self, value):
        if isinstance(value, dict):
            return dict((self.native(key), self.native(one)) for key, one in value.items())
        if isinstance(value, list):
            return [self.native(one) for one in value]
        return value.encode("utf-8") if hasattr(value, "encode") else value

    def exit_json(self, **result):
        print(json.dumps(result))
        sys.exit(0)

    def fail_json(self, **result):
        self.exit_json(failed=True, **result)
"""
# A module in a process of its own.
_MAIN = """
import os, sys
from ansible_collections.deep_security.remediation.plugins.module_utils._agent import record
record.install_dir = lambda os_name: os.environ["AGENT_FOLDER"]
from ansible_collections.deep_security.remediation.plugins.modules import {module}
{module}.main()
"""
# For a line with a request, a module in a fork of a process that has loaded it, which takes a tenth of the time.
_RUNNER = """
import json, os, sys, traceback
from ansible_collections.deep_security.remediation.plugins.module_utils._agent import record
from ansible_collections.deep_security.remediation.plugins.modules import dsa_security_update, dsa_upgrade

def run(request):
    for number, name in enumerate([os.devnull, request["out"], request["err"]]):
        os.dup2(os.open(name, os.O_RDWR), number)
    text = str if sys.version_info[0] > 2 else lambda value: value.encode("utf-8")
    os.environ.update((str(name), text(value)) for name, value in request["env"].items())
    record.install_dir = lambda os_name: os.environ["AGENT_FOLDER"]
    try:
        {"dsa_security_update": dsa_security_update, "dsa_upgrade": dsa_upgrade}[request["module"]].main()
    except SystemExit:
        pass
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()

for line in iter(sys.stdin.readline, ""):
    child = os.fork()
    if not child:
        try:
            run(json.loads(line))
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    sys.stdout.write("done\\n")
    sys.stdout.flush()
"""
# By name: each is a Python that a host can have.
PYTHONS: dict[str, Path] = {version: path for version, path in interpreters().items() if version in ("2.7", "3.6")} or {
    "3": Path(sys.executable)
}


@functools.cache
def _tree() -> Path:
    """The collection as packages that every Python can import. Gone with the process."""
    holder = tempfile.TemporaryDirectory(prefix="host_side_")
    _holders.append(holder)
    root = Path(holder.name)
    basic = root / "ansible" / "module_utils"
    plugins = root / Path(*_PACKAGE.split("."))
    for folder in (basic, plugins / "module_utils", plugins / "modules"):
        folder.mkdir(parents=True)
        while folder != root:
            (folder / "__init__.py").touch()
            folder = folder.parent
    (basic / "basic.py").write_text(_BASIC)
    os.symlink(ROOT / "plugins" / "module_utils" / "_agent", plugins / "module_utils" / "_agent")
    for module in ("dsa_upgrade", "dsa_security_update"):
        os.symlink(ROOT / "plugins" / "modules" / f"{module}.py", plugins / "modules" / f"{module}.py")
    return root


_holders: list[tempfile.TemporaryDirectory[str]] = []


def _environment(folder: str = "/usr/bin:/bin") -> dict[str, str]:
    """What a module finds: no locale, as under sudo, and no settings of who runs the tests."""
    return {"PATH": folder, "PYTHONPATH": str(_tree()), "PYTHONDONTWRITEBYTECODE": "1"}


@functools.cache
def _runner(python: Path) -> subprocess.Popen[str]:
    """The process of a Python that waits for requests; it ends when this one closes its standard input, at the end."""
    return subprocess.Popen(
        [python, "-c", _RUNNER], env=_environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


class FakeHost:
    """A host in a folder: the agent's tools, its logs, the progress note, and a journal of what was called."""

    def __init__(self, folder: Path, python: Path) -> None:
        self.folder = folder
        self.python = python
        self.note = folder / "state" / "progress.json"
        self.journal = folder / "journal"
        self.agent = folder / "agent"
        self.logs = folder / "diag"
        self.bin = folder / "bin"
        for each in (self.agent, self.logs, self.bin, self.note.parent):
            each.mkdir()
        self.tool("dsa_control", "echo 'HTTP Status: 200 - OK'; echo Response:")
        self.tool("dsa_query", 'echo "answer to $2"')

    def tool(self, name: str, script: str, folder: Path | None = None) -> None:
        """A program of the host; each call is one line of the journal."""
        path = (folder or self.agent) / name
        path.write_text(f"#!/bin/sh\necho {name} \"$@\" >> '{self.journal}'\n{script}\n")
        path.chmod(0o755)

    def installer(self, script: str = "echo installed") -> str:
        """A command that installs, for the option of that name."""
        self.tool("installer", script, self.bin)
        return f"{self.bin}/installer {{file}} {{version}}"

    def calls(self) -> list[str]:
        """What was called, in order."""
        return self.journal.read_text().splitlines() if self.journal.exists() else []

    def write_note(self, **content: object) -> None:
        """An earlier run's note."""
        self.note.write_text(json.dumps(content))

    def read_note(self) -> dict[str, t.Any] | None:
        """The note as it is now."""
        return json.loads(self.note.read_text()) if self.note.exists() else None

    def start(self, module: str, **options: object) -> subprocess.Popen[str]:
        """Run a module beside the test."""
        return subprocess.Popen(
            [self.python, "-c", _MAIN.format(module=module)],
            env=self._environment(module, options),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, module: str, **options: object) -> dict[str, t.Any]:
        """Run a module and return its result."""
        runner = _runner(self.python)
        assert runner.stdin and runner.stdout
        with tempfile.NamedTemporaryFile() as out, tempfile.NamedTemporaryFile() as err:
            request = {"module": module, "env": self._environment(module, options), "out": out.name, "err": err.name}
            runner.stdin.write(json.dumps(request) + "\n")
            runner.stdin.flush()
            assert select.select([runner.stdout], [], [], 60)[0], "no result within a minute"
            assert runner.stdout.readline() == "done\n"
            return _result(out.read().decode(), err.read().decode())

    def _environment(self, module: str, options: t.Mapping[str, object]) -> dict[str, str]:
        given = {"progress_file": str(self.note), **options}
        if module == "dsa_security_update":
            given.setdefault("log_folder", str(self.logs))
        own = {"MODULE_ARGS": json.dumps(given), "AGENT_FOLDER": str(self.agent)}
        return _environment(f"{self.bin}:/usr/bin:/bin") | own

    def upgrade(self, step: str, **options: object) -> dict[str, t.Any]:
        """A step of dsa_upgrade, with little patience."""
        return self.run("dsa_upgrade", step=step, **{"service_timeout": 0, "lock_timeout": 5, **options})

    def update(self, step: str, **options: object) -> dict[str, t.Any]:
        """A step of dsa_security_update."""
        return self.run("dsa_security_update", step=step, lock_timeout=5, **options)


def finished(process: subprocess.Popen[str]) -> dict[str, t.Any]:
    """The result of a module that was started."""
    return _result(*process.communicate(timeout=60))


def _result(out: str, err: str) -> dict[str, t.Any]:
    assert out, err
    result: dict[str, t.Any] = json.loads(out)
    return result
