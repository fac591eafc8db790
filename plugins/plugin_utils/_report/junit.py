# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.
"""The report as JUnit XML for pipelines, in the form that Jenkins calls xunit2: a test case for each host.

Suites are sites: a host stays in the same one from run to run, so that a pipeline can compare it with the last run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

from .._messages import Texts
from .._text import clean, one_line
from . import notes
from .blocks import settled
from .document import Document, Row
from .labels import label, next_step, reason
from .terminal import sentence

_LONGEST = 4000


def as_junit(document: Document, texts: Texts) -> bytes:
    """A case fails exactly where the run does not pass: also a run without hosts, with errors, or without an end."""
    sites: dict[str, list[Element]] = {}
    for row in document["hosts"]:
        site = _line(row["site"] or "no site")
        sites.setdefault(site, []).append(_host(row, site, document, texts))
    failed = any(case.find("failure") is not None for cases in sites.values() for case in cases)
    root = Element("testsuites", name=_line(document["advisory"]))
    for name, cases in [("run", [_run(document, texts, failed)]), *sorted(sites.items())]:
        found = Counter(child.tag for case in cases for child in case)
        suite = SubElement(root, "testsuite", name=name, tests=str(len(cases)), skipped=str(found["skipped"]))
        suite.attrib.update(failures=str(found["failure"]), errors=str(found["error"]))
        suite.attrib.update({"timestamp": _line(document["started"])} if document["started"] else {})
        suite.extend(cases)
    content: bytes = tostring(root, "utf-8", xml_declaration=True)
    return content + b"\n"


def _host(row: Row, site: str, document: Document, texts: Texts) -> Element:
    case = _case(document, site, row["host"], row["seconds"])
    if not settled(row, document["gate_on"]):
        verdict = f"{texts('format_csv_verdict')}: {label(texts, 'verdict_name', row['verdict'])}"
        _add(case, "failure", row["reason_code"], [reason(texts, row), next_step(texts, row), verdict])
    elif row["waived"]:
        _add(case, "skipped", "waived", [notes.waived(row)])
    return case


def _run(document: Document, texts: Texts, failed: bool) -> Element:
    """What is about no single host."""
    result = sentence(document, texts)
    case = _case(document, "run", document["playbook"] or "run", 0)
    if document["errors"]:
        _add(case, "error", "run_error", document["errors"])
    elif document["finished"] is None or (not document["passed"] and not failed):
        _add(case, "error", "not_passed", [result])
    lines = [result, *map(str, document["warnings"]), *notes.waivers(document, texts)]
    SubElement(case, "system-out").text = clean("\n".join([*lines, *notes.difference(document, texts)]))
    return case


def _case(document: Document, site: str, name: object, seconds: object) -> Element:
    # What is no number of seconds would make a reader refuse the whole file.
    known = isinstance(seconds, (int, float)) and 0 <= seconds < 1e9
    classname = f"{_line(document['advisory'])}.{site}"
    return Element("testcase", classname=classname, name=_line(name), time=f"{seconds if known else 0:.1f}")


def _add(case: Element, tag: str, kind: object, lines: Sequence[object]) -> None:
    added = SubElement(case, tag, type=_line(kind), message=_line(lines[0]))
    added.text = clean("\n".join(map(str, filter(None, lines))), _LONGEST)


def _line(value: object) -> str:
    return one_line(value) or "-"  # no reader knows what to do with a case without a name
