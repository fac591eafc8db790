# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The decision: agent record + advisory (+ what is known of its Relays) → verdict. No Ansible in here."""

from __future__ import annotations

from .._text import shorten
from .builds import Build, BuildError, build_or_none, parse_build
from .model import DEFAULT_ADVISORY, Advisory, AdvisoryError, Bounds, load_advisory
from .rules import COMPLIANT, Context, Verdict, decide

__all__ = [
    "COMPLIANT",
    "DEFAULT_ADVISORY",
    "Advisory",
    "AdvisoryError",
    "Bounds",
    "Build",
    "BuildError",
    "Context",
    "Verdict",
    "build_or_none",
    "decide",
    "load_advisory",
    "parse_build",
    "shorten",
]
