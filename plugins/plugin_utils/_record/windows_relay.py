# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Whether a Windows host is a Relay: a Relay's agent listens on the Relay port. A heuristic."""

from __future__ import annotations

import ntpath
import re
from collections.abc import Mapping, Sequence

from .._text import one_line
from .registry import Unreadable
from .shape import number_of
from .windows_paths import folded, is_below, is_whole, of_agent

# The kernel, which has no file and is no agent.
_KERNEL = (0, 4)
# Names in the path of a program that may be the agent's behind a link or another spelling.
_MAY_BE_OURS = re.compile(r"trend|deep.?security|ds_agent|amsp|relay|\\dsa[^\\]*")


def windows_relay(relay: Mapping[str, object], folders: Sequence[str], process_id: object) -> tuple[bool | None, str]:
    """Whether the agent listens on the Relay port, None where that cannot be decided; and how it was found.

    folders: where the agent is or may be. process_id: of its service. Raises Unreadable where it could not be read.
    """
    port = relay.get("port")
    source = f"tcp_{one_line(port, 20)}_listener"
    if relay.get("listening") is False:
        return False, source
    if relay.get("listening") is not True:
        raise Unreadable(f"the listening ports could not be read: {one_line(relay.get('error') or 'no reason given')}")
    paths = {
        owner["id"]: owner.get("path")
        for owner in _list(relay.get("owners"))
        if isinstance(owner, Mapping) and number_of(owner.get("id")) is not None
    }
    ids = _owners(_list(relay.get("lines")), port)
    states = [_is_agent(number, paths.get(number), folders, process_id) for number in ids]
    if True in states:
        return True, source
    # A table that is not whole may lack the agent.
    return (False if states and None not in states and not relay.get("error") else None), source


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _owners(lines: Sequence[object], port: object) -> list[int]:
    """The processes that listen, by the lines of netstat. The word for their state is in any language."""
    found = []
    for line in lines:
        fields = line.split() if isinstance(line, str) else []
        if len(fields) > 3 and fields[1].endswith(f":{port}") and fields[2].endswith(":0"):
            # Without its process it may be anybody's.
            found.append(int(fields[-1]) if re.fullmatch(r"[0-9]{1,10}", fields[-1], re.ASCII) else -1)
    return found


def _is_agent(number: int, path: object, folders: Sequence[str], process_id: object) -> bool | None:
    if number in _KERNEL:
        return False
    if number == number_of(process_id):
        return True
    program = folded(path)
    if any(is_below(program, folder) for folder in folders):
        return True
    if not is_whole(program) or _MAY_BE_OURS.search(program) or of_agent(program, list(folders)):
        return None
    # A folder with a variable or a short name in it may be this one.
    return False if all(is_whole(folded(folder)) for folder in folders) and ntpath.basename(program) else None
