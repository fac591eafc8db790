# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the tests of the recovery share: a host to recover, and its recovery."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._fleet import Package
from ansible_collections.deep_security.remediation.plugins.plugin_utils._stages.recover import Recovery
from ansible_collections.deep_security.remediation.plugins.plugin_utils._stages.removal import Stopped
from tests.builders import FIXED, host_run, record

from .fake import PASSWORD, FakePort, package

OFFLINE = {"mode": "on", "driver_offline": True, "engine": None, "patterns": []}
ONLINE = {"mode": "on", "driver_offline": False, "engine": "12.5", "patterns": []}
GUARDED = {"dsa_self_protection_password": PASSWORD}
REINSTALLED = {"phase": "update_pending", "reinstalled": "2026-11-23T01:00:00Z"}
QUICK = {"dsa_verify_timeout": 20, "dsa_security_update_timeout": 15, "dsa_diagnostics": False}


def host(platform: str = "windows", **state: Any) -> FakePort:
    """A host whose Anti-Malware is offline, until its agent is installed anew."""
    port = FakePort({**record(FIXED, platform, product_code="{1}", anti_malware=OFFLINE), **state})

    def installed(port: FakePort) -> Any:
        port.state.update(anti_malware=ONLINE, activated=False, product_code="{2}")
        return port._win_package({"state": "present"})

    port.answers["win_package"] = [lambda port: port._win_package({"state": "absent"}), installed]
    if state.get("installed") is False or not state.get("product_code", True):
        del port.answers["win_package"][0]
    return port


def recovery(port: FakePort, settings: Any = None, **more: Any) -> Recovery:
    arguments = {"manager_part": "operator", "deleted_in_manager": True, "relay": False, **more}
    run = host_run(settings={"dsa_activation": ["-a", "dsm://dsm:4120/"], **QUICK, **(settings or {})})
    chosen = Package(**package())
    return Recovery(port, run, lambda record: chosen, **arguments)


def stopped(port: FakePort, settings: Any = None, **more: Any) -> str:
    with pytest.raises(Stopped) as caught:
        recovery(port, settings, **more).recover()
    return str(caught.value)
