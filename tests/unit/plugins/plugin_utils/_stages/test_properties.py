# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever fails or is lost on the way: a run ends, claims nothing that was not seen, and leaves no host unguarded."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.deep_security.remediation.plugins.plugin_utils._run import HostRun, StageResult
from ansible_collections.deep_security.remediation.plugins.plugin_utils._stages import HostLost
from tests.builders import AFFECTED, FIXED, record

from .fake import FAILED, FakePort, carried, run_of, work

FAULTS = ["failed", "lost", "raised", "done and lost", "done and failed", "empty"]
SETTINGS = {
    "dsa_self_protection": True,
    "dsa_reboot": "if_required",
    "dsa_security_update_timeout": 30,
    "dsa_verify_timeout": 20,
    "dsa_service_timeout": 10,
    "dsa_upgrade_timeout": 60,
}
UNREAD: dict[str, Any] = {"installed": None, "platform": None, "versions": {}, "problems": [], "service": None}


class Faulty(FakePort):
    """A host of which some calls go wrong, before or after what they do. faults: number of a call → fault."""

    faults: dict[int, str]
    lowers: bool

    def _call(self, call: str, options: Any, own: Any) -> Any:
        fault = self.faults.get(len(self.options))

        def answer() -> Any:
            # A module that dies in the middle leaves self-protection lowered, and says so in its note.
            if call in ("dsa_upgrade install", "dsa_upgrade begin") and fault and self.lowers:
                self.lower()
            elif fault in (None, "done and lost", "done and failed"):
                result = own()
                if fault is None:
                    return result
            if fault in ("lost", "done and lost"):
                raise HostLost("gone")
            if fault == "raised":
                raise RuntimeError("a defect")
            if call == "dsa_info":
                return dict(UNREAD)
            return {} if fault == "empty" else dict(FAILED)

        return super()._call(call, options, answer)


def ended(port: FakePort, run: HostRun) -> list[StageResult]:
    """The results; each claim is compared with what is true of the host at that moment."""
    carried(port, run)
    failed = [result for result in port.results if result.failed]
    assert failed in ([], port.results[-1:])
    return port.results


def claims(port: FakePort, results: list[StageResult]) -> None:
    done = {result.stage for result in results if result.outcome == "done"}
    if "upgrade" in done:
        assert port.state["version"] == FIXED
    if "update" in done:
        assert port.updated
    if "verify" in done:
        assert set(port.state["versions"].values()) == {FIXED}
        assert port.guarded
        assert port.state["service"]["state"] == "running"
        assert (port.state["remediation"] or {}).get("phase") == "done"
    noted = (port.state["remediation"] or {}).get("self_protection") == "off"
    assert port.guarded or noted, "a later run would not know that self-protection is off"


@pytest.mark.parametrize("platform", ["linux", "windows"])
@given(
    faults=st.dictionaries(st.integers(0, 25), st.sampled_from(FAULTS), max_size=5),
    lowers=st.booleans(),
    origin=st.sampled_from(["directory", "repository", "task", None]),
    code=st.sampled_from([0, 3010, 1618, 1603]),
    build=st.sampled_from([AFFECTED, FIXED]),
)
def test_a_run_ends_and_claims_only_what_is_so(
    platform: str, faults: dict[int, str], lowers: bool, origin: str | None, code: int, build: str
) -> None:
    wanted = "directory" if platform == "windows" and origin == "repository" else origin
    start = record(build, platform, note={"phase": "update_pending"})
    port = Faulty(start, faults=faults, lowers=lowers, msi_code=code)
    run = run_of(port, work(wanted, FIXED if wanted or build == FIXED else None, build), SETTINGS)
    claims(port, ended(port, run))
