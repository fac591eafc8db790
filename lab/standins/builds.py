# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The vendor's table (KA-0016311), written down a second time on purpose: the lab must not believe the collection."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Optional, Tuple

    Build = Tuple[int, int, int, int]

# line -> platform -> first fixed build. Whatever is below is affected, or in between and then not known to work.
FIXED_FROM: Dict[Tuple[int, int], Dict[str, Build]] = {
    (20, 0): {
        "windows": (20, 0, 0, 6313),
        "linux": (20, 0, 0, 4726),
        "unix": (20, 0, 2, 1390),
        "macos": (20, 0, 0, 236),
    },
    (12, 0): {"windows": (12, 0, 0, 2380), "linux": (12, 0, 0, 2380), "unix": (12, 0, 0, 2380)},
    (11, 0): {"windows": (11, 0, 0, 2549), "linux": (11, 0, 0, 2549), "unix": (11, 0, 0, 2549)},
}


def parse(text: str) -> Optional[Build]:
    match = re.match(r"(\d+)\.(\d+)\.(\d+)[-.](\d+)", text)
    return None if match is None else (int(match[1]), int(match[2]), int(match[3]), int(match[4]))


def can_update(build: str, platform: str, has_fixed_relay: bool) -> bool:
    """Whether an agent of this build accepts the new certificate. Builds in between the bounds, and lines that the
    table does not have, do not: who trusts them without evidence shall see it fail."""
    parsed = parse(build)
    if parsed is None:
        return False
    line = parsed[:2]
    if line == (9, 6):
        return True
    if line == (10, 0):
        return has_fixed_relay
    bound = FIXED_FROM.get(line, {}).get(platform)
    return bound is not None and parsed >= bound
