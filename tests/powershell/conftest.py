# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Described hosts on the warm engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.windows.engine import Engine, missing, standin_texts
from tests import warm

from .windows import Windows

# Seen by the modules like the engine's own stand-ins.
standin_texts.CMDLETS += Path(__file__).with_name("windows51.ps1").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def engine() -> Engine:
    if reason := missing():
        pytest.skip(f"{reason}, which these tests run the modules with")
    return warm.engine()


@pytest.fixture
def host(engine: Engine, tmp_path: Path) -> Windows:
    """A host of its own for a test."""
    return Windows(engine, tmp_path)


@pytest.fixture(scope="module")
def shared(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Windows:
    """One host for all examples of a property."""
    return Windows(engine, tmp_path_factory.mktemp("shared"))
