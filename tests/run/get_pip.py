# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes one pip visible in an empty virtual environment, in place of ansible-test's download of one for each.

sanity.py puts a folder with the wanted pip and compile_once.py in place of FOLDER when it gives this file to
ansible-test, whose importer has that variable.

All that runs in these environments ends soon: to search for garbage is a quarter of what pylint does. In the end pip is
to be uninstalled, and is not there: that takes half a second in each environment.
"""

import os
import sysconfig

with open(os.path.join(sysconfig.get_path("purelib"), "pip.pth"), "w", encoding="utf-8") as link:
    link.write("FOLDER\n")
    link.write("import os; 'SANITY_IMPORTER_TYPE' in os.environ and __import__('compile_once')\n")
    link.write("import gc; gc.disable()\n")
    link.write("import os, sys; 'uninstall' in getattr(sys, 'orig_argv', ()) and os._exit(0)\n")
