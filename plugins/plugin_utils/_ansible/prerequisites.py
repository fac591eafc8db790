# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""What the controller lacks for these hosts: one error of the run, before a host is touched."""

from __future__ import annotations

import importlib.util
import typing as t
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from .._messages import message
from .._run import HostRun
from .._settings import Problem
from .addresses import connection

# Every error of a run that does not begin ends with it.
_UNCHANGED = ". Nothing was changed"
# Connection → the Python module that it needs, and what to install.
_LIBRARIES = {"winrm": ("winrm", "pywinrm"), "psrp": ("pypsrp", "pypsrp")}


def missing(
    hosts: Mapping[str, HostRun], hostvars: Mapping[str, Mapping[str, t.Any]], names: Iterable[str], works: bool
) -> Iterator[Problem]:
    """What these hosts cannot do without. works: whether the run does more than read them."""
    folders: dict[str, str] = {}
    for name in names:
        host = hosts[name]
        kind = connection(hostvars[name])
        # With the Manager's data a host may not be connected to at all.
        if kind in _LIBRARIES and host.source != "manager":
            module, package = _LIBRARIES[kind]
            if importlib.util.find_spec(module) is None:
                text = (
                    f"ansible_connection is {kind}, and the Python package {package} is not on the controller: "
                    f"install it for the Python that runs Ansible (pip install {package})"
                )
                yield Problem("ansible_connection", name, text)
            if works and importlib.util.find_spec("ansible_collections.ansible.windows") is None:
                yield Problem("ansible.windows", name, message("no_ansible_windows").text.removesuffix(_UNCHANGED))
        folder = host.settings["dsa_package_dir"]
        if works and folder:
            if folder not in folders:
                folders[folder] = _unreadable(folder)
            if folders[folder]:
                yield Problem("dsa_package_dir", name, folders[folder])


def _unreadable(folder: str) -> str:
    """Why the folder of packages cannot be used, or an empty text."""
    path = Path(folder).expanduser()
    try:
        next(path.iterdir(), None)
    except OSError as error:
        why = f"dsa_package_dir is {path}, which cannot be read on the controller: {error.strerror}"
        return f"{why}; name a directory with the vendor's packages"
    return ""
