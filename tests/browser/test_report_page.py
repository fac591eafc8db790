# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The HTML report in a browser, as its readers use it."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.documents import NASTY, document, failing, fleet, row
from tests.screenshots.states import STATES

CONTRAST = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")


def hosts(tab: Page) -> list[str]:
    """The hosts that the table shows, in its order."""
    return tab.locator("#rows button.host").all_text_contents()


def test_sorts_by_every_column(opened: Open) -> None:
    tab = opened(document([row("web-10"), row("web-9", site="osaka"), failing("web-1", version="20.0.0-999")]))
    # Hosts that do not pass come first.
    assert hosts(tab) == ["web-1", "web-10", "web-9"]
    head = tab.locator("th[data-column=host]")
    head.get_by_role("button").click()
    assert (hosts(tab), head.get_attribute("aria-sort")) == (["web-1", "web-9", "web-10"], "ascending")
    head.get_by_role("button").click()
    assert (hosts(tab), head.get_attribute("aria-sort")) == (["web-10", "web-9", "web-1"], "descending")
    for column in tab.locator("th[data-column]").all():
        column.get_by_role("button").click()
        assert column.get_attribute("aria-sort") == "ascending"
        assert tab.locator("th[data-column][aria-sort=ascending], th[data-column][aria-sort=descending]").count() == 1
    tab.locator("th[data-column=site] button").click()
    assert hosts(tab)[0] == "web-9"
    tab.locator("th[data-column=build] button").click()
    assert hosts(tab)[0] == "web-1"


def test_finds_and_filters(opened: Open) -> None:
    tab = opened(STATES["mixed"]())
    everything = len(hosts(tab))
    tab.get_by_label("Result").select_option("Does not pass")
    assert len(hosts(tab)) == 7
    tab.get_by_label("Platform").select_option("Windows")
    assert sorted(hosts(tab)) == ["win-1", "win-2", "win-3", "win-4"]
    expect(tab.locator("#shown")).to_have_text(f"1 to 4 of 4 hosts found, {everything} in all")
    tab.get_by_role("searchbox").fill("DIGICERT win-3")
    assert hosts(tab) == ["win-3"]
    tab.get_by_role("searchbox").fill("nowhere")
    assert hosts(tab) == []
    expect(tab.locator("#shown")).to_have_text(f"No host matches, {everything} in all")
    tab.get_by_role("button", name="Reset").click()
    assert len(hosts(tab)) == everything
    expect(tab.get_by_role("searchbox")).to_have_value("")


def test_a_site_that_is_not_known_can_be_chosen(opened: Open) -> None:
    tab = opened(document([row("a"), row("b", site=None)]))
    tab.get_by_label("Site").select_option(label="—")
    assert hosts(tab) == ["b"]


def test_evidence_is_one_click_away(opened: Open) -> None:
    tab = opened(STATES["mixed"]())
    button = tab.get_by_role("button", name="sol-1")
    button.click()
    assert button.get_attribute("aria-expanded") == "true"
    shown = tab.locator(f"#{button.get_attribute('aria-controls')}").inner_text()
    for expected in (
        "is affected (linux",
        "solaris",
        "rpm 20.0.0-4416",
        "ds_am is stopped",
        "AMSP update failed (-24)",
        "Anti-Malware Engine Offline",
    ):
        assert expected in shown
    button.click()
    assert tab.locator("tr.detail").count() == 0


def test_a_host_of_a_group_is_opened_in_the_table(opened: Open) -> None:
    tab = opened(fleet(400, 40))
    tab.get_by_label("Result").select_option("Passes")
    tab.locator("details.group a", has_text="host-00349").click()
    button = tab.get_by_role("button", name="host-00349")
    expect(button).to_be_focused()
    expect(button).to_be_in_viewport()
    assert tab.locator("tr.detail").count() == 1


def test_a_group_is_shown_in_the_table(opened: Open) -> None:
    tab = opened(STATES["mixed"]())
    tab.locator("details.group", has_text="win-1").get_by_role("button").click()
    assert hosts(tab) == ["win-1", "win-3", "win-4"]


def test_exports_what_is_shown(opened: Open) -> None:
    rows = [row(nasty, site=nasty) for nasty in (*NASTY[:-1], "\uff1dSUM(A1)", " =1+1", "\n@SUM(A1)")]
    tab = opened(document([*rows, failing("web-2"), row("経理サーバー")]))
    tab.get_by_label("Result").select_option("Passes")
    tab.locator("th[data-column=host] button").click()
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Export as CSV").click()
    assert download.value.suggested_filename == "report-0123456789abcdef.csv"
    content = download.value.path().read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.count(b"\r\n") == len(rows) + 2
    head, *lines = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    assert head[:4] == ["Host", "Result", "Verdict", "Build"]
    assert [line[0].removeprefix("'") for line in lines] == hosts(tab)
    assert "経理サーバー" in [line[0] for line in lines]
    # What a spreadsheet would compute.
    assert not [cell for line in lines for cell in line if cell.strip()[:1] in tuple("=+-@\uff1d\uff0b\uff0d\uff20")]


def test_keyboard_alone_is_enough(opened: Open) -> None:
    tab = opened(STATES["mixed"]())
    tab.keyboard.press("Tab")
    expect(tab.get_by_role("link", name="Skip to the hosts")).to_be_focused()
    tab.keyboard.press("Enter")
    tab.keyboard.press("Tab")
    expect(tab.get_by_role("searchbox")).to_be_focused()
    tab.keyboard.type("sol-1")
    for dummy in range(18):
        tab.keyboard.press("Tab")
        if tab.evaluate("document.activeElement.className") == "host":
            break
    tab.keyboard.press("Enter")
    assert tab.locator("tr.detail").count() == 1
    expect(tab.get_by_role("button", name="sol-1")).to_be_focused()
    assert tab.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_ten_thousand_hosts(opened: Open) -> None:
    tab = opened(fleet())
    expect(tab.locator("#shown")).to_have_text("1 to 50 of 10,000 hosts")
    assert len(hosts(tab)) == 50
    expect(tab.get_by_role("button", name="Previous")).to_be_disabled()
    tab.get_by_role("button", name="Next", exact=True).click()
    expect(tab.locator("#shown")).to_have_text("51 to 100 of 10,000 hosts")
    tab.get_by_role("searchbox").fill("host-09999")
    assert hosts(tab) == ["host-09999"]
    expect(tab.get_by_role("button", name="Next", exact=True)).to_be_disabled()


def test_texts_of_hosts_do_nothing(opened: Open) -> None:
    rows = []
    for nasty in NASTY:
        evidence = failing("x")["evidence"] | {"log": [nasty], "manager": [nasty], "versions": {nasty: nasty}}
        finding = {"code": nasty, "values": {}, "message": nasty, "sentence": nasty, "fails_gate": True}
        same = {"site": nasty, "reason": nasty, "error": nasty}
        rows.append(failing(nasty, evidence=evidence, findings=[finding], **same))
    tab = opened(document(rows, title=NASTY[0], errors=NASTY, warnings=NASTY))
    for button in tab.locator("#rows button.host").all():
        button.click()
    assert tab.locator("tr.detail").count() == len(NASTY)
    assert hosts(tab)[0] == NASTY[0]
    # The page has no element of these kinds but its own two scripts.
    assert tab.locator("img, iframe, b, script").count() == 2
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_without_javascript_the_essentials_are_there(opened: Open) -> None:
    tab = opened(STATES["mixed"](), java_script_enabled=False)
    expect(tab.get_by_text("7 of 42 hosts do not pass.")).to_be_visible()
    expect(tab.locator("noscript p")).to_contain_text("JavaScript is off")
    expect(tab.locator("details.group a", has_text="win-3")).to_be_visible()
    expect(tab.locator(".charts")).to_be_visible()
    expect(tab.locator(".waivers")).to_be_visible()
    expect(tab.locator("section.hosts")).to_be_hidden()


def test_on_paper_the_table_has_reasons_and_ends(opened: Open) -> None:
    tab = opened(fleet(2000, 400), color_scheme="dark")
    tab.emulate_media(media="print")
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert len(hosts(tab)) == 300
    expect(tab.locator("#shown")).to_have_text("1 to 300 of 2,000 hosts")
    expect(tab.locator("#rows tr").first).to_contain_text("is affected")
    expect(tab.get_by_role("button", name="Export as CSV")).to_be_hidden()
    # Paper is white, whatever the screen is.
    assert tab.evaluate("getComputedStyle(document.body).color") == "rgb(23, 32, 42)"
    tab.evaluate("dispatchEvent(new Event('afterprint'))")
    assert len(hosts(tab)) == 50


@pytest.mark.parametrize("state", [name for name in STATES if name != "fleet"])
def test_every_text_can_be_read(opened: Open, state: str) -> None:
    tab = opened(STATES[state]())
    for button in tab.locator("#rows button.host").all()[:2]:
        button.click()
    assert tab.evaluate(CONTRAST) == []
    tab.emulate_media(color_scheme="dark")
    assert tab.evaluate(CONTRAST) == []


@pytest.mark.parametrize("language", ["en", "ja"])
def test_nothing_is_wider_than_the_window(opened: Open, language: str) -> None:
    tab = opened(STATES["mixed"](), language)
    tab.locator("#rows button.host").first.click()
    for width in (360, 800, 1280):
        tab.set_viewport_size({"width": width, "height": 800})
        assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_nothing_moves_while_it_opens(opened: Open) -> None:
    tab = opened(fleet(2000, 400))
    moved = """new Promise((resolve) => {
      new PerformanceObserver((list) => resolve(list.getEntries().length))
        .observe({ type: "layout-shift", buffered: true });
      requestAnimationFrame(() => requestAnimationFrame(() => resolve(0)));
    })"""
    assert tab.evaluate(moved) == 0
