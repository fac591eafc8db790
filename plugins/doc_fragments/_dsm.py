# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This doc fragment is PRIVATE to the collection.

from __future__ import annotations


class ModuleDocFragment:
    # What every module for the Manager takes, from arguments, from module_defaults or from the environment.
    DOCUMENTATION = r"""
options:
  url:
    description:
      - The address of the Manager's console, such as V(https://dsm.example.com:4119), with or without C(/api).
      - Workload Security has V(https://workload.REGION.cloudone.trendmicro.com).
      - If not set, the environment variable E(DSM_URL) is used.
    type: str
    required: true
  api_key:
    description:
      - The secret of an API key. The role Auditor suffices for reading.
      - If not set, the environment variable E(DSM_API_KEY) is used.
    type: str
    required: true
  api_key_type:
    description:
      - V(on_premises) sends the key as C(api-secret-key), V(cloud_one) as C(Authorization) with C(ApiKey).
      - If it is left out, hosts below C(cloudone.trendmicro.com) get V(cloud_one), and all others V(on_premises). Old
        keys of Workload Security need V(on_premises).
      - If not set, the environment variable E(DSM_API_KEY_TYPE) is used.
    type: str
    choices: [on_premises, cloud_one]
  ca_path:
    description:
      - A PEM file of the CAs, or of the self-signed certificate, to trust instead of those of the system.
      - If not set, the environment variable E(DSM_CA_PATH) is used.
    type: path
  validate_certs:
    description:
      - Whether to verify the Manager's certificate. Without that anyone on the way can take the key.
      - If not set, the environment variable E(DSM_VALIDATE_CERTS) is used.
    type: bool
    default: true
  use_proxy:
    description:
      - Whether to use the proxy that the environment variables E(https_proxy) and E(no_proxy) name.
      - If not set, the environment variable E(DSM_USE_PROXY) is used.
    type: bool
    default: true
  timeout:
    description:
      - How many seconds the Manager may be silent.
      - If not set, the environment variable E(DSM_TIMEOUT) is used.
    type: int
    default: 60
  retries:
    description:
      - How often a request is repeated that the Manager refused with 429 or a status from 500 on, that timed out or
        whose answer broke off. The pauses are 1, 2, 4 seconds and so on up to 60, and longer if the Manager requests
        it. The default outlasts the Manager's limit of requests for one minute.
      - If not set, the environment variable E(DSM_RETRIES) is used.
    type: int
    default: 7
  deadline:
    description:
      - How many seconds all requests may take together, pauses included.
      - If not set, the environment variable E(DSM_DEADLINE) is used.
    type: int
    default: 600
attributes:
  action_group:
    description: Use C(group/deep_security.remediation.dsm) in C(module_defaults) to set the options of all of them.
    support: full
    membership:
      - deep_security.remediation.dsm
"""

    # How the Manager's values become a record.
    RECORD = r"""
options:
  platform_patterns:
    description:
      - Regular expressions that find the operating system in the Manager's text, such as C(Red Hat Enterprise 8 (64
        bit)). Case is ignored. Where not exactly one matches, the platform is null.
      - The keys V(windows), V(linux), V(aix), V(solaris), V(macos) and V(appliance) replace the default of that name.
      - What matches V(appliance) is a Deep Security Virtual Appliance, and Linux. How the Manager calls appliances is
        not documented; look at C(platform_text) of yours.
    type: dict
    default: {}
  relay_states:
    description:
      - Which values of the Manager's setting C(platformSettingRelayState) mean that a computer is a Relay. All others
        are null.
      - The vendor documents the setting and not its values; the default is what its older interface answers.
    type: dict
    default: {"true": true, "false": false}
  engine_offline_pattern:
    description:
      - A regular expression that the messages of the Manager match when the Anti-Malware engine is offline.
      - The Manager writes them in the language of the API key.
    type: str
    default: anti-?malware engine offline
  page_size:
    description: How many computers to request at once. The Manager's own limit is 5000.
    type: int
    default: 5000
"""

    # Modules that have a batch of computers worked on by scheduled tasks of the Manager.
    BATCH = r"""
options:
  hosts:
    description:
      - Names of inventory hosts, in place of O(computers), of which P(deep_security.remediation.dsm#inventory) has set
        C(dsm_computer). Left out are others, those of another Manager, and those that failed in this run or must be
        rebooted first; in a run of the playbooks also those that are not left to the Manager.
      - Without O(step) only. Used on the controller alone.
    type: list
    elements: str
  computers:
    description:
      - The IDs of the computers, as M(deep_security.remediation.dsm_computer_info) returns them.
      - Needed for all but O(step=finish), unless O(hosts) is given.
    type: list
    elements: int
  wait:
    description: How long all of it may take together, in seconds. Used on the controller alone.
    type: int
    default: 1800
  interval:
    description: How long to wait between two looks, in seconds. Used on the controller alone.
    type: int
    default: 15
  max_tasks:
    description:
      - How many tasks to start at most. Those that take in several computers come first. What is left is in
        RV(uncovered), to be looked after in another way.
    type: int
    default: 20
  tasks:
    description: The RV(tasks) of V(start), also of one that failed. Needed for V(finish).
    type: list
    elements: dict
"""
