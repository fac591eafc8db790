# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether the Manager is new enough, as messages with codes."""

from __future__ import annotations

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._advisory import parse_build
from ansible_collections.deep_security.remediation.plugins.plugin_utils._manager import (
    manager_objection,
    manager_version,
)
from ansible_collections.deep_security.remediation.plugins.plugin_utils._settings import SettingsError

TARGET = parse_build("20.0.2-1390")


@pytest.mark.parametrize(
    ("version", "minimum", "problem", "code"),
    [
        (None, None, None, None),
        (None, None, "connection refused", None),
        ("", "20.0.737", None, "manager_not_read"),
        (None, "20.0.737", "connection refused", "manager_unreadable"),
        ("12.0.9999", None, None, "manager_older_line"),
        ("12.0.9999", "11.0.1", None, "manager_older_line"),
        ("20.0.736", "20.0.737", None, "manager_below_minimum"),
        ("20.0.737", "20.0.737", None, None),
        ("20.0.0-737", "20.0.737", None, "manager_below_minimum"),
        ("21.0.1", None, None, None),
    ],
)
def test_what_keeps_agents_from_their_upgrade(
    version: str | None, minimum: str | None, problem: str | None, code: str | None
) -> None:
    objection = manager_objection(version, minimum, TARGET, problem)
    assert (objection and objection.code) == code
    if objection:
        assert (minimum or TARGET.text) in objection.text or "20.0.2-1390" in objection.text
        assert (problem or "") in objection.text


@pytest.mark.parametrize("text", ["newest", "20", "20.0.x", "20.0.0.1.2", "20.0.0.4416 HF1", ""])
def test_a_version_that_is_none_names_its_variable(text: str) -> None:
    with pytest.raises(SettingsError, match=r"dsm_version is .*; write a Manager's version"):
        manager_version(text, "dsm_version")
