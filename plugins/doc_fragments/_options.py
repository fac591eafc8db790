# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This doc fragment is PRIVATE to the collection.

from __future__ import annotations


class ModuleDocFragment:
    # What this collection keeps on a host.
    DOCUMENTATION = r"""
options:
  progress_file:
    description: Where this collection keeps on the host how far a remediation came.
    type: path
    default: /var/opt/deep_security_remediation/progress.json
"""

    # For what reads a host.
    READING = r"""
options:
  timeout:
    description: How long the tools of the host may take to answer, in seconds, all together. What hangs is killed.
    type: int
    default: 15
"""

    # For what judges.
    ADVISORY = r"""
options:
  advisory:
    description: The id of an advisory that ships with the collection, or the path of another one on the controller.
    type: str
    default: KA-0016311
"""
