# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Reads the API of AWX. Everything is changed by the modules of its own collection."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urljoin

from ansible.module_utils.urls import open_url

# AWX, and Automation Platform 2.5 behind its gateway.
_ROOTS = ("/api/v2/", "/api/controller/v2/")
_TIMEOUT = 30
_PAGE = 200

Open = Callable[..., Any]


class ControllerError(Exception):
    """AWX cannot be used as it is; the message has what to do."""


class Client:
    """One AWX. opened: how a request is made, other than over HTTP in a test."""

    def __init__(self, host: str, token: str, validate_certs: bool, opened: Open = open_url) -> None:
        self._host = host.rstrip("/") if "://" in host else f"https://{host.rstrip('/')}"
        self._token, self._validate_certs, self._open = token, validate_certs, opened
        self._root = ""
        self.version = ""

    def check(self) -> None:
        """Find the API, and see that the token is valid. Raises ControllerError."""
        for root in _ROOTS:
            found = self._request("GET", f"{root}ping/", missing=None)
            if isinstance(found, dict) and "version" in found:
                self._root, self.version = root, str(found["version"])
                break
        else:
            raise ControllerError(
                f"{self._host} answers, and is neither AWX nor Automation Platform, or redirects to another address: "
                "correct dsa_controller_host"
            )
        self._page("me")

    def get(self, path: str, **query: Any) -> Any:
        """One object or page."""
        return self._request("GET", f"{self._root}{path}/", query)

    def find(self, endpoint: str, name: str, **scope: Any) -> dict[str, Any] | None:
        """The object with this name within the scope, field → value."""
        name_field = "identifier" if endpoint == "workflow_job_template_nodes" else "name"
        found = self._page(endpoint, **{name_field: name}, **scope)["results"]
        if len(found) > 1:
            raise ControllerError(f"AWX has {len(found)} {endpoint} with the name {name!r}: give one of them another")
        return found[0] if found else None

    def all(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """Every object of a list, page by page."""
        page = self._page(path, page_size=_PAGE, **query)
        found = list(page["results"])
        while page["next"]:
            page = self._request("GET", page["next"])
            found += page["results"]
        return found

    def _page(self, path: str, **query: Any) -> dict[str, Any]:
        page = self.get(path, **query)
        if not isinstance(page, dict) or not isinstance(page.get("results"), list):
            raise ControllerError(
                f"the answer of {self._host} for {path} is not one of AWX: correct dsa_controller_host"
            )
        return page

    def fields(self, endpoint: str) -> set[str]:
        """The fields that an object can be made with; none where the token may not make one."""
        actions = self._request("OPTIONS", f"{self._root}{endpoint}/").get("actions", {})
        return set(actions.get("POST", {}))

    def _request(self, method: str, path: str, query: Mapping[str, Any] | None = None, **more: Any) -> Any:
        url = urljoin(f"{self._host}/", path) + (f"?{urlencode(query)}" if query else "")
        try:
            answer = self._open(
                url,
                method=method,
                headers={"Authorization": f"Bearer {self._token}"},
                validate_certs=self._validate_certs,
                timeout=_TIMEOUT,
                follow_redirects="none",  # the token would go there
                http_agent="deep_security.remediation",
            )
            return json.loads(answer.read())
        except HTTPError as error:
            if "missing" in more and (error.code == 404 or 300 <= error.code < 400):
                return more["missing"]
            raise ControllerError(self._refused(error.code, path)) from None
        except ValueError:
            if "missing" in more:
                return more["missing"]
            raise ControllerError(f"the answer of {self._host} for {path} is no JSON") from None
        except OSError as error:  # also what ansible raises for connections and certificates
            raise ControllerError(f"{self._host} cannot be reached: {error}") from None
        except Exception as error:  # open_url has errors of its own for certificates and connections
            raise ControllerError(f"{self._host} cannot be used: {error}") from None

    def _refused(self, status: int, path: str) -> str:
        if status == 401:
            return (
                f"{self._host} does not accept the token (HTTP 401): make a new one, with the scope write, and put it "
                "into dsa_controller_token"
            )
        if status == 403:
            return f"the user of the token may not read {path} (HTTP 403): give it the role of an administrator"
        return f"{self._host} answered {path} with HTTP {status}"
