# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Reasons of verdicts (verdict_…), findings about an agent (finding_…), and the parts that they are made of."""

from __future__ import annotations

SENTENCES: dict[str, str] = {
    # Reasons of verdicts
    "verdict_at_or_above_fixed": "{build} has the fix ({platform} builds from {fixed_from} on).",
    "verdict_at_or_below_affected": (
        "{build} is affected ({platform} builds up to {affected_up_to}); upgrade to {fixed_from} or later."
    ),
    "verdict_between_bounds": (
        "{build} is in neither list: {platform} builds up to {affected_up_to} are affected, builds from {fixed_from} "
        "on have the fix; upgrade to {fixed_from} or later to be safe."
    ),
    "verdict_line_not_listed": (
        "{advisory} does not list line {line} on {platform}; upgrade to a fixed build to be safe."
    ),
    "verdict_line_not_listed_newer": (
        "{advisory} does not list line {line} on {platform}; ask the vendor whether this line has the fix."
    ),
    "verdict_line_not_affected": "Line {line} is not affected on {platform}.",
    "verdict_no_such_agent": "{advisory} does not apply to {platform} agents of line {line}.",
    "verdict_relay_affected": (
        "Whether {build} is affected depends on its Relays, and not all of them are fixed: {relays}. Fix the Relay, "
        "then ask vendor support about this agent."
    ),
    "verdict_relay_not_known_good": (
        "Whether {build} is affected depends on its Relays, and not all of them are known to be fixed: {relays}."
    ),
    "verdict_relays_unknown": (
        "Whether {build} is affected depends on its Relays, and they are not known; name them in dsa_relays."
    ),
    "verdict_relays_fixed": "{build} is not affected, as all of its Relays are fixed.",
    "verdict_certificate_replaced": (
        "The operator states that vendor support replaced the certificate file on this host (build {build})."
    ),
    "verdict_not_installed": "No Deep Security Agent is installed.",
    "verdict_sources_disagree": (
        "The sources disagree ({sources}), so the installed agent may not be the running one; restart its service or "
        "the host, then run again."
    ),
    "verdict_source_unreadable": (
        "The build is not known for certain: {build} would pass, but {sources}. Restart the agent's service or the "
        "host, then run again; if nothing changes, check this agent by hand."
    ),
    "verdict_running_without_package": (
        "No package of the agent is installed, but there are signs of an agent: {signs}. Check this host by hand, and "
        "repair or remove that agent."
    ),
    "verdict_installation_unknown": (
        "It could not be read whether an agent is installed, so build {build} is no proof; check this host by hand."
    ),
    "verdict_no_version": "The build is not known: no source gives one that can be read.",
    "verdict_unreadable_version": "The build is not known: {value} is no build such as 20.0.0-6313.",
    "verdict_no_platform": "The build cannot be judged: the record names no platform.",
    "verdict_unknown_platform": "The build cannot be judged: the platform {platform} is none of {known}.",
    "verdict_no_record": "The build is not known: the record is {value}, not a mapping.",
    "verdict_with_problems": "{reason} Problems: {problems}.",
    # Parts
    "problem": "{source}: {text}",
    "source_gives": "{source} gives {build}",
    "source_without_build": "{source} answered and named no build",
    "source_unreadable": "{source} gives {value}, which is no build",
    "sign_running": "a process of it runs",
    "sign_dsa_query": "dsa_query answers",
    "state_of": "{name} is {state}",
    "relay_is": "{name} is {verdict}",
    "since": " since {since}",
    "nothing": "",
    # Findings
    "finding_remediation_pending": (
        "The remediation of this host was begun and is not done{since}: phase {phase}. Run remediate again."
    ),
    "finding_note_unreadable": (
        "The progress note of this host cannot be read ({why}), so an update may be due and self-protection may be "
        "off. Check self-protection by hand and run remediate again, or remove the note once nothing is due."
    ),
    "finding_self_protection_off": (
        "Self-protection was switched off for an upgrade and not switched on again; run remediate again."
    ),
    "finding_self_protection_off_unknown": (
        "It is not known whether self-protection was switched on again after an upgrade; run remediate again."
    ),
    "finding_agent_gone": (
        "The agent is gone in the middle of a remediation{since} (phase {phase}, self-protection {self_protection}): "
        "install it again and activate it."
    ),
    "finding_service_not_running": "The service {name} is {state}; start it and check the agent's log.",
    "finding_service_unknown": (
        "The state of the service {name} is not known ({why}), so it is not known whether the agent runs; check it on "
        "the host."
    ),
    "finding_service_part_not_running": (
        "Not every service of the agent is running: {services}. Restart the agent and check its log."
    ),
    "finding_drivers_not_running": (
        "Anti-Malware is on, but not every driver of it is running: {drivers}. Restart the host; if that does not "
        "help, run the playbook recover."
    ),
    "finding_anti_malware_offline": (
        "The Anti-Malware engine is offline, so the host is not protected. Restart the agent's service or the host; if "
        "it stays offline, check the agent's log."
    ),
    "finding_anti_malware_offline_windows": (
        "The Anti-Malware engine is offline, so the host is not protected. Restart the host; if it stays offline, run "
        "the playbook recover."
    ),
    "finding_anti_malware_unknown": (
        "The state of Anti-Malware is not known: dsa_query gives the mode {mode}. Check the agent's status on the host "
        "or in the Manager."
    ),
    "finding_anti_malware_unknown_driver": (
        "Anti-Malware is on, and dsa_query does not show whether its driver works (Component.AM.driverOffline). Check "
        "the agent's status on the host or in the Manager."
    ),
    "finding_anti_malware_absent": "dsa_query shows no Anti-Malware module on this agent.",
    "finding_agent_silent": (
        "The agent does not answer completely, so it is not known whether it protects the host: {why}."
    ),
    "finding_not_activated": "The agent is not activated, so no Manager manages it.",
    "finding_reboot_pending": "A reboot is pending ({reasons}).",
    # Findings from the Manager
    "finding_manager_disagrees_build": (
        "The host gives build {here}, the Manager {there}: the agent has not contacted the Manager since, or the "
        "Manager means another computer."
    ),
    "finding_manager_disagrees_relay": (
        "The Manager has this computer as a Relay, and nothing listens on the host as a Relay does; the Manager counts."
    ),
    "finding_manager_disagrees_relay_host": (
        "The Manager does not have this computer as a Relay, but something listens on the host as a Relay does; Agents "
        "wait for it until dsa_role states what it is."
    ),
    "finding_manager_disagrees_relay_inventory": (
        "The Manager does not have this computer as a Relay, but it is in the group deep_security_relays; Agents wait "
        "for it until dsa_role states what it is."
    ),
    "finding_manager_word_old": (
        "The last contact of the agent with the Manager was at {last_contact}, longer ago than dsa_manager_max_age "
        "({days} days), so the Manager's data may be out of date."
    ),
    "finding_manager_word_old_never": (
        "The Manager gives no time of its last contact with the agent ({last_contact}), so its data proves nothing."
    ),
    "finding_manager_word_old_future": (
        "The last contact of the agent with the Manager was at {last_contact}, which is in the future, so it is not "
        "known how old the Manager's data is; compare the clocks of the Manager and of this machine."
    ),
    "finding_updates_failing": "Security updates of this agent fail, by the Manager: {why}.",
    "finding_updates_failing_certificate": (
        "Pattern updates of this agent fail already: event 9017 with error code -24, last at {last_failure}."
    ),
    # What stands against "verified"
    "unverified_one_source": "Only {source} gives the build, and two sources are needed.",
    "unverified_no_source": "No source gives the build, and two sources are needed.",
    "unverified_below_target": "{source} gives {build}, which is older than the target {target}.",
    # Why the signature of a package for Windows does not count
    "package_unseen": "the package cannot be looked at: {why}",
    "signature_not_valid": (
        "Windows gives the signature of {signer} the status {status}, and no SHA-256 is stated. State its SHA-256 in "
        "dsa_package_checksums, or import the certificates it needs; dsa_verify_packages: false turns this off"
    ),
    "signature_partial": (
        "the chain of the certificate of {signer} does not reach a root, a certificate in between is missing on the "
        "host; import it, or state the SHA-256 of the package in dsa_package_checksums"
    ),
    "signed_by_other": "it is signed by {signer}, which {setting} does not match; find out where the package is from",
    "signer_slow": "{why}",
}
