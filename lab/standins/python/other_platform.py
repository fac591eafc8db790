# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""os.uname, and so platform.*, answer as the host's platform where that is not this machine's.

sys.platform is left alone: the interpreter's own library decides by it.
"""

import os


def install():  # type: ignore[no-untyped-def]
    """For this process."""
    real = os.uname

    def answer():  # type: ignore[no-untyped-def]
        import json  # only here: it takes as long to import as Python to start

        with open("/.lab/host.json") as stream:
            fields = [str(field) for field in json.load(stream)["uname"]]
        fields[1] = real()[1]
        kind = getattr(os, "uname_result", tuple)
        return kind(fields)

    if os.environ.get("LAB_PLATFORM") == "other":
        os.uname = answer
