#!/usr/bin/python

# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: dsm_security_update
short_description: Update agents with scheduled tasks of a Deep Security Manager
version_added: 0.1.0
description:
  - Starts security updates through scheduled tasks of a Deep Security Manager (DSM) or of Workload Security that run
    once, determines from the Manager's data of each computer how its update ended, and removes what is left of the
    tasks.
  - A task takes in a whole group, a whole policy, all computers or a single one, and never a computer that is
    neither in O(computers) nor in O(also). A batch of 500 computers that is one group is one task.
  - Without O(step) it starts the tasks, watches them with visible progress until all computers are done or O(wait) is
    over, and removes what is left of the tasks.
  - With O(step) a call does that step alone and waits for nothing. First V(start), then V(look) as often as it takes,
    and at the end V(finish), always.
  - Whether an update is done follows from the Manager's own fields, compared with what they were at the start. No clock
    of this machine is compared with one of the Manager.
  - Runs where the Manager can be reached, on the controller as a rule.
author:
  - deep_security.remediation contributors (@deep-security-remediation)
options:
  settle:
    description: After how many seconds O(settled) is true. Used on the controller alone.
    type: int
    default: 900
  step:
    description:
      - V(start) notes how the computers are, and starts as few tasks as will do.
      - V(look) returns how far each computer is.
      - V(finish) deletes those of the tasks that are still there. It can be repeated.
    type: str
    choices: [start, look, finish]
  filter:
    description:
      - Start one task with this condition instead of making out which will do. It updates all that it names, also those
        that are not in O(computers).
      - Give exactly one of the conditions. For O(step=start) alone.
    type: dict
    suboptions:
      computer_group_id:
        description: The computers in the group with this ID, without the groups below.
        type: int
      policy_id:
        description: The computers that use the policy with this ID, without the policies below.
        type: int
      smart_folder_id:
        description:
          - The computers in the smart folder with this ID.
          - The vendor's published SDK can neither list smart folders nor make one. Make it in the Manager's console.
            Which computers are in it cannot be read either; all O(computers) are taken to be.
        type: int
      all:
        description: All computers of the Manager.
        type: bool
  also:
    description:
      - The IDs of further computers that a task may take in, so that it can name a whole group. None is started for
        them alone, and none is waited for.
      - With O(hosts) these are hosts that this run has looked at, that have the fix, are Relays or not like those of
        the batch, and need not wait for a Relay.
    type: list
    elements: int
    default: []
  task_timeout:
    description: The Manager starts no update any more when this much time has passed since the task began.
    type: str
    choices: [never, one-hour, two-hours, four-hours, eight-hours]
    default: never
  before:
    description: The RV(before) of V(start). Needed for V(look).
    type: dict
  settled:
    description:
      - Whether so much time has passed since V(start) that every agent must have received it. Give more than the
        heartbeat interval, 10 minutes by default.
      - Only then is what looks as it did at the start an end. What was already the newest is V(current), an error
        that was already there is V(failed), and what has no Anti-Malware components is V(not_applicable).
      - For O(step=look) alone.
    type: bool
    default: false
extends_documentation_fragment:
  - deep_security.remediation._dsm
  - deep_security.remediation._dsm.batch
  - deep_security.remediation._options.advisory
  - deep_security.remediation._attributes
attributes:
  check_mode:
    support: full
    details: V(start) reads the computers and returns which tasks it would start; V(finish) returns which ones it would
      delete.
  diff_mode:
    support: none
notes:
  - The playbooks use it where C(dsa_security_update_through) is C(manager).
  - V(start) and V(finish) need an API key whose role may do more than Auditor, such as Full Access. V(look) does not.
  - The key must see all computers. Where its role hides some of them a group looks smaller than it is, and those that
    are hidden are updated too.
  - The tasks, their filters and the fields are those of the vendor's published SDK. When a task that ran disappears is
    known by an example of the vendor only, and the rule by which an update counts as done was made from the fields'
    descriptions; it was not seen on a Manager.
  - Start Relays and other agents apart. By the vendor's article KA-0004554 an update that includes Relays does not fall
    back to the source on the internet when a Relay is down.
  - Newest is what the Manager knows as newest. A Manager or a Relay that gets no updates itself takes old ones for new.
  - A request that may have arrived is sent again only if no task of its name is there. An agent may so get
    two requests for an update, which does no harm.
seealso:
  - module: deep_security.remediation.dsa_security_update
  - module: deep_security.remediation.dsm_computer_info
  - module: deep_security.remediation.dsm_agent_upgrade
"""

EXAMPLES = r"""
- name: Update a batch and wait for at most an hour
  deep_security.remediation.dsm_security_update:
    url: https://dsm.example.com:4119
    api_key: "{{ vault_dsm_api_key }}"
    ca_path: /etc/pki/dsm.pem
    hosts: "{{ groups['deep_security_relays'] }}"
    wait: 3600
  delegate_to: localhost
  run_once: true

- name: Start the update of a batch
  deep_security.remediation.dsm_security_update:
    url: https://dsm.example.com:4119
    api_key: "{{ vault_dsm_api_key }}"
    ca_path: /etc/pki/dsm.pem
    step: start
    computers: "{{ found.computers | map(attribute='id') }}"
  delegate_to: localhost
  run_once: true
  register: update

- name: Look how far it is
  deep_security.remediation.dsm_security_update:
    url: https://dsm.example.com:4119
    api_key: "{{ vault_dsm_api_key }}"
    ca_path: /etc/pki/dsm.pem
    step: look
    computers: "{{ found.computers | map(attribute='id') }}"
    before: "{{ update.before }}"
  delegate_to: localhost
  run_once: true
  register: seen
  until: seen.states.values() | map(attribute='state') is not contains 'running'
  retries: 60
  delay: 30

- name: Remove what is left of the tasks
  deep_security.remediation.dsm_security_update:
    url: https://dsm.example.com:4119
    api_key: "{{ vault_dsm_api_key }}"
    ca_path: /etc/pki/dsm.pem
    step: finish
    tasks: "{{ update.tasks }}"
  delegate_to: localhost
  run_once: true

- name: Update with one task what a smart folder made in the console holds
  deep_security.remediation.dsm_security_update:
    url: https://dsm.example.com:4119
    api_key: "{{ vault_dsm_api_key }}"
    step: start
    computers: [17, 21]
    filter:
      smart_folder_id: 4
  delegate_to: localhost
"""

RETURN = r"""
tasks:
  description: The tasks that were started, or in check mode would be.
  returned: for V(start) and without O(step), also if it failed after talking to the Manager
  type: list
  elements: dict
  contains:
    id:
      description:
        - The Manager's ID of the task.
        - Null in check mode, and where no answer showed whether the Manager has it. V(finish) looks for its name, and
          its computers are in RV(uncovered) unless another task takes them in.
      type: int
      sample: 31
    name:
      description: Its unique name. Null in check mode.
      type: str
      sample: deep_security.remediation 0b6a1f5e-7d9b-4f0c-8d3f-5a2f9a3b1c77
    filter:
      description: The computers that it names, as the API writes it.
      type: dict
      sample: {type: computers-in-group, computerGroupID: 3}
    computers:
      description: The IDs of those of O(computers) that the filter names. One can be in two tasks.
      type: list
      elements: int
      sample: [17, 21]
uncovered:
  description: The IDs of the computers that no task takes in.
  returned: for V(start), also if it failed after talking to the Manager
  type: list
  elements: int
  sample: []
missing:
  description: The IDs that the Manager does not know.
  returned: for V(start), also if it failed after talking to the Manager
  type: list
  elements: int
  sample: []
before:
  description: How the computers were at the start, by ID, for V(look). An ID is a string here.
  returned: for V(start), also if it failed after talking to the Manager
  type: dict
  sample:
    "17":
      status: active
      message: Up-to-date
      last_changed_ms: 1762000000000
      latest: false
      versions:
        "Smart Scan Agent Pattern, Agent 20.0, Linux": 18.489.00
        "IntelliTrap Pattern, Agent 20.0, Linux": 0.253.00
      outdated: [Smart Scan Agent Pattern 18.489.00]
problems:
  description: Why some of the tasks could not be started. V(start) fails only where none could be.
  returned: for V(start), also if it failed after talking to the Manager
  type: list
  elements: str
  sample: []
states:
  description:
    - C(state), C(evidence) and C(certificate_expired) of each of the O(computers), by ID. An ID is a string here. The
      evidence is why, with the Manager's messages. C(certificate_expired) is whether it failed with code -24 by them.
    - V(succeeded) if the update status is C(active), all Anti-Malware components are the newest, and since the start
      either the time of the last change moved on, or the version of a component changed.
    - V(current) if all were the newest that the Manager knows at the start and still are, once O(settled). Whether that
      is new enough depends on what the Manager itself was given.
    - V(failed) if the update status is C(error), and that is new or came with a change since the start. Also if it was
      so at the start and still is, once O(settled).
    - V(not_applicable) if there are no Anti-Malware components, as where that module is off, once O(settled).
    - V(gone) if the Manager does not know the computer, or no longer.
    - V(running) in all other cases, also for unknown values of the Manager. O(settled) ends nothing for
      a computer that is offline in the Manager or still at work there.
  returned: for V(look)
  type: dict
  sample:
    "17":
      state: succeeded
      evidence: updated since the start; update status active (Up-to-date); all 2 Anti-Malware components are the newest
outcomes:
  description:
    - C(outcome), V(succeeded), V(failed) or V(unfinished), C(evidence) and C(certificate_expired) of each of the
      O(hosts), or by ID of each of the O(computers).
    - Whom no task took in, and whom the Manager does not know, is not in it.
  returned: without O(step)
  type: dict
  sample:
    web1:
      outcome: succeeded
      evidence: updated since the start; update status active (Up-to-date)
      certificate_expired: false
deleted:
  description: The names of the tasks that were still there.
  returned: for V(finish)
  type: list
  elements: str
  sample: []
requests:
  description: C(sent) requests, how many of them were C(retried), and how many answers were C(rate_limited).
  returned: success
  type: dict
  sample: {sent: 4, retried: 0, rate_limited: 0}
"""

import re

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.deep_security.remediation.plugins.module_utils import _dsm, _dsm_tasks

EXPAND = ("securityUpdates", "tasks", "computerStatus")
# Code -24, and not a part of another number or a version; or its constant.
EXPIRED = re.compile(r"CERT_EXPIRE|(?<![\w.-])-24(?![\d-]|\.\d)")


def describe(raw):
    """How one computer's updates are: what a later look compares with."""
    updates = _dsm_tasks.part(raw, "securityUpdates")
    status = _dsm_tasks.part(updates, "updateStatus")
    listed = updates.get("antiMalware")
    components = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    return {
        "status": _dsm_tasks.as_text(status.get("status")),
        "message": _dsm_tasks.as_text(status.get("statusMessage")),
        "last_changed_ms": _dsm_tasks.as_number(updates.get("lastChanged")),
        "latest": all(item.get("latest") is True for item in components) if components else None,
        "versions": {_name(item): _dsm_tasks.as_text(item.get("version")) for item in components},
        "outdated": sorted({_shown(item) for item in components if item.get("latest") is not True}),
    }


def judge(raw, before, settled):
    """{state, evidence, certificate_expired} of one computer; before: what describe() gave at the start, or empty."""
    now, status = describe(raw), _dsm_tasks.status_of(raw)
    moved = _moved(now, before)
    # What did not change is no end while the agent may still have to hear of the task or is at it.
    still = settled and not status["offline"] and not status["tasks"]
    had = _dsm_tasks.part(before, "versions")
    state, why = "running", ""
    if now["status"] == "error" and (moved or still or (before and before.get("status") != "error")):
        state, why = "failed", "the update failed"
    elif now["latest"] is None and still and not had:
        state, why = "not_applicable", "nothing to update"
    elif now["status"] == "active" and now["latest"] and moved:
        state, why = "succeeded", "updated since the start"
    elif now["status"] == "active" and now["latest"] and still and before and before.get("latest"):
        state, why = "current", "already had the newest that the Manager knows"
    parts = [why, _status(now), _components(now), _dsm_tasks.sentence(status)]
    return {
        "state": state,
        "evidence": "; ".join(text for text in parts if text),
        "certificate_expired": state == "failed" and bool(EXPIRED.search(now["message"] or "")),
    }


def _moved(now, before):
    """Whether something was updated since before, by the Manager's own earlier word."""
    if not before:
        return False
    then, last = _dsm_tasks.as_number(before.get("last_changed_ms")), now["last_changed_ms"]
    if last is not None and (then is None or last > then):
        return True
    versions = _dsm_tasks.part(before, "versions")
    return any(name in versions and versions[name] != version for name, version in now["versions"].items())


def _name(component):
    """What identifies a component among the others of one computer."""
    texts = [_dsm_tasks.as_text(component.get(key)) for key in ("name", "forUseBy", "platform")]
    return ", ".join(text for text in texts if text) or "a component without a name"


def _shown(component):
    """The name and version for the operator."""
    texts = [_dsm_tasks.as_text(component.get(key)) for key in ("name", "version")]
    return " ".join(text for text in texts if text) or "a component without a name"


def _status(now):
    message = " (%s)" % now["message"] if now["message"] else ""
    return "update status %s%s" % (now["status"] or "unknown", message)


def _components(now):
    if now["latest"] is None:
        return "no Anti-Malware components: that module is off, or the agent has not reported any yet"
    total, old = len(now["versions"]), now["outdated"]
    if not old:
        return "all %d Anti-Malware components are the newest" % total
    more = " and more" if len(old) > 3 else ""
    return "%d of %d Anti-Malware components are not the newest: %s%s" % (len(old), total, ", ".join(old[:3]), more)


def run(client, params, own_filter, check_mode):
    """One step: (result, None or why it failed)."""
    if params["step"] == "finish":
        return _dsm_tasks.finish(client, params["tasks"], check_mode), None
    if params["step"] == "look":
        before, settled = params["before"], params["settled"]

        def state(raw):
            return judge(raw, _dsm_tasks.part(before, str(raw["ID"])), settled)

        return _dsm_tasks.look(client, params["computers"], EXPAND, state), None

    def body(computer_filter):
        parameters = {"computerFilter": computer_filter, "timeout": params["task_timeout"]}
        return {"type": "check-for-security-updates", "checkForSecurityUpdatesTaskParameters": parameters}

    def note(raw):
        return describe(raw), True  # whether there is something newer is known only after an update

    return _dsm_tasks.start(
        client, params["computers"], EXPAND, note, body, params["max_tasks"], own_filter, params["also"], check_mode
    )


def main():
    module = AnsibleModule(
        argument_spec=dict(
            dict(_dsm.argument_spec(), **_dsm_tasks.argument_spec()),
            step=dict(type="str", choices=["start", "look", "finish"]),
            settle=dict(type="int", default=900),
            advisory=dict(type="str", default="KA-0016311"),
            filter=dict(
                type="dict",
                options=dict(
                    computer_group_id=dict(type="int"),
                    policy_id=dict(type="int"),
                    smart_folder_id=dict(type="int"),
                    all=dict(type="bool"),
                ),
            ),
            also=dict(type="list", elements="int", default=[]),
            task_timeout=dict(
                type="str", choices=["never", "one-hour", "two-hours", "four-hours", "eight-hours"], default="never"
            ),
            before=dict(type="dict"),
            settled=dict(type="bool", default=False),
        ),
        required_if=[
            ("step", "start", ["computers"]),
            ("step", "look", ["computers", "before"]),
            ("step", "finish", ["tasks"]),
        ],
        supports_check_mode=True,
    )
    params = module.params
    if params["step"] is None:
        module.fail_json(msg="step is missing: all steps together are the work of the action plugin of the same name")
    if params["max_tasks"] < 1:
        module.fail_json(msg="max_tasks is %d; give at least 1" % params["max_tasks"])
    try:
        own_filter = _dsm_tasks.chosen_filter(params["filter"]) if params["filter"] is not None else None
        client = _dsm.client(params)
        result, problem = run(client, params, own_filter, module.check_mode)
    except (_dsm.DsmError, ValueError) as error:
        module.fail_json(msg=str(error))
    if problem:
        module.fail_json(msg=problem, **result)
    module.exit_json(requests=client.statistics(), **result)


if __name__ == "__main__":
    main()
