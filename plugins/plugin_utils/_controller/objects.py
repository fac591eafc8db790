# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""All objects, in the order in which they can be made; reversed, in which they can be removed."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from .._settings import Settings
from .credential_types import TYPES
from .model import MARK, Given, Object, Ref
from .notification import messages
from .surveys import QUESTIONS, survey_of
from .workflow import nodes_of

# Template → its credentials. Those that AWX has (dsa_controller_credentials) come to each with True.
_OF_RUN = ("manager", "manager_user", "report_to")
_OF_WORK = (*_OF_RUN, "self_protection", "packages")
_CREDENTIALS: Mapping[str, tuple[bool, tuple[str, ...]]] = {
    "gate": (True, _OF_RUN),
    "gate_by_manager": (False, _OF_RUN),
    "gate_host": (True, _OF_RUN),
    "predict": (True, _OF_WORK),
    "managers": (True, ("manager_nodes",)),
    "relays": (True, _OF_WORK),
    "agents": (True, _OF_WORK),
    "recover": (True, _OF_WORK),
    "report": (False, ("report_to",)),
}
TEMPLATES = tuple(_CREDENTIALS)
# Template → its playbook, where the name is another.
PLAYBOOKS = {
    **{template: f"{template}.yml" for template in TEMPLATES},
    "gate_by_manager": "gate.yml",
    "predict": "remediate.yml",
    "managers": "remediate_managers.yml",
    "relays": "remediate_relays.yml",
    "agents": "remediate_agents.yml",
}


def given_of(settings: Settings) -> list[Given]:
    """What has to be there before anything is made."""
    given = [
        Given(f"credential {name}", "credentials", name, "dsa_controller_credentials")
        for name in settings["dsa_controller_credentials"]
    ]
    for key, endpoint, setting in (
        ("scm_credential", "credentials", "dsa_controller_scm_credential"),
        ("inventory", "inventories", "dsa_controller_inventory"),
    ):
        if settings[setting]:
            given.append(Given(key, endpoint, settings[setting], setting))
    return given


def objects_of(
    settings: Settings, names: Mapping[str, str], inputs: Mapping[str, Mapping[str, str]], there: Collection[str]
) -> list[Object]:
    """Every object. inputs: credential → its values; there: credentials without values that AWX has all the same."""
    return _Builder(settings, names, inputs, there).objects()


class _Builder:
    def __init__(
        self,
        settings: Settings,
        names: Mapping[str, str],
        inputs: Mapping[str, Mapping[str, str]],
        there: Collection[str],
    ) -> None:
        self.settings, self.names, self.inputs = settings, names, inputs
        self.organization = settings["dsa_controller_organization"]
        self.credentials = [key for key in TYPES if key in inputs or key in there]
        self.folder = settings["dsa_controller_playbook_dir"] or ""
        self.ee = {"execution_environment": Ref("execution_environment")} if settings["dsa_controller_image"] else {}
        self.notify = [Ref("notification")] if settings["dsa_controller_notification_type"] else []

    def objects(self) -> list[Object]:
        """In the order in which they need each other."""
        workflow = self._workflow()
        return [
            *self._types(),
            *self._credentials(),
            *self._execution_environment(),
            self._project(),
            *self._inventory(),
            *self._notification(),
            *(self._template(key) for key in TEMPLATES),
            workflow,
            self._schedule(),
            *self._nodes(),
        ]

    def _made(self, key: str, module: str, endpoint: str, **arguments: Any) -> Object:
        """Of the organization, as most are."""
        arguments = {name: value for name, value in arguments.items() if value is not None}
        arguments |= {"name": self.names[key], "organization": self.organization, "description": MARK}
        return Object(key, module, endpoint, self.names[key], {"organization": Ref("organization")}, arguments)

    def _types(self) -> Iterator[Object]:
        for key, type_ in TYPES.items():
            name = self.names[f"type_{key}"]
            arguments = {"name": name, "kind": "cloud", "description": MARK, **type_}
            yield Object(f"type_{key}", "credential_type", "credential_types", name, {}, arguments)

    def _credentials(self) -> Iterator[Object]:
        for key in self.credentials:
            made = self._made(
                f"credential_{key}",
                "credential",
                "credentials",
                credential_type=Ref(f"type_{key}"),
                inputs=self.inputs.get(key),
            )
            yield Object(
                *(made.key, made.kind, made.endpoint, made.name),
                {**made.scope, "credential_type": Ref(f"type_{key}")},
                made.arguments,
            )

    def _execution_environment(self) -> Iterator[Object]:
        if self.settings["dsa_controller_image"]:
            made = self._made(
                "execution_environment",
                "execution_environment",
                "execution_environments",
                image=self.settings["dsa_controller_image"],
            )
            yield Object(made.key, made.kind, made.endpoint, made.name, {}, made.arguments)  # unique in all of AWX

    def _project(self) -> Object:
        credential = Ref("scm_credential") if self.settings["dsa_controller_scm_credential"] else None
        return self._made(
            "project",
            "project",
            "projects",
            scm_type="git",
            scm_url=self.settings["dsa_controller_scm_url"],
            scm_branch=self.settings["dsa_controller_scm_branch"] or "",
            credential=credential,
            scm_update_on_launch=True,
        )

    def _inventory(self) -> Iterator[Object]:
        if self.settings["dsa_controller_inventory"]:
            return
        yield self._made("inventory", "inventory", "inventories", kind="")
        if "manager" in self.credentials:
            made = self._made(
                "inventory_source",
                "inventory_source",
                "inventory_sources",
                inventory=Ref("inventory"),
                source="scm",
                source_project=Ref("project"),
                source_path=posixpath.join(self.folder, self.settings["dsa_controller_inventory_file"]),
                credential=Ref("credential_manager"),
                update_on_launch=True,
                overwrite=True,
                **self.ee,
            )
            yield Object(made.key, made.kind, made.endpoint, made.name, {"inventory": Ref("inventory")}, made.arguments)

    def _notification(self) -> Iterator[Object]:
        kind = self.settings["dsa_controller_notification_type"]
        if kind:
            yield self._made(
                "notification",
                "notification_template",
                "notification_templates",
                notification_type=kind,
                notification_configuration=self.settings["dsa_controller_notification"] or {},
                messages=messages(kind),
            )

    def _template(self, key: str) -> Object:
        theirs, ours = _CREDENTIALS[key]
        given = [Ref(f"credential {name}") for name in self.settings["dsa_controller_credentials"]] if theirs else []
        preset = self._preset(key)
        return self._made(
            key,
            "job_template",
            "job_templates",
            job_type="check" if key == "predict" else "run",
            project=Ref("project"),
            playbook=posixpath.join(self.folder, PLAYBOOKS[key]),
            inventory=Ref("inventory"),
            credentials=[*given, *(Ref(f"credential_{each}") for each in ours if each in self.credentials)],
            forks=self.settings["dsa_controller_forks"],
            job_slice_count=self.settings["dsa_controller_slices"] if key == "agents" else 1,
            extra_vars=preset,
            ask_limit_on_launch=True,
            # What a rulebook launches is given a limit alone.
            ask_variables_on_launch=False if key == "gate_host" else None,
            survey_enabled=key in QUESTIONS,
            survey_spec=survey_of(key, preset) if key in QUESTIONS else None,
            notification_templates_error=self.notify if key in ("gate", "gate_by_manager") else [],
            **self.ee,
        )

    def _preset(self, key: str) -> dict[str, Any]:
        preset = dict(self.settings["dsa_controller_extra_vars"])
        if key == "agents" and self.settings["dsa_controller_slices"] > 1:
            preset["dsa_part_of_fleet"] = True  # AWX has no variable for a slice
        if key == "gate_by_manager":
            preset["dsa_source"] = "manager"
        if key == "predict":
            preset["dsa_gate_on"] = "readiness"
        if key == "report" and self.settings["dsa_controller_report_from"]:
            preset["dsa_report_from"] = ",".join(self.settings["dsa_controller_report_from"])
        return preset

    def _workflow(self) -> Object:
        preset = self._preset("workflow")
        return self._made(
            "workflow",
            "workflow_job_template",
            "workflow_job_templates",
            ask_limit_on_launch=True,
            survey_enabled=True,
            survey_spec=survey_of("workflow", preset),
            notification_templates_error=self.notify,
            notification_templates_approvals=self.notify,
        )

    def _nodes(self) -> Iterator[Object]:
        managers = self.settings["dsa_controller_upgrade_managers"]
        report = bool(self.settings["dsa_controller_report_from"])
        timeout = self.settings["dsa_controller_approval_timeout"]
        for key, node in nodes_of(managers, report, timeout, self.names["workflow"]):
            template = node.pop("template", None)
            arguments = {
                **node,
                "workflow_job_template": Ref("workflow"),
                "organization": self.organization,
                **({"unified_job_template": Ref(template)} if template else {}),
            }
            scope = {"workflow_job_template": Ref("workflow")}
            yield Object(
                key, "workflow_job_template_node", "workflow_job_template_nodes", node["identifier"], scope, arguments
            )

    def _schedule(self) -> Object:
        arguments = {
            "name": self.names["schedule"],
            "description": MARK,
            "organization": self.organization,
            "unified_job_template": self.names["gate"],  # the module finds it by its name alone
            "rrule": self.settings["dsa_controller_gate_rrule"],
            "enabled": True,
        }
        scope = {"unified_job_template": Ref("gate")}
        return Object("schedule", "schedule", "schedules", self.names["schedule"], scope, arguments)
