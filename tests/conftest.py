# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every test has: the collection on the path, and a way to run ansible-playbook."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from lab.layout import Layout
from tests import report_schema
from tests.preloaded import Preloaded
from tests.run.common import DURATIONS, ROOT, collections_path

COLLECTIONS = collections_path()
sys.path.insert(0, str(COLLECTIONS))

# What Ansible reads while it is loaded, beside its own settings.
AT_LOADING = ("COLUMNS", "TMPDIR")

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest file first; within a file the order stays, since tests of fleets tell a story."""
    known: dict[str, float] = json.loads(DURATIONS.read_text(encoding="utf-8")) if DURATIONS.exists() else {}
    items.sort(key=lambda item: -known.get(".".join(Path(item.nodeid.partition("::")[0]).with_suffix("").parts), 0))


def pytest_collection_finish() -> None:
    """No search for garbage goes through what was collected: that is a tenth of what the unit tests cost."""
    gc.collect()
    gc.freeze()


def ansible_environment(home: Path, collections: Path = COLLECTIONS) -> dict[str, str]:
    """The environment in which Ansible sees this collection and no settings of the person who runs the tests."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    settings = home / "ansible.cfg"
    settings.touch()
    env.update(
        ANSIBLE_COLLECTIONS_PATH=str(collections),
        ANSIBLE_CONFIG=str(settings),
        ANSIBLE_HOME=str(home / "ansible"),
        ANSIBLE_NOCOLOR="1",
        # For hosts that name none. Ansible's search for one trips over version managers that leave names on the path.
        ANSIBLE_PYTHON_INTERPRETER=sys.executable,
        LC_ALL="C.UTF-8",
        # Modules for the API run here: compiled once, as on the lab's hosts.
        LAB_CODE=str(Layout(home).code),
        PYTHONPATH=str(ROOT / "lab" / "standins" / "python"),
        # No test uses the system's certificates, and reading them takes longer than the rest of a request.
        SSL_CERT_DIR=os.devnull,
        SSL_CERT_FILE=os.devnull,
        PATH=f"{Path(sys.executable).parent}{os.pathsep}{env['PATH']}",
    )
    return env


def environment(folder: Path) -> dict[str, str]:
    """For many hosts that are waited for, and without a Manager or a proxy of the person who runs the tests."""
    # Ansible looks every millisecond whether a host has answered: while it waits, that is most of what it costs.
    (folder / "ansible.cfg").write_text("[defaults]\ninternal_poll_interval = 0.02\n", encoding="ascii")
    unwanted = ("http_proxy", "https_proxy", "all_proxy")
    env = ansible_environment(folder) | {"ANSIBLE_FORKS": "10"}
    return {name: value for name, value in env.items() if name.lower() not in unwanted and not name.startswith("DSM_")}


PreloadedWith = Callable[[Mapping[str, str]], Preloaded]


@pytest.fixture(scope="session")
def preloaded_with(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PreloadedWith]:
    """A process for each environment, which Ansible reads while it is loaded: to load it takes a second."""
    common = environment(tmp_path_factory.mktemp("ansible"))
    processes: dict[tuple[tuple[str, str], ...], Preloaded] = {}

    def of(more: Mapping[str, str]) -> Preloaded:
        return processes.setdefault(tuple(sorted(more.items())), Preloaded({**common, **more}))

    yield of
    for process in processes.values():
        process.end()


@pytest.fixture(scope="session")
def preloaded(preloaded_with: PreloadedWith) -> Preloaded:
    """The one without more in its environment."""
    return preloaded_with({})


@pytest.fixture
def run_playbook(preloaded_with: PreloadedWith, tmp_path: Path) -> Run:
    """Runs ansible-playbook: run_playbook("deep_security.remediation.gate", inventory, {"name": "value"}, "--check").

    Gives the completed process back, whatever its exit status; standard error is part of its output.
    """

    def run(
        playbook: str | Path,
        inventory: str | Path,
        extra_vars: Mapping[str, Any] | None = None,
        *arguments: str,
        environment: Mapping[str, str] | None = None,
        timeout: float = 600,
    ) -> subprocess.CompletedProcess[str]:
        given = ["-i", str(inventory), "-e", json.dumps(dict(extra_vars or {})), *arguments, str(playbook)]
        each = dict(environment or {})
        loaded = {name: each.pop(name) for name in [*each] if name.startswith("ANSIBLE_") or name in AT_LOADING}
        done = preloaded_with(loaded).run(given, tmp_path, timeout, each)
        report_schema.check_runs(tmp_path)
        return done

    return run
