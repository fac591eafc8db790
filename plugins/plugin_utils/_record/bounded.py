# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Searches with an operator's regular expressions, bounded in time: some take for ever over a short text."""

from __future__ import annotations

import re
import signal
import threading
import types
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from .._text import shorten

# Seconds of this process's own time, so that a busy machine makes no expression slow.
_LIMIT = 5.0
# Only a group that is repeated can take for ever over a text of bounded length.
_REPEATED_GROUP = re.compile(r"\)(?:[*+]|\{[0-9]*,)")


class PatternTooSlow(ValueError):
    """The regular expression of a setting takes too long over a text; the message names both."""

    def __init__(self, setting: str, pattern: str) -> None:
        super().__init__(
            f"{setting} is {shorten(pattern)}; it takes too long over a text of a host: write an expression that does "
            "not repeat a repetition"
        )


def matches(setting: str, pattern: str, texts: Iterable[str]) -> list[bool]:
    """For each text whether the pattern of that setting is found in it. Raises PatternTooSlow."""
    rule = re.compile(pattern)
    try:
        with _bounded(pattern):
            return [bool(rule.search(text)) for text in texts]
    except TimeoutError:
        raise PatternTooSlow(setting, pattern) from None


@contextmanager
def _bounded(pattern: str) -> Iterator[None]:
    """Raises TimeoutError in its body when that takes too long."""
    if threading.current_thread() is not threading.main_thread():
        # No signal reaches a search there.
        if _REPEATED_GROUP.search(pattern):
            raise TimeoutError
        yield
        return
    before = signal.signal(signal.SIGVTALRM, _stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, _LIMIT)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def _stop(number: int, frame: types.FrameType | None) -> None:
    raise TimeoutError
