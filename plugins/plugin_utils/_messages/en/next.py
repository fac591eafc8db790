# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""What to do next about hosts, one sentence for each code of _report/next.py."""

from __future__ import annotations

SENTENCES: dict[str, str] = {
    "next_nothing": "Nothing needs to be done.",
    "next_upgrade": "Upgrade the agent with the playbook remediate.",
    "next_update": "Run a security update of the agent, and find out why the last one failed.",
    "next_finish_remediation": "Run the playbook remediate again, as what it began on the host is not done.",
    "next_run_again": "Run the playbook again for the host.",
    "next_run_without_check": "Run the playbook without --check.",
    "next_fix_relay_first": "Fix and update the Relays of the host first, with the playbook remediate_relays.",
    "next_name_relays": (
        "State which hosts are Relays: use the group deep_security_relays, dsa_role or dsa_relays, then run again."
    ),
    "next_run_relays_whole": (
        "Run the playbook remediate_relays on the whole inventory, not in slices, then this one in the same workflow."
    ),
    "next_make_reachable": "Make the host reachable from the controller, then run again.",
    "next_look_at_reading": "Find out why the agent cannot be read on the host, then run again.",
    "next_look_at_agent": "Restart the agent or the host, check the agent's log, then run again.",
    "next_check_note": "Check the progress note and self-protection on the host by hand, then run again.",
    "next_install_agent": "Install the agent on the host and activate it, then run again.",
    "next_activate": "Activate the agent in the Manager, then run again.",
    "next_restore_self_protection": "Turn on self-protection of the agent: run remediate again, or use the Manager.",
    "next_decide_build": "Ask the vendor whether this build has the fix.",
    "next_ask_support": "Follow the vendor's article, or send the diagnostics to the vendor's support.",
    "next_look_at_failure": "Remove the cause of the failure on the host, then run again.",
    "next_fix_failed_first": "Remove the cause of the failures on the other hosts of this tier, then run again.",
    "next_remove_obstacle": "Remove what the pre-check found on the host, then run again.",
    "next_provide_package": "Provide the package of the target build on the controller, then run again.",
    "next_state_checksum": "State the SHA-256 of the package in dsa_package_checksums, then run again.",
    "next_set_target": "Name a fixed build that is newer than the installed one in dsa_target_version, then run again.",
    "next_correct_settings": "Correct the settings or the inventory, then run again.",
    "next_prepare_controller": "Install the collection ansible.windows on the controller, then run again.",
    "next_upgrade_manager": "Upgrade the Manager first, for example with the playbook remediate_managers.",
    "next_look_at_manager": "Check the agent and its last contact in the Manager, then run again.",
    "next_upgrade_appliance": "Upgrade the agent of the virtual appliance from the Manager.",
    "next_allow_reboot": "Reboot the host, or allow it with dsa_reboot and dsa_reboot_window, then run again.",
}
