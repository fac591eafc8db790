#!/usr/bin/python

# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
module: dsa_security_update
short_description: Request a security update on a POSIX host and show what came of it (internal)
version_added: 0.1.0
description:
  - Internal, called by the collection's roles. Use the role P(deep_security.remediation.security_update#role) instead.
  - Returns what the host shows and judges nothing. How an update ended is decided on the controller.
  - The marks belong to the run that took them, so that two runs at once do not disturb each other.
author:
  - deep_security.remediation contributors (@deep-security-remediation)
options:
  step:
    description: What to do.
    type: str
    required: true
    choices:
      start: Note that an update is due, query the agent, take marks, then request the update.
      look: Return what is new since the marks.
      confirm: Merge O(note) into the progress note, with the time of this host where its phase is V(done).
      diagnose: Have the agent pack its diagnostics.
  note:
    description: What to merge into the progress note. A key without a value is removed.
    type: dict
  seen:
    description:
      - Keys of the progress note and the values that they had when the host was read. Where another run has written to
        it since, O(step=start) and O(step=confirm) do nothing, as that run may have done it. Not compared if not set.
    type: dict
  trigger:
    description:
      - The arguments of C(dsa_control) that request the update.
      - The default is not confirmed by a public text of the vendor.
    type: list
    elements: str
    default: ["-m", "UpdateComponent:true"]
  marks:
    description: The marks that O(step=start) returned. Required for O(step=look).
    type: list
    elements: dict
  log_folder:
    description: Where the agent keeps its logs.
    type: path
    default: /var/opt/ds_agent/diag
  self_protection_password:
    description:
      - The password of self-protection, where it has one. C(dsa_control -d) needs it.
      - With O(step=start) it is used only after a request without it was refused.
    type: str
  timeout:
    description: How long C(dsa_query) may take to answer, in seconds.
    type: int
    default: 15
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
- name: Request an update
  deep_security.remediation.dsa_security_update:
    step: start
    note: {run: ansible-local-1234}
    seen: {run: ansible-local-1233, phase: update_pending}
  register: begun

- name: See what came of it
  deep_security.remediation.dsa_security_update:
    step: look
    marks: "{{ begun.marks }}"
"""

RETURN = r"""
code:
  description:
    - Why the step failed. V(note_unreadable), V(note_not_written), V(lock_timeout), V(lock_failed), where nothing was
      requested; V(no_diagnostics); V(unexpected), anything else.
  returned: failure
  type: str
  sample: note_unreadable
waited:
  description:
    - Whether another run has written to the progress note since O(seen). Nothing was noted or requested then, and
      nothing else is returned.
  returned: start and confirm
  type: bool
  sample: false
now:
  description: This host's clock in UTC. Of O(step=start), before the request.
  returned: start and look
  type: str
  sample: "2026-11-23T02:00:00Z"
marks:
  description: Where each log ended, as name, inode, size, mtime and fingerprint.
  returned: start
  type: list
  elements: dict
query:
  description: What C(dsa_query) answered. Its rc, out, err, cut, missing and timed_out.
  returned: start, before the request, and look
  type: dict
request:
  description:
    - What C(dsa_control) answered to the request. Its rc, out, err, missing and timed_out, and accepted; true with exit
      status 0 and a good HTTP status, false where it was refused for certain, none where that is not known.
  returned: start
  type: dict
lines:
  description:
    - What the logs gained, in the order of the files' times. Each is file, text, and marked, whether it stands behind
      the mark of a file that was there at the start.
  returned: look
  type: list
  elements: dict
lines_cut:
  description: Whether older new lines were left off, or a log could not be read.
  returned: look
  type: bool
  sample: false
lines_unread:
  description: The names of logs that are there and could not be read.
  returned: look
  type: list
  elements: str
  sample: []
note_text:
  description: The progress note as it is, none where there is none or it cannot be read.
  returned: look
  type: str
note_problem:
  description: Why the note that is there cannot be read.
  returned: look
  type: str
path:
  description: The diagnostics package that was made, on this host.
  returned: diagnose
  type: str
  sample: /var/opt/ds_agent/diag/1790000000.zip
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.deep_security.remediation.plugins.module_utils._agent import control, progress, update

_DIAGNOSTICS_TIMEOUT = 600


def merge(params, changes):
    """Merge into the note under the lock, which is free again afterwards; whether no other run has written to it."""
    lock = progress.lock(params["progress_file"], params["lock_timeout"])[0]
    try:
        content = progress.require(params["progress_file"])
        if progress.written_since(content, params["seen"], params["note"]):
            return False
        progress.update(params["progress_file"], changes(content))
        return True
    finally:
        lock.close()


def start(params):
    """First the note, so that a run that dies leaves it to the next one; last the request, so that its end is new."""

    def due(content):
        since = content.get("since") if content.get("phase") in ("upgrading", "update_pending") else None
        changes = dict(params["note"] or {}, phase="update_pending", done_at=None)
        changes.setdefault("since", since or progress.utc_now())
        return changes

    if not merge(params, due):
        return dict(changed=False, waited=True)
    query = update.query(params["timeout"])
    marks = update.marks(params["log_folder"])
    now = progress.utc_now()
    # First without the password: it would stand in the process list, and not every agent needs it for this.
    reply = control.call(params["trigger"])
    if reply.accepted is False and params["self_protection_password"]:
        reply = control.call(params["trigger"], params["self_protection_password"])
    request = dict(reply.as_dict(), accepted=reply.accepted)
    return dict(changed=True, waited=False, marks=marks, query=query, now=now, request=request)


def look(params):
    """What is there now. Changes nothing."""
    text, problem = progress.read(params["progress_file"])
    query = update.query(params["timeout"])
    lines, cut, unread = update.new_lines(params["log_folder"], params["marks"])
    seen = dict(query=query, lines=lines, lines_cut=cut, lines_unread=unread, note_text=text, note_problem=problem)
    return dict(seen, now=progress.utc_now())


def confirm(params):
    """Note how it ended; the time is this host's, as the times that other runs compare it with."""
    changes = dict(params["note"] or {})
    if changes.get("phase") == "done":
        changes["done_at"] = progress.utc_now()
    merged = merge(params, lambda content: changes)
    return dict(changed=merged, waited=not merged)


def diagnose(params):
    """The package that this request made; one that was there before tells of something else."""
    before = update.packs(params["log_folder"])
    reply = control.call(control.DIAGNOSTICS, params["self_protection_password"], _DIAGNOSTICS_TIMEOUT)
    made = update.packs(params["log_folder"]) - before
    if not made or reply.timed_out:
        raise progress.StepError(
            "no_diagnostics", "dsa_control -d made no package in %s: %s" % (params["log_folder"], reply.text())
        )
    return dict(changed=True, path=max(made, key=lambda pack: pack[1])[0])


def main():
    module = AnsibleModule(
        argument_spec=dict(
            step=dict(type="str", required=True, choices=["start", "look", "confirm", "diagnose"]),
            note=dict(type="dict"),
            seen=dict(type="dict"),
            trigger=dict(type="list", elements="str", default=control.UPDATE),
            marks=dict(type="list", elements="dict"),
            log_folder=dict(type="path", default=update.LOG_FOLDER),
            self_protection_password=dict(type="str", no_log=True),
            timeout=dict(type="int", default=15),
            lock_timeout=dict(type="int", default=1800),
            progress_file=dict(type="path", default=progress.DEFAULT_PATH),
        ),
        required_if=[("step", "look", ["marks"])],
    )
    step = {"start": start, "look": look, "confirm": confirm, "diagnose": diagnose}[module.params["step"]]
    try:
        result = step(module.params)
    except Exception as error:
        message = progress.reason(error, module.params["step"])
        module.fail_json(msg=message, code=getattr(error, "code", "unexpected"))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
