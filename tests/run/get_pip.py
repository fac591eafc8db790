# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Puts pip into an empty virtual environment by the pip of .venv, in place of ansible-test's download.

sanity.py puts the Python of .venv in place of PYTHON when it gives this file to ansible-test.
"""

import subprocess
import sys

pip = ["PYTHON", "-m", "pip", "--python", sys.executable, "install", "--disable-pip-version-check"]
arguments = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]
subprocess.check_call([*pip, *arguments])
