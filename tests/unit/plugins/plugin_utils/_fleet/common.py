# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all tests of this room need: the codes in a message."""

from __future__ import annotations

from ansible_collections.deep_security.remediation.plugins.plugin_utils._messages import Message


def codes(told: Message | None) -> list[str]:
    """The codes of a message and of all messages in it. Each can be rendered."""
    if told is None:
        return []
    assert told.text
    assert Message.from_dict(told.as_dict()) == told
    found = [told.code]
    for value in told.values.values():
        for item in value if isinstance(value, (list, tuple)) else [value]:
            found += codes(item) if isinstance(item, Message) else []
    return found
