# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""python -m tests.run.settings: writes what is documented of settings from the table in plugin_utils/_settings.

That are the options in roles/*/meta/argument_specs.yml (what is above them is written by hand), and the table between
the settings markers of README.md.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.run.common import ROOT, collections_path, say

sys.path.insert(0, str(collections_path()))

from ansible_collections.deep_security.remediation.plugins.plugin_utils._settings import (
    SETTINGS,
    Setting,
)

OPTIONS = "    options:\n"
BEGIN, END = "<!-- settings -->", "<!-- /settings -->"
_TYPES: dict[str, dict[str, Any]] = {
    "any_list": {"type": "list", "elements": "raw"},
    "batches": {"type": "list", "elements": "raw"},
    "bool": {"type": "bool"},
    "checksums": {"type": "dict"},
    "destinations": {"type": "raw"},
    "filter": {
        "type": "dict",
        "options": {
            "computer_group_id": {"type": "int", "description": ["The computers in the group with this ID."]},
            "policy_id": {"type": "int", "description": ["The computers that use the policy with this ID."]},
            "smart_folder_id": {"type": "int", "description": ["The computers in the smart folder with this ID."]},
            "all": {"type": "bool", "description": ["All computers of the Manager."]},
        },
    },
    "float": {"type": "float"},
    "int": {"type": "int"},
    "mapping": {"type": "dict"},
    "names": {"type": "list", "elements": "str"},
    "packages": {
        "type": "list",
        "elements": "dict",
        "options": {
            "version": {"type": "str", "required": True, "description": ["The build, such as V(20.0.0-6313)."]},
            "path": {"type": "path", "description": ["The file on the controller."]},
            "url": {"type": "str", "description": ["The address of the file."]},
            "repository": {"type": "bool", "description": ["Whether the host's own repositories have it."]},
            "os": {"type": "str", "description": ["The operating system that it is for."]},
            "arch": {"type": "str", "description": ["The architecture that it is for."]},
            "distribution": {"type": "str", "description": ["The distribution that it is for, such as V(RedHat_EL8)."]},
            "sha256": {"type": "str", "description": ["The SHA-256 of the file."]},
        },
    },
    "path": {"type": "path"},
    "paths": {"type": "list", "elements": "path"},
    "pattern": {"type": "raw"},
    "percentage": {"type": "raw"},
    "target": {"type": "raw"},
    "waivers": {
        "type": "list",
        "elements": "dict",
        "options": {
            "hosts": {"type": "raw", "required": True, "description": ["The hosts, as a pattern of Ansible."]},
            "verdicts": {"type": "list", "elements": "str", "description": ["The verdicts that it waives."]},
            "findings": {"type": "list", "elements": "str", "description": ["The codes of findings that it waives."]},
            "reason": {"type": "str", "required": True, "description": ["Why these hosts may pass."]},
            "owner": {"type": "str", "required": True, "description": ["Who answers for it."]},
            "expires": {
                "type": "raw",
                "required": True,
                "description": ["The last day on which it counts, as V(2027-01-31)."],
            },
        },
    },
    "window": {"type": "list", "elements": "str"},
}


class _Folded(str):
    """A text that YAML shall write in lines."""


class _Dumper(yaml.SafeDumper):
    """Writes YAML as yamllint wants it."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Lists are indented below their key."""
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        """Everything is written out."""
        return True


_Dumper.add_representer(_Folded, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, ">"))


def generated() -> Iterator[tuple[Path, str]]:
    """Every file with the text that it has to have."""
    for path in sorted(ROOT.glob("roles/*/meta/argument_specs.yml")):
        written, separator, _old = path.read_text(encoding="utf-8").partition(OPTIONS)
        yield path, written + separator + _options(path.parents[1].name)
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    if BEGIN in text and END in text:
        before, rest = text.split(BEGIN, 1)
        yield readme, before + BEGIN + "\n" + readme_table() + END + rest.split(END, 1)[1]


def _options(role: str) -> str:
    options = {name: _option(SETTINGS[name], role) for name in sorted(SETTINGS) if role in SETTINGS[name].roles}
    text: str = yaml.dump(options, Dumper=_Dumper, sort_keys=False, width=110, allow_unicode=True)
    return "".join(f"      {line}\n" for line in text.splitlines())


def _option(setting: Setting, role: str) -> dict[str, Any]:
    option: dict[str, Any] = {"description": [_Folded(text) for text in _paragraphs(setting)]}
    option |= _TYPES.get(setting.kind, {"type": "str"})
    if setting.choices:
        option["choices"] = list(setting.choices)
    if role in setting.required:
        option["required"] = True
    if setting.default is not None:
        option["default"] = setting.default
    return option


def _paragraphs(setting: Setting) -> Iterator[str]:
    yield setting.description
    if setting.default_text:
        yield f"Without it: {setting.default_text}."
    if setting.aliases:
        yield f"The old name C({setting.aliases[0]}) is accepted too."
    if setting.of == "run":
        yield "One value counts for the whole run."
    if setting.example is not None:
        yield f"Example: V({_escaped(_flow({setting.name: setting.example}))})"


def _flow(value: object) -> str:
    """The value as YAML in one line."""
    if isinstance(value, dict) and len(value) == 1:
        (name, inner), *_none = value.items()
        return f"{name}: {_flow_of(inner)}"
    return _flow_of(value)


def _flow_of(value: object) -> str:
    text: str = yaml.safe_dump(value, default_flow_style=True, width=10_000)
    return text.removesuffix("\n").removesuffix("\n...")


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(")", "\\)")


def readme_table() -> str:
    """The settings to know first, as a table in Markdown."""
    rows = "".join(
        f"| `{setting.name}` | {_default(setting)} | {_markdown(setting)} |\n"
        for setting in SETTINGS.values()
        if setting.in_readme
    )
    return f"| variable | default | what it is |\n|---|---|---|\n{rows}"


def _default(setting: Setting) -> str:
    if setting.default_text:
        return setting.default_text
    return f"`{_flow_of(setting.default)}`" if setting.default not in (None, [], {}) else ""


def _markdown(setting: Setting) -> str:
    text = re.sub(r"[PM]\(([^#)]*)(?:#\w+)?\)", r"`\1`", setting.description)
    text = re.sub(r"[CVO]\(((?:[^\\)]|\\.)*)\)", lambda found: "`" + re.sub(r"\\(.)", r"\1", found[1]) + "`", text)
    return text.replace("|", "\\|")


def main() -> None:
    """Write what has changed."""
    for path, text in generated():
        if path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            say(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
