# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""On PYTHONPATH of a host: Python loads it at each start. Python 2.7 and 3.6 or newer."""

import gc

import compiled_once  # type: ignore[import-not-found]
import other_platform  # type: ignore[import-not-found]

other_platform.install()
compiled_once.install()
# Collecting garbage took 7 % of the processor time of a module, which ends before there is any to speak of.
gc.set_threshold(100000)
