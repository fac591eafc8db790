# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The hosts together: who is a Relay, who depends on whom, who may be touched now and with which package."""

from __future__ import annotations

from .findings import PENDING, Finding, find, out_of_date, unverified
from .hosts import PLAN, REGISTERED, SOURCES, VARIABLES, Fleet, Host, same_manager
from .packages import Package, choose, shown, vendor_platforms
from .plan import Plan, Work, make_plan
from .reboots import POLICIES, RebootRules, asked_by_agent, rules_from
from .settings import SettingsError, flag_of, names_of, target_for

__all__ = [
    "PENDING",
    "PLAN",
    "POLICIES",
    "REGISTERED",
    "SOURCES",
    "VARIABLES",
    "Finding",
    "Fleet",
    "Host",
    "Package",
    "Plan",
    "RebootRules",
    "SettingsError",
    "Work",
    "asked_by_agent",
    "choose",
    "find",
    "flag_of",
    "make_plan",
    "names_of",
    "out_of_date",
    "rules_from",
    "same_manager",
    "shown",
    "target_for",
    "unverified",
    "vendor_platforms",
]
