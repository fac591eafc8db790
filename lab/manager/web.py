# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A request to the Manager and its answer, whatever part of it is asked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


class Refused(Exception):
    """The Manager does not do it: an HTTP status and what it says."""

    def __init__(self, status: int, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.headers = headers


@dataclass
class Request:
    """headers have lower-case names."""

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    data: bytes = b""

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query)

    def json(self) -> dict[str, Any]:
        """The object in the body; an empty one without a body."""
        try:
            value = json.loads(self.data or b"{}")
        except ValueError as error:
            raise Refused(400, "The request body is not valid JSON") from error
        if not isinstance(value, dict):
            raise Refused(400, "The request body is not an object")
        return value


@dataclass
class Answer:
    status: int = 200
    data: bytes = b""
    kind: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    lost: bool = False
    """Done, but the connection is closed with no answer."""


def said(value: object, status: int = 200) -> Answer:
    """An answer in JSON."""
    return Answer(status, json.dumps(value, separators=(",", ":")).encode())


def refusal(refused: Refused) -> Answer:
    answer = said({"message": str(refused)}, refused.status)
    answer.headers.update({name.replace("_", "-"): value for name, value in refused.headers.items()})
    return answer
