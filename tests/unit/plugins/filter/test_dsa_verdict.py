# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The decision as users call it: a filter and a test."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.deep_security.remediation.plugins.filter.dsa_verdict import dsa_verdict
from ansible_collections.deep_security.remediation.plugins.test.dsa_compliant import dsa_compliant

AFFECTED = {"platform": "windows", "version": "20.0.0-5995"}
FIXED = {"platform": "windows", "version": "20.0.0-6313"}
CONTRADICTED = {**FIXED, "versions": {"registry": "20.0.0-6313", "dsa_query": None}}


@pytest.mark.parametrize(
    ("record", "verdict", "compliant"),
    [(AFFECTED, "affected", False), (FIXED, "fixed", True), (CONTRADICTED, "unknown", False)],
)
def test_a_record_and_its_verdict(record: dict[str, Any], verdict: str, compliant: bool) -> None:
    found = dsa_verdict(record)
    assert (found["verdict"], found["compliant"]) == (verdict, compliant)
    assert dsa_compliant(record) is compliant
    assert dsa_compliant(found) is compliant


@pytest.mark.parametrize(("word", "verdict"), [("true", "mitigated"), ("false", "affected"), (False, "affected")])
def test_a_text_is_a_truth_value(word: Any, verdict: str) -> None:
    assert dsa_verdict(AFFECTED, certificate_replaced=word)["verdict"] == verdict


@pytest.mark.parametrize(
    ("context", "words"),
    [
        ({"relays": 5}, "relays is 5; give a list"),
        ({"relays": "relay1"}, "relays is 'relay1'; give a list"),
        ({"relays": {}}, "relays is {}; give a list"),
        ({"certificate_replaced": "perhaps"}, "perhaps"),
        ({"advisory": "KA-9999999"}, "KA-9999999"),
    ],
)
def test_a_wrong_argument_is_an_error_of_the_filter(context: dict[str, Any], words: str) -> None:
    with pytest.raises(AnsibleFilterError, match=words):
        dsa_verdict(AFFECTED, **context)
