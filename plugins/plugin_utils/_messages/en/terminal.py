# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Labels and sentences of the report on a terminal, and of progress."""

from __future__ import annotations

SENTENCES: dict[str, str] = {
    # The result
    "terminal_passed": "{advisory} PASSED: {passed} of {hosts} hosts passed",
    "terminal_not_passed": "{advisory} NOT PASSED: {passed} of {hosts} hosts passed",
    "terminal_ready": "{advisory} PASSED: {ready} of {hosts} hosts comply or can be worked on",
    "terminal_not_ready": "{advisory} NOT PASSED: {ready} of {hosts} hosts comply or can be worked on",
    "terminal_not_finished": "This run did not finish",
    "terminal_nothing_to_do": "No host of this run is of the tier that it is about: there was nothing to do",
    "terminal_check_mode": "Check mode: nothing was changed",
    "terminal_errors_one": "1 error of this run",
    "terminal_errors": "{count} errors of this run",
    "terminal_left_out_one": "1 host of the inventory was left out ({why})",
    "terminal_left_out": "{count} hosts of the inventory were left out ({why})",
    "terminal_end_passed": "PASSED. Report: {path}",
    "terminal_end_passed_more": "PASSED. Report: {path} (beside it {others})",
    "terminal_end_not_passed": "NOT PASSED. Report: {path}",
    "terminal_end_not_passed_more": "NOT PASSED. Report: {path} (beside it {others})",
    "terminal_sent": "The report was sent to {to}",
    "terminal_not_sent": "The report was not sent to {to}: {problem}",
    # Counts
    "terminal_count": "{name} {count}",
    "terminal_separator": ", ",
    "terminal_merged": "Made from the reports of {count} runs, which ended from {first} to {last} UTC",
    "terminal_verdicts": "Verdicts: {counts}",
    "terminal_done": "Done: {counts}",
    "terminal_readiness": (
        "For the change window: {would_upgrade} would be upgraded, {would_update} would be updated, "
        "{would_reboot} would reboot, {would_reboot_later} would wait with a reboot, {blocked} blocked, "
        "{silent} silent, {complies} comply"
    ),
    # What the operator should know of the run itself
    "terminal_error": "Error of this run: {text}",
    "terminal_warning": "Warning: {text}",
    "terminal_more_errors": "… and {count} more errors, which the report has",
    "terminal_more_warnings": "… and {count} more warnings, which the report has",
    "terminal_more_waivers": "… and {count} more waivers, which the report has",
    "terminal_waiver_applied": "Waived for {count} ({hosts}): {what}, until {expires}, by {owner}: {reason}",
    "terminal_waiver_expired": "This waiver expired on {expires} and does not apply: {what}, by {owner}: {reason}",
    "terminal_waiver_unused": "No host of this run passes by this waiver: {what}, by {owner}: {reason}",
    "terminal_difference_fixed": "Fixed since {since}: {count} ({hosts})",
    "terminal_difference_newly_affected": "Newly affected since {since}: {count} ({hosts})",
    "terminal_difference_regressed": "Worse than on {since}: {count} ({hosts})",
    "terminal_difference_gone": "In the report of {since} and not in this one: {count} ({hosts})",
    "terminal_difference_new": "New since {since}: {count} ({hosts})",
    # What needs attention
    "terminal_block_one": "{host}: {reason}",
    "terminal_block": "{count} hosts: {reason}",
    "terminal_block_example": "{count} hosts, each with values of its own, for example {host}: {reason}",
    "terminal_hosts_more": "{hosts} … and {count} more",
    "terminal_next": "→ {next}",
    "terminal_more_blocks": "… and {count} more reasons, of {hosts} hosts: the report has all, and -v shows every host",
    "terminal_build_change": "{before} → {after}",
    # Progress
    "progress_tier": (
        "{tier}, batch {batch} of {batches}: {done} of {hosts} hosts done; {elapsed} elapsed; {working}; {host}: {what}"
    ),
    "progress_play": "{done} hosts done; {elapsed} elapsed; {working}; {host}: {what}",
    "progress_working": "{count} in stage {stage}",
    "progress_relays": "Relays",
    "progress_agents": "Agents",
    "progress_stage": "{seconds} s in stage {stage}",
    "progress_plan": "Plan: {parts}",
    "progress_plan_relays": "Relays to work on: {count} ({hosts})",
    "progress_plan_agents": "Agents to work on: {count} ({hosts})",
    "progress_plan_blocked": "blocked for now: {count}, for example {host}: {reason}",
    "progress_plan_nothing": "nothing to do",
    "waiting_for_update": "security update, {seconds} of at most {limit} s: {evidence}",
    "waiting_for_verification": "not verified yet: {problems}",
    "waiting_for_agent": "after the reboot: {problems}",
    "waiting_for_build": "waiting for {target} to run; it has {build}",
    "waiting_for_reboot": "rebooting ({reasons})",
    "waiting_for_installation": "another installation is running there; trying again",
}
