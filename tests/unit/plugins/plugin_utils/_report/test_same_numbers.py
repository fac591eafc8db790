# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever the document, every form of it in every language has the same result and the same counts."""

from __future__ import annotations

import csv
import io
import json
import re
import typing as t
from collections import Counter
from dataclasses import replace
from xml.etree import ElementTree

from hypothesis import example, given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as metrics_of

from ansible_collections.deep_security.remediation.plugins.plugin_utils._messages import LANGUAGES, Texts
from ansible_collections.deep_security.remediation.plugins.plugin_utils._report import Report
from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.formats import FORMATS
from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.html import head, sections
from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.labels import label
from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.terminal import lines
from tests.documents import Row, document, failing, row

WAIVED = [{"for": "verdict", "code": "affected", "reason": "late", "owner": "ops", "expires": "2027-01-31"}]
_Counts = dict[str, int]
# A name that people gave a site or a build can be the one that stands for none.
PLACES: st.SearchStrategy[t.Any] = st.fixed_dictionaries(
    {
        "role": st.sampled_from(["relay", "agent", "manager", None]),
        "platform": st.sampled_from(["linux", "windows", "Windows", "unknown", "Not known", None]),
        "site": st.sampled_from(["tokyo", "No site", "no site", "run", "", None]),
        "ready": st.sampled_from([True, False, None]),
    }
)


def rows_of(host: str) -> st.SearchStrategy[Row]:
    """A host that passes, one that is waived, or one that does not pass."""
    verdicts = st.sampled_from(["affected", "unreachable", "unknown", "indeterminate"])
    bad = verdicts.flatmap(lambda verdict: PLACES.map(lambda place: failing(host, verdict, **place)))
    waived = PLACES.map(lambda place: failing(host, passed=True, waived=WAIVED, **place))
    return st.one_of(PLACES.map(lambda place: row(host, **place)), waived, bad)


_OF_RELAYS: dict[str, t.Any] = {"playbook": "remediate_relays", "left_out": [{"host": "db-1", "why": "role"}]}
NOTHING_TO_DO = replace(Report.from_dict(document([])), check_mode=True, gate_on="readiness", **_OF_RELAYS).as_dict()


@st.composite
def documents(draw: st.DrawFn) -> Row:
    """The document of a report as it could be, of a run that came to its end or did not."""
    count = draw(st.integers(0, 12))
    report = Report.from_dict(document([draw(rows_of(f"web-{number}")) for number in range(count)]))
    check: Row = {"check_mode": True, **draw(st.sampled_from([{"playbook": "remediate"}, _OF_RELAYS]))}
    changes: Row = draw(
        st.sampled_from(
            [{}, {"finished": None}, {"errors": ["no room"]}, _OF_RELAYS, check, {**check, "gate_on": "readiness"}]
        )
    )
    return replace(report, **changes).as_dict()


def _verdicts(made: Row, texts: Texts, text: str) -> _Counts:
    found = {name: label(texts, "verdict_name", name).lower() for name in made["summary"]["verdicts"]}
    return {name: int(match[1]) for name, word in found.items() if (match := re.search(rf"{word} (\d+)", text.lower()))}


def _numbers(text: str) -> set[int]:
    return set(map(int, re.findall(r"\d+", text)))


@given(made=documents())
@example(made=NOTHING_TO_DO)
def test_all_forms_have_the_same_numbers(made: Row) -> None:
    for language in LANGUAGES:
        texts = Texts(language)
        content = {name: form.face(made, texts).decode("utf-8-sig") for name, form in FORMATS.items()}
        _in_text(made, texts, [line.text for line in lines(made, texts, 120)])
        _in_text(made, texts, content["markdown"].replace("\\", "").split("\n"))
        _in_csv(made, content["csv"])
        _in_junit(made, content["junit"])
        _in_openmetrics(made, content["openmetrics"])
        _in_html(made, texts, content["html"])
        assert json.loads(content["json"]) == json.loads(json.dumps(made))


def _in_text(made: Row, texts: Texts, found: list[str]) -> None:
    counts = made["summary"]
    first = next(line for line in found if line)
    word = "terminal_passed" if made["passed"] else "terminal_not_passed"
    assert (texts(word, advisory="", passed="", hosts="").split()[0] in first) or texts.language == "ja"
    shown = counts["passed"] if made["gate_on"] == "compliance" else sum(_holds(made, each) for each in made["hosts"])
    assert {shown, counts["hosts"]} <= _numbers(first)
    assert _verdicts(made, texts, "\n".join(found[:12])) == counts["verdicts"]
    empty = texts("terminal_verdicts", counts="").strip()
    assert not [line for line in found if line.endswith(empty)], "counts of nothing"


def _holds(made: Row, each: Row) -> bool:
    return bool(each["passed"] or (made["gate_on"] == "readiness" and each["ready"]))


def _in_csv(made: Row, content: str) -> None:
    _head, *found = csv.reader(io.StringIO(content))
    passed = Counter(each[1] for each in found)
    assert (passed["true"], passed["false"]) == (made["summary"]["passed"], made["summary"]["not_passed"])


def _in_junit(made: Row, content: str) -> None:
    root = ElementTree.fromstring(content)
    suites = root.findall("testsuite")
    total = {name: sum(int(suite.attrib[name]) for suite in suites) for name in ("tests", "failures", "errors")}
    assert total["tests"] == made["summary"]["hosts"] + 1
    assert total["failures"] == sum(not _holds(made, each) for each in made["hosts"])
    assert made["passed"] == (total["failures"] + total["errors"] == 0)


def _in_openmetrics(made: Row, content: str) -> None:
    families = {family.name.removeprefix("deep_security_remediation_"): family for family in metrics_of(content)}  # type: ignore[no-untyped-call]
    one = {name: sum(sample.value for sample in family.samples) for name, family in families.items()}
    assert one["passed"] == made["passed"]
    assert one["hosts"] == made["summary"]["hosts"]
    for name in ("passed", "not_passed", "waived", "left_out"):
        assert one[f"hosts_{name}"] == made["summary"][name]
    verdicts: _Counts = Counter()
    for sample in families["hosts"].samples:
        verdicts[sample.labels["verdict"]] += int(sample.value)
    assert dict(verdicts) == made["summary"]["verdicts"]


def _in_html(made: Row, texts: Texts, content: str) -> None:
    counts = made["summary"]
    if made["hosts"]:
        (block,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', content, re.DOTALL)
        results = Counter(each[1][0] for each in json.loads(block)["hosts"])
        assert results["passed"] + results["waived"] == counts["passed"]
        assert (results["waived"], results["not_passed"]) == (counts["waived"], counts["not_passed"])
    for chart in sections.charts(made, texts):
        shown = [[int(bar[name]) for name in ("passed", "failed")] for bar in chart["bars"]]
        assert [sum(column) for column in zip(*shown, strict=True)] == [counts["passed"], counts["not_passed"]]
    groups = sections.obstacles(made, texts)["groups"]
    assert sum(len(group["hosts"]) for group in groups) == counts["not_passed"]
    if made["gate_on"] == "readiness" and made["readiness"]:
        assert made["readiness"]["ready"] == made["passed"]
    if made["gate_on"] == "compliance":
        assert (head.state(made) in ("complies", "nothing_to_do")) == made["passed"]
