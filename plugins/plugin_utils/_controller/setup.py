# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Makes all objects in AWX. What can be found out before is found out before anything is made."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from .client import Client, ControllerError
from .model import MARK, Given, Object, Ref
from .nodes import There, steps, there_of
from .waiting import wait_for_project
from .workflow import CHANGING, children, unapproved

Arguments = dict[str, Any]
ENCRYPTED = "$encrypted$"
_UPDATED = ("successful", "running", "pending", "waiting")
# Arguments of modules that are no fields of the API, or none that can be set: lists of other objects, what a module
# itself does, and the organization of what belongs to a project, an inventory or a workflow.
_NO_FIELDS = {
    "organization",
    *("credentials", "survey_spec", "state", "notification_templates_error", "notification_templates_approvals"),
    *("success_nodes", "failure_nodes", "always_nodes", "approval_node", "update_project"),
}
_NODE = "workflow_job_template_node"


class Port(Protocol):
    """What is needed of Ansible."""

    check_mode: bool

    def module(self, kind: str, arguments: Arguments) -> Mapping[str, Any]:
        """The result of a module of the collection for AWX."""

    def show(self, text: str) -> None:
        """Show a line to the operator."""


@dataclass
class Done:
    """What happened, by name."""

    made: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    left_over: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


class SetUp:
    """One AWX in one state. ids: key → ID of what is there."""

    def __init__(
        self,
        client: Client,
        port: Port,
        organization: str,
        update_secrets: bool = False,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.client, self.port, self.organization = client, port, organization
        self.update_secrets, self.pause = update_secrets, pause
        self.ids: dict[str, str] = {}
        self.done = Done()

    def find_organization(self, make: bool) -> bool:
        """Whether the organization is there, or would be made. Raises where it is missing and is not to be made."""
        found = self.client.find("organizations", self.organization)
        if found is None and not make:
            names = ", ".join(sorted(each["name"] for each in self.client.all("organizations"))[:5])
            raise ControllerError(
                f"AWX has no organization {self.organization!r} that the token can see (it has {names or 'none'}): "
                "correct dsa_controller_organization, or set dsa_controller_make_organization"
            )
        if found:
            self.ids["organization"] = str(found["id"])
        return found is not None

    def make_organization(self) -> None:
        """Make it where it is missing."""
        if "organization" not in self.ids:
            self._apply("organization", "organization", self.organization, {"name": self.organization}, None)

    def find(self, endpoint: str, name: str) -> bool:
        """Whether the organization has it."""
        return self._find_in_organization(endpoint, name) is not None

    def take(self, given: Sequence[Given]) -> None:
        """Find what has to be there already. Raises with all that is missing."""
        missing = []
        for each in given:
            found = self._find_in_organization(each.endpoint, each.name)
            if found is None:
                missing.append(f"{each.setting} names {each.name!r}")
            else:
                self.ids[each.key] = str(found["id"])
        if missing:
            raise ControllerError(f"{'; '.join(missing)}: the organization {self.organization!r} has no such thing")

    def refuse_foreign(self, objects: Sequence[Object]) -> None:
        """What has one of our names and was made by somebody else would be overwritten."""
        foreign = [
            each.label
            for each in objects
            if each.kind != _NODE and not _is_used(each) and (found := self.existing(each)) and not self.is_ours(found)
        ]
        if foreign:
            raise ControllerError(
                f"not made by this role, which would overwrite it: {', '.join(foreign)}. Choose other names "
                f"(dsa_controller_prefix, dsa_controller_names), or add '{MARK}' to the description of what it may have"
            )

    def is_ours(self, found: Mapping[str, Any]) -> bool:
        """Whether this role made it, and in this organization: names of execution environments are those of all."""
        organization = self.ids.get("organization")
        return MARK in str(found.get("description")) and str(found.get("organization") or organization) == organization

    def check_fields(self, objects: Sequence[Object]) -> None:
        """See that the token may make each kind of object, and that this AWX has the fields."""
        fields: dict[str, set[str]] = {}
        for each in objects:
            known = fields.setdefault(each.endpoint, set()) or self.client.fields(each.endpoint)
            fields[each.endpoint] = known
            if not known:
                raise ControllerError(
                    f"the user of the token may not make {each.endpoint}: give it the role of an administrator"
                )
            unknown = sorted(set(each.arguments) - known - _NO_FIELDS)
            if unknown:
                raise ControllerError(
                    f"{each.endpoint} of this AWX ({self.client.version}) have no {', '.join(unknown)}: it is too old; "
                    "24 or newer is needed"
                )

    def make(self, objects: Sequence[Object]) -> None:
        """Make what is missing and correct what differs, in this order; the nodes of the workflow at the end."""
        for each in (each for each in objects if each.kind != _NODE):
            found = self.existing(each)
            arguments = _without_known(each.arguments, found, self.update_secrets)
            if each.kind == "project" and found and found["status"] not in _UPDATED:
                arguments["update_project"] = True  # the last update failed, and nothing else starts another one
            self._apply(each.key, each.kind, each.name, arguments, found)
            if each.kind == "project" and not self.port.check_mode:
                playbooks = {other.arguments["playbook"] for other in objects if other.kind == "job_template"}
                wait_for_project(self.client, self.ids[each.key], each.name, playbooks, self.pause)
        nodes = [each for each in objects if each.kind == _NODE]
        if nodes:
            self._make_nodes(nodes)

    def _make_nodes(self, nodes: Sequence[Object]) -> None:
        before = self._nodes()
        for each in steps(nodes, before.graph):
            if each.arguments.get("state") == "absent":
                self.remove(each, each.arguments)
            elif self.port.check_mode and not set(children(each.arguments)) <= set(before.graph):
                self._count(each.label, each.name not in before.graph, True)
            else:
                self._apply(each.key, each.kind, each.name, dict(each.arguments), self.existing(each))
        if self.port.check_mode:
            return
        after = self._nodes()
        changing = {self.ids.get(key) for key in (*CHANGING, "recover")}
        wrong = unapproved(after.graph, [n for n, run in after.templates.items() if run in changing], after.approvals)
        if wrong:
            raise ControllerError(
                f"the workflow would run {' and '.join(wrong)} without an approval: in AWX let an approval lead there"
            )

    def remove(self, each: Object, arguments: Mapping[str, Any]) -> None:
        """Remove one object by these arguments of its module."""
        self._run(each.kind, each.name, arguments)
        self.note("removed", each.label)

    def _nodes(self) -> There:
        workflow = self.ids.get("workflow")
        every = self.client.all("workflow_job_template_nodes", workflow_job_template=workflow) if workflow else []
        return there_of(every)

    def existing(self, each: Object) -> Mapping[str, Any] | None:
        """What AWX has of it. The ID is kept for others."""
        scope = self._resolved(each.scope)
        if scope is None:
            return None
        found = self.client.find(each.endpoint, each.name, **scope)
        if found:
            self.ids[each.key] = str(found["id"])
        return found

    def _find_in_organization(self, endpoint: str, name: str) -> Mapping[str, Any] | None:
        if "organization" not in self.ids:
            return None
        return self.client.find(endpoint, name, organization=self.ids["organization"])

    def _apply(self, key: str, kind: str, name: str, arguments: Arguments, found: Mapping[str, Any] | None) -> None:
        label = f"{kind} {name}"
        if self.port.check_mode and (found is None or self._resolved(arguments) is None):
            # The modules would search for what was not made, and fail.
            self._count(label, found is None, True)
            return
        result = self._run(kind, name, arguments)
        if "id" in result:
            self.ids[key] = str(result["id"])
        self._count(label, found is None, bool(result.get("changed")))

    def _count(self, label: str, new: bool, changed: bool) -> None:
        if label in (*self.done.made, *self.done.changed):
            return  # a node is sent more than once
        if label in self.done.unchanged:
            self.done.unchanged.remove(label)
        self.note("unchanged" if not changed else "made" if new else "changed", label)

    def note(self, what: str, label: str) -> None:
        """Keep what happened, and show it at once: all of it takes minutes."""
        getattr(self.done, what).append(label)
        if what == "left_over":
            self.port.show(f"left over: {label}")
        elif what != "unchanged":
            self.port.show(f"{'would be ' if self.port.check_mode else ''}{what}: {label}")

    def _run(self, kind: str, name: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        resolved = self._resolved(arguments)
        if resolved is None:
            raise ControllerError(f"{kind} {name!r} needs something that was not made")
        result = self.port.module(kind, resolved)
        if result.get("failed"):
            response = result.get("response")
            more = f": {response.get('json', response)}" if isinstance(response, Mapping) else ""
            raise ControllerError(f"{kind} {name!r}: {result.get('msg')}{more}. What was made before stays; run again")
        self.done.warnings += result.get("warnings") or []
        return result

    def _resolved(self, arguments: Mapping[str, Any]) -> Arguments | None:
        """The arguments with IDs; None where something has none yet."""
        try:
            return {name: self._value(value) for name, value in arguments.items()}
        except KeyError:
            return None

    def _value(self, value: Any) -> Any:
        if isinstance(value, Ref):
            return self.ids[value.key]
        return [self._value(item) for item in value] if isinstance(value, list) else value


def _is_used(each: Object) -> bool:
    """A credential without values is there already, and it does not matter who made it."""
    return each.kind == "credential" and "inputs" not in each.arguments


def _without_known(arguments: Mapping[str, Any], found: Mapping[str, Any] | None, update_secrets: bool) -> Arguments:
    """Without what AWX has already and shows as encrypted: the modules would take each of these for a change.

    And without the description, to which somebody may have added something.
    """
    if found is None:
        return dict(arguments)
    sent = {name: value for name, value in arguments.items() if name != "description"}
    if update_secrets:
        return sent
    return {name: value for name, value in sent.items() if not _is_known(name, value, found.get(name))}


def _is_known(name: str, value: Any, there: Any) -> bool:
    if name not in ("inputs", "notification_configuration") or not isinstance(there, Mapping):
        return False
    if name == "inputs" and "fields" in value:
        return False  # of a credential type, and shown as it is
    same = all(key in there and there[key] in (item, ENCRYPTED) for key, item in value.items())
    return same and (name != "inputs" or set(there) == set(value))
