# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One small fleet for all tests of the lab."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

sys.path.insert(0, str(Path(__file__).parent.parent.parent))  # for `lab` and `tests`

from tests.lab.lab_fleet import FLEET, Lab


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("lab")
    fleet = folder / "fleet.yml"
    fleet.write_text(yaml.safe_dump(FLEET), encoding="utf-8")
    result = Lab(folder / "run")
    said = result.command("up", "--skip-unavailable", str(fleet), str(result.folder), check=False)
    if "does not allow the namespaces" in said:
        pytest.skip(said)
    assert result.inventory.exists(), said
    try:
        yield result
    finally:
        result.command("down", str(result.folder))
