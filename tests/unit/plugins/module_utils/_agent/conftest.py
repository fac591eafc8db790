# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts with the oldest Pythons that this machine has."""

from __future__ import annotations

from pathlib import Path

import pytest

from .host_side import PYTHONS, FakeHost


@pytest.fixture(params=sorted(PYTHONS))
def host(request: pytest.FixtureRequest, tmp_path: Path) -> FakeHost:
    """A host of each Python."""
    return FakeHost(tmp_path, PYTHONS[request.param])
