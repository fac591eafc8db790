# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The report on the operator's terminal: line by line, in its width, with Ansible's colours."""

from __future__ import annotations

import typing as t

import pytest
from ansible import constants

from ansible_collections.deep_security.remediation.plugins.plugin_utils._ansible.terminal import show
from ansible_collections.deep_security.remediation.plugins.plugin_utils._messages import Texts
from tests.documents import document, failing, fleet, row


class Shown:
    """What is shown, with its colour."""

    def __init__(self, verbosity: int = 0) -> None:
        self.verbosity = verbosity
        self.lines: list[tuple[str, str | None]] = []

    def display(self, text: str, color: str | None = None) -> None:
        self.lines.append((text, color))


def of(found: dict[str, t.Any], verbosity: int = 0, problem: str = "") -> list[tuple[str, str | None]]:
    shown = Shown(verbosity)
    show(t.cast(t.Any, shown), found, Texts("en"), ["/srv/report.json"], problem)
    return shown.lines


def test_each_line_is_shown_by_itself_and_the_result_first() -> None:
    """AWX shows 1,024 bytes of an event, and an event is what is shown at once."""
    found = of(fleet(3_000, 1_000))
    assert found[0] == ("", None)
    assert found[1] == ("KA-0016311 NOT PASSED: 2000 of 3000 hosts passed.", constants.COLOR_ERROR)
    assert found[-1] == ("NOT PASSED. Report: /srv/report.json", constants.COLOR_ERROR)
    assert not any("\n" in text for text, dummy in found)
    assert max(len(text.encode()) for text, dummy in found) < 1_024


def test_colours_are_those_that_ansible_is_configured_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "COLOR_OK", "bright cyan")
    assert of(document([row()]))[1][1] == "bright cyan"


@pytest.mark.parametrize(("verbosity", "rows"), [(0, 0), (1, 1), (3, 1)])
def test_verbose_shows_every_host(verbosity: int, rows: int) -> None:
    assert sum(text.startswith("web-9 ") for text, dummy in of(document([row("web-9")]), verbosity)) == rows


@pytest.mark.parametrize(("columns", "width"), [(10, 60), (80, 80), (500, 200)])
def test_lines_have_the_width_of_the_terminal(monkeypatch: pytest.MonkeyPatch, columns: int, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    reasons = [{"code": "unreachable", "values": {"why": "経理" * 400}}]
    found = of(document([failing(f"web-{number}", reasons=reasons) for number in range(200)]))
    long = [text for text, dummy in found if "経理" in text]
    # The wide characters leave room for half as many.
    assert width // 2 - 3 <= max(map(len, long)) < width * 2 // 3 + 10


def test_a_report_that_could_not_be_written_is_shown_and_does_not_pass() -> None:
    found = of(document([row()]), problem="The report could not be written to /srv: no room")
    assert found[1][0] == "KA-0016311 NOT PASSED: 1 of 1 hosts passed. 1 error of this run."
    assert found[2][0] == "Error of this run: The report could not be written to /srv: no room"
    assert not any("Report: /srv/report.json" in text for text, dummy in found)
