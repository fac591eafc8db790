# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""JUnit XML by a schema, and that a pipeline is red exactly where the gate does not pass."""

from __future__ import annotations

import typing as t
from pathlib import Path
from xml.etree import ElementTree

import pytest
import xmlschema

from ansible_collections.deep_security.remediation.plugins.plugin_utils._messages import Texts
from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.junit import as_junit
from tests.documents import document, failing, fleet, row

from .whole import whole

XUNIT2 = xmlschema.XMLSchema(str(Path(__file__).with_name("xunit2.xsd")))


def read(made: dict[str, t.Any], language: str = "en") -> ElementTree.Element:
    content = as_junit(made, Texts(language)).decode()
    XUNIT2.validate(content)
    return ElementTree.fromstring(content)


def red(root: ElementTree.Element) -> bool:
    """Whether a pipeline would show it as failed."""
    counts = [int(suite.attrib[name]) for suite in root for name in ("failures", "errors")]
    assert sum(counts) == sum(case.tag in ("failure", "error") for case in root.iterfind("testsuite/testcase/*"))
    return any(counts)


def case(made: dict[str, t.Any], host: str, language: str = "en") -> ElementTree.Element:
    """What is in the test case of a host."""
    (found,) = (case for case in read(made, language).iterfind("testsuite/testcase") if case.get("name") == host)
    assert found[0].tag in ("failure", "error", "skipped")
    return found[0]


@pytest.mark.parametrize(
    ("made", "passed"),
    [
        (document([row()]), True),
        (document(), False),
        (document([]), False),
        (document([row()], finished=None, passed=False), False),
        (document([row()], errors=["no room"], passed=False), False),
        # Whatever the reason is that stands in no host.
        (document([row()], passed=False), False),
        (document([failing("a", ready=True)], gate_on="readiness", passed=True), True),
        (document([failing("a", ready=False)], gate_on="readiness", passed=False), False),
        (document([failing("a", ready=True)]), False),
    ],
    ids=["pass", "fail", "no host", "no end", "error", "other", "ready", "not ready", "compliance of a ready host"],
)
def test_it_is_red_where_the_run_does_not_pass(made: dict[str, t.Any], passed: bool) -> None:
    assert made["passed"] is passed
    assert red(read(made)) is not passed


def test_a_large_fleet_has_a_case_for_each_host() -> None:
    root = read(fleet(300, 30))
    assert sum(int(suite.attrib["tests"]) for suite in root) == 1 + 300
    assert sum(int(suite.attrib["failures"]) for suite in root) == 30
    assert [suite.get("name") for suite in root] == ["run", "fukuoka", "nagoya", "no site", "osaka", "tokyo"]


def test_a_host_is_the_same_case_in_every_run() -> None:
    """Else a pipeline would report it as new each time."""
    before, after = (
        {(c.get("classname"), c.get("name")) for c in read(made).iter("testcase")}
        for made in (
            document([failing("web-1")]),
            document([row("web-1", done="upgraded", stage="verify", seconds=7.0)], run_id="x"),
        )
    )
    assert before == after == {("KA-0016311.run", "gate"), ("KA-0016311.tokyo", "web-1")}


def test_a_failure_has_the_code_the_reason_and_what_to_do() -> None:
    failure = case(document([failing("a", "unreachable")]), "a")
    first, *others = str(failure.text).split("\n")
    assert (failure.tag, failure.get("type"), failure.get("message")) == ("failure", "unreachable", first)
    assert "Make the host reachable" in others[0]
    assert others[1:] == ["verdict: Unreachable"]
    assert "応答なし" in str(case(document([failing("a", "unreachable")]), "a", "ja").text)


def test_a_waived_host_is_skipped_with_who_decided_until_when_and_why() -> None:
    skipped = case(whole(), "waived")
    assert (skipped.tag, skipped.get("type")) == ("skipped", "waived")
    assert skipped.get("message") == "affected: the site is closed (ops, 2027-01-31)"


def test_errors_of_the_run_are_an_error_whole_however_many() -> None:
    error = case(document([row()], errors=["no room", "no light"], passed=False), "gate")
    assert (error.tag, error.get("message"), error.text) == ("error", "no room", "no room\nno light")


def test_what_is_about_no_host_is_the_output_of_the_run() -> None:
    root = read(whole())
    output = str(root.findtext("testsuite/testcase/system-out"))
    for part in ("misspelt", "expired on 2027-01-31", "passes by this waiver", "Fixed since"):
        assert part in output


@pytest.mark.parametrize("seconds", [float("nan"), float("inf"), -1, "x", None, 1e300])
def test_what_is_no_duration_does_not_break_the_file(seconds: object) -> None:
    times = [each.get("time") for each in read(document([row(seconds=seconds)])).iter("testcase")]
    assert times == ["0.0", "0.0"]
