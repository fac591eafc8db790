# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The report on the operator's terminal, in its width and with Ansible's colours."""

from __future__ import annotations

import shutil
from collections.abc import Iterable

from ansible import constants as C
from ansible.utils.display import Display, get_text_width

from .._messages import Texts
from .._report.columns import wrapped
from .._report.document import Document
from .._report.terminal import lines

# A terminal that is narrower wraps by itself; where there is none the output is read in a window.
_NARROWEST, _USUAL, _WIDEST = 60, 120, 200
_INDENT = "    "


def show(display: Display, document: Document, texts: Texts, files: Iterable[object], problem: str = "") -> None:
    """Show the report, line by line: AWX cuts what is shown at once. problem: what could not be written."""
    if problem:
        document = {**document, "passed": False, "errors": list(dict.fromkeys([*document["errors"], problem]))}
    written = [] if problem else [str(file) for file in files]
    verbose = display.verbosity > 0
    display.display("")
    for line in lines(document, texts, _width(), verbose, files=written, measure=_columns):
        # Display shows colours on a terminal only, or where ANSIBLE_FORCE_COLOR is set.
        display.display(line.text, color=getattr(C, f"COLOR_{line.colour.upper()}") if line.colour else None)


def in_width(text: str) -> list[str]:
    """A text of one line in lines of the terminal's width: those that go on are indented."""
    first, *more = wrapped(text, _width() - len(_INDENT), len(text), _columns)
    return [first, *(_INDENT + part for part in more)]


def _width() -> int:
    return min(max(shutil.get_terminal_size((_USUAL, 0)).columns, _NARROWEST), _WIDEST)


def _columns(text: str) -> int:
    try:
        return int(get_text_width(text))
    except OSError:  # the C library knows no width of it
        return len(text)
