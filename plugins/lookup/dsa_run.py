# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The hosts of each play of the collection's playbooks."""

from __future__ import annotations

DOCUMENTATION = r"""
name: dsa_run
author: deep_security.remediation contributors (@deep-security-remediation)
version_added: 0.1.0
short_description: The hosts of the plays of this collection's playbooks
description:
  - For the playbooks of this collection only. C(hosts) of a play is templated on the controller, whatever hosts, limits
    and tags there are. So the run is begun there, planned, and its report is made there. The run journal beside the
    report holds what was found and done.
  - Ends the run with exit status 2 where it would prove nothing, for instance without a host, or with O(ignore:--tags).
options:
  _terms:
    description:
      - C(begin) gives one host, and C(enter) records that tags let its play run. C(adding) gives one where Relays are
        to be added that this slice of a fleet lacks, and C(lacking) gives these. C(read) refuses a run that would prove
        nothing, and gives the hosts to read. C(manager) gives one host if the Manager is to be queried, else none.
        C(relays) and C(agents) give the hosts to work on, in their order. C(fetching) begins the run of the playbook
        C(report), and gives one host if reports are to be fetched. C(report) makes the report, one of others for that
        playbook, and gives one host to publish it. C(gate) gives the hosts that do not pass. C(end) ends the run where
        they could not be failed, and gives none.
      - C(sources) is for the tasks that fetch reports; C(destinations), C(destination) and C(result) are for those that
        publish the report.
      - C(batches) or C(by_manager) may follow C(relays) and C(agents). C(relays_outside), C(relays_of_batch),
        C(hosts_with_work), C(hosts_by_manager) and C(builds_by_manager) are for loops over the hosts of a batch.
    required: true
  playbook:
    description: The name of the playbook, for C(read), C(fetching) and C(report).
    type: str
  hosts:
    description: The hosts of a batch.
    type: list
    elements: str
"""

EXAMPLES = r"""
- name: Relays
  hosts: "{{ query('deep_security.remediation.dsa_run', 'relays') }}"
  serial: "{{ query('deep_security.remediation.dsa_run', 'relays', 'batches') }}"
"""

RETURN = r"""
_raw:
  description: Names of hosts, sizes of batches, or destinations of the report.
  type: list
  elements: raw
"""

import typing as t
from collections.abc import Sequence
from contextlib import suppress

from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display
from jinja2.runtime import Undefined

from ..plugin_utils._advisory import AdvisoryError
from ..plugin_utils._ansible import exit_status, inputs, planning, publish, relay_hosts, report
from ..plugin_utils._ansible.manager import manager_hosts
from ..plugin_utils._ansible.play_hosts import in_short
from ..plugin_utils._ansible.run import RUN_SETTINGS, Run
from ..plugin_utils._ansible.scope import Scope, enter, leave, left_out, listing, refuse_partial_run, scope_of
from ..plugin_utils._ansible.terminal import show
from ..plugin_utils._report import Report
from ..plugin_utils._run import Journal, JournalError
from ..plugin_utils._settings import SettingsError, SettingsErrors

# Plays of any number of hosts.
_PLAYS = ("read", "relays", "agents", "gate")
# What depends on the hosts of a batch, or of a play.
_OF_HOSTS: dict[str, t.Callable[..., list[str]]] = {
    "relays_outside": planning.relays_outside,
    "relays_of_batch": planning.relays_of_batch,
    "hosts_with_work": planning.hosts_with_work,
    "hosts_by_manager": planning.hosts_by_manager,
    "builds_by_manager": planning.builds_by_manager,
}
# For the tasks that fetch reports, and that publish the report of this run.
_OF_REPORTS: dict[str, t.Callable[[Run], list[t.Any]]] = {
    "sources": inputs.sources,
    "destinations": publish.destinations,
    "result": lambda run: [publish.result(run)],
}


class LookupModule(LookupBase):
    """Thin: what is done stands in plugin_utils/_ansible."""

    def run(self, terms: list[t.Any], variables: t.Any = None, **kwargs: t.Any) -> list[t.Any]:
        """The hosts, or the sizes of batches, that the terms name."""
        self.set_options(var_options=variables, direct=kwargs)
        what, *details = map(str, terms)
        found = self._found(what, details, variables)
        whole_play = what in _PLAYS and "batches" not in details
        return in_short(found, variables.get("hostvars")) if whole_play else found

    def _found(self, what: str, details: list[str], variables: t.Any) -> list[t.Any]:
        run = Run(self._templated(variables), Display())
        if listing():
            return list(variables["groups"]["all"]) if what in ("begin", "read") else []
        if what == "begin":
            return self._begin(run)
        if what == "enter":
            enter(C.DEFAULT_LOCAL_TMP)
            return [what]
        if left_out(C.DEFAULT_LOCAL_TMP):
            return []  # somebody's own playbook, run with options that leave out all of ours
        if what == "read":
            return self._read(run)
        if what in ("adding", "lacking"):
            lacking = relay_hosts.lacking(C.DEFAULT_LOCAL_TMP, run.variables)
            return lacking if what == "lacking" else self._one(run)[: len(lacking)]
        if what == "report":
            return self._report(run)
        if what == "fetching":
            return self._fetching(run)
        if what in _OF_REPORTS:
            return _OF_REPORTS[what](run)
        if what == "destination":
            return [publish.destination(run, int(details[0]))]
        if what == "gate":
            return self._gate(run)
        if what == "end":
            return self._end(run)
        return self._hosts(run, what, details)

    def _templated(self, variables: t.Any) -> dict[str, t.Any]:
        """The variables with settings of the run templated: those of a play come as they were written."""
        plain = dict(variables)
        for name in sorted(set(RUN_SETTINGS) & set(plain)):
            # One whose template fails stays as it is, and is refused for that.
            with suppress(AnsibleError):
                value = self._templar.template(plain[name])
                plain[name] = plain[name] if isinstance(value, Undefined) else value
        return plain

    def _begin(self, run: Run) -> list[str]:
        """One host of those that --limit leaves, so that the next play has the variables of all hosts."""
        leave(C.DEFAULT_LOCAL_TMP)
        with suppress(SettingsError):  # shown when the run begins: see _scope()
            relay_hosts.begin(C.DEFAULT_LOCAL_TMP, run.variables)
        return self._one(run)

    def _one(self, run: Run) -> list[str]:
        """One host of the inventory within --limit; none where there is none."""
        return list(self._fitting(run, "all").hosts[:1])

    def _fitting(self, run: Run, pattern: object) -> Scope:
        return scope_of(run.variables["groups"], pattern, self._loader, relay_hosts.added(C.DEFAULT_LOCAL_TMP))

    def _read(self, run: Run) -> list[str]:
        """The hosts to read, after everything that can be checked without them was checked."""
        try:
            report.begin(run, self._begun(run))
            return planning.hosts_to_read(run)
        except Exception as error:
            return self._failed(run, error)

    def _begun(self, run: Run) -> Scope:
        """What the run is about, when its journal has been begun. Ends a run of which tasks would be left out."""
        playbook = self.get_option("playbook")
        Journal.end(C.DEFAULT_LOCAL_TMP)
        try:
            problem = run.open_journal()
            run.display.vv(f"run journal: {run.journal.path}")
            refuse_partial_run(playbook)
        except (SettingsError, JournalError) as error:
            self._refuse(run, str(error))
        scope, wrong = self._scope(run, run.settings["dsa_hosts"], playbook == "report")
        run.begin(playbook, scope)
        for text in filter(None, (problem, wrong)):
            run.fail(text)
        return scope

    def _scope(self, run: Run, pattern: object, of_files: bool) -> tuple[Scope, str]:
        """The hosts that the run is about; all within --limit where something is wrong with them, and what that is.

        of_files: of reports, which have hosts of their own where the inventory has none.
        """
        try:
            relay_hosts.given(run.variables)
            scope = self._fitting(run, pattern)
        except SettingsError as error:
            return self._fitting(run, "all"), str(error)
        if scope.hosts or (of_files and not run.variables["groups"]["all"]):
            return scope, ""
        limit = f" within --limit {scope.limit}" if scope.limit else ""
        return self._fitting(run, "all"), (
            f"{scope.pattern} matches no host of the inventory{limit}: no host was looked at, and nothing is proven. "
            "Check dsa_hosts, --limit and the inventory"
        )

    def _report(self, run: Run) -> list[str]:
        """One host to publish the report, when it has been made."""
        if not run.begun:
            self._refuse(run, "the run was not begun, so nothing is proven: run the whole playbook")
        reports = self._reports(run) if self.get_option("playbook") == "report" else []
        # Where a report cannot be made of others, it takes the place of none of them.
        writes = bool(reports) or not inputs.is_read(run, report.path_of(run))
        ended = report.end(run, reports=reports, writes=writes)
        if ended.passed or not (ended.error or run.gated):
            exit_status.release()
        exit_status.shown()
        show(run.display, ended.document, ended.texts, ended.files, ended.problem)
        return run.one

    def _fetching(self, run: Run) -> list[str]:
        """One host, where reports are on hosts: the beginning of a run that makes one report of several."""
        self._begun(run)
        inputs.begin(run)
        return run.one if inputs.sources(run) and not run.errors else []

    def _reports(self, run: Run) -> Sequence[Report]:
        """The reports that one is made of."""
        try:
            # Before anything is written: the report may take the place of one that it is made of.
            return inputs.reports(run)
        except SettingsErrors as errors:
            for problem in errors.problems:
                run.fail(problem.text)
            return []

    def _hosts(self, run: Run, what: str, details: list[str]) -> list[t.Any]:
        """Whatever goes wrong here is recorded, and the report at the end shows it; no host is worked on then."""
        try:
            if what == "manager":
                return manager_hosts(run, details[0])
            if what in _OF_HOSTS:
                return _OF_HOSTS[what](run, self.get_option("hosts") or [], *details)
            if what not in ("relays", "agents"):
                raise ValueError(f"dsa_run has no {what}")
            entry = planning.tier_of(run, "relays" if what == "relays" else "agents")
            part = entry["by_manager"] if "by_manager" in details else entry
            return list(part["sizes" if "batches" in details else "order"])
        except Exception as error:
            return self._failed(run, error)

    @staticmethod
    def _failed(run: Run, error: Exception) -> list[t.Any]:
        known = isinstance(error, (SettingsError, JournalError, AdvisoryError))
        run.fail(str(error) if known else f"unexpected error, please report it: {error!r}")
        return []

    def _gate(self, run: Run) -> list[str]:
        """The hosts that fail."""
        if not run.begun or run.journal.last("report") is None:
            self._refuse(run, "the report was not made, so nothing is proven: run the whole playbook")
        return report.to_fail(run)

    def _end(self, run: Run) -> list[str]:
        """No host; ends the run where the task that fails a host was left out: by a condition on somebody's import of
        the playbook, or because the name of the host is a pattern to Ansible.
        """
        spared = report.spared(run)
        if spared:
            why = f"{report.named(spared)} did not pass, and the task that fails such hosts was left out for them"
            hint = "import the playbook without a condition (when), and see whether they had failed before it"
            self._refuse(run, f"{why}: {hint}", written=True)
        Journal.end(C.DEFAULT_LOCAL_TMP)
        return []

    @staticmethod
    def _refuse(run: Run, why: str, written: bool = False) -> t.NoReturn:
        """End the run. Ansible has no other way to choose the exit status from here."""
        if not written:
            try:
                why = report.refused(run, why)
            except (SettingsError, JournalError) as error:
                why = why if str(error) == why else f"{why}; {error}"
        run.display.error(why, wrap_text=False)
        exit_status.shown()
        raise SystemExit(exit_status.NOT_PASSED)
