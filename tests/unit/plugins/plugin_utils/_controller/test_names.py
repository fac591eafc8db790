# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of objects: one's own, and those that AWX or its modules could not use."""

from __future__ import annotations

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._controller.names import NAMES, names_of
from ansible_collections.deep_security.remediation.plugins.plugin_utils._settings import SettingsError


def test_every_name_can_be_changed_and_the_others_have_the_prefix() -> None:
    for key in NAMES:
        names = names_of("DS", {key: "my own"})
        assert names[key] == "my own"
        assert all(name.startswith("DS: ") for other, name in names.items() if other != key)


@pytest.mark.parametrize("name", ["", "42", "a++b", "x" * 513])
def test_a_name_that_a_module_takes_for_something_else_is_refused(name: str) -> None:
    with pytest.raises(SettingsError, match="cannot be used"):
        names_of("DS", {"gate": name})


def test_two_templates_have_two_names() -> None:
    with pytest.raises(SettingsError, match="project and gate both have the name"):
        names_of("DS", {"project": "same", "gate": "same"})
    assert names_of("DS", {"inventory": "same", "gate": "same"})["gate"] == "same"


def test_a_key_that_is_none_is_refused() -> None:
    with pytest.raises(SettingsError, match="known are type_manager, "):
        names_of("DS", {"gates": "x"})
