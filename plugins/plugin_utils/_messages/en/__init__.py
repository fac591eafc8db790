# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The English sentences, one file for each room that makes messages. {name} stands for a value of the message."""

from __future__ import annotations

from collections.abc import Mapping

from .evidence import SENTENCES as _EVIDENCE
from .findings import SENTENCES as _FINDINGS
from .formats import SENTENCES as _FORMATS
from .manager import SENTENCES as _MANAGER
from .next import SENTENCES as _NEXT
from .page import SENTENCES as _PAGE
from .plan import SENTENCES as _PLAN
from .report import SENTENCES as _REPORT
from .stages import SENTENCES as _STAGES
from .terminal import SENTENCES as _TERMINAL

SENTENCES: Mapping[str, str] = {
    **_EVIDENCE,
    **_FINDINGS,
    **_FORMATS,
    **_MANAGER,
    **_NEXT,
    **_PAGE,
    **_PLAN,
    **_REPORT,
    **_STAGES,
    **_TERMINAL,
}
