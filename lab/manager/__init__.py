# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Manager's simulator: HTTPS as a Deep Security Manager speaks it, over the lab's hosts and made-up computers."""
