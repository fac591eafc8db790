# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The objects of AWX: their fields, what is unique, and which lists hang on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Field:
    """kind: a Python type; foreign: the endpoint whose IDs it holds; read_only: accepted and ignored, as AWX does."""

    kind: type | tuple[type, ...] = str
    default: Any = ""
    required: bool = False
    choices: tuple[Any, ...] = ()
    foreign: str = ""
    null: bool = False
    read_only: bool = False


@dataclass(frozen=True)
class Resource:
    """One endpoint. type: as in the object's own "type"; lists: name → endpoint of what is associated."""

    type: str
    fields: dict[str, Field]
    unique: tuple[tuple[str, ...], ...] = ()
    lists: tuple[tuple[str, str], ...] = ()
    template: bool = False
    """Whether it is among the unified job templates, which have surveys, jobs and schedules."""


def _id(endpoint: str, required: bool = False) -> Field:
    return Field(int, None, required, foreign=endpoint, null=not required)


def _flags(*names: str) -> dict[str, Field]:
    return {name: Field(bool, False) for name in names}


_NAME = {"name": Field(required=True), "description": Field()}
_NOTIFIED = tuple((f"notification_templates_{on}", "notification_templates") for on in ("started", "success", "error"))
_ORGANIZATION = _id("organizations", required=True)
_BY_NAME = (("organization", "name"),)
_ON_LAUNCH = _flags(
    *(
        f"ask_{what}_on_launch"
        for what in ("inventory", "limit", "scm_branch", "labels", "tags", "skip_tags", "variables")
    )
)
_PROMPTS = {
    "extra_data": Field(dict, {}),
    "inventory": _id("inventories"),
    **{name: Field(str, None, null=True) for name in ("scm_branch", "job_type", "job_tags", "skip_tags", "limit")},
    "diff_mode": Field(bool, None, null=True),
    **{name: Field(int, None, null=True) for name in ("verbosity", "forks", "job_slice_count", "timeout")},
    "execution_environment": _id("execution_environments"),
}

RESOURCES: dict[str, Resource] = {
    "organizations": Resource(
        "organization",
        {**_NAME, "max_hosts": Field(int, 0), "default_environment": _id("execution_environments")},
        (("name",),),
    ),
    "credential_types": Resource(
        "credential_type",
        {
            **_NAME,
            "kind": Field(required=True, choices=("cloud", "net")),
            "inputs": Field(dict, {}),
            "injectors": Field(dict, {}),
            "managed": Field(bool, False, read_only=True),
        },
        (("name", "kind"),),
    ),
    "credentials": Resource(
        "credential",
        {
            **_NAME,
            "organization": _id("organizations"),
            "credential_type": _id("credential_types", required=True),
            "inputs": Field(dict, {}),
            "user": _id("users"),
            "team": _id("teams"),
        },
        (("organization", "name", "credential_type"),),
    ),
    "execution_environments": Resource(
        "execution_environment",
        {
            **_NAME,
            "organization": _id("organizations"),
            "image": Field(required=True),
            "credential": _id("credentials"),
            "pull": Field(choices=("always", "missing", "never", "")),
        },
        (("name",),),
    ),
    "projects": Resource(
        "project",
        {
            **_NAME,
            "organization": _id("organizations"),
            "scm_type": Field(choices=("", "git", "svn", "insights", "archive")),
            **{name: Field() for name in ("scm_url", "scm_branch", "scm_refspec", "local_path")},
            "credential": _id("credentials"),
            **_flags("scm_clean", "scm_delete_on_update", "scm_track_submodules", "allow_override"),
            "scm_update_on_launch": Field(bool, False),
            "scm_update_cache_timeout": Field(int, 0),
            "timeout": Field(int, 0),
            "default_environment": _id("execution_environments"),
            "signature_validation_credential": _id("credentials"),
        },
        _BY_NAME,
        _NOTIFIED,
        template=True,
    ),
    "inventories": Resource(
        "inventory",
        {
            **_NAME,
            "organization": _ORGANIZATION,
            "kind": Field(choices=("", "smart", "constructed")),
            "host_filter": Field(str, None, null=True),
            "variables": Field(),
            "prevent_instance_group_fallback": Field(bool, False),
        },
        _BY_NAME,
    ),
    "inventory_sources": Resource(
        "inventory_source",
        {
            **_NAME,
            "inventory": _id("inventories", required=True),
            "organization": Field(int, None, read_only=True),
            "source": Field(required=True, choices=("scm", "ec2", "gce", "azure_rm", "vmware", "openstack")),
            **{name: Field() for name in ("source_path", "source_vars", "enabled_var", "enabled_value", "host_filter")},
            **{name: Field() for name in ("scm_branch", "limit")},
            "credential": _id("credentials"),
            "source_project": _id("projects"),
            "execution_environment": _id("execution_environments"),
            **_flags("overwrite", "overwrite_vars", "update_on_launch"),
            **{name: Field(int, 0) for name in ("timeout", "update_cache_timeout")},
            "verbosity": Field(int, 1, choices=(0, 1, 2)),
        },
        (("inventory", "name"),),
        _NOTIFIED,
        template=True,
    ),
    "notification_templates": Resource(
        "notification_template",
        {
            **_NAME,
            "organization": _ORGANIZATION,
            "notification_type": Field(required=True, choices=("email", "irc", "slack", "webhook")),
            "notification_configuration": Field(dict, {}),
            "messages": Field(dict, None, null=True),
        },
        _BY_NAME,
    ),
    "job_templates": Resource(
        "job_template",
        {
            **_NAME,
            "organization": Field(int, None, read_only=True),
            "job_type": Field(default="run", choices=("run", "check")),
            "inventory": _id("inventories"),
            "project": _id("projects", required=True),
            "playbook": Field(required=True),
            **{
                name: Field()
                for name in ("scm_branch", "limit", "extra_vars", "job_tags", "skip_tags", "start_at_task")
            },
            **{name: Field(int, 0) for name in ("forks", "verbosity", "timeout")},
            "job_slice_count": Field(int, 1),
            "execution_environment": _id("execution_environments"),
            **_flags(
                "force_handlers",
                "use_fact_cache",
                "survey_enabled",
                "become_enabled",
                "diff_mode",
                "allow_simultaneous",
            ),
            **_ON_LAUNCH,
            **_flags(
                *(f"ask_{what}_on_launch" for what in ("diff_mode", "job_type", "verbosity", "credential", "forks"))
            ),
            **_flags("ask_execution_environment_on_launch", "ask_job_slice_count_on_launch", "ask_timeout_on_launch"),
            **_flags("ask_instance_groups_on_launch", "prevent_instance_group_fallback"),
            "webhook_service": Field(choices=("", "github", "gitlab")),
            "webhook_credential": _id("credentials"),
            "host_config_key": Field(),
        },
        _BY_NAME,
        (*_NOTIFIED, ("credentials", "credentials"), ("labels", "labels")),
        template=True,
    ),
    "workflow_job_templates": Resource(
        "workflow_job_template",
        {
            **_NAME,
            "organization": _id("organizations"),
            "extra_vars": Field(),
            "inventory": _id("inventories"),
            **{name: Field(str, None, null=True) for name in ("limit", "scm_branch", "job_tags", "skip_tags")},
            **_flags("survey_enabled", "allow_simultaneous"),
            **_ON_LAUNCH,
            "webhook_service": Field(choices=("", "github", "gitlab")),
            "webhook_credential": _id("credentials"),
        },
        _BY_NAME,
        (*_NOTIFIED, ("notification_templates_approvals", "notification_templates")),
        template=True,
    ),
    "workflow_job_template_nodes": Resource(
        "workflow_job_template_node",
        {
            **_PROMPTS,
            "workflow_job_template": _id("workflow_job_templates", required=True),
            "unified_job_template": _id("unified_job_templates"),
            "identifier": Field(),
            "all_parents_must_converge": Field(bool, False),
            "type": Field(read_only=True),  # the module sends it
        },
        (("workflow_job_template", "identifier"),),
        tuple((name, "workflow_job_template_nodes") for name in ("success_nodes", "failure_nodes", "always_nodes")),
    ),
    "workflow_approval_templates": Resource(
        "workflow_approval_template", {**_NAME, "timeout": Field(int, 0)}, template=True
    ),
    "schedules": Resource(
        "schedule",
        {
            **_NAME,
            **_PROMPTS,
            "unified_job_template": _id("unified_job_templates", required=True),
            "rrule": Field(required=True),
            "enabled": Field(bool, True),
        },
        (("unified_job_template", "name"),),
    ),
}
