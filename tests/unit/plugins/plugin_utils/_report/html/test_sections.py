# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts of the page below its top."""

from __future__ import annotations

from ansible_collections.deep_security.remediation.plugins.plugin_utils._messages import Texts
from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.html import sections
from tests.documents import document, failing, fleet, row
from tests.screenshots import states

EN = Texts("en")


def test_hosts_that_do_not_pass_stand_by_what_to_do_next() -> None:
    waived = failing("waived", passed=True, waived=[{"for": "verdict"}])
    hosts = [row("a"), failing("b", "unreachable"), failing("c"), failing("d"), waived]
    found = sections.obstacles(document(hosts), EN)
    assert [(group["hosts_text"], [host["name"] for host in group["hosts"]]) for group in found["groups"]] == [
        ("2 hosts", ["c", "d"]),
        ("1 host", ["b"]),
    ]
    assert found["groups"][0]["step"] == "Upgrade the agent with the playbook remediate."
    # A link opens the host at this place of the data block.
    assert [host["index"] for host in found["groups"][0]["hosts"]] == [2, 3]
    assert found["open"]


def test_a_long_group_is_closed_and_names_a_part() -> None:
    found = sections.obstacles(fleet(2000, 1000), EN)
    assert not found["open"]
    largest = found["groups"][0]
    assert (largest["hosts_text"], len(largest["hosts"])) == ("400 hosts", 200)
    assert largest["more"] == "200 further hosts: see the table below."


def test_no_obstacle_is_not_claimed_where_nothing_was_measured() -> None:
    assert sections.obstacles(document([row()]), EN)["none"] == "Nothing: every host passes."
    assert sections.obstacles(document([]), EN)["none"].startswith("Not known")


def test_progress_shows_the_order_and_what_is_open() -> None:
    hosts = [row("r1", role="relay"), failing("r2", role="relay"), row("a"), row("x", role=None)]
    manager, relays, agents, unknown = sections.progress(document(hosts), EN)
    assert (manager["title"], manager["state"], manager["word"]) == ("Manager", "none", "None known")
    assert (relays["title"], relays["state"], relays["word"]) == ("Relays", "open", "Open: 1")
    assert relays["lines"] == ["1 of 2 pass", "Security update proven: 1 of 2"]
    assert (agents["title"], agents["state"]) == ("Agents", "done")
    assert unknown["title"] == "Role not known"


def test_charts_have_the_largest_first_and_sum_up_the_rest() -> None:
    hosts = [row(f"h-{site}-{number}", site=f"s{site:02}") for site in range(12) for number in range(12 - site)]
    platforms, sites, builds = sections.charts(document([*hosts, failing("x", site=None)]), EN)
    names = [(bar["name"], bar["passed"], bar["failed"]) for bar in sites["bars"]]
    assert names[0] == ("s00", "12", "0")
    assert names[-1] == ("5 others", "10", "1")
    assert len(names) == 9
    assert [(bar["name"], bar["passed"], bar["failed"]) for bar in builds["bars"]] == [
        ("20.0.2-1390", "78", "0"),
        ("20.0.0-4416", "0", "1"),
    ]
    assert platforms["bars"][0]["name"] == "Linux"


def test_what_has_no_site_or_build_is_named() -> None:
    dummy, sites, builds = sections.charts(document([failing("x", "unreachable", site=None)]), EN)
    assert (sites["bars"][0]["name"], builds["bars"][0]["name"]) == ("No site", "Build not known")


def test_readiness() -> None:
    assert sections.readiness(document(), EN) is None
    found = sections.readiness(states.readiness(), EN)
    assert found is not None
    assert found["sentence"].startswith("Not ready")
    assert found["tiles"] == [
        ("Comply already", "6", ""),
        ("Would be upgraded", "17", ""),
        ("Would be updated", "17", ""),
        ("Would reboot", "3", ""),
        ("Reboot would wait", "0", ""),
        ("Blocked", "2", "bad"),
        ("No answer", "1", "bad"),
    ]
    assert found["blocked"] == [("no_package_in", "2")]


def test_difference() -> None:
    assert sections.difference(document(), EN) is None
    found = sections.difference(states.mixed(), EN)
    assert found is not None
    assert found["since"] == "Compared with run 89abcdef01234567 of 2026-11-20 02:04."
    assert [(part["title"], part["count"], part["kind"]) for part in found["parts"]] == [
        ("Fixed since", "22", ""),
        ("Newly affected", "0", ""),
        ("Regressed", "1", "bad"),
        ("Gone", "1", ""),
        ("New", "1", ""),
    ]
    assert found["parts"][2]["hosts"] == ["win-2"]


def test_every_waiver_is_shown_with_its_owner_and_its_end() -> None:
    applied, expired, unused, check = sections.waivers(states.mixed(), EN)
    assert (applied["word"], applied["owner"], applied["expires"]) == ("In force", "K. Sato", "2026-12-31")
    assert (applied["what"], applied["used_by"], applied["used_by_hosts"]) == (
        ["Verdicts: affected"],
        "1 host",
        ["file-old"],
    )
    assert (expired["word"], expired["expires"]) == ("Expired, not applied", "2026-10-31")
    assert (unused["word"], unused["what"]) == ("No host passes by it", ["Findings: reboot_pending"])
    assert (check["hosts"], check["owner"], check["expires"]) == ("All hosts", "Not known", "No end")
    assert check["what"] == ["Pre-checks: root_certificates"]
