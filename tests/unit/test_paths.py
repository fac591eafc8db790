# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The tests of a file are found without searching: A/B.py has A/test_B.py or test_B_more.py."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

UNIT = Path(__file__).parent
PLUGINS = UNIT.parents[1] / "plugins"
# Folder → tests that are about more than one of its files.
SEVERAL: Mapping[str, set[str]] = {
    "../playbooks": {"order"},
    "../roles": {"dependencies"},
    "action": {"info"},
    "module_utils/_agent": {"upgrade_steps"},
    "plugin_utils/_advisory": {"open_cases", "properties", "second_advisory", "table"},
    "plugin_utils/_fleet": {"manager_data", "offline_sites", "relays"},
    "plugin_utils/_messages": {"messages"},
    "plugin_utils/_report": {"harmless", "manager_data", "same_numbers"},
    "plugin_utils/_settings": {"documents", "properties"},
    "plugin_utils/_stages": {"faults", "properties", "secrets"},
    "plugin_utils/_windows_readiness": {"properties"},
}
TESTS = {
    (os.path.relpath(path.parent, UNIT / "plugins"), path.stem.removeprefix("test_"))
    for path in UNIT.rglob("test_*.py")
    if path != Path(__file__)
}


def is_of_a_file(folder: str, name: str) -> bool:
    """Whether the folder of plugins has a file, or a folder, of which this is a test."""
    found = {path.stem.lstrip("_") for path in (PLUGINS / folder).iterdir()} if (PLUGINS / folder).is_dir() else set()
    return any(name == stem or name.startswith(f"{stem}_") for stem in found - {""})


def test_every_test_stands_at_the_path_of_what_it_tests() -> None:
    several = {(folder, name) for folder, names in SEVERAL.items() for name in names}
    assert {test for test in TESTS if not is_of_a_file(*test)} == several


def test_a_test_of_nothing_is_found() -> None:
    assert is_of_a_file("plugin_utils/_fleet", "plan")
    assert is_of_a_file("plugin_utils/_fleet", "plan_at_night")
    assert is_of_a_file("module_utils", "dsm")
    assert not is_of_a_file("plugin_utils/_fleet", "planning")
    assert not is_of_a_file("windows", "support")
