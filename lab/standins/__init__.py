# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What runs inside the lab's hosts.

It is copied to /.lab/standins of every host and run there by the machine's own Python 3 with -I -S. Nothing here may
need a third-party package, nor a Python newer than 3.7.
"""
