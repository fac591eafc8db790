# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The progress note of a host: how far an earlier remediation came. What is there and cannot be read is not absent."""

from __future__ import annotations

from collections.abc import Mapping

from .._text import load_json, one_line, shorten
from .shape import Json

PHASES = ("upgrading", "update_pending", "done")


def read_note(file: Mapping[str, object]) -> tuple[Json | None, str | None]:
    """The note in a file of a raw reading, and why it cannot be used. Both None: there is no note."""
    if file.get("exists") is False:
        return None, None
    path, text = file.get("path"), file.get("text")
    if not isinstance(text, str):
        return None, f"{path} cannot be read: {one_line(file.get('error') or 'no reason given')}"
    if file.get("cut") is not False:
        return None, f"{path} is damaged (it is too long)"
    try:
        # The note is ASCII: what could not be decoded was not written by this collection.
        note, why = check_note(None if "\ufffd" in text else load_json(text))
    except ValueError as error:
        note, why = None, one_line(error)
    return note, None if why is None else f"{path} is damaged ({why}); check what was done on this host"


def check_note(content: object) -> tuple[Json | None, str | None]:
    """The note if it has the shape of one, and why it has not."""
    if not isinstance(content, Mapping):
        return None, "it holds no mapping"
    phase, self_protection = content.get("phase"), content.get("self_protection")
    if not isinstance(phase, str) or phase not in PHASES:
        return None, f"phase is {shorten(phase)}, none of {', '.join(PHASES)}"
    if self_protection not in (None, "on", "off"):
        return None, f"self_protection is {shorten(self_protection)}, neither on nor off"
    return dict(content), None
