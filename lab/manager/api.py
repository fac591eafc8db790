# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The API below /api: keys, computers, groups, policies, tasks, version controls and settings."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from . import shapes
from .search import LAST, Search
from .store import ROOT_GROUP, Computer, Store
from .tasks import FIELDS, Tasks
from .web import Answer, Refused, Request, said

FULL_ACCESS, AUDITOR = 2, 1
# What of a computer can be changed -> where it is kept, and what it may be.
CHANGEABLE = {
    "displayName": ("display_name", str),
    "description": ("description", str),
    "groupID": ("group", int),
    "policyID": ("policy", int),
    "relayListID": ("relay_list", int),
}


class Api:
    def __init__(self, store: Store, tasks: Tasks, keys: dict[str, int]) -> None:
        self.store = store
        self.tasks = tasks
        self.keys = keys
        """Secret -> ID of its role."""
        self.controls: list[dict[str, Any]] = []
        number = r"(\d+)"
        self.routes: list[tuple[re.Pattern[str], dict[str, Callable[..., Answer]]]] = [
            (re.compile(f"/api/{pattern}"), methods)
            for pattern, methods in (
                ("apikeys/current", {"GET": self.key}),
                ("computers", {"GET": self.list_computers}),
                ("computers/search", {"POST": self.search_computers}),
                (f"computers/{number}", {"GET": self.get, "POST": self.modify, "DELETE": self.delete}),
                (
                    rf"computers/{number}/settings/(\w+)",
                    {"GET": self.setting, "POST": self.set_setting, "DELETE": self.reset_setting},
                ),
                ("(computergroups|policies)", {"GET": self.list_named}),
                ("(computergroups|policies)/search", {"POST": self.search_named}),
                (f"(computergroups|policies)/{number}", {"GET": self.get_named}),
                ("scheduledtasks", {"GET": self.list_tasks, "POST": self.create_task}),
                ("scheduledtasks/search", {"POST": self.search_tasks}),
                (
                    f"scheduledtasks/{number}",
                    {"GET": self.get_task, "POST": self.modify_task, "DELETE": self.drop_task},
                ),
                ("agentversioncontrolprofiles", {"GET": self.profiles}),
                (f"agentversioncontrolprofiles/{number}", {"GET": self.profile}),
                (f"agentversioncontrolprofiles/{number}/agentversioncontrols", {"GET": self.list_controls}),
                (f"agentversioncontrolprofiles/{number}/agentversioncontrols/search", {"POST": self.search_controls}),
                (f"agentversioncontrolprofiles/{number}/agentversioncontrols/{number}", {"GET": self.control}),
                ("systemsettings", {"GET": self.system_settings}),
                (r"systemsettings/(\w+)", {"GET": self.system_setting, "POST": self.set_system_setting}),
            )
        ]

    def answer(self, request: Request) -> Answer:
        role = self.check(request)
        for pattern, methods in self.routes:
            found = pattern.fullmatch(request.path.rstrip("/"))
            if found is None:
                continue
            if request.method not in methods:
                raise Refused(405, f"{request.method} is not allowed here")
            reads = request.method == "GET" or request.path.endswith("/search")
            if role == AUDITOR and not reads:
                raise Refused(403, "The API key's role does not allow this action")
            given = [int(one) if one.isdigit() else one for one in found.groups()]
            with self.store.lock:
                return methods[request.method](request, *given)
        raise Refused(404, f"There is no {request.path}")

    def check(self, request: Request) -> int:
        """The role of the request's key."""
        if request.headers.get("api-version") != "v1":
            raise Refused(400, "The header api-version is required, with the value v1")
        if self.store.options.hosted:
            kind, _space, key = request.headers.get("authorization", "").partition(" ")
            role = self.keys.get(key) if kind == "ApiKey" else None
        else:
            role = self.keys.get(request.headers.get("api-secret-key", ""))
        if role is None:
            raise Refused(401, "Invalid API key")
        return role

    def key(self, request: Request) -> Answer:
        role = self.check(request)
        return said(
            {
                "ID": role,
                "keyName": "auditor" if role == AUDITOR else "full access",
                "description": "made by the lab",
                "locale": "en-US",
                "roleID": role,
                "timeZone": "UTC",
                "active": True,
                "created": 1700000000000,
                "lastSignIn": self.store.now(),
                "unlockTime": None,
                "unsuccessfulSignInAttempts": 0,
                "expiryDate": None,
                "serviceAccount": False,
            }
        )

    # Computers

    def show(self, request: Request, computers: list[Computer], whole: bool) -> Answer:
        """One computer, or a list of them."""
        words = [word for text in request.query.get("expand", []) for word in text.split(",")]
        try:
            parts = shapes.wanted_parts(words)
        except ValueError as error:
            raise Refused(400, str(error)) from error
        overrides = request.query.get("overrides", ["false"])[0] == "true"
        settings = self.store.options.settings
        texts = [shapes.serialise(one, parts, overrides, settings) for one in computers]
        return Answer(data=('{"computers":[' + ",".join(texts) + "]}" if whole else texts[0]).encode())

    def known(self, number: int) -> Computer:
        if number not in self.store.computers:
            raise Refused(404, f"Computer with ID {number} does not exist")
        return self.store.computers[number]

    def list_computers(self, request: Request) -> Answer:
        return self.page(request, Search({}, self.store.options.page_limit, ()))

    def search_computers(self, request: Request) -> Answer:
        fields = {*shapes.basic(Computer("", "", ""))}
        return self.page(request, Search(request.json(), self.store.options.page_limit, fields))

    def page(self, request: Request, search: Search) -> Answer:
        found = search.pick(self.store.between(search.above, search.below), shapes.basic)
        answer = self.show(request, found, True)
        for number in self.store.faults.pop("deleted_between_pages", []):
            self.store.remove(number)
        return answer

    def get(self, request: Request, number: int) -> Answer:
        return self.show(request, [self.known(number)], False)

    def modify(self, request: Request, number: int) -> Answer:
        computer, body = self.known(number), request.json()
        changes: dict[str, Any] = {}
        for name, value in body.items():
            if name in CHANGEABLE:
                kept, kind = CHANGEABLE[name]
                if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
                    raise Refused(400, f"Invalid Computer: {name}")
                changes[kept] = value
        if changes.get("group", ROOT_GROUP) not in self.store.groups:
            raise Refused(400, f"Invalid Computer: computer group with ID {changes['group']} does not exist")
        if changes.get("policy", 0) not in (0, *self.store.policies):
            raise Refused(400, f"Invalid Computer: policy with ID {changes['policy']} does not exist")
        settings = body.get("computerSettings") or {}
        for name, value in settings.items():
            self.change_setting(computer, name, value)
        for kept, value in changes.items():
            setattr(computer, kept, value)
        return self.show(request, [computer], False)

    def delete(self, request: Request, number: int) -> Answer:
        self.known(number)
        self.store.remove(number)
        return Answer(204)

    def setting_value(self, request: Request, computer: Computer, name: str) -> Answer:
        overrides = request.query.get("overrides", ["false"])[0] == "true"
        known = shapes.settings_of(computer.relay, computer.self_protection, False, self.store.options.settings)
        if name not in known:
            raise Refused(404, f"There is no computer setting {name}")
        own = shapes.settings_of(computer.relay, computer.self_protection, overrides, self.store.options.settings)
        return said({"value": own.get(name)})

    def setting(self, request: Request, number: int, name: str) -> Answer:
        return self.setting_value(request, self.known(number), name)

    def set_setting(self, request: Request, number: int, name: str) -> Answer:
        computer = self.known(number)
        self.change_setting(computer, name, request.json())
        return self.setting_value(request, computer, name)

    def reset_setting(self, request: Request, number: int, name: str) -> Answer:
        computer = self.known(number)
        if name == shapes.RELAY_STATE:
            self.change_setting(computer, name, {"value": "false"})
        return self.setting_value(request, computer, name)

    def change_setting(self, computer: Computer, name: str, body: object) -> None:
        """Of all settings only the Relay state has an effect, and is kept."""
        value = body.get("value") if isinstance(body, dict) else None
        if not isinstance(value, str):
            raise Refused(400, f"Invalid SettingValue for {name}")
        if name != shapes.RELAY_STATE:
            return
        if value not in ("true", "false"):
            raise Refused(400, f"Invalid SettingValue for {name}: {value}")
        if value == "true" and (computer.platform not in ("linux", "windows") or computer.build is None):
            raise Refused(400, "Only an activated agent on Linux or Windows can be a Relay")
        computer.relay = value
        computer.send_relay = value == "true"
        self.store.wake()

    # Groups and policies: a name each

    def named(self, kind: str) -> dict[int, dict[str, Any]]:
        if kind == "computergroups":
            more: dict[str, Any] = {"type": "folder", "description": "", "parentGroupID": ROOT_GROUP}
            known = {number: name for number, name in self.store.groups.items() if number != ROOT_GROUP}
        else:
            more, known = {"description": "", "parentID": None}, self.store.policies
        return {number: {"name": name, **more, "ID": number} for number, name in known.items()}

    def list_named(self, request: Request, kind: str) -> Answer:
        return self.found_named(kind, Search({}, LAST, ()))

    def search_named(self, request: Request, kind: str) -> Answer:
        return self.found_named(
            kind, Search(request.json(), self.store.options.page_limit, ("name", "description", "type"))
        )

    def found_named(self, kind: str, search: Search) -> Answer:
        return said({{"computergroups": "computerGroups"}.get(kind, kind): search.pick_dicts(self.named(kind))})

    def get_named(self, request: Request, kind: str, number: int) -> Answer:
        known = self.named(kind)
        if number not in known:
            raise Refused(404, f"There is no {kind}/{number}")
        return said(known[number])

    # Scheduled tasks

    def list_tasks(self, request: Request) -> Answer:
        return said({"scheduledTasks": list(self.tasks.all.values())})

    def search_tasks(self, request: Request) -> Answer:
        search = Search(request.json(), self.store.options.page_limit, FIELDS)
        return said({"scheduledTasks": search.pick_dicts(self.tasks.all)})

    def create_task(self, request: Request) -> Answer:
        answer = said(self.tasks.create(request.json()))
        answer.lost = self.store.take("lost_answer")
        return answer

    def get_task(self, request: Request, number: int) -> Answer:
        return said(self.tasks.known(number))

    def modify_task(self, request: Request, number: int) -> Answer:
        return said(self.tasks.modify(number, request.json()))

    def drop_task(self, request: Request, number: int) -> Answer:
        self.tasks.remove(number)
        return Answer(204)

    # Agent version controls

    def profiles(self, request: Request) -> Answer:
        return said({"agentVersionControlProfiles": [{"name": "Default", "ID": 1}]})

    def profile(self, request: Request, number: int) -> Answer:
        if number != 1:
            raise Refused(404, f"Agent version control profile with ID {number} does not exist")
        return said({"name": "Default", "ID": 1})

    def list_controls(self, request: Request, number: int) -> Answer:
        self.profile(request, number)
        return said({"agentVersionControls": self.controls})

    def search_controls(self, request: Request, number: int) -> Answer:
        self.profile(request, number)
        fields = ("os", "distro", "platform", "architecture", "type", "version")
        search = Search(request.json(), self.store.options.page_limit, fields)
        return said({"agentVersionControls": search.pick_dicts({one["ID"]: one for one in self.controls})})

    def control(self, request: Request, number: int, control: int) -> Answer:
        self.profile(request, number)
        for one in self.controls:
            if one["ID"] == control:
                return said(one)
        raise Refused(404, f"Agent version control with ID {control} does not exist")

    # System settings

    def system_settings(self, request: Request) -> Answer:
        return said({name: {"value": value} for name, value in self.store.settings.items()})

    def system_setting(self, request: Request, name: str) -> Answer:
        if name not in self.store.settings:
            raise Refused(404, f"There is no system setting {name}")
        return said({"value": self.store.settings[name]})

    def set_system_setting(self, request: Request, name: str) -> Answer:
        value = request.json().get("value")
        if name not in self.store.settings or not isinstance(value, str):
            raise Refused(400, f"Invalid SettingValue for {name}")
        self.store.settings[name] = value
        return self.system_setting(request, name)
