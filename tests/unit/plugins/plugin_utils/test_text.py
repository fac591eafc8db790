# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Text from hosts, as it is made harmless."""

from __future__ import annotations

from typing import Any

from ansible_collections.deep_security.remediation.plugins.plugin_utils._text import clean_tree


class MarkedText(str):
    """As ansible-core marks what comes from a host: its str() is marked too."""

    def __str__(self) -> str:
        return self


class MarkedNumber(int):
    pass


def types(value: Any) -> set[type]:
    """The types of a value and of all in it."""
    inner = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []
    return {type(value)}.union(*map(types, inner))


def test_what_ansible_marked_becomes_python_s_own() -> None:
    value = {MarkedText("a"): [MarkedText("b"), MarkedNumber(1), True, None, 1.5, (MarkedText("c\x07"),)]}
    assert clean_tree(value) == {"a": ["b", 1, True, None, 1.5, ["c\\x07"]]}
    assert types(clean_tree(value)) == {dict, list, str, int, bool, type(None), float}
