# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Ansible keeps of a run, as set_stats makes it; and what is shown of a destination."""

from __future__ import annotations

import pytest

from ansible_collections.deep_security.remediation.plugins.action import dsa_report, dsa_result
from tests.unit.controller import Controller


@pytest.fixture
def reported(controller: Controller) -> Controller:
    """A play with roles of ours that has made its report."""
    controller.inventory({"web1": {"dsa_report_to": [{"url": "https://u:S3CRET@store.example.com/"}]}})
    controller.act(dsa_report)
    return controller


@pytest.mark.parametrize("check", [False, True], ids=["run", "check mode"])
def test_the_result_is_one_of_the_whole_run(reported: Controller, check: bool) -> None:
    result = reported.act(dsa_result, check=check)
    stats = result["ansible_stats"]
    assert (stats["per_host"], stats["aggregate"]) == (False, False)
    assert set(stats["data"]) == {"dsa_result", "dsa_workflow"}
    (unsent,) = stats["data"]["dsa_result"]["sent"]
    assert (stats["data"]["dsa_result"]["hosts"], unsent["ok"]) == (1, False)
    assert (unsent["to"], unsent["problem"]) == ("https://store.example.com/", "the run ended before it was sent")
    assert not result.get("failed")
    assert not result["changed"]


@pytest.mark.parametrize(
    ("outcome", "sentence"),
    [
        ({"results": [{"status": 201}]}, "The report was sent to https://store.example.com/"),
        ({"failed": True, "msg": "no S3CRET"}, "The report was not sent to https://store.example.com/: no ********"),
    ],
)
def test_a_destination_that_fails_is_shown_and_fails_nothing(
    reported: Controller,
    monkeypatch: pytest.MonkeyPatch,
    outcome: dict[str, object],
    sentence: str,
) -> None:
    monkeypatch.setattr(dsa_result, "Display", lambda: reported.shown)
    result = reported.act(dsa_result, destination=0, outcome=outcome)
    assert (result["msg"], result.get("failed", False)) == (sentence, False)
    assert (sentence in reported.shown.lines) == ("failed" in outcome)
    assert result["ansible_stats"]["data"]["dsa_result"]["sent"][0]["ok"] is ("failed" not in outcome)
