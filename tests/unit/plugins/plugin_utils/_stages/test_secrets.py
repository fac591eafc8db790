# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The password of self-protection goes to the modules that need it, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders import AFFECTED, FIXED, record

from .fake import FAILED, PASSWORD, FakePort, carried, run_of, work

GUARDED = {"dsa_self_protection_password": PASSWORD, "dsa_reboot": "always", "dsa_security_update_timeout": 30}
NEED_IT = {
    "dsa_upgrade install",
    "dsa_upgrade protect",
    "dsa_upgrade restart",
    "dsa_upgrade begin",
    "dsa_upgrade end",
    # The host uses it for the request only after one without it was refused.
    "dsa_security_update start",
    "dsa_security_update diagnose",
}
PLATFORMS = ["linux", "windows"]


def given_to(port: FakePort) -> set[str]:
    made = [call for call in port.calls if not call.startswith("=")]
    return {call for call, options in zip(made, port.options, strict=True) if PASSWORD in str(options)}


def leaks(port: FakePort) -> bool:
    shown = [*port.shown, *(str(result.as_dict()) + result.message.text for result in port.results)]
    return any(PASSWORD in text or PASSWORD.strip() in text for text in shown)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_only_what_lowers_raises_or_packs_gets_the_password(platform: str) -> None:
    port = FakePort(record(AFFECTED, platform), answers={"dsa_security_update look": [FAILED] * 9})
    run = carried(port, run_of(port, settings=GUARDED))
    assert run.failure is not None
    assert run.failure.message.code == "update_unfinished"
    assert given_to(port) == {call for call in port.calls if call in NEED_IT} != set()
    assert not leaks(port)


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("call", ["dsa_upgrade install", "win_package", "reboot", "win_reboot", "copy", "win_copy"])
@pytest.mark.parametrize("answer", [FAILED, KeyError("rc"), RuntimeError("x")])
def test_no_failure_shows_the_password(platform: str, call: str, answer: Any) -> None:
    port = FakePort(record(AFFECTED, platform), answers={call: [answer]})
    carried(port, run_of(port, settings=GUARDED))
    assert not leaks(port)


def test_a_restart_and_what_was_left_off_get_it() -> None:
    note = {"phase": "update_pending", "self_protection": "off"}
    port = FakePort(record(FIXED, note=note))
    carried(port, run_of(port, work(None, FIXED, FIXED), GUARDED))
    assert given_to(port) == {"dsa_upgrade protect", "dsa_security_update start"}
    assert port.guarded


@pytest.mark.parametrize(
    ("settings", "lowered"),
    [
        ({}, False),
        ({"dsa_self_protection": True}, True),
        ({"dsa_self_protection_password": "x"}, True),
        ({"dsa_self_protection_password": "x", "dsa_self_protection": False}, False),
    ],
)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_self_protection_is_lowered_only_where_the_operator_allows_it_or_gives_its_password(
    platform: str, settings: dict[str, Any], lowered: bool
) -> None:
    port = FakePort(record(AFFECTED, platform))
    carried(port, run_of(port, settings=settings), ["upgrade"])
    sent = port.sent("dsa_upgrade install" if platform == "linux" else "dsa_upgrade begin")[0]
    assert sent["self_protection"] is lowered
