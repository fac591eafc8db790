#!/usr/bin/python

# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: dsm_agent_upgrade
short_description: Upgrade agents with scheduled tasks of Workload Security
version_added: 0.1.0
description:
  - Finds out whether a Manager takes scheduled tasks of the type C(scheduled-agent-upgrade), starts such tasks,
    determines from the version that the Manager has of each agent how far its upgrade is, and removes what is left of
    the tasks.
  - A task takes in a whole group, a whole policy, all computers or a single one, and never a computer that was not
    named.
  - Without O(step) it does all of it and waits with visible progress until all agents have reached O(version) or
    O(wait) is over.
  - With O(step) a call does that step alone and waits for nothing. First V(probe), then V(start), V(look) as often as
    it takes, and at the end V(finish), always.
  - Give all of a group that may be upgraded, also those that already are; only so can one task take in the group.
  - The task does not name the build to which the Manager upgrades. Its agent version control decides, see
    M(deep_security.remediation.dsm_info). O(version) is only what is waited for.
  - Runs where the Manager can be reached, on the controller as a rule.
author:
  - deep_security.remediation contributors (@deep-security-remediation)
options:
  step:
    description:
      - V(probe) sends a task that is switched off, for one of the computers, and deletes it at once.
      - V(start) notes how the agents are, and starts as few tasks as will do; none if all have reached O(version).
      - V(look) returns how far each agent is.
      - V(finish) deletes those of the tasks that are still there. It can be repeated.
    type: str
    choices: [probe, start, look, finish]
  version:
    description:
      - The build that the agents must reach, such as V(20.0.0-6313). Needed for V(start) and V(look).
    type: str
  task_parameters:
    description:
      - Fields to send in C(scheduledAgentUpgradeTaskParameters) beside C(computerFilter), for V(probe) and V(start).
      - The vendor publishes none.
    type: dict
    default: {}
  before:
    description: The RV(before) of V(start), for the evidence of V(look).
    type: dict
    default: {}
extends_documentation_fragment:
  - deep_security.remediation._dsm
  - deep_security.remediation._dsm.batch
  - deep_security.remediation._attributes
attributes:
  check_mode:
    support: full
    details:
      - V(probe) sends nothing and finds out nothing. V(start) reads the computers and returns which tasks it would
        start; V(finish) returns which it would delete.
  diff_mode:
    support: none
notes:
  - The type of task is not in the vendor's published SDK and was only seen in a script that moves tasks to Workload
    Security. Whether a Manager on premises takes it is unknown. Probe first, and try it on one computer.
  - All but V(look) need an API key whose role may do more than Auditor, such as Full Access.
  - The key must see all computers. Where its role hides some of them a group looks smaller than it is, and those that
    are hidden are upgraded too. So is a computer that joins a group between reading and starting.
  - It knows nothing of the order of an advisory. Upgrade and update the Relays before.
  - It reboots nothing, and does not return whether a host requires a reboot.
seealso:
  - module: deep_security.remediation.dsm_info
  - module: deep_security.remediation.dsm_security_update
"""

EXAMPLES = r"""
- name: Check whether the Manager can upgrade agents by a task
  deep_security.remediation.dsm_agent_upgrade:
    url: https://workload.jp-1.cloudone.trendmicro.com
    api_key: "{{ vault_dsm_api_key }}"
    step: probe
    computers: [17]
  delegate_to: localhost
  register: probe

- name: Start the upgrade
  deep_security.remediation.dsm_agent_upgrade:
    url: https://workload.jp-1.cloudone.trendmicro.com
    api_key: "{{ vault_dsm_api_key }}"
    step: start
    computers: [17, 21]
    version: 20.0.0-6313
  delegate_to: localhost
  register: upgrade
  when: probe.supported is sameas true

- name: Look how far it is
  deep_security.remediation.dsm_agent_upgrade:
    url: https://workload.jp-1.cloudone.trendmicro.com
    api_key: "{{ vault_dsm_api_key }}"
    step: look
    computers: [17, 21]
    version: 20.0.0-6313
    before: "{{ upgrade.before }}"
  delegate_to: localhost
  register: seen
  until: seen.states.values() | map(attribute='state') is not contains 'running'
  retries: 60
  delay: 60

- name: Remove what is left of the tasks
  deep_security.remediation.dsm_agent_upgrade:
    url: https://workload.jp-1.cloudone.trendmicro.com
    api_key: "{{ vault_dsm_api_key }}"
    step: finish
    tasks: "{{ upgrade.tasks }}"
  delegate_to: localhost
"""

RETURN = r"""
supported:
  description: Whether the Manager takes such a task. Null where that is unknown, with the reason in RV(problems).
  returned: for V(probe)
  type: bool
  sample: true
tasks:
  description: The tasks that were started, or in check mode would be.
  returned: for V(start), also if it failed after talking to the Manager
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
      description: The IDs of the computers that the filter names. One can be in two tasks.
      type: list
      elements: int
      sample: [17, 21]
uncovered:
  description: The IDs of the computers that no task takes in. None if all have reached O(version).
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
  description: How the agents were at the start, by ID. An ID is a string here.
  returned: for V(start), also if it failed after talking to the Manager
  type: dict
  sample:
    "17": {version: 20.0.0-5995}
problems:
  description:
    - Why it is unknown whether there are such tasks, or the Manager's message where there are none.
    - Why some of the tasks could not be started. V(start) fails only where none could be.
  returned: for V(probe) and V(start), also if it failed after talking to the Manager
  type: list
  elements: str
  sample: []
states:
  description:
    - C(state), C(evidence) and C(version) of each of the O(computers), by ID. An ID is a string here.
    - V(succeeded) if the Manager knows the agent's version and it is O(version) or newer.
    - V(gone) if the Manager does not know the computer, or no longer.
    - V(running) in all other cases. No field that the vendor documents shows that an upgrade failed; read the
      evidence, which holds the Manager's messages.
  returned: for V(look)
  type: dict
  sample:
    "17":
      state: succeeded
      evidence: the agent is 20.0.0-6313, was 20.0.0-5995; Managed (Online)
      version: 20.0.0-6313
outcomes:
  description:
    - C(outcome), V(succeeded), V(unfinished), or V(failed) where the Manager does not do it, and C(evidence) of each of
      the O(hosts), or by ID of each of the O(computers).
  returned: without O(step)
  type: dict
  sample:
    web1: {outcome: succeeded, evidence: "the agent is 20.0.0-6313, was 20.0.0-5995"}
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
import uuid

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.deep_security.remediation.plugins.module_utils import _dsm, _dsm_computers, _dsm_tasks

EXPAND = ("computerStatus", "tasks")


def describe(raw):
    """What is noted of one computer at the start."""
    return {"version": _version(raw)}


def reached(version, target):
    """Whether a build is the target or newer; an unknown one is not."""
    return bool(version) and _numbers(version) >= _numbers(target)


def _version(raw):
    """The build that the Manager knows of an agent, or None; without an agent it writes 0.0.0.0."""
    known = raw.get("agentVersion")
    return None if known == _dsm_computers.NO_AGENT else _dsm_computers.build(known)


def _numbers(version):
    return [int(number) for number in re.findall("[0-9]+", version)]


def judge(raw, before, target):
    """{state, evidence, version} of one computer, before is what describe() made of it at the start, or empty."""
    version, status = _version(raw), _dsm_tasks.status_of(raw)
    if version:
        then = before.get("version")
        text = "the agent is %s%s" % (version, ", was %s" % then if then and then != version else "")
    else:
        text = "the Manager has no version of the agent"
    messages = "" if status["offline"] else ", ".join(status["messages"])
    parts = [text, messages, _dsm_tasks.sentence(status)]
    return {
        "state": "succeeded" if reached(version, target) else "running",
        "evidence": "; ".join(text for text in parts if text),
        "version": version,
    }


def probe(client, computers, body, check_mode):
    """The step probe. What it sends is switched off, and deleted at once."""
    result = {"changed": False, "supported": None, "problems": []}
    known = next(_dsm_tasks.read(client, computers, ()), None)
    if known is None:
        result["problems"].append("the Manager knows none of the computers, and a task needs one")
        return result
    if check_mode:
        result["problems"].append("check mode: nothing is sent to find out")
        return result
    task = {"name": _dsm_tasks.PREFIX + str(uuid.uuid4())}
    try:
        _dsm_tasks.create(
            client, dict(body({"type": "computer", "computerID": known["ID"]}), name=task["name"], enabled=False)
        )
        result["supported"] = True
    except _dsm.DsmError as error:
        if error.status == 400:
            result["supported"] = False
        result["problems"].append(str(error))
        if not error.unclear:
            return result
    try:
        _dsm_tasks.finish(client, [task])
    except _dsm.DsmError as error:
        result.update(changed=True, problems=result["problems"] + [str(error)])
    return result


def run(client, params, version, check_mode):
    """One step: (result, None or why it failed)."""

    def body(computer_filter):
        parameters = dict(params["task_parameters"], computerFilter=computer_filter)
        return {"type": "scheduled-agent-upgrade", "scheduledAgentUpgradeTaskParameters": parameters}

    def note(raw):
        known = describe(raw)
        return known, not reached(known["version"], version)

    def state(raw):
        return judge(raw, _dsm_tasks.part(params["before"], str(raw["ID"])), version)

    if params["step"] == "probe":
        return probe(client, params["computers"], body, check_mode), None
    if params["step"] == "start":
        return _dsm_tasks.start(
            client, params["computers"], EXPAND, note, body, params["max_tasks"], check_mode=check_mode
        )
    if params["step"] == "look":
        return _dsm_tasks.look(client, params["computers"], EXPAND, state), None
    return _dsm_tasks.finish(client, params["tasks"], check_mode), None


def main():
    module = AnsibleModule(
        argument_spec=dict(
            dict(_dsm.argument_spec(), **_dsm_tasks.argument_spec()),
            step=dict(type="str", choices=["probe", "start", "look", "finish"]),
            version=dict(type="str"),
            task_parameters=dict(type="dict", default={}),
            before=dict(type="dict", default={}),
        ),
        required_if=[
            ("step", "probe", ["computers"]),
            ("step", "start", ["computers", "version"]),
            ("step", "look", ["computers", "version"]),
            ("step", "finish", ["tasks"]),
        ],
        supports_check_mode=True,
    )
    params = module.params
    version = _dsm_computers.build(params["version"])
    if params["version"] is not None and version is None:
        module.fail_json(msg="%s is no build; write four numbers such as 20.0.0-6313" % params["version"])
    if params["max_tasks"] < 1:
        module.fail_json(msg="max_tasks is %d; give at least 1" % params["max_tasks"])
    try:
        client = _dsm.client(params)
        result, problem = run(client, params, version, module.check_mode)
    except _dsm.DsmError as error:
        module.fail_json(msg=str(error))
    if problem:
        module.fail_json(msg=problem, **result)
    module.exit_json(requests=client.statistics(), **result)


if __name__ == "__main__":
    main()
