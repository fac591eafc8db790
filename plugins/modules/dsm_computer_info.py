#!/usr/bin/python

# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: dsm_computer_info
short_description: Read the agents that a Deep Security Manager knows
version_added: 0.1.0
description:
  - Reads the computers of a Deep Security Manager (DSM) or of Workload Security and makes of each an agent record of
    the same shape as that of M(deep_security.remediation.dsa_info), without touching a host. Changes nothing.
  - It collects and judges nothing. Give a record to P(deep_security.remediation.dsa_verdict#filter) for a verdict.
  - 5000 computers come with one request, and one more request finds that there are no further ones.
  - What the Manager does not know, and values that are unknown here, are null, with the reason in
    RV(computers[].agent.problems).
  - Runs where the Manager can be reached, on the controller as a rule.
author:
  - deep_security.remediation contributors (@deep-security-remediation)
options:
  names:
    description:
      - Only computers with one of these host names or display names. Upper and lower case are the same.
      - A computer must pass all of O(names), O(ids) and O(groups) that are given.
    type: list
    elements: str
  ids:
    description: Only computers with one of these IDs.
    type: list
    elements: int
  groups:
    description: Only computers in one of these groups, by name or ID, without the groups below. For a name the groups
      are read too.
    type: list
    elements: str
  expand:
    description:
      - What to read from the Manager beside the computers themselves. Less is faster.
      - Without V(computerStatus) the status is missing, without V(computerSettings) it is not known which computers are
        Relays, without V(antiMalware) nothing is known of that module.
      - V(securityUpdates) makes RV(computers[].agent.updates). It is left out by default because the Manager then sends
        the version of every component of every computer.
    type: list
    elements: str
    choices: [computerStatus, computerSettings, antiMalware, securityUpdates]
    default: [computerStatus, computerSettings, antiMalware]
extends_documentation_fragment:
  - deep_security.remediation._dsm
  - deep_security.remediation._dsm.record
  - deep_security.remediation._attributes
  - deep_security.remediation._attributes.info
seealso:
  - module: deep_security.remediation.dsa_info
  - module: deep_security.remediation.dsm_info
  - plugin: deep_security.remediation.dsa_verdict
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Read what the Manager knows
  deep_security.remediation.dsm_computer_info:
    url: https://dsm.example.com:4119
    api_key: "{{ vault_dsm_api_key }}"
    ca_path: /etc/pki/dsm.pem
  delegate_to: localhost
  run_once: true
  register: dsm

- name: Show the Relays
  ansible.builtin.debug:
    msg: "{{ dsm.computers | selectattr('agent.relay.enabled', 'sameas', true) | map(attribute='name') }}"

- name: Show the verdicts
  ansible.builtin.debug:
    msg: "{{ item.name }}: {{ (item.agent | deep_security.remediation.dsa_verdict).verdict }}"
  loop: "{{ dsm.computers }}"
  loop_control:
    label: "{{ item.name }}"
"""

RETURN = r"""
computers:
  description: The computers, in the order of their IDs.
  returned: always
  type: list
  elements: dict
  contains:
    id:
      description: The Manager's ID of the computer.
      type: int
      sample: 17
    guid:
      description: The host's GUID.
      type: str
      sample: 8E8C9D2A-4A0B-6C0A-3B5C-0D6E4A1B2C3D
    name:
      description: The host name, or the address if the Manager knows no name.
      type: str
      sample: db01.example.com
    display_name:
      description: The name of the computer in the Manager's console.
      type: str
      sample: Database 1
    address:
      description: The address that the agent used last.
      type: str
      sample: 192.0.2.17
    kind:
      description: V(agent), or V(appliance) for a Deep Security Virtual Appliance.
      type: str
      sample: agent
    platform_text:
      description: The platform as the Manager writes it.
      type: str
      sample: Red Hat Enterprise 8 (64 bit)
    group_id:
      description: The ID of the group that it is in.
      type: int
      sample: 3
    policy_id:
      description: The ID of its policy.
      type: int
      sample: 12
    relay_group_id:
      description: The ID of the group of Relays from which it updates itself. V(0) is none.
      type: int
      sample: 1
    protected_by_appliance:
      description: Whether a virtual appliance protects it from outside.
      type: bool
      sample: false
    status:
      description: The state of the agent or appliance, V(active), V(inactive), V(warning), V(error) or
        V(not-supported).
      type: str
      sample: active
    status_messages:
      description: The same as messages of the Manager.
      type: list
      elements: str
      sample: [Managed (Online)]
    last_contact:
      description: When the agent or appliance last spoke to the Manager. The rest is as old as that.
      type: str
      sample: "2026-11-01T03:04:05Z"
    agent:
      description:
        - The agent record. It has the keys of that of M(deep_security.remediation.dsa_info); those that the Manager
          cannot know are null.
      type: dict
      contains:
        installed:
          description: V(true), or null. That no agent is activated does not mean that none is installed.
          type: bool
          sample: true
        version:
          description: The build, normalised.
          type: str
          sample: 20.0.0-6313
        version_raw:
          description: The build as the Manager writes it. V(0.0.0.0) means that there is none.
          type: str
          sample: 20.0.0.6313
        version_source:
          description: V(manager), if there is a build.
          type: str
          sample: manager
        versions:
          description:
            - The build by source. A version that is no build is there as text, and null stands for an activated agent
              whose version the Manager does not have.
          type: dict
          sample: {manager: 20.0.0-6313}
        platform:
          description: The advisory's platform, V(windows), V(linux), V(unix) or V(macos), by O(platform_patterns).
          type: str
          sample: linux
        os:
          description: The operating system, V(windows), V(linux), V(aix), V(solaris) or V(macos).
          type: str
          sample: linux
        os_version:
          description: Not known to the Manager in a reliable form, always null.
          type: str
          sample: null
        arch:
          description: The architecture of Windows and Linux, if the platform's text names it.
          type: str
          sample: x86_64
        distribution:
          description: Always null.
          type: dict
          sample: null
        install_dir:
          description: Always null.
          type: str
          sample: null
        installed_at:
          description: Always null.
          type: str
          sample: null
        product_code:
          description: Always null.
          type: str
          sample: null
        service:
          description: C(name), C(state) and C(raw), always null.
          type: dict
          sample: {name: null, state: null, raw: null}
        services:
          description: Always empty.
          type: list
          elements: dict
          sample: []
        drivers:
          description: Always empty.
          type: list
          elements: dict
          sample: []
        running:
          description: Always null.
          type: bool
          sample: null
        activated:
          description: Whether this Manager activated the agent, by the agent's fingerprint.
          type: bool
          sample: true
        manager_url:
          description: Always null.
          type: str
          sample: null
        relay:
          description:
            - C(enabled) is whether the computer is a Relay by its setting in the Manager, policies included, and
              C(source) is V(manager).
          type: dict
          sample: {enabled: false, source: manager}
        anti_malware:
          description:
            - C(mode) is V(on), V(off) or null, C(driver_offline) is whether the engine is offline, C(engine) is null
              and C(patterns) empty.
            - C(state), C(status) and C(message) are the Manager's own values, from which they were made.
          type: dict
          sample:
            mode: "on"
            driver_offline: false
            engine: null
            patterns: []
            state: inherited
            status: active
            message: "On, Real Time"
        updates:
          description:
            - How the last security update went. Null where V(securityUpdates) is not in O(expand).
            - C(status) is V(active), V(inactive), V(warning), V(error) or V(not-supported), and C(message) the same as
              a message of the Manager. C(last_changed) is when a component was last updated.
            - C(latest) is whether every Anti-Malware component is the newest that the Manager lists, null where it
              names none or gives no answer.
          type: dict
          sample: {status: active, message: null, last_changed: "2026-11-01T03:04:05Z", latest: true}
        reboot:
          description: C(required) is null.
          type: dict
          sample: {required: null, reasons: []}
        clock:
          description: C(utc_offset), C(boot_time) and C(now), always null.
          type: dict
          sample: {utc_offset: null, boot_time: null, now: null}
        remediation:
          description: Always null.
          type: dict
          sample: null
        remediation_unreadable:
          description: Always null.
          type: str
          sample: null
        problems:
          description:
            - Why something is null. C(source) is V(manager), and C(text) is for people.
            - C(code) is V(missing) if the Manager has no agent or no version of it, V(unreadable) for a version or a
              Relay state with an unknown value, V(unsupported) for an unknown platform, and V(not_requested) for what
              O(expand) left out.
          type: list
          elements: dict
          sample:
            - source: manager
              code: missing
              text: "the Manager has no agent here: none is installed, or none is activated"
not_found:
  description: Those of O(names) and O(ids) that no computer has. One that the other filters leave out is found.
  returned: always
  type: list
  elements: str
  sample: []
requests:
  description: C(sent) requests, how many of them were C(retried), and how many answers were C(rate_limited).
  returned: always
  type: dict
  sample: {sent: 3, retried: 0, rate_limited: 0}
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.deep_security.remediation.plugins.module_utils import _dsm, _dsm_computers


def read(client, params):
    """(raw readings of the computers that pass the filters, names and IDs that no computer has)."""
    names = {name.lower(): name for name in params["names"] or ()}
    ids = set(params["ids"] or ())
    groups = _dsm_computers.group_ids(client, params["groups"] or ())
    missing_names, missing_ids = set(names), set(ids)
    # Between these IDs lies all that may be wanted; a name may be anywhere.
    first, last = (max(min(ids), 1), max(ids)) if ids and not names else (1, float("inf"))
    size = min(params["page_size"], max(last - first + 1, 1))
    computers = []
    for raw in _dsm_computers.search(client, params["expand"], first - 1, size):
        own = {raw[key].lower() for key in ("hostName", "displayName") if isinstance(raw.get(key), str)}
        missing_names -= own
        missing_ids.discard(raw["ID"])
        if (
            (params["names"] is None or own & set(names))
            and (params["ids"] is None or raw["ID"] in ids)
            and (params["groups"] is None or any(raw.get("groupID") == group for group in groups))
        ):
            computers.append(_dsm_computers.reading(raw))
        if raw["ID"] >= last:
            break
    return computers, sorted(names[name] for name in missing_names) + [str(number) for number in sorted(missing_ids)]


def main():
    module = AnsibleModule(
        argument_spec=dict(
            _dsm.argument_spec(),
            names=dict(type="list", elements="str"),
            ids=dict(type="list", elements="int"),
            groups=dict(type="list", elements="str"),
            expand=dict(
                type="list",
                elements="str",
                choices=list(_dsm_computers.EXPANDABLE),
                default=list(_dsm_computers.EXPAND),
            ),
            platform_patterns=dict(type="dict", default={}),
            relay_states=dict(type="dict", default=_dsm_computers.RELAY_STATES),
            engine_offline_pattern=dict(type="str", default=_dsm_computers.ENGINE_OFFLINE),
            page_size=dict(type="int", default=_dsm.PAGE_SIZE),
        ),
        supports_check_mode=True,
    )
    params = module.params
    if params["page_size"] < 1:
        module.fail_json(msg="page_size is %d; give at least 1" % params["page_size"])
    try:
        client = _dsm.client(params)
        computers, not_found = read(client, params)
    except (_dsm.DsmError, ValueError) as error:
        module.fail_json(msg=str(error))
    # The action plugin of this name makes records of the raw readings.
    reading = {
        "patterns": params["platform_patterns"],
        "relay_states": params["relay_states"],
        "engine_offline": params["engine_offline_pattern"],
        "expand": params["expand"],
    }
    module.exit_json(
        changed=False, computers=computers, not_found=not_found, requests=client.statistics(), reading=reading
    )


if __name__ == "__main__":
    main()
