# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The data that the table is made from."""

from __future__ import annotations

import json
import typing as t

from ansible_collections.deep_security.remediation.plugins.plugin_utils._messages import Texts
from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.html import rows
from tests.documents import document, failing, row

FINDING = {
    "code": "agent_silent",
    "values": {"why": "timeout"},
    "message": "English: timeout.",
    "sentence": "finding_agent_silent",
    "fails_gate": True,
}


def host(one: dict[str, t.Any], language: str = "en") -> dict[str, t.Any]:
    """The host as the script has it."""
    data = json.loads(rows.data_block(document([one]), Texts(language)))
    return dict(zip(data["fields"], data["hosts"][0], strict=True))


def test_a_host_that_passes_has_no_evidence() -> None:
    found = host(row())
    assert found["result"] == ["passed", "Passes"]
    assert (found["verdict"], found["platform"], found["done"], found["next"]) == ("Fixed", "Linux", "", "")
    assert found["detail"] == {
        "source": "host", "updated": "Yes", "read_at": "2026-11-27 02:00", "relays": "relay-1",
    }  # fmt: skip


def test_a_host_that_does_not_pass_has_all() -> None:
    check = {"name": "sha2", "result": "fail", "reason": "No.", "remedy": "Do.", "evidence": "KB1", "waived": False}
    one = failing(
        "web-2", done="failed", error="upgrade: no", verdict_before="unknown", version_before="20.0.0-1",
        target="20.0.2-1390", reboot="pending", ready=False, seconds=1.5, stage="upgrade", diagnostics="/tmp/d",
        findings=[FINDING], prechecks=[check, {**check, "waived": True}],
    )  # fmt: skip
    found = host(one)
    assert found["result"] == ["not_passed", "Does not pass"]
    assert found["next"] == "Upgrade the agent with the playbook remediate."
    assert found["reason"] == one["reason"]
    assert found["detail"] == {
        "verdict_before": "Unknown", "version_before": "20.0.0-1", "error": "upgrade: no", "target": "20.0.2-1390",
        "source": "host", "stage": "upgrade", "diagnostics": "/tmp/d", "reboot": "Reboot pending", "updated": "No",
        "ready": "No", "read_at": "2026-11-27 02:00", "seconds": "1.5", "relays": "relay-1",
        "findings": [[True, "English: timeout."]],
        "prechecks": [["sha2", "Failed", "No. Do.", "KB1"], ["sha2", "Waived", "No. Do.", "KB1"]],
        "versions": [["rpm", "20.0.0-4416"], ["dsa_query", "20.0.0-4416"]],
        "services": ["ds_am is stopped"],
        "events": ["The last security update failed at 2026-11-26T21:00:00Z."],
        "manager": ["Anti-Malware Engine Offline"],
        "log": ["AMSP update failed (-24)"],
    }  # fmt: skip


def test_a_waived_host_says_who_answers_for_it() -> None:
    waived = {"for": "verdict", "code": "affected", "reason": "replaced soon", "owner": "Sato", "expires": "2026-12-31"}
    found = host(failing("old", passed=True, waived=[waived]))
    assert found["result"] == ["waived", "Waived"]
    assert found["detail"]["waived"] == ["Affected: replaced soon (Sato, until 2026-12-31)"]


def test_japanese_is_made_from_codes() -> None:
    found = host(failing("web-2", findings=[FINDING]), "ja")
    assert "ビルド" in found["reason"]
    ((fails, text),) = found["detail"]["findings"]
    assert fails
    assert "timeout" in text
    assert "English" not in text


def test_texts_with_values_reach_the_script_as_templates() -> None:
    data = json.loads(rows.data_block(document(), Texts("en")))
    assert data["texts"]["shown"] == "{from} to {to} of {count} hosts"
    assert data["texts"]["field_log"] == "Log"
    assert data["file"] == "report-0123456789abcdef.csv"
