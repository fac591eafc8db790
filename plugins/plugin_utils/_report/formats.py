# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The formats of the report: each has a suffix, and a face that makes its bytes of the document."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from .._messages import Texts
from .csv_file import as_csv
from .document import Document
from .html.page import page
from .json_file import as_json
from .junit import as_junit
from .markdown import as_markdown
from .openmetrics import as_openmetrics


class Format(NamedTuple):
    """suffix: of its file. face: what is in it."""

    suffix: str
    face: Callable[[Document, Texts], bytes]


# JSON first: it is written first, and all others can be made from it again.
FORMATS: Mapping[str, Format] = {
    "json": Format(".json", lambda document, dummy: as_json(document)),
    "html": Format(".html", page),
    "csv": Format(".csv", as_csv),
    "junit": Format(".xml", as_junit),
    "markdown": Format(".md", as_markdown),
    "openmetrics": Format(".prom", as_openmetrics),
}
