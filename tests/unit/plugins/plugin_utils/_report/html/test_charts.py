# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Numbers of the pictures."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.html.charts import ring, share, stacked


@pytest.mark.parametrize(
    ("passed", "hosts", "expected"),
    [(0, 0, "—"), (0, 3, "0"), (3, 3, "100"), (9_999, 10_000, "99.9"), (999_999, 1_000_000, "99.9"), (1, 3, "33.3")],
)
def test_only_all_is_a_hundred_percent(passed: int, hosts: int, expected: str) -> None:
    assert share(passed, hosts) == expected


def test_bar_is_as_long_as_its_share_of_the_largest() -> None:
    rects = ElementTree.fromstring(stacked(3, 4, 8)).findall("rect")
    assert [(rect.get("x"), rect.get("width")) for rect in rects[1:]] == [
        (None, "37.50%"),
        ("37.50%", "12.50%"),
        ("37.50%", "12.50%"),
    ]
    assert rects[3].get("fill") == "url(#hatch)"
    assert "nan" not in stacked(0, 0, 0)


def test_ring() -> None:
    assert 'stroke-dasharray="75.00 100"' in ring(3, 4)
    assert re.search(r'stroke-dasharray="0.00 ', ring(0, 0))
