#!/usr/bin/python

# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: dsa_report
short_description: Sum up a run for people and machines
version_added: 0.1.0
description:
  - Writes what the run knows of every host of the play to a JSON file and returns it as a table. Hosts that failed or
    did not answer
    are in it.
  - Runs on the controller alone. Use it with C(run_once). The file is written in check mode too.
author:
  - deep_security.remediation contributors (@deep-security-remediation)
options:
  path:
    description: Where to write the JSON file on the controller. Its folder is made.
    type: path
    default: dsa-reports/report.json
  relay_readings:
    description: Results of a loop of M(deep_security.remediation.dsa_assess) over Relays outside the play.
    type: list
    elements: dict
    default: []
  roles:
    description: Report only on hosts of these roles.
    type: list
    elements: str
    choices: [relay, agent, appliance, manager]
  undelivered:
    description: What M(deep_security.remediation.dsa_plan) returned as C(undelivered).
    type: dict
    default: {}
  manager:
    description:
      - What M(deep_security.remediation.dsm_info) returned. Agents wait for a Manager that is older than
        C(dsm_minimum_version), or of an older line than the target.
    type: dict
    default: {}
  events:
    description: What M(deep_security.remediation.dsm_event_info) returned as C(computers).
    type: dict
    default: {}
  show:
    description: A text to show, RV(text) of an earlier run. Nothing else is done then.
    type: str
  error:
    description: What went wrong with the report, RV(error) of an earlier run. The task fails after O(show).
    type: str
    default: ""
  gate:
    description: Why this host does not pass, or an empty text where it does. The task fails then. Nothing else is done.
    type: str
extends_documentation_fragment:
  - deep_security.remediation._options.advisory
  - deep_security.remediation._attributes
  - deep_security.remediation._attributes.controller
"""

EXAMPLES = r"""
- name: Sum up
  deep_security.remediation.dsa_report:
    path: /var/reports/dsa.json
  run_once: true
  register: report

- name: Show it
  deep_security.remediation.dsa_report:
    show: "{{ report.text }}"
  run_once: true
"""

RETURN = r"""
passed:
  description: Whether every host passed.
  returned: when a report was made
  type: bool
summary:
  description: Counts of hosts by verdict and by what was done.
  returned: when a report was made
  type: dict
shortfall:
  description: How many hosts do not pass, where one of them is judged by the Manager's word alone; else empty.
  returned: when a report was made
  type: str
  sample: 3 of 4 hosts do not pass; the report names them
failing:
  description: Per host that did not pass the reason.
  returned: when a report was made
  type: dict
path:
  description: The JSON file.
  returned: when a report was made
  type: str
error:
  description: Why there is no file, or nobody in it. Empty when all is well.
  returned: when a report was made
  type: str
text:
  description: The table.
  returned: when a report was made
  type: str
"""
