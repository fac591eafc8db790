# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The decision as a test."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping

from ..filter.dsa_verdict import dsa_verdict


def dsa_compliant(record: Mapping[str, t.Any], **context: t.Any) -> bool:
    """Whether a record, or a verdict that was made before, is compliant."""
    if isinstance(record, Mapping) and "verdict" in record and isinstance(record.get("compliant"), bool):
        return bool(record["compliant"])
    return bool(dsa_verdict(record, **context)["compliant"])


class TestModule:
    """What Ansible looks for."""

    def tests(self) -> dict[str, Callable[..., bool]]:
        """Name → test."""
        return {"dsa_compliant": dsa_compliant}
