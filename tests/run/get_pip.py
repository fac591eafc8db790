# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Puts pip into an empty virtual environment with what Python brings along, in place of ansible-test's download."""

import ensurepip
import os
import subprocess
import sys

environment = dict(os.environ)  # ensurepip sets variables that would hide pip's settings from the next line but one
ensurepip.bootstrap()
arguments = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]
subprocess.check_call([sys.executable, "-m", "pip", "install", *arguments], env=environment)
