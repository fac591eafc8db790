# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Large tables as one test each: a test for each row takes longer than the rows themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import product
from typing import Any

import pytest


def every_combination(**columns: Iterable[Any]) -> Callable[[Callable[..., None]], Callable[[], None]]:
    """As pytest.mark.parametrize with these columns, in one test that shows every combination that fails."""
    rows = [dict(zip(columns, values, strict=True)) for values in product(*columns.values())]

    def decorated(check: Callable[..., None]) -> Callable[[], None]:
        def test() -> None:
            assert rows
            wrong = [failed for row in rows if (failed := _failure(check, row))]
            assert not wrong, f"{len(wrong)} of {len(rows)} rows:\n" + "\n".join(wrong)

        test.__doc__ = check.__doc__
        return test

    return decorated


def _failure(check: Callable[..., None], row: dict[str, Any]) -> str:
    try:
        check(**row)
    except (Exception, pytest.fail.Exception) as error:
        return f"{', '.join(f'{name}={value!r:.80}' for name, value in row.items())}: {error!r:.500}"
    return ""
