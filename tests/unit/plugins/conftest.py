# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""For every test of this folder: a Manager, and an exit status that is the tests' own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.deep_security.remediation.plugins.module_utils import _dsm
from ansible_collections.deep_security.remediation.plugins.plugin_utils._ansible import exit_status
from tests.manager_stub.stub import KEY, Clock, Connect, Stub, certificate, serving


@pytest.fixture(autouse=True)
def _own_exit_status() -> Iterator[None]:
    """A run that a test begins does not choose how the process of the tests ends."""
    yield
    exit_status.release()


@pytest.fixture(scope="session")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Manager's certificate, with its key."""
    return certificate(tmp_path_factory.mktemp("manager"), "manager")


@pytest.fixture(scope="session")
def _server(pem: Path) -> Iterator[Stub]:
    with serving(pem) as stub:
        yield stub


@pytest.fixture
def manager(_server: Stub) -> Stub:
    """A Manager that knows nothing yet."""
    _server.says()
    return _server


@pytest.fixture
def connect(manager: Stub, pem: Path, monkeypatch: pytest.MonkeyPatch) -> Connect:
    """Makes a client of the Manager. It waits for nothing unless it gets another clock."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)

    def client(**options: Any) -> Any:
        return _dsm.Client(**{"url": manager.url, "api_key": KEY, "ca_path": str(pem), "clock": Clock(), **options})

    return client
