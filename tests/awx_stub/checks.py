# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What AWX refuses, beyond the type of a field. Each function returns what is wrong: field → reasons."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from jinja2 import StrictUndefined, TemplateError, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment

if TYPE_CHECKING:
    from .store import Store

Problems = dict[str, list[str]]
Thing = Mapping[str, Any]
_TYPES: Mapping[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("text", "textarea", "password", "multiplechoice"), str),
    "multiselect": (str, list),
    "integer": int,
    "float": (float, int),
}
_INPUT = {"type", "format", "choices", "id", "label", "help_text", "multiline", "secret", "ask_at_runtime", "default"}
_EVENTS = ("started", "success", "error", "workflow_approval")
_WEBHOOK: Mapping[str, tuple[type, Any]] = {
    "url": (str, None),
    "http_method": (str, "POST"),
    "disable_ssl_verification": (bool, False),
    "username": (str, ""),
    "password": (str, ""),
    "headers": (dict, None),
}


def _credential_type(store: Store, new: Thing, old: Thing | None) -> Problems:
    inputs, injectors = new["inputs"], new["injectors"]
    if set(inputs) - {"fields", "required"} or set(injectors) - {"file", "env", "extra_vars"}:
        return {"inputs": ["Additional properties are not allowed"]}
    ids = [field.get("id") for field in inputs.get("fields", [])]
    for field in inputs.get("fields", []):
        if (
            set(field) - _INPUT
            or not {"id", "label"} <= set(field)
            or field.get("type", "string") not in ("string", "boolean")
        ):
            return {"inputs": [f"Schema validation error in {field}"]}
        if field.get("format", "url") not in ("url", "ssh_private_key") or "ask_at_runtime" in field:
            return {"inputs": [f"{field['id']} has a format that is not known"]}
    if len(set(ids)) != len(ids) or "tower" in ids or set(inputs.get("required", [])) - set(ids):
        return {"inputs": ["field IDs must be unique"]}
    if any(name.startswith("ANSIBLE_") for name in injectors.get("env", {})):
        return {"injectors": ["Environment variable may affect Ansible configuration"]}
    names: dict[str, Any] = {**dict.fromkeys(ids, "EXAMPLE"), "tower": {}}
    if "template" in injectors.get("file", {}):
        names["tower"] = {"filename": "EXAMPLE_FILENAME"}
    for group in injectors.values():
        for name, template in group.items():
            try:
                ImmutableSandboxedEnvironment(undefined=StrictUndefined).from_string(template).render(names)
            except TemplateError as error:
                return {"injectors": [f"{name} uses an undefined field ({error})"]}
    if old and old["inputs"] != inputs and store.using("credentials", "credential_type", old["id"]):
        return {"__forbidden__": ["Modifications to inputs are not allowed for credential types that are in use"]}
    return {}


def _credential(store: Store, new: Thing, old: Thing | None) -> Problems:
    if not any(new[owner] for owner in ("organization", "user", "team")):
        return {"detail": ["Missing 'user', 'team', or 'organization'."]}
    type_ = store.get("credential_types", new["credential_type"])
    fields = {field["id"]: field for field in type_["inputs"].get("fields", [])}
    unknown = set(new["inputs"]) - set(fields)
    missing = [name for name in type_["inputs"].get("required", []) if not new["inputs"].get(name)]
    if unknown or missing:
        return {"inputs": [f"unknown {sorted(unknown)}, required for {type_['name']}: {missing}"]}
    return {}


def _project(store: Store, new: Thing, old: Thing | None) -> Problems:
    return {"scm_url": ["SCM URL is required."]} if new["scm_type"] and not new["scm_url"] else {}


def _inventory_source(store: Store, new: Thing, old: Thing | None) -> Problems:
    if old and old["inventory"] != new["inventory"]:
        return {"inventory": ["read only"]}
    if new["source"] == "scm" and new["source_project"] is None:
        return {"source_project": ["Project required for scm type sources."]}
    return {}


def _job_template(store: Store, new: Thing, old: Thing | None) -> Problems:
    project = store.get("projects", new["project"])
    if new["inventory"] is None and not new["ask_inventory_on_launch"]:
        return {"inventory": ["You must either set a default value or ask to prompt on launch."]}
    if not project["allow_override"] and new["playbook"] not in store.playbooks.get(project["id"], ()):
        return {"playbook": ["Playbook not found for project."]}
    if new["job_slice_count"] < 0 or new["forks"] < 0:
        return {"forks": ["Ensure this value is greater than or equal to 0."]}
    return {}


def _node(store: Store, new: Thing, old: Thing | None) -> Problems:
    if old and old["workflow_job_template"] != new["workflow_job_template"]:
        return {"workflow_job_template": ["read only"]}
    return {}


def _schedule(store: Store, new: Thing, old: Thing | None) -> Problems:
    rule = new["rrule"]
    begins = re.findall(r"DTSTART(?:;TZID=[^:]+:[0-9]+T[0-9]+|:[0-9]+T[0-9]+Z)", rule)
    wrong = [] if len(begins) == 1 else ["Valid DTSTART required in rrule."]
    rules = re.findall(r"RRULE:(\S*)", rule)
    if not rules or any("INTERVAL=" not in each or "SECONDLY" in each for each in rules):
        wrong.append("INTERVAL required in rrule")
    return {"rrule": wrong} if wrong else {}


def _notification(store: Store, new: Thing, old: Thing | None) -> Problems:
    configuration = new["notification_configuration"]
    if new["notification_type"] == "webhook":
        for name, (kind, default) in _WEBHOOK.items():
            if name not in configuration and default is None:
                return {"__all__": [f"Missing required fields for Notification Configuration: ['{name}']."]}
            if not isinstance(configuration.setdefault(name, default), kind):
                return {"__all__": [f"Configuration field '{name}' incorrect type"]}
    wrong = []
    for event, texts in (new["messages"] or {}).items():
        if event not in _EVENTS:
            wrong.append(f"Event '{event}' invalid")
        for kind, text in (texts or {}).items():
            if kind not in ("message", "body") or (kind == "message" and "\n" in text):
                wrong.append(f"Message type '{kind}' invalid, or it has newlines")
            wrong += _unrendered(text)
    return {"messages": wrong} if wrong else {}


# What a message is tried with: an object of AWX without artifacts.
JOB = {"job": {"id": 42, "name": "Stub", "status": "failed", "artifacts": {}}, "url": "https://awx/#/jobs/42"}


def _unrendered(text: str) -> list[str]:
    try:
        ImmutableSandboxedEnvironment(undefined=StrictUndefined).from_string(text).render(JOB)
    except UndefinedError as error:
        return [f"Field '{error}' unavailable"]
    except TemplateError as error:
        return [f"Unable to render message '{text}': {error}"]
    return []


def survey(spec: Any) -> str | None:
    """What is wrong with a survey."""
    if not isinstance(spec, dict) or not isinstance(spec.get("spec"), list) or not spec["spec"]:
        return "'spec' doesn't contain any items."
    if not isinstance(spec.get("name"), str) or not isinstance(spec.get("description"), str):
        return "Field 'name' or 'description' is missing from survey spec."
    seen: set[str] = set()
    for number, item in enumerate(spec["spec"]):
        for name in ("type", "question_name", "variable", "required"):
            if not isinstance(item.get(name), bool if name == "required" else str):
                return f"'{name}' missing from survey question {number}"
        if item["variable"] in seen or item["type"] not in _TYPES:
            return f"'variable' '{item['variable']}' duplicated in survey question {number}, or its type is none"
        seen.add(item["variable"])
        default = item.get("default", "")
        if default != "" and not isinstance(default, _TYPES[item["type"]]):
            return f"Default value {default} in survey question {number} expected to be {item['type']}."
        if any(item.get(name) is not None and not isinstance(item[name], int) for name in ("min", "max")):
            return f"The limit in survey question {number} expected to be integer."
        if item["type"] in ("multiselect", "multiplechoice"):
            choices = item["choices"].splitlines() if isinstance(item.get("choices"), str) else item.get("choices")
            if not choices or any(each not in choices for each in str(default).splitlines()):
                return f"Survey question {number} must specify choices, and its default is one of them."
    return None


CHECKS: Mapping[str, Callable[[Any, Thing, Thing | None], Problems]] = {
    "credential_types": _credential_type,
    "credentials": _credential,
    "projects": _project,
    "inventory_sources": _inventory_source,
    "job_templates": _job_template,
    "workflow_job_template_nodes": _node,
    "schedules": _schedule,
    "notification_templates": _notification,
}
