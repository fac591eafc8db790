# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.
"""The hosts together: who is a Relay, who depends on whom, who may be touched now and with which package."""

from __future__ import annotations

from .batches import batch_sizes, order, stopped_tier
from .fleet import NAMED, Fleet, same_manager
from .packages import NoPackage, Package, choose, shown, vendor_platforms
from .plan import Plan, PlanEntry, make_plan
from .reboots import RebootRules, asked_by_agent, rules_from
from .targets import target_for, wrong_targets
from .updates import proven_by_other_run, update_proven
from .verification import verify_on_controller
from .work import Tier, Work

__all__ = [
    "NAMED",
    "Fleet",
    "NoPackage",
    "Package",
    "Plan",
    "PlanEntry",
    "RebootRules",
    "Tier",
    "Work",
    "asked_by_agent",
    "batch_sizes",
    "choose",
    "make_plan",
    "order",
    "proven_by_other_run",
    "rules_from",
    "same_manager",
    "shown",
    "stopped_tier",
    "target_for",
    "update_proven",
    "vendor_platforms",
    "verify_on_controller",
    "wrong_targets",
]
