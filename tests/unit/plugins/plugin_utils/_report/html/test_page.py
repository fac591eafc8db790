# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page is whole, harmless, and needs nothing but itself."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._messages import Texts
from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.html.page import page
from tests import report_schema
from tests.documents import NASTY, document, failing, fleet, row
from tests.screenshots.states import STATES

EN = Texts("en")
# Attributes that load something. A link (a, href) is for a person to follow.
LOADING = {"src", "srcset", "data", "poster", "background", "action", "formaction", "ping", "manifest"}


class Reader(HTMLParser):
    """What a page consists of: elements with their attributes, and the content of scripts and styles."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.inside = ""
        self.inlined: dict[str, list[str]] = {}
        self.feed(content.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self.inside = tag

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside in ("script", "style"):
            self.inlined.setdefault(self.inside, []).append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        """The attributes of every element of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]

    def policy(self) -> str:
        """The Content-Security-Policy."""
        return next(each["content"] for each in self.all("meta") if each.get("http-equiv"))


def hashed(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@pytest.mark.parametrize("state", [name for name in STATES if name != "fleet"])
def test_every_state_has_a_page_in_which_no_text_is_missing(state: str) -> None:
    report = report_schema.check(STATES[state]())
    for language in ("en", "ja"):
        text = page(report, Texts(language)).decode()
        assert f'<html lang="{language}">' in text
        # What Texts returns for a code without a sentence, or a sentence without a value.
        assert not re.findall(r"(?:page|next|verdict_name|role|platform|done)_\w+ (?:\{|&#39;)", text)


def test_only_its_own_script_and_styles_may_run() -> None:
    reader = Reader(page(document(), EN))
    data, script = reader.inlined["script"]
    policy = dict(rule.split(" ", 1) for rule in reader.policy().split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == hashed(script)
    assert policy["style-src"].split() == [hashed(style) for style in reader.inlined["style"]]
    assert "unsafe" not in reader.policy()
    assert json.loads(data)["hosts"]


def test_nothing_is_loaded() -> None:
    reader = Reader(page(document(), EN))
    for tag, attributes in reader.elements:
        assert tag not in ("link", "img", "iframe", "object", "embed", "base")
        assert not LOADING & set(attributes), tag
        assert not [name for name in attributes if name == "style" or name.startswith("on")], tag
        if tag != "a":
            assert attributes.get("href", "#").startswith("#")
    style = re.sub(r"/\*.*?\*/", "", "".join(reader.inlined["style"]), flags=re.DOTALL)
    assert not re.search(r"url\((?!#)|@import|https?:", style)
    assert not re.search(r"innerHTML|insertAdjacent|document\.write|eval|fetch|import\(", reader.inlined["script"][1])


@pytest.mark.parametrize("nasty", NASTY, ids=range(len(NASTY)))
def test_no_text_becomes_markup_wherever_it_stands(nasty: str) -> None:
    usual = Reader(page(filled("plain"), EN))
    content = page(filled(nasty), EN)
    reader = Reader(content)
    assert [tag for tag, dummy in reader.elements] == [tag for tag, dummy in usual.elements]
    assert reader.policy() == usual.policy()
    data = reader.inlined["script"][0]
    assert not set("<>&\u2028\u2029") & set(data)
    json.loads(data)
    assert len(content) < 300_000
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e]", content.decode())


def test_only_https_is_linked() -> None:
    assert 'href="https://example.org/a"' in page(document(source="https://example.org/a"), EN).decode()
    text = page(document(source="javascript:alert(1)"), EN).decode()
    assert not [each for each in Reader(text.encode()).all("a") if not each["href"].startswith("#")]


def test_a_large_fleet_fits() -> None:
    hosts = fleet()
    log = ["x" * 300] * 12
    for each in hosts["hosts"]:
        if not each["passed"] and each["evidence"]:
            each["evidence"]["log"] = log
    assert len(page(hosts, EN)) < 15_000_000


def test_title_names_the_result_even_where_no_advisory_was_read() -> None:
    assert "<title>KA-0016311: Does not comply, 2026-11-27</title>" in page(document(), EN).decode()
    begun = document(advisory="", finished=None, passed=False)
    assert "<title>Deep Security remediation: Not finished, 2026-11-27</title>" in page(begun, EN).decode()


def test_without_hosts_there_is_no_script() -> None:
    assert not Reader(page(document([]), EN)).all("script")


def filled(text: str) -> dict[str, object]:
    """A report with the text in each field that holds any."""
    finding = {"code": text, "values": {"why": text}, "message": text, "sentence": text, "fails_gate": True}
    check = {"name": text, "result": text, "reason": text, "remedy": text, "evidence": text, "waived": False}
    evidence = {
        "versions": {text: text},
        "services": [{"name": text, "state": text}],
        "problems": [{"source": text, "text": text}],
        "events": [{"code": text, "values": {}}],
        "manager": [text],
        "log": [text],
    }
    waived = {"for": "verdict", "code": text, "reason": text, "owner": text, "expires": text}
    host = failing(
        text,
        role=text, source=text, platform=text, os=text, site=text, relays=[text], verdict=text, version=text,
        verdict_before="x", version_before="x", target=text, done=text, next={"code": text, "values": {text: text}},
        reason=text, reasons=[{"code": text, "values": {"a": text}}], error=text, stage=text, reboot=text,
        read_at=text, findings=[finding], prechecks=[check], diagnostics=text, evidence=evidence, waived=[waived],
    )  # fmt: skip
    waiver = {
        "kind": "gate", "hosts": text, "verdicts": [text], "findings": [text], "checks": [text], "reason": text,
        "owner": text, "expires": text, "state": text, "used_by": [text],
    }  # fmt: skip
    return document(
        [host, row(text)],
        advisory=text, title=text, source=text, run_id=text, playbook=text, limit=text, dsa_hosts=text, change_id=text,
        collection_version=text, core_version=text, gate_on=text, errors=[text], warnings=[text],
        started_by={"user": text, "awx_job": text, "awx_job_name": text, "awx_user": text},
        left_out=[{"host": text, "why": text}], waivers=[waiver],
        merged_from=[{
            "run_id": text, "playbook": text, "check_mode": False, "started": text, "finished": text, "passed": True,
            "limit": text,
        }],
        difference={
            "baseline": {"run_id": text, "started": text, "finished": text}, "fixed": [text],
            "newly_affected": [text], "regressed": [text], "gone": [text], "new": [text],
        },
        readiness={
            "complies": 0, "would_upgrade": 0, "would_update": 0, "would_reboot": 0, "would_reboot_later": 0,
            "silent": 0, "blocked": {text: 1}, "ready": False,
        },
    )  # fmt: skip
