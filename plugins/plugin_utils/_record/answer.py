# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""What a command of a raw reading did, whatever the reading holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .._text import one_line


@dataclass(frozen=True)
class Answer:
    """rc is None where the command was not there, not allowed, or killed. complete: it ended, and nothing was cut."""

    rc: int | None = None
    out: str = ""
    err: str = ""
    missing: bool = False
    timed_out: bool = False
    cut: bool = False

    @classmethod
    def of(cls, value: object) -> Answer:
        """From a raw reading; what has the wrong type counts as no answer."""
        if not isinstance(value, Mapping):
            return cls()
        rc, out, err = value.get("rc"), value.get("out"), value.get("err")
        return cls(
            rc if isinstance(rc, int) and not isinstance(rc, bool) else None,
            out if isinstance(out, str) else "",
            err if isinstance(err, str) else "",
            value.get("missing") is True,
            value.get("timed_out") is True,
            value.get("cut") is True,
        )

    @property
    def complete(self) -> bool:
        """Whether it ended by itself and everything that it wrote is here, up to the end of its last line."""
        return self.rc is not None and not self.cut and not self.ends_early

    @property
    def ends_early(self) -> bool:
        """Whether its last line has no end, as where the disk was full: half a build is another build."""
        return bool(self.out.strip()) and not self.out.endswith("\n")

    @property
    def lines(self) -> list[str]:
        """Its lines without blanks around them. By line feeds alone: other marks may hide something behind a build."""
        return [line.strip(" \t") for line in self.out.split("\n") if line.strip(" \t")]

    def why(self, timeout: object) -> str:
        """Why it is of no use."""
        if self.timed_out:
            return f"no answer within {timeout} s"
        if self.cut:
            return "the answer is too long and was cut"
        if self.rc == 0 and self.ends_early:
            return "the answer ends within a line"
        return one_line(f"{self.out} {self.err}", 500) or f"it wrote nothing (exit status {self.rc})"
