# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Builds as the host compares them."""

from __future__ import annotations

import pytest

from ansible_collections.deep_security.remediation.plugins.module_utils._agent import install


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20.0.2-1390.el8", (20, 0, 2, 1390)),
        ("20.0.2.1390", (20, 0, 2, 1390)),
        ("20.0", None),
        ("", None),
        (None, None),
    ],
)
def test_numbers(text: str | None, expected: tuple[int, ...] | None) -> None:
    assert install.numbers(text) == expected
