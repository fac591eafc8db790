# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compiles what Ansible sends once, not at each task: LAB_CODE names the folder in which the compiled code is kept.

A module of Ansible comes with all that it imports as source in a zip file, and compiling that is 40 % of the processor
time of a task; reading it from there, twice, is another 10 %. What runs is the same: the name of a file here is made of
the name, the size and the checksum that the zip file's directory has of the source, and of the Python that compiled it.
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

    compiled = zipimport._get_module_code  # type: ignore[attr-defined]
    latest = {}  # type: ignore[var-annotated]

    def loaded_once(importer, module):  # type: ignore[no-untyped-def]
        # zipimport loads the code of a module a first time only for the name of its file.
        if (importer, module) not in latest:
            latest.clear()
            latest[importer, module] = compiled_once(importer, module)  # type: ignore[no-untyped-call]
        return latest[importer, module]

    def compiled_once(importer, module):  # type: ignore[no-untyped-def]
        files = zipimport._zip_directory_cache.get(importer.archive, {})  # type: ignore[attr-defined]
        path = importer.prefix + module.rpartition(".")[2]
        package = path + "/__init__.py" in files
        entry = files.get(path + ("/__init__.py" if package else ".py"))
        if entry is None:
            return compiled(importer, module)
        inside = entry[0].rpartition(".zip")[2].replace("/", "+")
        name = "%s/%s-%d-%08x.%s" % (folder, inside, entry[3], entry[7], sys.implementation.cache_tag)
        try:
            with open(name, "rb", 0) as stream:
                return marshal.loads(stream.read()), package, entry[0]
        except (OSError, EOFError, ValueError, TypeError):
            found = compiled(importer, module)
        try:
            # Several hosts at once: none may read what another has half written.
            with open("%s.%d" % (name, os.getpid()), "wb") as part:
                part.write(marshal.dumps(found[0]))
            os.rename(part.name, name)
        except OSError:
            pass
        return found

    zipimport._get_module_code = loaded_once  # type: ignore[attr-defined]
