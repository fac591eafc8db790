# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.
"""The hosts of the report as CSV for spreadsheets: UTF-8 with a byte-order mark, and else as RFC 4180 has it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping

from .._messages import Texts
from .._text import one_line
from . import notes
from .document import Document, Row
from .labels import label, next_step, reason

# The columns in their order, which stays: a new one goes to the end. Each has a head, format_csv_<name>.
COLUMNS = (
    *("host", "passed", "verdict", "next", "reason", "role", "platform", "os", "site", "relays"),
    *("version_before", "version", "target", "updated", "done", "reboot", "ready", "verdict_before", "reason_code"),
    *("findings", "waived", "stage", "error", "seconds", "read_at", "source"),
)
# Codes that have names for people: column → the beginning of the name's code.
_NAMED: Mapping[str, str] = {
    **{name: name for name in ("role", "platform", "done")},
    **{"verdict": "verdict_name", "verdict_before": "verdict_name", "reboot": "reboot_name"},
}
_MADE: Mapping[str, Callable[[Row, Texts], str]] = {
    "next": lambda row, texts: next_step(texts, row),
    "reason": lambda row, texts: reason(texts, row),
    "relays": lambda row, dummy: ", ".join(map(str, row["relays"])),
    "findings": lambda row, dummy: ", ".join(str(each["code"]) for each in row["findings"]),
    "waived": lambda row, dummy: notes.waived(row),
}
# A cell of a spreadsheet holds 32,767 characters.
_LONGEST = 32_000
# What a spreadsheet takes for the beginning of a formula; some take the full-width forms for the same.
_FORMULA = re.compile("[=+@\\-\uff1d\uff0b\uff0d\uff20]")


def as_csv(document: Document, texts: Texts) -> bytes:
    """One line a host, heads above."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow([_harmless(texts(f"format_csv_{name}")) for name in COLUMNS])
    writer.writerows([_harmless(_cell(name, row, texts)) for name in COLUMNS] for row in document["hosts"])
    return file.getvalue().encode("utf-8-sig")


def _cell(name: str, row: Row, texts: Texts) -> object:
    made = _MADE.get(name)
    if made:
        return made(row, texts)
    value = row[name]
    return label(texts, _NAMED[name], value) if name in _NAMED and value is not None else value


def _harmless(value: object) -> str:
    """Without white space around it: a tab, too, can begin a formula."""
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value).lower()
    text = one_line(value, _LONGEST)
    return f"'{text}" if _FORMULA.match(text) else text
