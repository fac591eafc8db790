# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This module util is PRIVATE to the collection.

"""What travels to POSIX hosts. Python 2.7 and 3.6+; collects, judges nothing."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type
