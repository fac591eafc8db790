# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One host in one run: what it is, by everything that was read of it."""

from __future__ import annotations

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._run import Reading
from tests.builders import FIXED, host_run, record


@pytest.mark.parametrize("later", [Reading("read", record(FIXED, relay=False)), Reading("unreachable", why="silent")])
def test_a_relay_that_does_not_listen_any_more_is_still_a_relay(later: Reading) -> None:
    """Its service stops while it is upgraded. As an Agent it would block nobody, and work beside the Agents."""
    host = host_run("r", record(FIXED, relay=True)).with_reading(later)
    assert (host.role, host.goes_first) == ("relay", True)


def test_an_agent_that_listens_by_now_is_a_relay() -> None:
    host = host_run("r", record(FIXED, relay=False)).with_reading(Reading("read", record(FIXED, relay=True)))
    assert host.role == "relay"
