# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Searches with an operator's expression end, whatever the expression is."""

from __future__ import annotations

import signal
import threading

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._record import PatternTooSlow, bounded

SLOW = r"^(a+)+$"
LONG = "a" * 40 + "!"


def test_what_is_found_is_told_text_by_text() -> None:
    assert bounded.matches("dsa_x", "b+", ["abba", "", "b", "x"]) == [True, False, True, False]


@pytest.mark.parametrize("pattern", [SLOW, r"(a|aa)+$", r"(?:a*)*b", r"(a+){10,}b"])
def test_an_expression_that_takes_for_ever_ends_in_an_error(monkeypatch: pytest.MonkeyPatch, pattern: str) -> None:
    monkeypatch.setattr(bounded, "_LIMIT", 0.05)
    before = signal.getsignal(signal.SIGVTALRM)
    with pytest.raises(PatternTooSlow, match=r"dsa_x is .*repeat a repetition"):
        bounded.matches("dsa_x", pattern, ["b", LONG])
    assert signal.getitimer(signal.ITIMER_VIRTUAL)[0] == 0
    assert signal.getsignal(signal.SIGVTALRM) is before


@pytest.mark.parametrize(
    ("pattern", "refused"), [(SLOW, True), (r"(?:a*)*b", True), (r"(a)|\(b", False), ("a+", False)]
)
def test_in_a_thread_what_could_take_for_ever_is_refused_at_once(pattern: str, refused: bool) -> None:
    """No signal interrupts a search there."""
    found: list[object] = []

    def search() -> None:
        try:
            found.append(bounded.matches("dsa_x", pattern, ["aa"]))
        except PatternTooSlow:
            found.append(None)

    thread = threading.Thread(target=search)
    thread.start()
    thread.join()
    assert found == [None if refused else [True]]
