#!/usr/bin/python

# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: dsa_info
short_description: Read the Deep Security Agent of a host
version_added: 0.1.0
description:
  - Reads, in one call and without changing anything, the state of the Deep Security Agent (DSA) of a host, its build
    by every source that answers, its service, its Anti-Malware state and whether it appears to be a Relay.
  - What runs on the host only collects; the record is made of it on the controller. Use
    M(deep_security.remediation.dsa_assess) for a verdict.
  - A host without an agent, without permission, with a tool that is missing, hangs or answers in another language
    gives a record with nulls and the reasons in RV(agent.problems), not a failed task.
author:
  - deep_security.remediation contributors (@deep-security-remediation)
extends_documentation_fragment:
  - deep_security.remediation._options
  - deep_security.remediation._options.reading
  - deep_security.remediation._attributes
  - deep_security.remediation._attributes.info
seealso:
  - module: deep_security.remediation.dsa_assess
notes:
  - Needs the privileges with which the agent's own C(dsa_query) answers, C(root) as a rule.
  - On the host Python 2.7 or 3.6 and later is enough, with an ansible-core that still supports it.
"""

EXAMPLES = r"""
- name: Read the agent of every host
  deep_security.remediation.dsa_info:
  register: dsa

- name: Show the builds
  ansible.builtin.debug:
    msg: "{{ dsa.agent.version or dsa.agent.problems }}"
"""

RETURN = r"""
agent:
  description: The agent record. What is not known is null, and RV(agent.problems) gives the reason.
  returned: always
  type: dict
  contains:
    installed:
      description:
        - Whether an agent is installed.
        - V(false) only where every package database that is there shows none, and nothing of an agent runs or is left.
        - On Windows an agent whose service is registered is installed, whatever the list of installed programs has.
      type: bool
      sample: true
    version:
      description: The installed build, normalised.
      type: str
      sample: 20.0.0-4416
    version_raw:
      description: The build as RV(agent.version_source) wrote it.
      type: str
      sample: 20.0.0-4416.el7
    version_source:
      description: Where it is from. One of V(rpm), V(dpkg), V(lslpp), V(pkg), V(pkginfo), V(pkgutil), V(registry),
        V(file), V(dsa_query).
      type: str
      sample: rpm
    versions:
      description:
        - The build by every source that answered, normalised where it could be read. They can disagree.
        - A text that is no build where it could not be read, and null where the source answered and named none.
      type: dict
      sample: {rpm: 20.0.0-4416, dsa_query: 20.0.0-4416}
    platform:
      description: The advisory's platform, V(windows), V(linux), V(unix) or V(macos).
      type: str
      sample: linux
    os:
      description: The operating system, V(windows), V(linux), V(aix), V(solaris) or V(macos).
      type: str
      sample: linux
    os_version:
      description: The kernel's release, on AIX and Solaris the version of the operating system.
      type: str
      sample: "5.11"
    arch:
      description: The architecture.
      type: str
      sample: x86_64
    distribution:
      description: C(id) and C(version) of a Linux distribution.
      type: dict
      sample: {id: rhel, version: "8.10"}
    install_dir:
      description: Where the agent is installed.
      type: str
      sample: /opt/ds_agent
    installed_at:
      description:
        - When the agent's main files were changed last, in the host's time as UTC.
        - On Windows the beginning of the day on which it was installed or repaired last; Windows keeps no time of it.
      type: str
      sample: "2026-11-02T03:04:05Z"
    running:
      description:
        - Whether the agent was seen to run, as a service, as a process or because it answered, whatever the package
          database contains.
      type: bool
      sample: true
    service:
      description:
        - C(name) and C(state) of the agent's service.
        - C(state) is one of V(running), V(stopped), V(failed), V(paused), V(pending), V(disabled), V(missing), or
          null.
      type: dict
      sample: {name: ds_agent, state: running}
    services:
      description: C(name) and C(state) of every service of the agent, on Windows that of Anti-Malware too.
      type: list
      elements: dict
      sample: [{name: ds_agent, state: running}]
    drivers:
      description: C(name) and C(state) of the drivers of Anti-Malware. On Windows only.
      type: list
      elements: dict
      sample: [{name: tmcomm, state: running}]
    activated:
      description: Whether a Manager activated the agent.
      type: bool
      sample: true
    manager_url:
      description: The Manager that the agent reports to.
      type: str
      sample: https://dsm.example.com:4120/
    relay:
      description:
        - C(enabled) is whether the host appears to be a Relay, and C(source) how that was found.
        - A heuristic, overruled by the inventory.
      type: dict
      sample: {enabled: false, source: tcp_4122_listener}
    anti_malware:
      description:
        - C(mode), C(driver_offline), C(engine) and C(patterns) of the Anti-Malware module. C(mode) is the agent's
          own word.
        - C(driver_offline) is true where anything that the agent shows of the module is offline, and null where that
          is not shown.
      type: dict
      sample: {mode: "on", driver_offline: false, engine: 24.580.1013, patterns: []}
    reboot:
      description:
        - C(required) is whether the agent, or on Windows anything but files of other programs, requires a reboot.
        - C(reasons) is a list of C(code) and C(text). The codes are V(agent_installer), V(reboot_required_file)
          for packages other than the agent's, and on Windows V(component_based_servicing), V(windows_update),
          V(server_manager), V(computer_rename), V(sccm), V(file_rename_agent) and V(file_rename_other).
      type: dict
      sample: {required: true, reasons: [{code: agent_installer, text: "/run/reboot-required: ds-agent"}]}
    clock:
      description:
        - C(utc_offset), the host's time in minutes east of UTC, C(boot_time), when it was started, and C(now), its
          time when it was read. Both times are in UTC.
      type: dict
      sample: {utc_offset: 540, boot_time: "2026-11-01T03:04:05Z", now: "2026-11-03T01:02:03Z"}
    product_code:
      description: The MSI product code of the agent. On Windows only.
      type: str
      sample: "{01234567-89AB-CDEF-0123-456789ABCDEF}"
    remediation:
      description: How far this collection came on this host, from its progress file. Null where there is none.
      type: dict
      sample: {phase: done}
    remediation_unreadable:
      description: Why a progress file that is there cannot be used. RV(agent.remediation) is null then.
      type: str
      sample: null
    problems:
      description:
        - Why something is not known.
        - C(source) is V(rpm), V(dpkg), V(lslpp), V(pkg), V(pkginfo), V(pkgutil), V(packages), V(registry), V(file),
          V(folder), V(dsa_query), V(service), V(relay), V(note), V(reboot), V(clock), V(platform) or V(reader).
        - C(code) is V(no_answer), V(incomplete), V(unreadable), V(missing), V(denied), V(half_installed),
          V(leftovers) or V(unsupported).
      type: list
      elements: dict
      sample: [{source: dsa_query, code: no_answer, text: no answer within 15 s}]
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.deep_security.remediation.plugins.module_utils._agent import progress, record


def main():
    module = AnsibleModule(
        argument_spec=dict(
            timeout=dict(type="int", default=15),
            progress_file=dict(type="path", default=progress.DEFAULT_PATH),
        ),
        supports_check_mode=True,
    )
    if module.params["timeout"] < 1:
        module.fail_json(msg="timeout is %d; give at least 1 second" % module.params["timeout"])
    module.exit_json(changed=False, reading=record.read(module.params["timeout"], module.params["progress_file"]))


if __name__ == "__main__":
    main()
