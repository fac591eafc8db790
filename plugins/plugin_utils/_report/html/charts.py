# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Pictures as inline SVG, made of numbers alone. Their texts stand beside them as HTML."""

from __future__ import annotations

from markupsafe import Markup

_RING = 100


def share(passed: int, hosts: int) -> str:
    """The share that passes, in percent: rounded down, so that 100 means all."""
    if not hosts:
        return "—"
    tenths = passed * 1000 // hosts
    return f"{tenths / 10:.1f}" if tenths % 10 else str(tenths // 10)


def ring(passed: int, hosts: int) -> Markup:
    """The share that passes as a ring."""
    part = _RING * passed / hosts if hosts else 0
    return Markup(
        '<svg class="ring" viewBox="0 0 120 120" aria-hidden="true">'
        '<circle class="rest" cx="60" cy="60" r="52"/>'
        f'<circle class="part" cx="60" cy="60" r="52" pathLength="{_RING}" stroke-dasharray="{part:.2f} {_RING}"/>'
        "</svg>"
    )


def stacked(passed: int, hosts: int, most: int) -> Markup:
    """Hosts that pass, then those that do not (hatched), as long as their share of the largest value."""
    good, bad = (100 * count / most if most else 0 for count in (passed, hosts - passed))
    return Markup(
        '<svg class="bar" width="100%" height="14" aria-hidden="true">'
        '<rect class="track" width="100%" height="14"/>'
        f'<rect class="good" width="{good:.2f}%" height="14"/>'
        f'<rect class="bad" x="{good:.2f}%" width="{bad:.2f}%" height="14"/>'
        f'<rect class="hatch" x="{good:.2f}%" width="{bad:.2f}%" height="14" fill="url(#hatch)"/>'
        "</svg>"
    )
