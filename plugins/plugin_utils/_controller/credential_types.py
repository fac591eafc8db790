# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Credential types: what a form of AWX has fields for, and what a job finds of it.

A variable of a credential is an extra variable in a file of the job's own: AWX shows it nowhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# The last fields of a form need not be filled in; without a CA there is no file that could be read.
_CA = {"id": "ca", "label": "CA certificates (PEM)", "type": "string", "multiline": True}
_CA_FILE = {"template": "{{ ca | default('') }}"}
_CA_PATH = "{{ tower.filename if ca is defined else '' }}"
_KEY = {"id": "api_key", "label": "API key", "type": "string", "secret": True}


def _text(name: str, label: str, secret: bool = False, **more: Any) -> dict[str, Any]:
    return {"id": name, "label": label, "type": "string", **({"secret": True} if secret else {}), **more}


TYPES: Mapping[str, Mapping[str, Any]] = {
    # The inventory plugin reads the environment, playbooks read variables.
    "manager": {
        "inputs": {"fields": [_text("url", "Address", format="url"), _KEY, _CA], "required": ["url", "api_key"]},
        "injectors": {
            "file": _CA_FILE,
            "env": {"DSM_URL": "{{ url }}", "DSM_API_KEY": "{{ api_key }}", "DSM_CA_PATH": _CA_PATH},
            "extra_vars": {"dsm_url": "{{ url }}", "dsm_api_key": "{{ api_key }}", "dsm_ca_path": _CA_PATH},
        },
    },
    # For the upgrade of Managers, where each node has an address of its own, in the inventory.
    "manager_nodes": {
        "inputs": {"fields": [_KEY, _CA], "required": ["api_key"]},
        "injectors": {
            "file": _CA_FILE,
            "extra_vars": {"dsm_api_key": "{{ api_key }}", "dsm_ca_path": _CA_PATH},
        },
    },
    "manager_user": {
        "inputs": {
            "fields": [
                _text("username", "User"),
                _text("password", "Password", secret=True),
                _text("tenant", "Tenant"),
            ],
            "required": ["username", "password"],
        },
        "injectors": {
            "extra_vars": {
                "dsm_username": "{{ username }}",
                "dsm_password": "{{ password }}",
                "dsm_tenant": "{{ tenant | default('') }}",
            },
        },
    },
    "self_protection": {
        "inputs": {"fields": [_text("password", "Password", secret=True)], "required": ["password"]},
        "injectors": {"extra_vars": {"dsa_self_protection_password": "{{ password }}"}},
    },
    "packages": {
        "inputs": {
            "fields": [_text("packages", "dsa_packages (JSON)", secret=True, multiline=True), _CA],
            "required": ["packages"],
        },
        "injectors": {
            "file": _CA_FILE,
            "extra_vars": {"dsa_packages": "{{ packages }}", "dsa_package_ca_path": _CA_PATH},
        },
    },
    "report_to": {
        "inputs": {
            "fields": [_text("destinations", "dsa_report_to (JSON)", secret=True, multiline=True)],
            "required": ["destinations"],
        },
        "injectors": {"extra_vars": {"dsa_report_to": "{{ destinations }}"}},
    },
}
