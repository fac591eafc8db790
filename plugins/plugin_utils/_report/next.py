# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""What to do next about a host, by the codes of what keeps it from passing.

Few: hosts with the same are shown together, and their own values stand in the reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .._messages import Message

# What to do → the codes of messages that call for it. A code stands in one of them; a test goes through all codes.
_FOR: Mapping[str, tuple[str, ...]] = {
    "upgrade": (
        "verdict_at_or_below_affected",
        "verdict_between_bounds",
        "verdict_line_not_listed",
    ),
    "update": ("finding_updates_failing", "finding_updates_failing_certificate"),
    "finish_remediation": (
        "finding_remediation_pending",
        "begin_not_noted",
        "note_not_written",
        "update_not_noted",
    ),
    "run_again": ("run_not_finished", "in_no_report", "not_read"),
    "run_without_check": (
        "would_import",
        "would_reboot_first",
        "would_upgrade",
        "would_restart",
        "would_reboot",
        "would_update",
        "parts",
    ),
    "fix_relay_first": (
        "relays_first",
        "relay_failed",
        "relay_unread",
        "relay_not_fixed",
        "relay_not_updated",
        "relay_served_expired",
        "relay_finding",
        "bundle_relay_not_fixed",
        "finding_bundle_relay_not_fixed",
        "verdict_relay_affected",
        "verdict_relay_not_known_good",
        "update_failed_expired",
    ),
    "name_relays": (
        "may_be_relays",
        "relays_left_out",
        "relay_not_in_inventory",
        "no_relay_known",
        "verdict_relays_unknown",
        "finding_manager_disagrees_relay",
        "finding_manager_disagrees_relay_host",
        "finding_manager_disagrees_relay_inventory",
    ),
    "run_relays_whole": (
        "relays_elsewhere",
        "relay_hosts_missing",
        "relay_hosts_of_part",
        "relay_hosts_of_other",
        "relay_hosts_old",
        "relay_way_unpublished",
    ),
    "make_reachable": (
        "unreachable",
        "unreachable_manager",
        "lost",
        "reboot_no_return",
        "reboot_unknown",
        "restart_unknown",
    ),
    "look_at_reading": (
        "not_readable",
        "not_readable_manager",
        "not_judged",
        "agent_not_readable",
        "verdict_no_version",
        "verdict_unreadable_version",
        "verdict_no_platform",
        "verdict_unknown_platform",
        "verdict_no_record",
        "verdict_installation_unknown",
    ),
    "look_at_agent": (
        "verdict_sources_disagree",
        "verdict_source_unreadable",
        "verdict_running_without_package",
        "unverified_one_source",
        "unverified_no_source",
        "unverified_below_target",
        "finding_service_not_running",
        "finding_service_unknown",
        "finding_service_part_not_running",
        "finding_drivers_not_running",
        "finding_anti_malware_offline",
        "finding_anti_malware_offline_windows",
        "finding_anti_malware_unknown",
        "finding_anti_malware_unknown_driver",
        "finding_anti_malware_absent",
        "finding_agent_silent",
        "restart_failed",
        "reboot_agent_not_healthy",
    ),
    "check_note": ("note_unreadable", "finding_note_unreadable"),
    "install_agent": ("agent_lost", "finding_agent_gone", "verdict_not_installed"),
    "activate": ("finding_not_activated", "update_not_activated"),
    "restore_self_protection": (
        "finding_self_protection_off",
        "finding_self_protection_off_unknown",
        "self_protection_not_restored",
        "guard_state",
        "guard_open",
    ),
    "decide_build": ("verdict_line_not_listed_newer",),
    "ask_support": ("update_unfinished",),
    "look_at_failure": (
        "failed_in_this_run",
        "stage_broke",
        "not_staged",
        "installation_failed",
        "repository_lacks",
        "build_not_reached",
        "update_not_started",
        "update_failed",
        "update_not_watched",
    ),
    "fix_failed_first": ("tier_stopped_first_batch", "tier_stopped_budget"),
    "remove_obstacle": ("precheck_stopped", "precheck_failed", "not_imported", "reboot_still_pending"),
    "provide_package": (
        "no_package",
        "no_package_in",
        "not_downloaded",
        "package_checksum_wrong",
        "package_unreadable",
        "package_unseen",
        "signed_by_other",
        "signer_slow",
    ),
    "state_checksum": (
        "package_unverifiable",
        "dpkg_sig_missing",
        "deb_signature_unknown",
        "msi_signature_unknown",
        "signature_not_valid",
        "signature_partial",
    ),
    "set_target": ("no_target", "not_newer", "upgrade_begun_newer"),
    "correct_settings": (
        "not_in_manager",
        "manager_inventory_missing",
        "not_known_to_manager",
        "unusable_platform",
        "relay_same_address",
        "stage_settings",
        "manager_not_read",
        "manager_unreadable",
    ),
    "prepare_controller": ("no_ansible_windows",),
    "upgrade_manager": ("manager_older_line", "manager_below_minimum"),
    "look_at_manager": (
        "manager_did_not_upgrade",
        "finding_manager_disagrees_build",
        "finding_manager_word_old",
        "finding_manager_word_old_never",
        "finding_manager_word_old_future",
    ),
    "upgrade_appliance": ("appliance_by_manager", "appliance_package", "appliance_package_unusable"),
    "allow_reboot": (
        "reboot_comes_first",
        "reboot_never",
        "reboot_time_unknown",
        "reboot_outside_window",
        "reboot_deferred",
        "reboot_deferred_waiting",
        "restart_waits_for_reboot",
        "update_waits_for_reboot",
        "verify_waits_for_reboot",
        "finding_reboot_pending",
    ),
}
NEXT: Mapping[str, str] = {code: what for what, codes in _FOR.items() for code in codes}
CODES = ("nothing", *_FOR)
# A message that is about another one, and the value that this one is.
_ABOUT: Mapping[str, str] = {
    "failed_host_has": "what",
    "msi_not_run": "what",
    "relay_contradicted": "objection",
    "verdict_with_problems": "reason",
    "not_verified": "reasons",
}


def next_of(reasons: Iterable[Message]) -> dict[str, object]:
    """What the first of these calls for; nothing where there is none."""
    for reason in reasons:
        return {"code": _next(reason), "values": {}}
    return {"code": "nothing", "values": {}}


def _next(why: Message) -> str:
    only = _codes(why.values.get("relays")) if why.code == "relays_first" else set()
    if only in ({"may_be_relays"}, {"relay_same_address"}):
        return NEXT[only.pop()]
    about = why.values.get(_ABOUT.get(why.code, ""))
    inner = about[0] if isinstance(about, (list, tuple)) and about else about
    if isinstance(inner, Message):
        return _next(inner)
    return NEXT.get(why.code, "look_at_failure")


def _codes(messages: object) -> set[str]:
    listed = messages if isinstance(messages, (list, tuple)) else ()
    return {each.code for each in listed if isinstance(each, Message)}
