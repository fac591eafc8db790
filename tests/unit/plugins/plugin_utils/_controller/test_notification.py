# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWX sends, rendered with the result of a run and without one."""

from __future__ import annotations

import json
from typing import Any

from jinja2 import ChainableUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from ansible_collections.deep_security.remediation.plugins.plugin_utils._controller.notification import messages

RESULT = {
    "hosts": 13,
    "not_passed": 3,
    "reasons": [
        {"count": 2, "text": 'the "agent" is affected', "code": "affected", "hosts": ["a", "b"]},
        {"count": 1, "text": "silent", "code": "unreachable", "hosts": ["c"]},
    ],
    "errors": [],
}


def rendered(kind: str, part: str, **artifacts: Any) -> str:
    text = messages(kind)["error"][part]
    job = {"name": "gate", "id": 7, "status": "failed", "artifacts": artifacts}
    environment = ImmutableSandboxedEnvironment(undefined=ChainableUndefined)
    return str(environment.from_string(text).render(job=job, url="https://awx/#/7"))


def test_the_counts_and_the_first_reasons_are_in_it() -> None:
    sentence = "gate #7: failed, 3 of 13 hosts do not pass"
    assert rendered("email", "message", dsa_result=RESULT) == f"{sentence} https://awx/#/7"
    body = rendered("email", "body", dsa_result=RESULT)
    reasons = ['2 hosts, for example a: the "agent" is affected', "c: silent"]
    assert body.splitlines() == [sentence, *reasons, "https://awx/#/7"]


def test_a_webhook_gets_an_object_of_json() -> None:
    body = json.loads(rendered("webhook", "body", dsa_result=RESULT))
    assert (body["text"], body["result"]) == ("gate #7: failed, 3 of 13 hosts do not pass", RESULT)


def test_a_job_that_left_no_result_is_named_all_the_same() -> None:
    assert rendered("email", "message") == "gate #7: failed https://awx/#/7"
    assert json.loads(rendered("webhook", "body"))["result"] == {}
