# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""Build numbers of Deep Security Agents: read strictly, compared as whole tuples."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

if t.TYPE_CHECKING:
    from packaging.version import Version

from .._text import shorten

# Longer than any spelling that a package manager uses.
_LONGEST = 64
_SPELLING = re.compile(
    r"(?P<release>[0-9]{1,9}\.[0-9]{1,9}\.[0-9]{1,9})[-.](?P<build>[0-9]{1,9})"
    # A distribution and architecture: .el7, .ol7.x86_64. Never the marks of what comes before or after a release.
    r"(?:\.(?!(?:dev|pre|post|rc|alpha|beta)[0-9]*(?:\.|$))[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*)?",
)


class BuildError(ValueError):
    """A text is no build number; the message says why and quotes the text, shortened."""


@dataclass(frozen=True, order=True)
class Build:
    """One build, such as 20.0.0-6313.

    Ordered by the whole version: 20.0.2-1390 is newer than 20.0.0-4726.
    """

    version: Version
    text: str = field(compare=False)

    @property
    def line(self) -> str:
        """The product line, such as 20.0."""
        return f"{self.version.major}.{self.version.minor}"

    def __str__(self) -> str:
        return self.text


def parse_build(text: object) -> Build:
    """Read 20.0.0-6313, 20.0.0.6313 or 20.0.0-4416.el7.

    Raises BuildError for everything else, also for 0.0.0.0, which the Manager gives where there is no agent.
    """
    # Here and not above: ansible-core brings it along, but ansible-test's import check does not have it.
    from packaging.version import Version

    if not isinstance(text, str):
        raise BuildError(f"the version is {shorten(text)}, not text such as 20.0.0-6313")
    if not text:
        raise BuildError("the version is empty")
    match = _SPELLING.fullmatch(text) if len(text) <= _LONGEST else None
    if match is None:
        raise BuildError(f"the version {shorten(text)} is not four numbers such as 20.0.0-6313 or 20.0.0.6313")
    version = Version(f"{match['release']}.{match['build']}")
    if version.release == (0, 0, 0, 0):
        raise BuildError("the version 0.0.0.0 means that no agent reported one")
    return Build(version, "{}.{}.{}-{}".format(*version.release))


def build_or_none(text: object) -> Build | None:
    """The build, or None where the text is none."""
    try:
        return parse_build(text)
    except BuildError:
        return None
