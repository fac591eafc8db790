#!/usr/bin/python

# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: dsa_upgrade
short_description: Upgrade the Deep Security Agent of a host
version_added: 0.1.0
description:
  - Brings a package to the host, verifies it, installs it with the platform's own package manager, and reads the
    build back. On Windows M(ansible.windows.win_package) installs it.
  - Never installs an older build over a newer one, and does nothing on a host that has the build already.
  - Can be repeated at any point. A second run waits for a first one that still goes on, for instance after a lost
    connection.
author:
  - deep_security.remediation contributors (@deep-security-remediation)
options:
  version:
    description: The build to reach.
    type: str
    required: true
  installed:
    description: The build that is installed, for the prediction in check mode. Used on the controller alone.
    type: str
  package:
    description:
      - The package as M(deep_security.remediation.dsa_plan) chose it. Used on the controller alone.
      - Without one the build is there already, and the agent's service is restarted where another one runs, or none.
    type: dict
  restart:
    description: Do not install, restart the service if it needs it. Set by the action plugin.
    type: bool
    default: false
  update_due:
    description: Whether somebody else installed the build, so that the security update after it is due. Set by the
      action plugin.
    type: bool
    default: false
  wave:
    description:
      - How this host fared where the Manager upgraded many, C(outcome) and C(evidence) as
        M(deep_security.remediation.dsm_agent_upgrade) returns them per host. Used on the controller alone.
      - The outcome V(begun) only notes on the host that the Manager is about to upgrade it.
    type: dict
  path:
    description: The package file on the host. Set by the action plugin; the host's own repository is used without it.
    type: path
  sha256:
    description: The SHA-256 that the file must have. Set by the action plugin from O(package).
    type: str
  verify:
    description:
      - Whether to refuse a file that neither matches O(sha256) nor bears a good signature.
    type: bool
    default: true
  self_protection:
    description:
      - Whether the agent protects itself. It is then switched off for the upgrade, and on again whatever happens.
      - Where O(self_protection_password) is given it does, unless this says otherwise.
    type: bool
  self_protection_password:
    description:
      - The password of the self-protection, where one is set in the Manager.
      - The agent's own C(dsa_control) takes it as an argument only, so it is visible on the host's process list for a
        moment.
    type: str
  command:
    description:
      - Another command to install with. C({file}) and C({version}) are replaced.
    type: str
  msi_arguments:
    description: More arguments for the MSI on Windows. Used on the controller alone.
    type: str
  reinstall:
    description:
      - Whether to install where there is no agent, as M(deep_security.remediation.dsa_recover) does. On Windows only,
        and used on the controller alone.
    type: bool
    default: false
  diagnostics_dir:
    description:
      - Where the log of a failed installation on Windows goes on the controller, one folder a host. Used on the
        controller alone.
    type: path
    default: dsa-reports/diagnostics
  timeout:
    description:
      - How long the installation may take, in seconds.
      - On Windows, how long to wait for another installation that is running. The MSI itself is not cut off.
    type: int
    default: 1800
  service_timeout:
    description: How long the upgraded agent may take to answer with its new build, in seconds.
    type: int
    default: 120
  reconnect_timeout:
    description: How long a lost connection may stay lost, in seconds. Used on the controller alone.
    type: int
    default: 600
extends_documentation_fragment:
  - deep_security.remediation._options
  - deep_security.remediation._attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
seealso:
  - module: deep_security.remediation.dsa_plan
  - module: deep_security.remediation.dsa_verify
  - module: deep_security.remediation.dsm_agent_upgrade
"""

EXAMPLES = r"""
- name: Upgrade to the build that was planned
  deep_security.remediation.dsa_upgrade:
    version: 20.0.2-1390
    package:
      origin: directory
      version: 20.0.2-1390
      location: /srv/dsa/Agent-PGPCore-RedHat_EL8-20.0.2-1390.x86_64.rpm
      file: Agent-PGPCore-RedHat_EL8-20.0.2-1390.x86_64.rpm
"""

RETURN = r"""
before:
  description: The build before.
  returned: always
  type: str
  sample: 20.0.0-4416
after:
  description: The build after, as the host says it.
  returned: always
  type: str
  sample: 20.0.2-1390
reboot:
  description: Whether the agent asks for a reboot, as in an agent record.
  returned: when the build was reached
  type: dict
  sample: {required: false, reasons: []}
source:
  description: The package file that was used, or that the host's own repository was.
  returned: always
  type: str
  sample: Agent-PGPCore-RedHat_EL8-20.0.2-1390.x86_64.rpm
refused:
  description: Whether the package file is not what it should be. It was then removed from the host.
  returned: when it is
  type: bool
  sample: true
verified_by:
  description: How the package was verified.
  returned: when something was installed
  type: str
  sample: SHA-256
command:
  description: The command that installed it.
  returned: when something was installed
  type: list
  elements: str
  sample: [rpm, -U, /var/opt/deep_security_remediation/packages/Agent-PGPCore-RedHat_EL8-20.0.2-1390.x86_64.rpm]
diagnostics:
  description: The installer's log on the controller.
  returned: when an installation on Windows failed
  type: str
  sample: dsa-reports/diagnostics/win1/install.log
rc:
  description: The exit status of the MSI.
  returned: when one was installed on Windows
  type: int
  sample: 3010
output:
  description: The last lines of the package manager, on Windows those of the log that matter.
  returned: when something was installed
  type: list
  elements: str
"""

import fcntl
import os
import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.deep_security.remediation.plugins.module_utils._agent import control, install, progress, record


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def installed_build(agent):
    """The package manager's word, or the running agent's, as (text, numbers)."""
    return agent["version_raw"], install.numbers(agent["version_raw"])


def wait_for_turn(module, folder, timeout):
    """One upgrade at a time on a host: an earlier attempt, whose connection was lost, may still be at work."""
    if not os.path.isdir(folder):
        os.makedirs(folder, 0o755)
    lock = open(os.path.join(folder, "upgrade.lock"), "w")
    deadline = time.time() + timeout
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
        except (IOError, OSError):
            if time.time() >= deadline:
                module.fail_json(
                    msg="another upgrade of this host is at work for more than %d s; look at it there" % timeout
                )
            time.sleep(1)


class Upgrade(object):
    def __init__(self, module):
        self.module = module
        self.params = module.params
        self.target = install.numbers(module.params["version"])
        self.result = dict(changed=False)

    def fail(self, why):
        after = record.read()
        state = after["version_raw"] or "; ".join(after["problems"]) or "no agent"
        self.module.fail_json(
            msg="%s. The host now has: %s" % (why.rstrip("."), state), **dict(self.result, after=after["version_raw"])
        )

    def note(self, **changes):
        progress.update(self.params["progress_file"], **changes)

    def run(self):
        agent = record.read(progress_path=self.params["progress_file"])
        text, build = installed_build(agent)
        self.result["before"] = text
        if self.params["update_due"] and not self.module.check_mode:
            self.note_for_later(build)
        left_off = (agent["remediation"] or {}).get("self_protection") == "off"
        if build is not None and build >= self.target:
            if self.params["restart"] and not self.module.check_mode:
                agent = self.restart(agent)
            if left_off and not self.module.check_mode:
                self.restore_self_protection()  # after the restart: a service that is down cannot be told anything
            self.finish(agent)
        if not agent["installed"]:
            self.module.fail_json(
                msg="there is no agent to upgrade: %s" % ("; ".join(agent["problems"]) or "none is installed")
            )
        path = self.params["path"]
        try:
            if path:
                self.result["verified_by"] = self.inspect(path)
            if self.module.check_mode:
                self.module.exit_json(**dict(self.result, changed=True, after=self.params["version"]))
            # What was written here tells any later run that an update is due, even if this one ends now.
            begun = {
                "phase": "upgrading",
                "since": now(),
                "from": text or (agent["remediation"] or {}).get("from"),
                "to": self.params["version"],
                "patterns": agent["anti_malware"]["patterns"],
                "engine": agent["anti_malware"]["engine"],
            }
            self.note(**begun)
            self.install(agent["os"], path)
        except install.InstallError as error:
            self.fail(str(error))
        self.finish(self.read_back())

    def note_for_later(self, build):
        """Somebody else installs: whether the build is there already or comes later, an update is due after it."""
        there = build is not None and build >= self.target
        self.note(phase="update_pending" if there else "upgrading", since=now(), to=self.params["version"])
        if not there:
            self.module.exit_json(after=self.result["before"], **self.result)

    def inspect(self, path):
        params = self.params
        try:
            return install.inspect(path, params["version"], params["sha256"], params["verify"])
        except install.InstallError:
            # What is not trusted does not stay.
            if os.path.exists(path):
                os.unlink(path)
            self.result["refused"] = True
            raise

    def restart(self, agent):
        """Restart the service where another build than the installed one runs, or none."""
        builds = [install.numbers(text) for text in agent["versions"].values()]
        if agent["service"]["state"] == "running" and all(build == builds[0] for build in builds):
            return agent
        problem = control.restart_service(agent["os"])
        if problem:
            self.fail("the agent's service could not be restarted: %s" % problem)
        return self.read_back()

    def install(self, os_name, path):
        params = self.params
        if params["self_protection"]:
            self.note(self_protection="off")  # first the note: a crash between the two must not leave it off unseen
            problem = control.self_protection(False, params["self_protection_password"])
            if problem:
                self.note(self_protection=None)
                raise install.InstallError(
                    "self-protection could not be switched off: %s; is the password right?" % problem
                )
        try:
            argv, answer = install.install(os_name, path, params["version"], params["command"], params["timeout"])
        finally:
            if params["self_protection"]:
                self.restore_self_protection()
        output = (answer.out + answer.err).strip().splitlines()[-20:]
        self.result.update(command=argv, output=output)
        if answer.timed_out:
            raise install.InstallError("%s was stopped after %d s" % (argv[0], params["timeout"]))
        if answer.rc != 0:
            hint = "" if params["self_protection"] else " If the agent protects itself, set dsa_self_protection."
            if path is None:
                hint += " See that the host's own repository has %s, and that its lists are fresh." % params["version"]
            raise install.InstallError(
                "%s failed with exit status %s: %s.%s" % (argv[0], answer.rc, " | ".join(output[-3:]), hint)
            )
        build = None if path else installed_build(record.read())[1]
        if build is not None and build < self.target:
            raise install.InstallError(
                "%s ended well and installed nothing: %s. See that the host's own repository has %s"
                % (argv[0], " | ".join(output[-3:]).rstrip("."), params["version"])
            )

    def restore_self_protection(self):
        """Some seconds of patience: right after an installation the agent may not listen yet."""
        deadline = time.time() + self.params["service_timeout"]
        while True:
            problem = control.self_protection(True, self.params["self_protection_password"])
            if problem is None:
                self.note(self_protection=None)
                return
            if time.time() >= deadline:
                self.result["self_protection"] = "off"
                self.fail("self-protection could not be switched on again: %s; switch it on in the Manager" % problem)
            time.sleep(2)

    def read_back(self):
        """Read until the package manager and the running agent both give the new build, or the time is up."""
        deadline = time.time() + self.params["service_timeout"]
        while True:
            agent = record.read(progress_path=self.params["progress_file"])
            builds = [install.numbers(text) for text in agent["versions"].values()]
            if len(builds) > 1 and all(build is not None and build >= self.target for build in builds):
                return agent
            if time.time() >= deadline:
                break
            time.sleep(2)
        said = ", ".join("%s says %s" % pair for pair in sorted(agent["versions"].items())) or "nobody gives a build"
        service = "the service %s is %s" % (
            agent["service"]["name"],
            agent["service"]["state"] or "in an unknown state",
        )
        if installed_build(agent)[1] == self.target:
            self.note(phase="update_pending")
        self.fail(
            "the package manager reported success, but %d s later %s, and %s%s"
            % (self.params["service_timeout"], said, service, "".join("; " + problem for problem in agent["problems"]))
        )

    def finish(self, agent):
        text = installed_build(agent)[0]
        self.result.update(after=text, reboot=agent["reboot"])
        if (agent["remediation"] or {}).get("phase") == "upgrading":
            self.note(phase="update_pending")
        if self.params["path"] and os.path.exists(self.params["path"]):
            os.unlink(self.params["path"])
        self.result["changed"] = self.result["before"] != text
        self.module.exit_json(**self.result)


def main():
    module = AnsibleModule(
        argument_spec=dict(
            version=dict(type="str", required=True),
            installed=dict(type="str"),
            package=dict(type="dict"),
            path=dict(type="path"),
            restart=dict(type="bool", default=False),
            update_due=dict(type="bool", default=False),
            wave=dict(type="dict"),
            sha256=dict(type="str"),
            verify=dict(type="bool", default=True),
            self_protection=dict(type="bool"),
            self_protection_password=dict(type="str", no_log=True),
            command=dict(type="str"),
            msi_arguments=dict(type="str"),
            reinstall=dict(type="bool", default=False),
            diagnostics_dir=dict(type="path", default="dsa-reports/diagnostics"),
            timeout=dict(type="int", default=1800),
            service_timeout=dict(type="int", default=120),
            reconnect_timeout=dict(type="int", default=600),
            progress_file=dict(type="path", default=progress.DEFAULT_PATH),
        ),
        supports_check_mode=True,
    )
    if install.numbers(module.params["version"]) is None:
        module.fail_json(msg="version is %r; write a build such as 20.0.2-1390" % module.params["version"])
    # Kept open, and with it locked, until the process ends.
    lock = None
    if not module.check_mode:
        lock = wait_for_turn(module, os.path.dirname(module.params["progress_file"]), module.params["timeout"])
    try:
        Upgrade(module).run()
    finally:
        if lock:
            lock.close()


if __name__ == "__main__":
    main()
