# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compiles what Ansible sends once, not at each task: LAB_CODE names the folder in which the compiled code is kept.

A module of Ansible comes with all that it imports as source in a zip file, and compiling that is 40 % of the processor
time of a task. What runs is the same: the name of a file here is a hash of the source and the Python that compiled it.
"""

import os
import sys


def install():  # type: ignore[no-untyped-def]
    """For this process, where its Python has zipimport in Python (3.8 or newer)."""
    folder = os.environ.get("LAB_CODE")
    if not folder or sys.version_info < (3, 8):
        return
    import marshal
    import zipimport
    from _imp import source_hash

    compiled = zipimport._compile_source  # type: ignore[attr-defined]

    def compiled_once(path, source):  # type: ignore[no-untyped-def]
        inside = path.rpartition(".zip")[2]
        key = source_hash(0, inside.encode() + b"\0" + source).hex()
        name = os.path.join(folder, "%s.%s" % (key, sys.implementation.cache_tag))
        try:
            with open(name, "rb") as stream:
                return marshal.loads(stream.read())
        except (OSError, EOFError, ValueError, TypeError):
            code = compiled(path, source)
        try:
            # Several hosts at once: none may read what another has half written.
            with open("%s.%d" % (name, os.getpid()), "wb") as part:
                part.write(marshal.dumps(code))
            os.rename(part.name, name)
        except OSError:
            pass
        return code

    zipimport._compile_source = compiled_once  # type: ignore[attr-defined]
