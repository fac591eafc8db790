# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Stage verify: read a host until it is verified, or until the time is up.

An agent answers in full only some seconds after its start, Anti-Malware only after a heartbeat.
"""

from __future__ import annotations

from .._advisory import Context, decide, load_advisory, parse_build
from .._messages import joined, message
from .._record import unverified
from .._run import HostRun, StageResult
from .port import Port
from .shared import waits_for_reboot


def verify(port: Port, run: HostRun) -> StageResult:
    """Verified: two sources give a build at or above the target, the verdict is compliant, the agent is healthy."""
    if waits_for_reboot(run):
        return StageResult("verify", "deferred", message("verify_waits_for_reboot"))
    if port.check_mode:
        return StageResult("verify", "nothing", message("nothing_to_verify"))
    settings = run.settings
    advisory = load_advisory(settings["dsa_advisory"])
    context = Context(certificate_replaced=settings["dsa_certificate_replaced"])
    target = parse_build(run.work["target"]) if run.work and run.work.get("target") else None
    started = port.clock()
    while True:
        record = port.read()
        reasons = unverified(record, decide(record, advisory, context), target)
        waited = port.clock() - started
        if not reasons:
            return StageResult("verify", "done", message("verified"), record=record)
        if waited + settings["dsa_verify_interval"] > settings["dsa_verify_timeout"]:
            text = message("not_verified", seconds=round(waited), reasons=joined(reasons))
            return StageResult("verify", "failed", text, record=record)
        port.progress("verify", message("waiting_for_verification", problems=reasons))
        port.sleep(settings["dsa_verify_interval"])
