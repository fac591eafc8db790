# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a Manager needs an upgrade, as a filter."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping, Sequence

from ..plugin_utils._manager.upgrade import decide


def dsm_upgrade_decision(
    settings: Mapping[str, t.Any],
    info: Mapping[str, t.Any] | None = None,
    addresses: Sequence[object] = (),
    answers: str = "",
) -> dict[str, object]:
    """The decision. An objection to the upgrade is in it, never an exception."""
    return decide(settings, info, addresses, answers)


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., dict[str, object]]]:
        """Name → filter."""
        return {"dsm_upgrade_decision": dsm_upgrade_decision}
