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
        whose answer broke off. The pauses are 1, 2, 4 seconds and so on up to 60, and longer if the Manager says so.
        The default outlasts the Manager's limit of requests for one minute.
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
