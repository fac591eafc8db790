# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Stands for chcp.com, which ansible-core 2.16 to 2.18 start first: the console of this machine is UTF-8 anyway.
# https://learn.microsoft.com/windows-server/administration/windows-commands/chcp

"Active code page: 65001"
