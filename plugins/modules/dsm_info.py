#!/usr/bin/python

# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: dsm_info
short_description: Read the version of a Deep Security Manager and check the API key
version_added: 0.1.0
description:
  - Reads the version of a Deep Security Manager (DSM) or Workload Security, checks that the API key works, and looks
    whether builds of the agent are imported there. Changes nothing.
  - A Manager that does not answer or does not accept the key is a failed task, whose message names the remedy.
    Everything else that is unknown is null, with the reason in RV(problems).
  - Runs where the Manager can be reached, on the controller as a rule.
author:
  - deep_security.remediation contributors (@deep-security-remediation)
options:
  builds:
    description:
      - Builds of the agent to look for among those that the Manager offers for upgrades, such as V(20.0.0-6313).
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - deep_security.remediation._dsm
  - deep_security.remediation._attributes
  - deep_security.remediation._attributes.info
seealso:
  - module: deep_security.remediation.dsm_computer_info
"""

EXAMPLES = r"""
- name: Read the Manager's version, and whether the target is there
  deep_security.remediation.dsm_info:
    url: https://dsm.example.com:4119
    api_key: "{{ vault_dsm_api_key }}"
    ca_path: /etc/pki/dsm.pem
    builds: [20.0.0-6313]
  delegate_to: localhost
  run_once: true
  register: dsm
"""

RETURN = r"""
status:
  description: The HTTP status with which the Manager refused. Null where there was no answer in HTTP.
  returned: failure
  type: int
  sample: 401
answered:
  description:
    - V(false) if nothing answered at O(url), such as a node that is shut down.
    - V(true) if something did, also where it refused the key, is no Manager, or has a certificate that is not trusted.
    - Null where that is unknown, as where a proxy is between.
  returned: failure
  type: bool
  sample: false
manager:
  description: The Manager.
  returned: always
  type: dict
  contains:
    url:
      description: Its address.
      type: str
      sample: https://dsm.example.com:4119/
    version:
      description:
        - Its version, as it writes it.
        - It comes from the legacy interface, which Workload Security does not have and a Manager may have switched off.
      type: str
      sample: 20.0.737
api_key:
  description: The key that was used, as far as its role may see it. It works, or the task would have failed.
  returned: always
  type: dict
  contains:
    type:
      description: How it was sent, V(on_premises) or V(cloud_one).
      type: str
      sample: on_premises
    name:
      description: Its name.
      type: str
      sample: ansible
    role_id:
      description: The ID of its role.
      type: int
      sample: 2
    expires:
      description: When it expires, in milliseconds since 1970.
      type: int
      sample: 1798761600000
builds:
  description: What is known of each of the O(builds), in their order.
  returned: always
  type: list
  elements: dict
  contains:
    build:
      description: The build, normalised.
      type: str
      sample: 20.0.0-6313
    imported:
      description:
        - Whether the Manager offers it for upgrades, by the versions available in its first agent version control
          profile.
        - Null where the Manager has no such list. That the list holds what is imported, and all of it, is not
          documented by the vendor, so that V(false) is a reason to look at the Manager and no proof.
      type: bool
      sample: true
    platforms:
      description: For which platforms.
      type: list
      elements: str
      sample: [Red Hat Enterprise 8 64-bit]
requests:
  description: C(sent) requests, how many of them were C(retried), and how many answers were C(rate_limited).
  returned: always
  type: dict
  sample: {sent: 4, retried: 0, rate_limited: 0}
problems:
  description: Why something is null.
  returned: always
  type: list
  elements: str
  sample: []
"""

import re

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.deep_security.remediation.plugins.module_utils import _dsm, _dsm_computers

PROFILES = "agentversioncontrolprofiles"
# Without a role that may see API keys, or where that part of the API is missing, the key may still work.
UNSEEN = (403, 404)


def version(client, problems):
    """The Manager's version, or None."""
    try:
        text = client.text("rest/managerInfo/version").strip()
    except _dsm.DsmError as error:
        problems.append("the Manager's version: %s" % error)
        return None
    if not re.match(r"[0-9]{1,9}(\.[0-9]{1,9}){1,3}([.-][0-9]{1,9})?\Z", text):
        problems.append("the Manager's version: the answer is no version")
        return None
    return text


def check_key(client, problems):
    """What the key may see of itself. Raises DsmError for a key that does not work."""
    key = {}
    try:
        key = client.get("apikeys/current")
    except _dsm.DsmError as error:
        if error.status not in UNSEEN:
            raise
        # What all the other modules need is the proof.
        next(client.search("computers", "computers", [("expand", "none")], size=1), None)
        problems.append("the API key works, but may not be looked at: %s" % error)
    return {
        "type": client.api_key_type,
        "name": key.get("keyName"),
        "role_id": key.get("roleID"),
        "expires": key.get("expiryDate"),
    }


def offered(client, problems):
    """{build: set of platforms} that the Manager offers, or None where it has no such list."""
    try:
        profiles = _objects(client.get(PROFILES).get("agentVersionControlProfiles"))
        ids = sorted(item["ID"] for item in profiles if isinstance(item.get("ID"), int))
        if not ids:
            problems.append("the Manager has no agent version control profile")
            return None
        controls = client.get("%s/%d/agentversioncontrols" % (PROFILES, ids[0])).get("agentVersionControls")
    except _dsm.DsmError as error:
        problems.append("the builds that the Manager offers: %s" % error)
        return None
    found = {}
    for control in _objects(controls):
        platform = " ".join(str(control[name]) for name in ("platform", "architecture") if control.get(name))
        for entry in _objects(control.get("availableVersions")):
            build = _dsm_computers.build(entry.get("version"))
            if build:
                found.setdefault(build, set()).add(platform)
    if not found:
        problems.append("the Manager's agent version controls list no build")
        return None
    return found


def _objects(value):
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def main():
    module = AnsibleModule(
        argument_spec=dict(_dsm.argument_spec(), builds=dict(type="list", elements="str", default=[])),
        supports_check_mode=True,
    )
    builds = [_dsm_computers.build(text) for text in module.params["builds"]]
    if None in builds:
        module.fail_json(
            msg="%s is no build; write four numbers such as 20.0.0-6313" % module.params["builds"][builds.index(None)]
        )
    problems = []
    try:
        client = _dsm.client(module.params)
        key = check_key(client, problems)
    except _dsm.DsmError as error:
        module.fail_json(msg=str(error), status=error.status, answered=error.answered)
    manager = {"url": client.url, "version": version(client, problems)}
    there = offered(client, problems) if builds else None
    module.exit_json(
        changed=False,
        manager=manager,
        api_key=key,
        builds=[
            {
                "build": build,
                "imported": None if there is None else build in there,
                "platforms": sorted((there or {}).get(build, ())),
            }
            for build in builds
        ],
        requests=client.statistics(),
        problems=problems,
    )


if __name__ == "__main__":
    main()
