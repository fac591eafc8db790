# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Why a host must wait, or cannot be worked on from here."""

from __future__ import annotations

SENTENCES: dict[str, str] = {
    # Why there is no record of a host
    "not_read": "it was not read in this run",
    "not_in_manager": (
        "the Manager's inventory has no entry for it: dsm_computer is not set. Give it the name that it has there, or "
        "read the host itself with dsa_source: both"
    ),
    "unreachable": "it did not answer: {why}",
    "unreachable_manager": "it did not answer: {why}. By the Manager it has {build}, last contact {contact}",
    "not_readable": "it could not be read: {why}",
    "not_readable_manager": "it could not be read: {why}. By the Manager it has {build}, last contact {contact}",
    "manager_inventory_missing": (
        "dsa_source is {source}, and no host has dsm_computer: give the Manager's inventory too (-i dsm.yml), and see "
        "whether Ansible warned that it could not be read"
    ),
    # Relays
    "relay_failed": "{host} failed in stage {stage} of this run",
    "relay_unread": "{host}: {why}",
    "relay_not_in_inventory": (
        "{host} is not in the inventory: correct dsa_relays or dsa_bundle_relay, or in a slice of a fleet run "
        "remediate_relays in the same workflow before"
    ),
    "relay_same_address": (
        "{host} and {other} have the same address, so one of them was not read: correct ansible_host or ansible_port, "
        "or remove one of the two names"
    ),
    "relay_not_fixed": "{host} is {verdict} ({build})",
    "relay_not_updated": (
        "{host} has the fix, but no security update of this installation since is proven: run remediate_relays"
    ),
    "relay_served_expired": (
        "{host} may still serve patterns with the expired certificate: in this run the security update of {agent} "
        "failed with -24. Check that the Relay updates itself, then run again"
    ),
    "relay_finding": "{host}: {finding}",
    "relay_contradicted": (
        "{objection} (by the Manager {host} is no Relay: if that is right, set dsa_role: agent for it)"
    ),
    "may_be_relays": (
        "hosts that may be Relays, as neither a group nor dsa_role nor a reading in this run gives their role: "
        "{hosts} ({count} in all). Read them too; or name the Relays of this Agent in dsa_relays; or, where "
        "deep_security_relays and dsa_role name all Relays, set dsa_relays_complete: true"
    ),
    "relays_first": "Relays come first: {relays}",
    "relays_left_out": (
        "the Manager has Relays that its inventory leaves out ({relays}): take them in, or name those of this host in "
        "dsa_relays"
    ),
    "relays_elsewhere": (
        "the inventory of this run is a part of the fleet, and the Relays of the whole are not known: {why}. Run "
        "remediate_relays on the whole inventory, not in slices, before in the same workflow; or name the Relays of "
        "this host in dsa_relays; or set dsa_part_of_fleet to false where this is the whole inventory"
    ),
    "relay_way_unpublished": (
        "{host} is not read in a slice, as only the whole inventory has how it is reached ({variables}): remediate "
        "without slices, or set them for the group all"
    ),
    "relay_hosts_missing": "dsa_relay_hosts is not set",
    "relay_hosts_of_part": "dsa_relay_hosts is of the run {run}, which had a part of the fleet too",
    "relay_hosts_of_other": "dsa_relay_hosts is of the run {run}, which had another inventory of AWX ({inventory})",
    "relay_hosts_old": "dsa_relay_hosts is of the run {run} at {at}, and counts for {hours} hours",
    "no_relay_known": (
        "no Relay is known: put the Relays into the group deep_security_relays (they are then read even outside "
        "--limit), or set dsa_relays to [] on hosts that use none of yours"
    ),
    "bundle_relay_not_fixed": (
        "the Relay that makes the bundle dsupdate_*.zip for this site comes first: {objection}. When it is fixed, make "
        "a new bundle there, bring it to the site, and run again"
    ),
    "finding_bundle_relay_not_fixed": (
        "The Relay that makes the bundle dsupdate_*.zip for this site comes first: {objection}. When it is fixed, make "
        "a new bundle there, bring it to the site, and run again."
    ),
    # The host itself
    "failed_in_this_run": "it failed in stage {stage} of this run; remove the cause and run again",
    "note_unreadable": (
        "its progress note cannot be read: {why}. An upgrade may be unfinished or self-protection off: check the host, "
        "then remove the note and run again"
    ),
    "agent_lost": (
        "an upgrade to {target} was begun and not finished (phase {phase}), and now no agent is installed: install the "
        "agent, on Windows with the playbook recover, then run again"
    ),
    "reboot_comes_first": "the new build runs only after a reboot, which is deferred: {objection}",
    "no_target": (
        "it needs an upgrade, but dsa_target_version names no build for {platform}; name one, at or above {fixed_from}"
    ),
    "not_newer": (
        "{installed} is {verdict} and not older than dsa_target_version {target}; agents are never downgraded, name a "
        "newer target"
    ),
    "upgrade_begun_newer": (
        "an upgrade to {begun} was begun and did not finish; dsa_target_version {target} is older: name {begun} or a "
        "newer build"
    ),
    "not_known_to_manager": (
        "dsa_upgrade_through is manager, and the Manager's inventory has no entry for this host: dsm_computer is "
        "not set"
    ),
    # Packages
    "unusable_platform": (
        "its {name} is {value}, which cannot be part of a file name or an address; check what the host "
        "reports of itself"
    ),
    "no_package": (
        "there is no package of {target} for {os} {arch} ({platform}): dsa_packages has none; put the vendor's file "
        "into dsa_package_dir, set dsm_url to download it from the Manager, or describe it in dsa_packages (version, "
        "os, arch, distribution, and path, url or repository)"
    ),
    "no_package_in": (
        "there is no package of {target} for {os} {arch} ({platform}): dsa_packages has none and {directory} has no "
        "such file; put the vendor's file there, set dsm_url to download it from the Manager, or describe it in "
        "dsa_packages (version, os, arch, distribution, and path, url or repository)"
    ),
    "package_unverifiable": (
        "{file} could not be verified: packages of its kind bear no signature that can be checked. State its SHA-256 "
        "in dsa_package_checksums"
    ),
    "dpkg_sig_missing": (
        "{file} could not be verified: dpkg-sig is not installed on the host. State the SHA-256 of the file in "
        "dsa_package_checksums, or install dpkg-sig"
    ),
    "package_checksum_wrong": (
        "{path} has SHA-256 {found}, and {stated} is stated: find out which of the two is right, then replace the file "
        "or correct dsa_package_checksums or dsa_packages"
    ),
    "package_unreadable": "{path} cannot be read on the controller: {why}; see to its permissions, or replace it",
    "deb_signature_unknown": (
        "{file} has no stated SHA-256, and whether the host has dpkg-sig is not known: without it the host refuses the "
        "package. State the SHA-256 in dsa_package_checksums"
    ),
    "msi_signature_unknown": (
        "{file} has no stated SHA-256, and whether its signature is valid is known only on the host, which refuses it "
        "otherwise. State the SHA-256 in dsa_package_checksums"
    ),
    # Virtual appliances
    "appliance_by_manager": (
        "a virtual appliance's agent is upgraded from the Manager: import a package from {first} to {last} there, and "
        "upgrade the appliance's agent with it. With dsa_appliance_package the name of a package is checked"
    ),
    "appliance_package": (
        "a virtual appliance's agent is upgraded from the Manager: import {package} there, and upgrade the agent "
        "with it"
    ),
    "appliance_package_unusable": (
        "dsa_appliance_package is {package}, which a virtual appliance cannot use: it takes {first} to {last}, and "
        "nothing else"
    ),
    # Tiers
    "tier_stopped_first_batch": (
        "no further {tier} are started: of the first batch {failed} failed ({hosts}). Remove the cause and run again"
    ),
    "tier_stopped_budget": (
        "no further {tier} are started: {failed} of {tried} hosts failed, more than dsa_failure_budget ({budget} %) "
        "allows. Remove the cause and run again"
    ),
    # Reboots
    "reboot_never": "dsa_reboot is never",
    "reboot_not_required": "no reason for a reboot is known",
    "reboot_time_unknown": (
        "the host's own time is not known, and dsa_reboot_window counts in it; name a dsa_reboot_timezone"
    ),
    "reboot_outside_window": "it is {time} (UTC{offset}) there, and dsa_reboot_window is {window}",
}
