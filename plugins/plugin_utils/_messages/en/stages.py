# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""What the stages did to a host, or why they failed."""

from __future__ import annotations

SENTENCES: dict[str, str] = {
    # What the controller lacks
    "no_ansible_windows": (
        "the collection ansible.windows is not on the controller, and Windows hosts need it: ansible-galaxy collection "
        "install ansible.windows. Nothing was changed"
    ),
    "not_downloaded": "{why}",
    "lost": "the host was lost in stage {stage}: {why}; look at it, then run again",
    "stage_settings": "stage {stage} could not be done: {why}",
    "stage_broke": "stage {stage} ended with an unexpected error ({why}); look at the host, then run again",
    "parts": "{parts}",
    # precheck
    "no_precheck_needed": "no pre-check is needed",
    "precheck_passed": "nothing prevents an upgrade",
    "precheck_stopped": "not upgraded, and nothing was changed: {why}",
    "precheck_failed": "not upgraded: {why}",
    "would_import": "would import {files}",
    "would_reboot_first": "would reboot first ({reasons})",
    "imported": "imported {files}",
    "not_imported": "not upgraded: {file} could not be imported: {why}",
    "reboot_still_pending": (
        "not upgraded: the host was rebooted, and a reboot is still pending ({reasons}): remove its cause, or waive "
        "pending_reboot in dsa_precheck_waive"
    ),
    # upgrade
    "no_upgrade_planned": "no upgrade is planned",
    "would_upgrade": "would upgrade {before} to {target} from {source}",
    "would_restart": "would restart the agent {target}",
    "upgraded": "upgraded {before} to {after} from {source}",
    "restarted": "restarted the agent {build}",
    "guarded": "turned on the self-protection of the agent {build}",
    "not_staged": (
        "{file} could not be copied to {folder}: {why}; nothing was changed. See that the folder can be written and "
        "has room, then run again"
    ),
    "begin_not_noted": (
        "not upgraded by the Manager: that an upgrade begins could not be noted on the host: {why}; run again"
    ),
    "repository_lacks": (
        "{command} succeeded and installed nothing: {output}. See that the host's own repository has {target}, and "
        "that its lists are fresh"
    ),
    "installation_failed": "{why}",
    "restart_failed": "the service of the agent could not be restarted: {why}",
    "self_protection_not_restored": (
        "the state of self-protection is {state}, and it could not be turned on: {why}; turn it on in the Manager"
    ),
    "guard_state": "the state of self-protection is {state}; turn it on in the Manager",
    "guard_open": "{what}; {guard}",
    "restart_waits_for_reboot": "the agent waits for a reboot; a restart of its service would not help",
    "failed_host_has": "{what}. The host now has: {build}",
    "manager_did_not_upgrade": "no task of the Manager upgraded the agent: {why}. Look at it in the Manager",
    "note_not_written": "the agent is upgraded, and that could not be noted on the host: {why}; run again",
    "build_not_reached": (
        "the installation reported success, but {seconds} s later {sources}, and the service {service} is {state} "
        "(problems: {problems}); look at the agent's log, then run again"
    ),
    "msi_not_run": "Windows lists this package as installed already, so it was not run. {what}",
    # reboot
    "no_reboot_required": "no reboot is known to be required",
    "would_reboot": "would reboot ({reasons})",
    "rebooted": "rebooted ({reasons})",
    "rebooted_meanwhile": "another run or another person rebooted the host meanwhile ({reasons})",
    "reboot_deferred": "a reboot is required ({reasons}) and deferred: {objection}",
    "reboot_deferred_waiting": (
        "a reboot is required ({reasons}) and deferred: {objection}. Until then the new build is not known to run, so "
        "the security update waits"
    ),
    "reboot_no_return": "the host did not come back from its reboot within {seconds} s: {why}; look at its console",
    "reboot_unknown": (
        "whether the host was rebooted is not known: the connection was lost ({why}), and it does not give the time of "
        "its start. It is not rebooted a second time: look at it, reboot it if it was not, see why its boot time "
        "cannot be read, and run again"
    ),
    "restart_unknown": (
        "the installer began a restart of the host (1641), and whether that is over is not known, as the host does not "
        "give the time of its start. It is not rebooted by this run: look at it, see why its boot time cannot be read, "
        "and run again, which reboots it"
    ),
    "reboot_agent_not_healthy": "the agent is not healthy {seconds} s after the reboot: {problems}",
    "agent_not_readable": "The agent could not be read: {problems}",
    # update
    "would_update": "would request a security update and wait for it",
    "updated": "updated: {evidence}",
    "update_waits_for_reboot": "the security update waits for the reboot",
    "update_not_activated": "the agent is not activated, so no Manager would answer it; activate it and run again",
    "update_not_started": "The security update could not be requested: {why}",
    "update_failed": "The security update failed: {evidence}",
    "update_failed_expired": (
        "The security update failed: {evidence}. Code -24 means that this agent, or the Relay that served it, does not "
        "know the new code-signing certificate: check that every Relay it uses is fixed and updated, then run again"
    ),
    "update_not_noted": (
        "The security update succeeded ({evidence}), and that could not be noted on the host: {why}; run again"
    ),
    "update_unfinished": (
        "The security update does not finish: {evidence}. Follow the vendor's article {article} (linked from "
        "KA-0016311), or contact its support; {diagnostics}"
    ),
    "update_not_watched": "the security update cannot be watched: {why}",
    "diagnostics_kept": "diagnostics are in {path}",
    "diagnostics_on_host": "diagnostics are on the host in {path} ({why})",
    "diagnostics_not_made": "diagnostics were not made: {why}",
    # verify
    "nothing_to_verify": "check mode changed nothing",
    "verified": "verified",
    "verify_waits_for_reboot": "the agent can be verified after the reboot",
    "not_verified": "not verified after {seconds} s: {reasons}",
}
