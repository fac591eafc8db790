# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The run that a play or a task is a part of: its journal, its settings, its hosts; and how it begins."""

from __future__ import annotations

import re
import tempfile
import typing as t
from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from pathlib import Path

from ansible import constants as C
from ansible import context
from ansible.release import __version__ as core_version
from ansible.utils.display import Display

from .._advisory import Advisory, AdvisoryError, load_advisory
from .._fleet import Fleet, wrong_targets
from .._messages import Message
from .._run import HostRun, Journal, JournalError, host_run
from .._settings import (
    Settings,
    SettingsError,
    SettingsErrors,
    for_run,
    sentences,
    suspicious_groups,
    unknown_variables,
)
from . import connections, exit_status, relay_hosts
from .addresses import Addresses
from .hosts import (
    HostVariables,
    Variables,
    first_set,
    host_runs,
    recorded_settings,
    reserved_names,
    set_on_some,
    settings_of,
    unread_manager_inventory,
)
from .prerequisites import missing
from .scope import Scope

RUN_SETTINGS = (
    "dsa_gate",
    "dsa_report_path",
    "dsa_report_to",
    "dsa_report_roles",
    "dsa_report_formats",
    "dsa_report_language",
    "dsa_report_baseline",
    "dsa_report_from",
    "dsa_report_max_age",
    "dsa_waivers",
    "dsa_gate_on",
    "dsa_change_id",
    "dsa_unknown_variables",
    "dsa_advisory",
    "dsa_hosts",
    "dsa_part_of_fleet",
)
# As run ids are: a part of a path that leads nowhere else.
_WORKFLOW = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")


class Run:
    """variables: those of a play or of a task, with groups and hostvars."""

    def __init__(self, variables: Variables, display: Display | None = None) -> None:
        # A play that begins without a host before it has no hostvars; without any host there are none.
        known = "hostvars" in variables or not variables["groups"].get("all")
        hosts = {"hostvars": HostVariables(variables.get("hostvars", {}))} if known else {}
        self.variables: Variables = {**variables, **hosts}
        self.display = display or Display()

    @cached_property
    def journal(self) -> Journal:
        """This run's journal; it is begun beside the report where there is none yet.

        Where nobody set a path and the usual folder cannot be written, as a project in AWX, a new folder takes its
        place: a report that must be fetched from there is better than none.
        """
        folder = C.DEFAULT_LOCAL_TMP
        if Journal.begun(folder):
            return Journal.of_run(folder, "")
        try:
            return Journal.of_run(folder, self.settings["dsa_report_path"])
        except JournalError:
            if self.settings.is_set("dsa_report_path"):
                raise
        return self._elsewhere()

    def open_journal(self) -> str:
        """Begin the journal, elsewhere where the folder that somebody set cannot be written; then why it cannot."""
        try:
            self.journal  # noqa: B018
        except JournalError as error:
            self._elsewhere()
            return str(error)
        return ""

    def _elsewhere(self) -> Journal:
        own = Path(tempfile.mkdtemp(prefix="dsa-reports-"))
        return Journal.of_run(C.DEFAULT_LOCAL_TMP, own / Path(self.settings["dsa_report_path"]).name)

    @property
    def report_path(self) -> Path:
        """Where the JSON report goes."""
        path = Path(self.settings["dsa_report_path"]).expanduser().absolute()
        return path if self.settings.is_set("dsa_report_path") else self.journal.path.with_name(path.name)

    @property
    def workflow(self) -> str:
        """What all jobs of a workflow have in common: the id of its first run, which each run hands on.

        AWX has no such variable: in a slice, awx_workflow_job_id is that of the slices alone.
        """
        given = self.variables.get("dsa_workflow")
        return str(given) if isinstance(given, str) and _WORKFLOW.fullmatch(given) else self.journal.run_id

    def filled(self, text: str) -> str:
        """A place of reports, with {workflow} and {run_id} replaced."""
        return text.replace("{workflow}", self.workflow).replace("{run_id}", self.journal.run_id)

    @cached_property
    def settings(self) -> Settings:
        """The settings of the run as a whole. One that cannot be used has its default here, and begin() reports it."""
        hosts = self.variables["groups"].get("all", ())
        usable: dict[str, object] = {}
        for name in RUN_SETTINGS:
            try:
                value = first_set(name, self.variables, hosts)
                Settings.parse({name: value}, "")
            except Exception:  # whatever its template raises
                continue
            usable[name] = value
        return Settings.parse(usable, "")

    @cached_property
    def check_mode(self) -> bool:
        """Whether the run predicts and changes nothing."""
        return bool(context.CLIARGS.get("check"))

    @cached_property
    def begun(self) -> Mapping[str, t.Any]:
        """The journal's first entry; empty where roles are used without the playbooks."""
        return self.journal.last("begin") or {}

    @property
    def gated(self) -> bool:
        """Whether a run that does not pass fails: as it was when the run began, whatever tasks have set since."""
        return bool(self.begun.get("gate", self.settings["dsa_gate"]))

    @property
    def scope(self) -> list[str]:
        """The hosts that the run is about; all where no playbook of ours began it."""
        scope = self.begun.get("scope")
        return list(scope["hosts"]) if scope else [str(name) for name in self.variables["groups"]["all"]]

    @property
    def one(self) -> list[str]:
        """The host that stands for what is done once: the first of the run; without any, this machine."""
        return self.scope[:1] or ["localhost"]

    def texts(self, kind: t.Literal["error", "warning"]) -> list[str]:
        """What is wrong with the run as a whole, and what stops it."""
        return [str(entry["text"]) for entry in self.journal.entries("") if entry["kind"] == kind]

    @property
    def errors(self) -> list[str]:
        """What stops the run as a whole."""
        return self.texts("error")

    def fail(self, text: str) -> None:
        """Record what stops the run as a whole; its report shows it."""
        self.journal.append("", "error", text=text)

    def host(self, name: str, by_play: Mapping[str, object] | None = None) -> HostRun:
        """One host, without a look at the others. by_play: see set_by_play()."""
        variables, entries = self.variables["hostvars"][name], list(self.journal.entries(name))
        settings = settings_of(name, variables, {**recorded_settings(entries), **(by_play or {})})
        return host_run(name, variables["group_names"], settings, entries)

    @cached_property
    def advisory(self) -> Advisory:
        """The advisory of the run. Raises AdvisoryError."""
        return load_advisory(self.settings["dsa_advisory"])

    def fleet(self) -> Fleet:
        """All hosts together, as they are known now."""
        entries = {entry["kind"]: entry for entry in self.journal.entries("")}
        manager, events = entries.get("manager") or {}, entries.get("events") or {}
        part = self.settings["dsa_part_of_fleet"]
        began = datetime.fromisoformat(self.journal.started)
        return Fleet(
            host_runs(self.variables, self.journal),
            self.advisory,
            manager=manager.get("result"),
            events=events.get("computers"),
            url=manager.get("url") or events.get("url"),
            hidden=relay_hosts.hidden(self.variables, part, relay_hosts.added(C.DEFAULT_LOCAL_TMP), began),
            address=Addresses(self.variables["hostvars"]),
        )

    def begin(self, playbook: str, scope: Scope) -> None:
        """Open the journal, and check everything that can be checked before a host is touched."""
        self.journal.append(
            "",
            "begin",
            playbook=playbook,
            scope=scope.as_dict(),
            check_mode=self.check_mode,
            core_version=core_version,
            gate=self.settings["dsa_gate"],
        )
        self.__dict__.pop("begun", None)
        exit_status.hold()
        problems: list[str] = []
        try:
            for_run(host.settings for host in host_runs(self.variables, self.journal).values())
            if not self.variables["groups"]["all"]:  # as with reports that are made of files alone
                settings_of("", {name: self.variables[name] for name in RUN_SETTINGS if name in self.variables})
            fleet = self.fleet()
            silence = unread_manager_inventory(self.variables) or fleet.managers_silence()
            problems += [silence.text if isinstance(silence, Message) else silence] if silence else []
            if playbook != "report":
                lacks = list(missing(fleet.hosts, self.variables["hostvars"], scope.hosts, playbook != "gate"))
                problems += grouped(SettingsErrors(lacks))
                reached = (name for name in (*scope.hosts, *fleet.candidates) if fleet.hosts[name].source != "manager")
                shared = connections.shared(reached, self.variables["hostvars"])
                problems += [shared] if shared else []
            if playbook not in ("gate", "report"):
                hosts = (fleet.hosts[name] for name in scope.hosts)
                problems += grouped(SettingsErrors(list(wrong_targets(hosts, fleet.advisory))))
        except SettingsError as error:
            problems += grouped(error)
        except AdvisoryError as error:
            problems.append(f"dsa_advisory: {error}. Nothing was changed")
        names: set[str] = set() if scope.hosts else set(self.variables)
        for name in scope.hosts:
            names.update(self.variables["hostvars"][name])
        predicts = playbook == "report" or (self.check_mode and playbook.startswith("remediate"))
        if self.settings["dsa_gate_on"] == "readiness" and not predicts:
            problems.append(
                "dsa_gate_on is readiness, and only a remediation in check mode answers that: run remediate with "
                "--check, or leave dsa_gate_on out. Nothing was changed"
            )
        problems += [
            *set_on_some(RUN_SETTINGS, self.variables, relay_hosts.added(C.DEFAULT_LOCAL_TMP)),
            *reserved_names(scope.hosts, self.variables),
        ]
        unknown = [*unknown_variables(names), *suspicious_groups(self.variables["groups"])]
        if playbook in ("gate", "report") or self.settings["dsa_unknown_variables"] == "warn":
            for problem in unknown:
                self.display.warning(problem.text)
                self.journal.append("", "warning", text=problem.text)
        else:
            problems += [f"{problem.text}. Nothing was changed" for problem in unknown]
        for text in problems:
            self.fail(text)


def grouped(error: SettingsError) -> list[str]:
    """The problems of many hosts, each once, with the hosts that have it."""
    texts = sentences(error.problems) if isinstance(error, SettingsErrors) else [str(error)]
    return [f"{text.rstrip('.')}. Nothing was changed" for text in texts]
