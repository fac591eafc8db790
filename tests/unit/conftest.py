# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much Hypothesis tries: few examples, the same in every run, or with HYPOTHESIS_PROFILE=full many random ones."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

# No limit of time: a busy machine is no defect.
settings.register_profile("common", deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None)
COMMON = settings.get_profile("common")
settings.register_profile("quick", COMMON, derandomize=True, max_examples=25)
settings.register_profile("full", COMMON, max_examples=1000, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
