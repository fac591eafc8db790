# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a Relay has updated since the installation that it has now, and whether it is updated once more."""

from __future__ import annotations

import typing as t

import pytest

from tests.builders import (
    FIXED,
    fleet_of,
    host_run,
    plan_of,
    record,
    relay,
)

AGENT = host_run("web1", record())


class TestUpdated:
    """O2: whether a Relay has updated since the installation that it has now."""

    @pytest.mark.parametrize(
        ("note", "installed_at", "updated"),
        [
            ({"phase": "done", "build": FIXED}, None, True),
            ({"phase": "done", "to": FIXED}, None, True),
            ({"phase": "done", "to": "20.0.2.1390"}, None, True),
            ({"phase": "done"}, None, False),
            ({"phase": "done", "build": "20.0.2-1"}, None, False),
            ({"phase": "done", "build": "20.0.2-1", "to": FIXED}, None, False),
            ({"phase": "done", "build": ["x"]}, None, False),
            ({"phase": "update_pending", "build": FIXED}, None, False),
            ({"phase": "done", "to": FIXED, "done_at": "2026-11-20T10:00:00Z"}, "2026-11-20T09:59:00Z", True),
            ({"phase": "done", "to": FIXED, "done_at": "2026-11-20T10:00:00Z"}, "2026-11-21T00:00:00Z", False),
            ({"phase": "done", "to": FIXED, "done_at": "2026-11-20T10:00:00Z"}, "2026-11-20T10:00:00Z", False),
            ({"phase": "done", "to": FIXED, "done_at": "2026-11-20T10:00:00+09:00"}, "2026-11-20T02:00:00Z", False),
            ({"phase": "done", "to": FIXED, "done_at": "soon"}, "2026-11-20T10:00:00Z", False),
            ({"phase": "done", "to": FIXED, "done_at": "2026-11-20T10:00:00Z"}, "long ago", False),
            ({"phase": "done", "to": FIXED}, "2026-11-20T10:00:00Z", True),
        ],
    )
    def test_the_note_counts_for_the_installation_that_it_is_about(
        self, note: dict[str, t.Any], installed_at: str | None, updated: bool
    ) -> None:
        one = relay(record=record(FIXED, relay=True, note=note, installed_at=installed_at))
        assert fleet_of(one).updated(one) is updated
        assert ("relay1" in plan_of(one, AGENT).work) is not updated, "it gets its update again"
        assert ("web1" in plan_of(one, AGENT).work) is updated

    def test_an_update_of_this_run_counts(self) -> None:
        stale = record(FIXED, relay=True, note={"phase": "done", "build": "20.0.2-1"})
        one = relay(record=stale, stages={"update": "done"})
        assert fleet_of(one).updated(one)
        for outcome in ("failed", "deferred", "nothing", "predicted"):
            assert not fleet_of(one).updated(relay(record=stale, stages={"update": t.cast("t.Any", outcome)}))

    def test_a_relay_that_has_the_fix_is_updated_only_when_somebody_waits_for_it(self) -> None:
        made = plan_of(relay(phase=None), AGENT)
        assert (made.work["relay1"].package, made.work["relay1"].target) == (None, None)
        assert made.entries["relay1"].reason == "finish"
        assert plan_of(relay(phase=None), host_run("web1", record(FIXED))).work == {}
        assert "relay1" in plan_of(relay(phase=None), host_run("web1"), scope=["relay1"]).work
        elsewhere = plan_of(relay(phase=None), host_run("web1", record()), scope=["relay1"])
        assert "relay1" in elsewhere.work, "whoever waits may be in another job"
        other_site = host_run("web1", record(), settings={"dsa_relays": []})
        assert set(plan_of(relay(phase=None), other_site).work) == {"web1"}
