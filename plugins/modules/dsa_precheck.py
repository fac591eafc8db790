#!/usr/bin/python

# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: dsa_precheck
short_description: See whether a Windows host can take an upgrade of its agent
version_added: 0.1.0
description:
  - An upgrade goes wrong on a Windows host that lacks SHA-2 or Azure Code Signing support or a root certificate. The
    installation fails, or Anti-Malware is offline afterwards.
  - This looks for all of that before anything is changed, in one call, and says what is missing and how to get it.
  - Root certificates that are missing are imported where O(certificates_dir) offers them, and a reboot that is pending
    is done first where O(policy) and O(window) allow it. Nothing else is changed.
  - What could not be found out stands in the way like what is missing. A check can be waived by its name.
  - On other hosts there is nothing to check.
author:
  - deep_security.remediation contributors (@deep-security-remediation)
options:
  waive:
    description:
      - Names of checks whose outcome the operator answers for. The report keeps naming them.
      - The names are V(sha2_support), V(azure_code_signing_support), V(root_certificates), V(pending_reboot),
        V(free_space), V(shared_dlls) and V(certificate_padding_check).
    type: list
    elements: str
    default: []
  certificates_dir:
    description:
      - A directory on the controller with files of root certificates, one certificate a file, DER or PEM. What is
        wanted and missing is imported from it.
      - Each file must have a SHA-256 that this collection, or O(certificate_checksums), states.
      - A certificate that the host holds as disallowed is never imported.
    type: path
  certificate_checksums:
    description: SHA-256 of certificates of your own, file name to hexadecimal digits.
    type: dict
    default: {}
  root_updates_reachable:
    description:
      - Whether these hosts reach the source from which Windows fetches root certificates. A missing one is then only
        warned of where Windows may fetch it by itself.
    type: bool
    default: false
  lists:
    description: A file that replaces the collection's lists of certificates and Windows builds.
    type: path
  clock:
    description: What is known of the host's time, the C(clock) of an agent record, for O(window).
    type: dict
extends_documentation_fragment:
  - deep_security.remediation._options
  - deep_security.remediation._options.reading
  - deep_security.remediation._options.rebooting
  - deep_security.remediation._attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
seealso:
  - module: deep_security.remediation.dsa_upgrade
  - module: ansible.windows.win_certificate_store
"""

EXAMPLES = r"""
- name: See whether the host is ready, and import what root certificates it lacks
  deep_security.remediation.dsa_precheck:
    certificates_dir: /srv/dsa/certificates
"""

RETURN = r"""
checks:
  description: What was looked for.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The name by which it can be waived.
      type: str
      sample: root_certificates
    result:
      description: V(pass), V(warn), V(fail) or V(undetermined).
      type: str
      sample: fail
    reason:
      description: The outcome in one sentence.
      type: str
      sample: A root certificate that the agent's signature needs is missing.
    evidence:
      description: What it was seen by.
      type: str
    remedy:
      description: What to do about it.
      type: str
    waived:
      description: Whether the operator waived it.
      type: bool
imported:
  description: The certificates that were imported, or would be in check mode.
  returned: always
  type: list
  elements: str
refused:
  description: Files of O(certificates_dir) that were not used, file name to reason.
  returned: on Windows
  type: dict
rebooted:
  description: Whether a reboot that was pending was done.
  returned: always
  type: bool
"""
