# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings of which one value counts for the whole run."""

from __future__ import annotations

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._settings import (
    Settings,
    SettingsErrors,
    for_run,
)


def test_what_hosts_agree_on_counts_for_the_run() -> None:
    hosts = [
        Settings.parse({"dsa_batch": "1,50%", "dsa_reboot": "always"}, "a"),
        Settings.parse({}, "b"),
        Settings.parse({"dsa_batches": [1, "50%"]}, "c"),
    ]
    run = for_run(hosts)
    assert run["dsa_batches"] == [1, "50%"]
    assert not run.is_set("dsa_reboot")
    assert run["dsa_failure_budget"] == 50


def test_hosts_that_contradict_each_other_are_named() -> None:
    hosts = [
        Settings.parse({"dsa_batches": number, "dsa_failure_budget": number}, f"h{number}") for number in (1, 2, 3)
    ]
    with pytest.raises(SettingsErrors) as caught:
        for_run(hosts)
    assert [problem.variable for problem in caught.value.problems] == ["dsa_batches", "dsa_failure_budget"]
    for problem in caught.value.problems:
        assert "on h1 and" in problem.text and "on h2" in problem.text
