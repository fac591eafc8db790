# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every report that a test makes or reads goes through here: it has to be what docs/report.schema.json describes."""

from __future__ import annotations

import json
import typing as t
from functools import cache, lru_cache
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]

SCHEMA = Path(__file__).resolve().parents[1] / "docs" / "report.schema.json"


@lru_cache(maxsize=1)
def _validator() -> jsonschema.Draft202012Validator:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())


def check(document: t.Any) -> t.Any:
    """The document, if it is a report, and one that the playbook report can read. AssertionError with what is wrong."""
    from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.read import _flaw

    plain = json.loads(json.dumps(document))  # a tuple is an array, as it is in the file
    wrong = list(_validator().iter_errors(plain))
    assert not wrong, "; ".join(f"{error.json_path}: {error.message[:200]}" for error in wrong[:5])
    assert not _flaw(plain)
    return document


@cache
def _kept(path: Path) -> None:
    read(path)


def check_runs(folder: Path) -> None:
    """The reports that the runs in that folder kept, whether or not a test reads them."""
    for path in sorted(folder.glob("dsa-reports/report-*.json")):
        _kept(path)


def read(path: Path) -> t.Any:
    """The report in a file."""
    return check(json.loads(path.read_text(encoding="utf-8")))
