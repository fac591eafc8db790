# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make what this collection needs in AWX or Automation Platform, or remove it."""

from __future__ import annotations

import os
import typing as t
from collections.abc import Mapping
from pathlib import Path

from ansible.errors import AnsibleActionFail
from ansible.plugins.loader import module_loader

from ..plugin_utils._ansible.action import DsaAction, Result
from ..plugin_utils._controller import Client, ControllerError, SetUp, name_left_over, objects_of, remove
from ..plugin_utils._controller.credential_types import TYPES
from ..plugin_utils._controller.inputs import inputs_of, secrets_of
from ..plugin_utils._controller.names import names_of
from ..plugin_utils._controller.objects import given_of
from ..plugin_utils._controller.setup import Done
from ..plugin_utils._settings import SETTINGS, Settings, SettingsError, sentences, unknown_variables

_NAMES = [setting.name for setting in SETTINGS.values() if "controller" in setting.roles]
_COLLECTIONS = ("awx.awx", "ansible.controller")


class _Port:
    """The modules of the collection for AWX."""

    def __init__(
        self, action: ActionModule, collection: str, access: Mapping[str, t.Any], task_vars: dict[str, t.Any]
    ) -> None:
        self._action, self._collection, self._access, self._task_vars = action, collection, access, task_vars
        self.check_mode = bool(action._task.check_mode)

    def module(self, kind: str, arguments: dict[str, t.Any]) -> Mapping[str, t.Any]:
        """Run it."""
        result: dict[str, t.Any] = self._action._execute_module(
            module_name=f"{self._collection}.{kind}",
            module_args={**arguments, **self._access},
            task_vars=self._task_vars,
        )
        return {**result, "warnings": [_warning(each) for each in result.get("warnings") or []]}

    def show(self, text: str) -> None:
        """Show a line to the operator."""
        self._action._display.display(text)


def _warning(warning: object) -> str:
    """The text of a warning, which since ansible-core 2.19 is an object."""
    event = getattr(warning, "event", None)
    return str(event.msg if event else warning)


class ActionModule(DsaAction):
    """Runs on the controller alone."""

    def act(self, task_vars: dict[str, t.Any]) -> Result:
        """Return what was made, changed and removed; no value of a setting."""
        self.arguments({})
        settings = Settings.parse(
            {name: self._templar.template(task_vars[name]) for name in _NAMES if name in task_vars}
        )
        self._refuse_unknown(task_vars)
        secrets = secrets_of(settings)
        try:
            return self._set_up(settings, task_vars)
        except ControllerError as error:
            text = str(error)
            for secret in secrets:
                text = text.replace(secret, "********")
            raise AnsibleActionFail(text) from None

    def _refuse_unknown(self, task_vars: Mapping[str, t.Any]) -> None:
        names = [name for name in task_vars if name.startswith("dsa_controller")]
        problems = unknown_variables(names)
        if problems:
            raise SettingsError("; ".join(sentences(problems)))

    def _set_up(self, settings: Settings, task_vars: dict[str, t.Any]) -> Result:
        names = names_of(settings["dsa_controller_prefix"], settings["dsa_controller_names"])
        if settings["dsa_controller_inventory"] == names["inventory"]:
            # The setting names the inventory that this role made: as another inventory it would lose its source.
            settings = Settings({**settings, "dsa_controller_inventory": None})
        absent = settings["dsa_controller_state"] == "absent"
        if not absent and not settings["dsa_controller_scm_url"]:
            raise ControllerError("dsa_controller_scm_url is missing: the address of the repository with the playbooks")
        access = _access(settings)
        port = _Port(self, _collection(settings), access, task_vars)
        client = Client(access["controller_host"], access["controller_oauthtoken"], access["validate_certs"])
        client.check()
        organization, update = settings["dsa_controller_organization"], settings["dsa_controller_update_secrets"]
        setup = SetUp(client, port, organization, update)
        setup.find_organization(absent or settings["dsa_controller_make_organization"])
        there = [key for key in TYPES if setup.find("credentials", names[f"credential_{key}"])]
        everything = objects_of(_everything(settings), names, {}, there)
        if absent:
            remove(setup, everything)
        else:
            objects = objects_of(settings, names, inputs_of(settings, _content), there)
            setup.take(given_of(settings))
            setup.refuse_foreign(objects)
            setup.check_fields(objects)
            setup.make_organization()
            setup.make(objects)
            wanted = {each.key for each in objects}
            # An inventory has what others put into it: it is named, as all that is left over is.
            remove(setup, [each for each in everything if each.key not in wanted and each.kind != "inventory"])
        name_left_over(setup, [] if absent else objects)
        return _result(setup.done)


def _everything(settings: Settings) -> Settings:
    """Settings of a run that makes all there is: the run that removes it need not have the same."""
    made: dict[str, t.Any] = {
        "dsa_controller_image": "made",
        "dsa_controller_notification_type": "webhook",
        "dsa_controller_inventory": None,
        "dsa_controller_credentials": [],
    }
    return Settings({**settings, **made})


def _collection(settings: Settings) -> str:
    """The collection with the modules."""
    wanted = [settings["dsa_controller_collection"]] if settings["dsa_controller_collection"] else _COLLECTIONS
    for name in wanted:
        if module_loader.find_plugin_with_context(f"{name}.job_template").resolved:
            return str(name)
    raise ControllerError(
        f"not installed: {' or '.join(wanted)}. Install awx.awx in the release of your AWX (ansible-galaxy collection "
        "install awx.awx), or ansible.controller for Automation Platform"
    )


def _access(settings: Settings) -> dict[str, t.Any]:
    """The arguments by which each module reaches AWX."""
    variables = {"dsa_controller_host": "CONTROLLER_HOST", "dsa_controller_token": "CONTROLLER_OAUTH_TOKEN"}
    found = {name: settings[name] or os.environ.get(variable) or "" for name, variable in variables.items()}
    missing = [f"{name} (or {variables[name]} in the environment)" for name, value in found.items() if not value]
    if missing:
        raise ControllerError(f"not set: {', '.join(missing)}")
    host, token = found.values()
    if "@" in host:
        raise ControllerError("dsa_controller_host has a user or a password in it: write the address alone")
    if not token.isascii() or not token.isprintable() or " " in token:
        raise ControllerError("dsa_controller_token has characters that no token has, such as a blank or a line feed")
    return {
        "controller_host": host,
        "controller_oauthtoken": token,
        "validate_certs": settings["dsa_controller_validate_certs"],
    }


def _content(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ControllerError(f"{path} cannot be read: {error}") from None


def _result(done: Done) -> Result:
    counts = {name: len(getattr(done, name)) for name in ("made", "changed", "removed", "unchanged", "left_over")}
    return {
        "changed": any(counts[name] for name in ("made", "changed", "removed")),
        "made": done.made,
        "corrected": done.changed,
        "removed": done.removed,
        "left_over": done.left_over,
        "warnings": sorted(set(done.warnings)),
        "msg": ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items()),
    }
