# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""python -m tests.run.galaxy_importer ARCHIVE: galaxy-importer, with ansible-doc in forks of one loaded Ansible.

It runs ansible-doc twice for each kind of plugin that Ansible knows: as commands they take most of its processor time.
"""

from __future__ import annotations

import os
import runpy
import typing as t
from pathlib import Path

from tests.preloaded import Preloaded

_loaded: list[Preloaded] = []


class Doc:
    """What galaxy-importer uses of subprocess.Popen. The environment of each of its commands is the same."""

    def __init__(self, command: list[str], cwd: str, **dummy: t.Any) -> None:
        at = command.index("ansible-doc")
        if not _loaded:
            settings = dict(setting.split("=", 1) for setting in command[1:at])  # command[0] is env
            _loaded.append(Preloaded({**os.environ, **settings}))
        done = _loaded[0].command(command[at:], Path(cwd))
        self.returncode, self._output = done.returncode, (done.stdout, done.stderr)

    def communicate(self) -> tuple[str, str]:
        """Standard output and standard error."""
        return self._output


if __name__ == "__main__":
    from galaxy_importer.loaders import doc_string

    doc_string.Popen = Doc
    try:
        runpy.run_module("galaxy_importer.main", run_name="__main__", alter_sys=True)
    finally:
        for preloaded in _loaded:
            preloaded.end()
