# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Questions of a survey, from the table of settings: AWX has no question for a truth value, and sends text."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from .._settings import SETTINGS, Setting

_WORK = ("dsa_hosts", "dsa_target_version")
_REBOOT = ("dsa_failure_budget", "dsa_reboot", "dsa_reboot_window", "dsa_change_id")
# Template → the settings that it has questions for. Answers of the workflow go to every node.
QUESTIONS: Mapping[str, tuple[str, ...]] = {
    "gate": ("dsa_hosts", "dsa_not_installed_compliant", "dsa_change_id"),
    "gate_by_manager": ("dsa_hosts", "dsa_manager_max_age", "dsa_change_id"),
    "predict": (*_WORK, "dsa_gate_on", *_REBOOT),
    "managers": (
        *("dsm_hosts", "dsm_target_version", "dsm_installer", "dsm_installer_checksum", "dsm_answer_file"),
        "dsm_backup_confirmed",
    ),
    "relays": (*_WORK, "dsa_relay_batches", *_REBOOT),
    "agents": (*_WORK, "dsa_batches", *_REBOOT),
    "recover": (
        *("dsa_recover_hosts", "dsa_target_version", "dsa_recover_computer_name", "dsa_recover_deleted_in_manager"),
        "dsa_activation",
    ),
    "report": ("dsa_report_from", "dsa_report_formats", "dsa_report_language"),
    "workflow": (*_WORK, *_REBOOT),
}
_REQUIRED = {("recover", "dsa_recover_hosts")}
_TYPES = {"int": "integer", "float": "float", "choice": "multiplechoice", "bool": "multiplechoice"}
_MARKUP = re.compile(r"[CVOEPM]\(((?:[^\\)]|\\.)*?)(?:#\w+)?\)")
_LONGEST = 1024


def survey_of(template: str, preset: Mapping[str, Any]) -> dict[str, Any]:
    """The survey of a template. preset: what the template sets, which an answer that is left empty would else undo."""
    questions = [
        _question(SETTINGS[name], (template, name) in _REQUIRED, preset.get(name)) for name in QUESTIONS[template]
    ]
    return {"name": "", "description": "", "spec": questions}


def _question(setting: Setting, required: bool, preset: object) -> dict[str, Any]:
    kind = "password" if setting.secret else _TYPES.get(setting.kind, "multiselect" if setting.choices else "text")
    question: dict[str, Any] = {
        "type": kind,
        "variable": setting.name,
        "question_name": setting.name,
        "question_description": _plain(setting),
        "required": required,
    }
    if setting.choices or setting.kind == "bool":
        question["choices"] = "\n".join(setting.choices or ("true", "false"))
    if kind in ("integer", "float", "text", "password"):
        question["min"] = int(setting.minimum) if kind == "integer" and setting.minimum is not None else 0
        question["max"] = int(setting.maximum) if kind == "integer" and setting.maximum is not None else _LARGEST[kind]
    if preset is not None and kind != "password":
        question["default"] = _as_answer(preset, kind)
    return question


_LARGEST = {"integer": 10**9, "float": 10**9, "text": _LONGEST, "password": _LONGEST}


def _as_answer(value: Any, kind: str) -> Any:
    """A value as somebody would answer it."""
    if kind in ("integer", "float"):
        return value
    if kind == "multiselect":
        return "\n".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else json.dumps(value)


def _plain(setting: Setting) -> str:
    """The description without markup, and what counts without an answer."""
    default = setting.default_text or (json.dumps(setting.default) if setting.default not in (None, [], {}) else "")
    text = f"{setting.description} Without an answer: {default}." if default else setting.description
    return _MARKUP.sub(r"\1", text)
