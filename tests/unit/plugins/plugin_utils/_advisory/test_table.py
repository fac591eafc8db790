# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Both tables of the article, cell by cell, with both sides of every bound and every build between the bounds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.unit.tables import every_combination

from .oracle import agent, judge, outcome


class Cell(NamedTuple):
    """One platform and line: the same cell of the affected and of the fixed table."""

    platform: str
    line: str
    affected_up_to: str
    fixed_from: str

    def __str__(self) -> str:
        return f"{self.platform}-{self.line}"


CELLS = [
    Cell("windows", "20.0", "20.0.0-5995", "20.0.0-6313"),
    Cell("linux", "20.0", "20.0.0-4416", "20.0.0-4726"),
    Cell("unix", "20.0", "20.0.1-25771", "20.0.2-1390"),
    Cell("macos", "20.0", "20.0.0-224", "20.0.0-236"),
    Cell("windows", "12.0", "12.0.0-2265", "12.0.0-2380"),
    Cell("linux", "12.0", "12.0.0-2265", "12.0.0-2380"),
    Cell("unix", "12.0", "12.0.0-2265", "12.0.0-2380"),
    Cell("windows", "11.0", "11.0.0-2401", "11.0.0-2549"),
    Cell("linux", "11.0", "11.0.0-2401", "11.0.0-2549"),
    Cell("unix", "11.0", "11.0.0-2401", "11.0.0-2549"),
]


def shifted(version: str, step: int) -> str:
    release, dummy, number = version.partition("-")
    return f"{release}-{int(number) + step}"


def between(cell: Cell) -> Iterator[str]:
    """Every build between the bounds; on Unix, where 20.0.1 has no last build, the first thousands and two far ones."""
    release, dummy, first = cell.affected_up_to.partition("-")
    fixed_release, dummy, end = cell.fixed_from.partition("-")
    if release == fixed_release:
        yield from (f"{release}-{number}" for number in range(int(first) + 1, int(end)))
    else:
        yield from (f"{release}-{number}" for number in (*range(int(first) + 1, 28000), 99999, 999999))
        yield from (f"{fixed_release}-{number}" for number in range(1, int(end)))


EXPECTED_ACTION = {"affected": "upgrade", "indeterminate": "upgrade", "fixed": "none"}

# The names that a record may carry for a column of the table.
ALIASES = {"unix": ["aix", "solaris"], "linux": ["dsva"]}


def around_the_bounds(cell: Cell) -> Iterator[tuple[str, str]]:
    """(version, expected verdict) for both bounds, their neighbours and the far ends."""
    yield f"{cell.line}.0-1", "affected"
    yield shifted(cell.affected_up_to, -1), "affected"
    yield cell.affected_up_to, "affected"
    yield shifted(cell.affected_up_to, +1), "indeterminate"
    yield shifted(cell.fixed_from, -1), "indeterminate"
    yield cell.fixed_from, "fixed"
    yield shifted(cell.fixed_from, +1), "fixed"
    yield f"{cell.line}.9-1", "fixed"


@every_combination(bound=[(cell, *each) for cell in CELLS for each in around_the_bounds(cell)])
def test_each_bound_and_its_neighbours(bound: tuple[Cell, str, str]) -> None:
    cell, version, expected = bound
    verdict = judge(agent(cell.platform, version))
    assert outcome(verdict) == (expected, EXPECTED_ACTION[expected])
    assert verdict.compliant is (expected == "fixed")
    assert verdict.advisory == "KA-0016311"
    assert (verdict.platform, verdict.line, verdict.version) == (cell.platform, cell.line, version)
    assert (verdict.affected_up_to, verdict.fixed_from) == (cell.affected_up_to, cell.fixed_from)


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_every_build_between_the_bounds_is_indeterminate(cell: Cell) -> None:
    answers = {version: outcome(judge(agent(cell.platform, version))) for version in between(cell)}
    wrong = {version: answer for version, answer in answers.items() if answer != ("indeterminate", "upgrade")}
    assert answers and not wrong


@every_combination(
    alias=[
        (name, cell.platform, version)
        for cell in CELLS
        for name in ALIASES.get(cell.platform, [])
        for version, dummy in around_the_bounds(cell)
    ]
)
def test_an_alias_reads_its_column(alias: tuple[str, str, str]) -> None:
    name, column, version = alias
    by_name, by_column = judge(agent(name, version)).as_dict(), judge(agent(column, version)).as_dict()
    assert by_name | {"reason": ""} == by_column | {"reason": ""}


@pytest.mark.parametrize("platform", ["windows", "linux", "unix", "aix", "solaris", "dsva"])
@pytest.mark.parametrize("version", ["10.0.0-1", "10.0.0-2775", "10.0.0-99999", "10.0.1-5"])
def test_10_0_depends_on_the_configuration(platform: str, version: str) -> None:
    verdict = judge(agent(platform, version))
    assert outcome(verdict) == ("conditional", "investigate")
    assert verdict.line == "10.0"
    assert (verdict.affected_up_to, verdict.fixed_from) == (None, None)


@pytest.mark.parametrize("platform", ["windows", "linux", "unix", "aix", "solaris", "dsva"])
@pytest.mark.parametrize("version", ["9.6.0-1", "9.6.2-8888", "9.6.9-99999"])
def test_9_6_is_not_affected(platform: str, version: str) -> None:
    verdict = judge(agent(platform, version))
    assert outcome(verdict) == ("not_affected", "none")
    assert verdict.line == "9.6"
    assert (verdict.affected_up_to, verdict.fixed_from) == (None, None)


@pytest.mark.parametrize("line", ["12.0", "11.0", "10.0", "9.6"])
@pytest.mark.parametrize("rest", ["0-1", "0-2265", "0-2549", "2-8888", "9-99999"])
def test_macos_is_listed_from_20_0_on_only(line: str, rest: str) -> None:
    verdict = judge(agent("macos", f"{line}.{rest}"))
    assert outcome(verdict) == ("not_applicable", "none")
    assert (verdict.affected_up_to, verdict.fixed_from) == (None, None)


@pytest.mark.parametrize("version", ["20.0.0-4726", "20.0.0-5995", "20.0.0-6000", "20.0.0-8453", "20.0.0-9000"])
def test_a_dsva_is_judged_by_the_linux_column_alone(version: str) -> None:
    """Its package range (4726 to 8453) says what may be installed on it, not what is affected."""
    assert judge(agent("dsva", version)).verdict == "fixed"
    assert judge(agent("dsva", version)).platform == "linux"
