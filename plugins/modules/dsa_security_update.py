#!/usr/bin/python

# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: dsa_security_update
short_description: Run a security update on a Deep Security Agent and wait for it
version_added: 0.1.0
description:
  - Asks the agent for a security update, waits with visible progress, and tells success, failure with code -24, and
    an update that
    does not finish apart.
  - The update counts as done when new patterns are there, or when the agent's log says so.
  - When it does not finish, the agent's diagnostics are made and fetched, for the vendor's support.
author:
  - deep_security.remediation contributors (@deep-security-remediation)
options:
  trigger:
    description:
      - The arguments of C(dsa_control) that ask for the update.
      - The default is not confirmed by a public text of the vendor. Try it on one host, and replace it where yours
        differs.
    type: list
    elements: str
    default: ["-m", "UpdateComponent:true"]
  self_protection_password:
    description: The password that C(dsa_control) wants where self-protection has one.
    type: str
  wait:
    description: How long the update may take, in seconds. A Relay's first one can take hours.
    type: int
    default: 1800
  interval:
    description: How long to wait between two looks, in seconds.
    type: int
    default: 15
  reconnect_timeout:
    description: How long a lost connection may stay lost, in seconds. Used on the controller alone.
    type: int
    default: 300
  log_folder:
    description: Where the agent keeps its logs.
    type: path
    default: /var/opt/ds_agent/diag
  success_regex:
    description: What a line of the log contains when an update ended well. The real wording is not public.
    type: str
    default: Anti-Malware Component Update Successful|\|\s*9016\s*\|
  failure_regex:
    description: What a line of the log contains when an update failed. The real wording is not public, the constant is.
    type: str
    default: IAURELAY_STATUS_DIGITAL_SIGNATURE_CERT_EXPIRE|Anti-Malware Component Update Failed|\|\s*9017\s*\|
  diagnostics:
    description: Whether to make and fetch the agent's diagnostics when the update does not finish.
    type: bool
    default: true
  diagnostics_dir:
    description: Where the diagnostics go on the controller, one folder a host. Used on the controller alone.
    type: path
    default: dsa-reports/diagnostics
  step:
    description: Which part to do on the host. Set by the action plugin.
    type: str
    choices: [start, look, diagnose, confirm]
    default: start
  wave:
    description:
      - How this host fared in an update that the Manager ran for many, C(outcome) and C(evidence) as
        M(deep_security.remediation.dsm_security_update) returns them per host. The agent is not asked for another one
        then. Used on the controller alone.
    type: dict
extends_documentation_fragment:
  - deep_security.remediation._options
  - deep_security.remediation._attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
seealso:
  - module: deep_security.remediation.dsa_verify
  - module: deep_security.remediation.dsm_security_update
"""

EXAMPLES = r"""
- name: Update the patterns and wait for at most an hour
  deep_security.remediation.dsa_security_update:
    wait: 3600
"""

RETURN = r"""
outcome:
  description:
    - V(succeeded), V(failed), V(unfinished) when it did not end in time, V(refused) when it could not be asked for, or
      V(predicted) in check mode.
  returned: always
  type: str
  sample: succeeded
evidence:
  description: What the outcome was seen by.
  returned: always
  type: str
  sample: "new patterns: Smart Scan Agent Pattern 20.301.00"
elapsed:
  description: How long it took, in seconds.
  returned: always
  type: int
  sample: 42
diagnostics:
  description: The diagnostics on the controller.
  returned: when the update did not finish
  type: str
  sample: dsa-reports/diagnostics/web1/1790000000.zip
"""

import os
import re
import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.deep_security.remediation.plugins.module_utils._agent import control, progress, record, update

QUERY_TIMEOUT = 15
DONE = dict(phase="done", update=None, patterns=None, engine=None, since=None)


def start(params):
    """Note where patterns and logs stand, then ask. What is noted first, a later run can go on from."""
    agent = record.read(QUERY_TIMEOUT, params["progress_file"])
    if not agent["installed"]:
        return dict(failed=True, msg="there is no agent: %s" % ("; ".join(agent["problems"]) or "none is installed"))
    if agent["activated"] is False:
        return dict(
            failed=True, msg="the agent is not activated, no Manager would answer it; activate it and run again"
        )
    left = agent["remediation"] or {}
    known = update.snapshot(agent["anti_malware"])
    before = known
    if left.get("phase") in ("upgrading", "update_pending"):
        # Patterns as they were before the upgrade: an update that the Manager ran meanwhile is an update too.
        before = update.snapshot({"patterns": left.get("patterns"), "engine": left.get("engine")}) or known
    due = dict(before=before, seen=known, marks=update.log_marks(params["log_folder"]))
    progress.update(
        params["progress_file"],
        phase="update_pending",
        since=left.get("since") or time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        update=due,
    )
    problem, answer = control.ask(params["trigger"], params["self_protection_password"])
    if problem:
        return dict(failed=True, msg=problem)
    return dict(msg=answer.text())


def look(params):
    """Where the update stands; when it is done, the host's progress is."""
    left = progress.load(params["progress_file"])[0] or {}
    due = left.get("update") or {}
    seen = update.look(
        due.get("before"),
        due.get("seen"),
        due.get("marks"),
        params["log_folder"],
        params["success_regex"],
        params["failure_regex"],
        QUERY_TIMEOUT,
    )
    if seen["state"] == "succeeded":
        progress.update(params["progress_file"], **DONE)
    elif seen["patterns"] is not None:
        progress.update(params["progress_file"], update=dict(due, seen=seen["patterns"]))
    return dict(state=seen["state"], evidence=seen["evidence"])


def confirm(params):
    """Note that an update through the Manager ended well."""
    progress.update(params["progress_file"], **DONE)
    return dict(msg="noted")


def diagnose(params):
    """Have the agent pack its diagnostics; return the newest pack's path, or a problem."""
    problem = control.ask(control.DIAGNOSTICS, params["self_protection_password"], 600)[0]
    folder = params["log_folder"]
    packs = [os.path.join(folder, name) for name in os.listdir(folder) if re.match(r"^\d{10}\.zip$", name)]
    if problem or not packs:
        return dict(failed=True, msg=problem or "dsa_control -d left no pack in %s" % folder)
    return dict(path=max(packs, key=os.path.getmtime))


def main():
    module = AnsibleModule(
        argument_spec=dict(
            trigger=dict(type="list", elements="str", default=control.UPDATE),
            self_protection_password=dict(type="str", no_log=True),
            wait=dict(type="int", default=1800),
            interval=dict(type="int", default=15),
            reconnect_timeout=dict(type="int", default=300),
            log_folder=dict(type="path", default=update.LOG_FOLDER),
            success_regex=dict(type="str", default=r"Anti-Malware Component Update Successful|\|\s*9016\s*\|"),
            failure_regex=dict(
                type="str",
                default=r"IAURELAY_STATUS_DIGITAL_SIGNATURE_CERT_EXPIRE|Anti-Malware Component Update Failed"
                r"|\|\s*9017\s*\|",
            ),
            diagnostics=dict(type="bool", default=True),
            diagnostics_dir=dict(type="path", default="dsa-reports/diagnostics"),
            step=dict(type="str", default="start", choices=["start", "look", "diagnose", "confirm"]),
            wave=dict(type="dict"),
            progress_file=dict(type="path", default=progress.DEFAULT_PATH),
        ),
        supports_check_mode=True,
    )
    if module.check_mode:
        module.exit_json(changed=True, outcome="predicted", evidence="check mode", elapsed=0)
    done = {"start": start, "look": look, "diagnose": diagnose, "confirm": confirm}[module.params["step"]](
        module.params
    )
    if done.pop("failed", False):
        module.fail_json(**done)
    module.exit_json(changed=module.params["step"] == "start", **done)


if __name__ == "__main__":
    main()
