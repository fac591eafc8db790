#!/usr/bin/python

# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: dsa_upgrade
short_description: Install an agent package on a POSIX host (internal)
version_added: 0.1.0
description:
  - Internal, called by the collection's roles. Use the role P(deep_security.remediation.upgrade#role) instead.
  - Does on the host what must not be interrupted, and returns what it saw. It compares no builds; whether a build was
    reached is decided on the controller.
  - Each step first locks the progress note, so that two runs do not work on one host at the same time. A note that is
    there and cannot be read fails the step with C(code=note_unreadable) before anything is changed, except that
    self-protection is turned on where O(self_protection) or O(self_protection_password) is given.
author:
  - deep_security.remediation contributors (@deep-security-remediation)
options:
  step:
    description: What to do.
    type: str
    required: true
    choices:
      install: Verify the package, note what begins, lower self-protection, install, raise self-protection.
      note: Merge O(note) into the progress note.
      protect: Raise self-protection.
      restart: Restart the agent's service.
  note:
    description: What to merge into the progress note, before anything is changed. A key without a value is removed.
    type: dict
  version:
    description: The build in the package, for the identity of the file. Required for O(step=install).
    type: str
  path:
    description: The package file on this host. The host's own repository is used without it.
    type: path
  sha256:
    description: The SHA-256 that the file must have, checked whatever O(verify) is.
    type: str
  verify:
    description: Whether to refuse a file that neither matches O(sha256) nor bears a good signature.
    type: bool
    default: true
  command:
    description: Another command to install with. C({file}) and C({version}) are replaced.
    type: str
  self_protection:
    description:
      - Whether to lower self-protection for the installation. It is raised again whatever happens.
      - True where O(self_protection_password) is given, unless this states otherwise.
    type: bool
  self_protection_password:
    description:
      - The password of the self-protection, where one is set in the Manager.
      - The agent's C(dsa_control) takes it as an argument only, so it is visible in the host's process list for a
        moment.
    type: str
  seen:
    description:
      - Keys of the progress note and the values that they had when the host was read. Where another run has written to
        it since, O(step=install) and O(step=note) do nothing, as that run may have done it. Not compared if not set.
    type: dict
  timeout:
    description: How long the installation may take, in seconds.
    type: int
    default: 1800
  service_timeout:
    description: How long the agent may take to answer when self-protection is raised, in seconds.
    type: int
    default: 120
  lock_timeout:
    description: How long to wait for another process that works on this host, in seconds.
    type: int
    default: 1800
extends_documentation_fragment:
  - deep_security.remediation._options
  - deep_security.remediation._attributes
attributes:
  check_mode:
    support: none
  diff_mode:
    support: none
"""

EXAMPLES = r"""
- name: Install a package that was copied to the host
  deep_security.remediation.dsa_upgrade:
    step: install
    version: 20.0.2-1390
    path: /var/opt/deep_security_remediation/packages/Agent-PGPCore-RedHat_EL8-20.0.2-1390.x86_64.rpm
    note: {phase: upgrading, from: 20.0.0-4416, to: 20.0.2-1390, since: "2026-11-23T02:00:00Z"}
"""

RETURN = r"""
code:
  description:
    - Why the step failed. V(package_refused), V(wrong_package), V(damaged), V(not_there), V(no_command),
      V(self_protection_refused) and V(note_unreadable), where nothing was installed or restarted; V(busy), V(timed_out)
      and V(installer_failed) of the installer; V(restart_failed); V(self_protection_off), where it was not proven to be
      on at the end; V(lock_timeout), V(lock_failed), V(note_not_written); V(unexpected), anything else.
  returned: failure
  type: str
  sample: package_refused
waited:
  description:
    - Whether another process was at work when an installation was to begin, or another run has written to the progress
      note since O(seen). Nothing was installed or noted then, as it may have done it.
  returned: O(step=install) and O(step=note)
  type: bool
  sample: false
self_protection:
  description:
    - What is known of self-protection at the end. V(on) and V(off) are what C(dsa_control) confirmed or an earlier run
      noted, V(unknown) is anything else, V(untouched) where nothing was done and nothing noted.
  returned: all steps but V(note)
  type: str
  sample: "on"
command:
  description: The command that installed the package or restarted the service.
  returned: when it was run
  type: list
  elements: str
  sample: [rpm, -U, /var/opt/deep_security_remediation/packages/Agent-PGPCore-RedHat_EL8-20.0.2-1390.x86_64.rpm]
rc:
  description: Its exit status, none where it was stopped.
  returned: when it was run
  type: int
  sample: 0
timed_out:
  description: Whether it was stopped at the time limit.
  returned: when it was run
  type: bool
  sample: false
output:
  description: Its last lines, at most 20.
  returned: when it was run
  type: list
  elements: str
verified_by:
  description: How the package file was verified.
  returned: when a package file was accepted
  type: str
  sample: SHA-256
refused:
  description: Whether the package file is not what it should be. It was removed from the host then.
  returned: O(step=install)
  type: bool
  sample: false
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.deep_security.remediation.plugins.module_utils._agent import control, install, progress, record

_REFUSED = ("package_refused", "wrong_package", "damaged")
_LINES = 20
_LONGEST_LINE = 500


class Step(object):
    """One step under the lock. result is what the module returns, also where the step fails."""

    def __init__(self, params, waited):
        self.params = params
        self.waited = waited
        self.result = dict(changed=False)
        password = params["self_protection_password"]
        self.guarded = bool(password) if params["self_protection"] is None else params["self_protection"]
        # Without permission or password it is tried once: no password may be needed.
        self.patience = params["service_timeout"] if self.guarded or password else 0
        self.os_name = record.host_platform()[0]
        self.protection = None

    def run(self):
        """Do the step. Raises StepError."""
        path = self.params["progress_file"]
        password = self.params["self_protection_password"]
        try:
            content = progress.require(path)
        except progress.StepError as error:
            self.protection = control.SelfProtection(path, password, {})
            # The note that is lost may have kept that it is off.
            self.protection.state = "unknown"
            if self.params["step"] != "note" and (self.guarded or password):
                self.result["changed"] = True
                if self.protection.enable(self.patience):
                    raise progress.StepError(error.code, "%s. Self-protection was turned on" % error.message)
            raise
        self.protection = control.SelfProtection(path, password, content)
        written = progress.written_since(content, self.params["seen"], self.params["note"])
        self.waited = written or (self.waited and self.params["step"] != "note")
        getattr(self, self.params["step"])()

    def note(self):
        """Merge the note."""
        self.result["waited"] = self.waited
        if not self.waited:
            progress.update(self.params["progress_file"], self.params["note"])
            self.result["changed"] = True

    def protect(self):
        """Raise self-protection, whatever the note says of it."""
        self.result["changed"] = True
        if not self.protection.enable(self.patience):
            raise progress.StepError("self_protection_off", self.protection.sentence())

    def restart(self):
        """Restart the service; self-protection that was left off is raised as soon as the agent answers."""
        self.protection.restore(0)
        try:
            argv, answer = control.restart_service(self.os_name)
            if argv is None:
                raise progress.StepError("no_command", "no way is known to restart the agent here; do it by hand")
            self.report(argv, answer)
            if answer.rc != 0:
                raise progress.StepError("restart_failed", "%s failed with %s" % (" ".join(argv), self.outcome(answer)))
        finally:
            restored = self.protection.restore(self.patience)
        if not restored:
            raise progress.StepError("self_protection_off", self.protection.sentence())

    def install(self):
        """Verify, note, lower, install, raise. What an earlier run left off is raised however this ends."""
        path = self.params["path"]
        self.result.update(waited=self.waited, refused=False)
        try:
            if not self.waited:
                self.install_package(path)
        except progress.StepError as error:
            if path and error.code in _REFUSED:
                # What is not trusted does not stay.
                self.result["refused"] = True
                install.remove(path)
            raise
        finally:
            restored = self.protection.restore(self.patience)
        if not restored and not self.waited:
            raise progress.StepError("self_protection_off", "the package is installed. " + self.protection.sentence())

    def install_package(self, path):
        params = self.params
        if path:
            self.result["verified_by"] = install.inspect(path, params["version"], params["sha256"], params["verify"])
        plain = path and install.plain_name(path)
        argv = install.command_for(self.os_name, plain, params["version"], params["command"])
        try:
            if path:
                install.unpack(path)
            # What is written here tells any later run that an update is due, even if this one ends now.
            progress.update(params["progress_file"], dict({"phase": "upgrading"}, **(params["note"] or {})))
            self.result["changed"] = True
            if self.guarded:
                self.protection.lower()
            answer, busy = install.run(argv, params["timeout"])
        finally:
            if plain != path:
                install.remove(plain)
        self.report(argv, answer)
        if answer.timed_out:
            raise progress.StepError("timed_out", "%s was stopped after %d s" % (argv[0], params["timeout"]))
        if busy:
            raise progress.StepError(
                "busy", "another package manager was at work for %d s: %s" % (params["timeout"], self.outcome(answer))
            )
        if answer.rc != 0:
            hint = "" if self.guarded else ". If the agent protects itself, set dsa_self_protection"
            if path is None:
                hint += ". See that the host's own repository has %s, and that its lists are fresh" % params["version"]
            raise progress.StepError("installer_failed", "%s failed with %s%s" % (argv[0], self.outcome(answer), hint))
        if path:
            install.remove(path)

    def report(self, argv, answer):
        """What a command did, bounded, without the password."""
        password = self.params["self_protection_password"]
        lines = control.mask(answer.out + "\n" + answer.err, password).strip().splitlines()[-_LINES:]
        self.result.update(
            changed=True,
            command=argv,
            rc=answer.rc,
            timed_out=answer.timed_out,
            output=[line[:_LONGEST_LINE] for line in lines],
        )

    def outcome(self, answer):
        """One line for messages."""
        return progress.native(
            "exit status %s: %s" % (answer.rc, " | ".join(self.result["output"][-3:]) or "no output")
        )

    def state(self):
        """Add what is known of self-protection; return what people must know of it."""
        if self.protection is None or self.params["step"] == "note":
            return ""
        self.result["self_protection"] = self.protection.state
        return self.protection.sentence()


def main():
    module = AnsibleModule(
        argument_spec=dict(
            step=dict(type="str", required=True, choices=["install", "note", "protect", "restart"]),
            note=dict(type="dict"),
            version=dict(type="str"),
            path=dict(type="path"),
            sha256=dict(type="str"),
            verify=dict(type="bool", default=True),
            command=dict(type="str"),
            self_protection=dict(type="bool"),
            self_protection_password=dict(type="str", no_log=True),
            seen=dict(type="dict"),
            timeout=dict(type="int", default=1800),
            service_timeout=dict(type="int", default=120),
            lock_timeout=dict(type="int", default=1800),
            progress_file=dict(type="path", default=progress.DEFAULT_PATH),
        ),
        required_if=[("step", "install", ["version"])],
    )
    step = None
    try:
        # Kept open, and with it locked, until the process ends.
        lock, waited = progress.lock(module.params["progress_file"], module.params["lock_timeout"])
        step = Step(module.params, waited)
        step.run()
    except Exception as error:
        # Whatever it is: what is known of self-protection must not get lost.
        message, state = progress.reason(error, module.params["step"]), step.state() if step else ""
        if state and state not in message:
            message = "%s. %s" % (message.rstrip("."), state)
        module.fail_json(msg=message, code=getattr(error, "code", "unexpected"), **(step.result if step else {}))
    step.state()
    lock.close()
    module.exit_json(**step.result)


if __name__ == "__main__":
    main()
