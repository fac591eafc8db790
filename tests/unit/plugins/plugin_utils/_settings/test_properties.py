# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever stands in an inventory: a setting is parsed, or refused with a SettingsError."""

from __future__ import annotations

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.deep_security.remediation.plugins.plugin_utils._settings import (
    SETTINGS,
    Settings,
    SettingsErrors,
)

TEXTS = st.text(max_size=30) | st.sampled_from(["[1, 50%]", "{a: &a [*a]}", "[2020-13-45]", "{? [a] : b}", "[!!x 1]"])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=8,
)
# Texts that are nearly lists and mappings find what a general one never does.
FLOWS = st.builds(
    lambda start, rest: start + rest, st.sampled_from("[{"), st.text("[]{}:,'\"&*!?|>-%@#~0123456789aT \n")
)


@given(st.sampled_from(sorted(Settings.names())), VALUES | FLOWS)
def test_parsing_raises_nothing_but_settings_errors(name: str, value: object) -> None:
    with contextlib.suppress(SettingsErrors):
        Settings.parse({name: value}, "web-1")


@given(st.sampled_from(sorted(name for name, setting in SETTINGS.items() if setting.secret)), st.text(min_size=4))
def test_no_part_of_a_secret_is_in_an_error(name: str, secret: str) -> None:
    values: list[object] = [{secret: secret}, [[secret]], "[" + secret]
    for value in values:
        try:
            Settings.parse({name: value}, "")
        except SettingsErrors as error:
            expected = {str(refused) for refused in _refusals(name)}
            assert str(error) in expected


def _refusals(name: str) -> list[SettingsErrors]:
    found = []
    for value in ({"x": "x"}, [["x"]], "[x", "[x, {}]"):
        try:
            Settings.parse({name: value}, "")
        except SettingsErrors as error:
            found.append(error)
    return found
