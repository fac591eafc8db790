# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The objects that an AWX has, and what happens to them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from typing import Any

from .checks import CHECKS
from .resources import RESOURCES, Field

Thing = dict[str, Any]
ENCRYPTED = "$encrypted$"
# So many requests are answered while something goes on in the background.
_BUSY = 3
# What goes with what: endpoint → (endpoint, field) of its own parts.
_PARTS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "inventories": (("inventory_sources", "inventory"),),
    "workflow_job_templates": (("workflow_job_template_nodes", "workflow_job_template"),),
}


class Refused(Exception):
    """AWX refuses it with this status."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(str(body))
        self.status, self.body = status, body


class Store:
    """Everything. defects: fields that AWX would ignore without a word; old: fields that this AWX has not yet."""

    def __init__(self, old: Mapping[str, set[str]] | None = None) -> None:
        self.things: dict[str, dict[int, Thing]] = {endpoint: {} for endpoint in RESOURCES}
        self.lists: dict[tuple[str, int, str], list[int]] = {}
        self.surveys: dict[int, Thing] = {}
        self.playbooks: dict[int, list[str]] = {}
        self.updates: dict[int, int] = {}
        self.going: dict[int, int] = {}
        self.defects: list[str] = []
        self.old = old or {}
        self._last = 0
        self.create("organizations", {"name": "Default"})

    def fields(self, endpoint: str) -> dict[str, Field]:
        """The fields that this release has."""
        return {
            name: field for name, field in RESOURCES[endpoint].fields.items() if name not in self.old.get(endpoint, ())
        }

    def get(self, endpoint: str, key: int) -> Thing:
        """One object. Raises Refused where there is none."""
        found = self.things[endpoint].get(key) if endpoint != "unified_job_templates" else self.templates().get(key)
        if found is None:
            raise Refused(404, {"detail": "Not found."})
        return found

    def templates(self) -> dict[int, Thing]:
        """Everything that can be launched."""
        return {
            key: one
            for name, resource in RESOURCES.items()
            if resource.template
            for key, one in self.things[name].items()
        }

    def every(self, endpoint: str) -> list[Thing]:
        """All objects, those that go in the background among them, until they are gone."""
        for key in [key for key, left in self.going.items() if left <= 0]:
            self._remove("inventories", key)
            del self.going[key]
        for key in self.going:
            self.going[key] -= 1
        found = self.templates() if endpoint == "unified_job_templates" else self.things[endpoint]
        return [found[key] for key in sorted(found)]

    def using(self, endpoint: str, field: str, key: int) -> list[Thing]:
        """The objects whose field is this ID."""
        return [thing for thing in self.things[endpoint].values() if thing.get(field) == key]

    def create(self, endpoint: str, sent: Mapping[str, Any]) -> Thing:
        """Make an object. Raises Refused."""
        known = self.fields(endpoint)
        missing = [name for name, field in known.items() if field.required and sent.get(name) in (None, "")]
        if missing:
            raise Refused(400, {name: ["This field is required."] for name in missing})
        new = {name: field.default for name, field in known.items() if name != "type"}
        self._last += 1
        new |= {"id": self._last, "type": RESOURCES[endpoint].type}
        self._change(endpoint, new, sent, None)
        self.things[endpoint][self._last] = new
        if endpoint == "projects":
            self._update(new)
        return new

    def patch(self, endpoint: str, key: int, sent: Mapping[str, Any]) -> Thing:
        """Change an object. Raises Refused."""
        old = self.get(endpoint, key)
        new = dict(old)
        self._change(endpoint, new, sent, old)
        again = endpoint == "projects" and any(
            old[name] != new[name] for name in ("scm_url", "scm_branch", "credential")
        )
        old.update(new)
        if again:
            self._update(old)
        return old

    def delete(self, endpoint: str, key: int) -> int:
        """Remove an object, an inventory some time later. Returns the status."""
        thing = self.get(endpoint, key)
        if endpoint == "credential_types" and self.using("credentials", "credential_type", key):
            raise Refused(403, {"detail": "Credential types that are in use cannot be deleted"})
        if endpoint == "inventories":
            thing["pending_deletion"] = True
            self.going[key] = _BUSY
            return 202
        self._remove(endpoint, key)
        return 204

    def _remove(self, endpoint: str, key: int) -> None:
        for part, field in _PARTS.get(endpoint, ()):
            for each in self.using(part, field, key):
                self._remove(part, each["id"])
        for each in self.using("schedules", "unified_job_template", key):
            self._remove("schedules", each["id"])
        thing = self.things[endpoint].pop(key)
        if endpoint == "workflow_job_template_nodes":
            self.things["workflow_approval_templates"].pop(thing["unified_job_template"], None)
        for other, things in self.things.items():
            names = [n for n, f in RESOURCES[other].fields.items() if f.foreign in (endpoint, "unified_job_templates")]
            for thing in things.values():
                thing.update({name: None for name in names if thing.get(name) == key})
        for (owner, _key, name), members in self.lists.items():
            if dict(RESOURCES[owner].lists)[name] == endpoint and key in members:
                members.remove(key)

    def _change(self, endpoint: str, new: Thing, sent: Mapping[str, Any], old: Thing | None) -> None:
        known = self.fields(endpoint)
        for name, value in sent.items():
            if name not in known:
                self.defects.append(f"{endpoint} have no field {name}: AWX ignores it")
            elif not known[name].read_only:
                self._see_type(name, known[name], value)
                new[name] = value
        self._keep_secrets(endpoint, new, old)
        if endpoint == "job_templates" and new["project"] in self.things["projects"]:
            new["organization"] = self.things["projects"][new["project"]]["organization"]
        problems = CHECKS[endpoint](self, new, old) if endpoint in CHECKS else {}
        if "__forbidden__" in problems:
            raise Refused(403, {"detail": problems["__forbidden__"][0]})
        if problems:
            raise Refused(400, problems)
        for names in RESOURCES[endpoint].unique:
            for other in self.things[endpoint].values():
                if other["id"] != new["id"] and all(other[name] == new[name] for name in names):
                    text = f"{RESOURCES[endpoint].type} with this ({', '.join(names)}) combination already exists."
                    raise Refused(400, {"__all__": [text]})

    def _see_type(self, name: str, field: Field, value: Any) -> None:
        if value is None and field.null:
            return
        if value is None or not isinstance(value, field.kind) or (isinstance(value, bool) and field.kind is not bool):
            raise Refused(400, {name: [f"{value!r} is not valid."]})
        if field.choices and value not in field.choices:
            raise Refused(400, {name: [f'"{value}" is not a valid choice.']})
        if field.foreign:
            endpoint = field.foreign
            there = self.templates() if endpoint == "unified_job_templates" else self.things.get(endpoint, {})
            if value not in there:
                raise Refused(400, {name: [f'Invalid pk "{value}" - object does not exist.']})

    def _keep_secrets(self, endpoint: str, new: Thing, old: Thing | None) -> None:
        """A value that was shown as encrypted, and comes back, stands for the old one."""
        name = {"credentials": "inputs", "notification_templates": "notification_configuration"}.get(endpoint)
        if name and old:
            new[name] = {key: old[name].get(key) if value == ENCRYPTED else value for key, value in new[name].items()}

    def shown(self, endpoint: str, thing: Thing) -> Thing:
        """The object without its secrets."""
        shown = dict(thing)
        if endpoint == "credentials":
            fields = self.get("credential_types", thing["credential_type"])["inputs"].get("fields", [])
            secret = {field["id"] for field in fields if field.get("secret")}
            shown["inputs"] = {key: ENCRYPTED if key in secret else value for key, value in thing["inputs"].items()}
            shown.pop("user"), shown.pop("team")
        if endpoint == "notification_templates" and thing["notification_configuration"].get("password"):
            shown["notification_configuration"] = {**thing["notification_configuration"], "password": ENCRYPTED}
        if endpoint == "workflow_job_template_nodes":
            for name in ("success_nodes", "failure_nodes", "always_nodes"):
                shown[name] = self.lists.get((endpoint, thing["id"], name), [])
        return shown

    def associate(self, endpoint: str, key: int, name: str, other: int, remove: bool) -> None:
        """Put an object into a list of another, or take it out. Raises Refused."""
        members = self.lists.setdefault((endpoint, key, name), [])
        if remove:
            members.remove(other)
            return
        there = self.get(dict(RESOURCES[endpoint].lists)[name], other)
        if name == "credentials" and any(
            self.get("credentials", each)["credential_type"] == there["credential_type"] for each in members
        ):
            raise Refused(400, {"error": f"Cannot assign multiple {there['credential_type']} credentials."})
        if endpoint == "workflow_job_template_nodes":
            self._see_link(key, there, name)
        members.append(other)

    def _see_link(self, key: int, child: Thing, name: str) -> None:
        parent = self.get("workflow_job_template_nodes", key)
        if parent["workflow_job_template"] != child["workflow_job_template"]:
            raise Refused(400, {"detail": "Node is in another workflow."})
        others = {"success_nodes", "failure_nodes", "always_nodes"} - {name}
        if any(child["id"] in self.lists.get(("workflow_job_template_nodes", key, each), []) for each in others):
            raise Refused(400, {"Error": "Relationship not allowed."})
        if key in {child["id"], *self._below(child["id"])}:
            raise Refused(400, {"Error": "Cycle detected."})

    def _below(self, key: int) -> Iterator[int]:
        for name in ("success_nodes", "failure_nodes", "always_nodes"):
            for child in self.lists.get(("workflow_job_template_nodes", key, name), []):
                yield child
                yield from self._below(child)

    def _update(self, project: Thing) -> None:
        """Begin an update of a project: its files are there some requests later."""
        self._last += 1
        project |= {"status": "pending", "scm_revision": "", "current_update": self._last}
        self.updates[self._last] = _BUSY

    def go_on(self, project: Thing) -> None:
        """One request of somebody who waits for the update."""
        update = project.get("current_update")
        if update is None:
            return
        self.updates[update] -= 1
        if self.updates[update] <= 0:
            command = ["git", "ls-remote", "--exit-code", project["scm_url"], project["scm_branch"] or "HEAD"]
            there = subprocess.run(command, capture_output=True, text=True, check=False)
            project |= {"status": "failed" if there.returncode else "successful", "current_update": None}
            if not there.returncode:
                self.playbooks[project["id"]] = _files(project["scm_url"])
                project["scm_revision"] = there.stdout.split()[0]


def _files(url: str) -> list[str]:
    command = ["git", "--git-dir", f"{url.removeprefix('file://')}/.git", "ls-tree", "-r", "--name-only", "HEAD"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
