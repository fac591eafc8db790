# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Ansible's commands from a process that has loaded Ansible and this collection: each run is a fork of that process.

What runs is the command line of Ansible with its own workers and connections. Shared are the loading, which is 80 % of
the processor time of a short run, and the modules that Ansible has built. Ansible reads its environment while it is
loaded: another needs another process.
"""

from __future__ import annotations

import atexit
import gc
import hashlib
import importlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import typing as t
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.run.common import CACHE, ROOT

BUILT = CACHE / "modules"
COLLECTION = "deep_security.remediation"
# Of Ansible's own settings the only one that a run may have for itself.
ANY_UNPARSED = "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED"


class Preloaded:
    """Runs commands in one environment, one after the other; the process starts with the first of them."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = dict(environment)
        self._process: subprocess.Popen[str] | None = None

    def run(
        self,
        arguments: list[str],
        folder: Path,
        timeout: float = 600,
        environment: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """As subprocess.run() with ansible-playbook in that folder: standard error is part of the output.

        environment: what plugins and modules read at each run.
        """
        with tempfile.NamedTemporaryFile() as output:
            command = ["ansible-playbook", *arguments]
            status = self._request(command, folder, environment or {}, [output.name, output.name], timeout)
            return subprocess.CompletedProcess(command, status, _text(output.name))

    def command(
        self, command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None, timeout: float = 600
    ) -> subprocess.CompletedProcess[str]:
        """As subprocess.run() in that folder, standard error apart. environment: what plugins read at each run."""
        with tempfile.NamedTemporaryFile() as output, tempfile.NamedTemporaryFile() as errors:
            status = self._request(command, folder, environment or {}, [output.name, errors.name], timeout)
            return subprocess.CompletedProcess(command, status, _text(output.name), _text(errors.name))

    def _request(
        self, command: Sequence[str], folder: Path, environment: Mapping[str, str], outputs: list[str], timeout: float
    ) -> int:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.preloaded"],
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        process = self._process
        assert process.stdin and process.stdout
        process.stdin.write(json.dumps([list(command), str(folder), dict(environment), outputs]) + "\n")
        process.stdin.flush()
        limit = threading.Timer(timeout, self.end)
        limit.start()
        status = process.stdout.readline()
        limit.cancel()
        if not status:
            printed = _text(outputs[0])
            self.end()
            raise subprocess.TimeoutExpired(command, timeout, printed)
        return int(status)

    def end(self) -> None:
        """End the process, with a run that may still be going on."""
        process, self._process = self._process, None
        if process is not None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def _text(file: str) -> str:
    return Path(file).read_text(encoding="utf-8", errors="replace")


def _load() -> None:
    """Load what every run loads, as Ansible itself does."""
    import ansible.cli
    import ansible.cli.inventory
    import ansible.cli.playbook
    import ansible.cli.vault
    from ansible.plugins import loader

    loader.init_plugin_loader()
    # A second time it would only warn.
    ansible.cli.init_plugin_loader = lambda *dummy: None
    for plugins in (
        loader.connection_loader,
        loader.shell_loader,
        loader.become_loader,
        loader.inventory_loader,
        loader.cache_loader,
        loader.callback_loader,
    ):
        list(plugins.all(class_only=True))
    for plugins in (loader.filter_loader, loader.test_loader):
        list(plugins.all())
    loader.callback_loader.get("ansible.builtin.default", class_only=True)
    loader.strategy_loader.get("ansible.builtin.linear", class_only=True)
    loader.inventory_loader.get(f"{COLLECTION}.dsm", class_only=True)
    loader.lookup_loader.get(f"{COLLECTION}.dsa_run", class_only=True)
    for action in ("dsa_gate", "dsa_manager", "dsa_plan", "dsa_remediate", "dsa_result"):
        loader.action_loader.get(f"{COLLECTION}.{action}", class_only=True)
    from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.html import page

    page._parts()  # its template is compiled here, not in each run


def _built_modules() -> Path:
    """The folder in which Ansible keeps the modules that it has built: of all processes with the same sources."""
    from ansible.release import __version__

    sources = (file for kind in ("modules", "module_utils") for file in (ROOT / "plugins" / kind).rglob("*.py"))
    stamps = [f"{file.relative_to(ROOT)} {file.stat().st_mtime_ns} {file.stat().st_size}" for file in sorted(sources)]
    folder = BUILT / hashlib.sha256("\n".join([__version__, sys.version, *stamps]).encode()).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _fork(built: Path, command: list[str], folder: str, environment: dict[str, str], outputs: list[str]) -> int:
    """One run; its exit status."""
    child = os.fork()
    if not child:
        status = 1
        atexit._clear()  # what is to be done at the end of this process is not for its forks
        try:
            status = _run(built, command, folder, environment, outputs)
            atexit._run_exitfuncs()
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _run(built: Path, command: list[str], folder: str, environment: dict[str, str], outputs: list[str]) -> int:
    from ansible import constants

    for number, name in enumerate([os.devnull, *outputs]):
        os.dup2(os.open(name, os.O_RDWR | os.O_APPEND), number)
    os.chdir(folder)
    os.environ.update(environment)
    if ANY_UNPARSED in environment:
        constants.INVENTORY_ANY_UNPARSED_IS_FAILED = environment[ANY_UNPARSED] in ("1", "true")
    # Each run has a temporary folder of its own: the run journal is found by it.
    constants.DEFAULT_LOCAL_TMP = tempfile.mkdtemp(prefix=f"ansible-local-{os.getpid()}")
    Path(constants.DEFAULT_LOCAL_TMP, "ansiballz_cache").symlink_to(built)
    name = command[0].removeprefix("ansible-")
    program = getattr(importlib.import_module(f"ansible.cli.{name}"), f"{name.capitalize()}CLI")
    try:
        program.cli_executor(command)
    except SystemExit as ended:
        return int(ended.code or 0)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        shutil.rmtree(constants.DEFAULT_LOCAL_TMP, ignore_errors=True)
    return 0


def main(requests: t.TextIO, answers: t.TextIO) -> None:
    """A line with a request, a line with the exit status."""
    _load()
    built = _built_modules()
    # No fork searches what was loaded here for garbage: it would copy every page of that.
    gc.collect()
    gc.freeze()
    for line in requests:
        print(_fork(built, *json.loads(line)), file=answers, flush=True)


if __name__ == "__main__":
    main(sys.stdin, sys.stdout)
