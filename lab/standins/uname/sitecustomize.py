# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""On PYTHONPATH of a host that is not this machine's platform: os.uname, and so platform.*, answer as that platform.

Python 2.7 and 3.6 or newer. sys.platform is left alone: the interpreter's own library decides by it.
"""

import json
import os


def _answer():  # type: ignore[no-untyped-def]
    with open("/.lab/host.json") as stream:
        fields = [str(field) for field in json.load(stream)["uname"]]
    fields[1] = _real()[1]
    kind = getattr(os, "uname_result", tuple)
    return kind(fields)


_real = os.uname
os.uname = _answer
