# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The decision as a filter."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping, Sequence

from ansible.errors import AnsibleFilterError
from ansible.module_utils.parsing.convert_bool import boolean

from ..plugin_utils._advisory import DEFAULT_ADVISORY, AdvisoryError, Context, decide, load_advisory
from ..plugin_utils._text import shorten


def dsa_verdict(
    record: Mapping[str, t.Any],
    relays: Sequence[Mapping[str, t.Any]] | None = None,
    certificate_replaced: bool = False,
    not_installed_compliant: bool = True,
    advisory: str = DEFAULT_ADVISORY,
) -> dict[str, object]:
    """Judge an agent record; what cannot be judged is unknown, with a reason."""
    if relays is not None and not isinstance(relays, (list, tuple)):
        raise AnsibleFilterError(f"dsa_verdict: relays is {shorten(relays)}; give a list of agent records")
    try:
        rules = load_advisory(str(advisory))
        # Variables from a survey or the command line are text, and "false" is not true.
        context = Context(relays, boolean(certificate_replaced), boolean(not_installed_compliant))
    except (AdvisoryError, TypeError) as error:
        raise AnsibleFilterError(f"dsa_verdict: {error}") from error
    return decide(record, rules, context).as_dict()


class FilterModule:
    """What Ansible looks for."""

    def filters(self) -> dict[str, Callable[..., dict[str, object]]]:
        """Name → filter."""
        return {"dsa_verdict": dsa_verdict}
