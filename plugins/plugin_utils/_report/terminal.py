# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The report on a terminal: the result, the counts, and what needs attention, in so many lines for any fleet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from .._messages import Texts
from .._text import one_line
from . import notes
from .blocks import Block, blocks_of, needing_attention, settled, urgency
from .columns import Measure, cut, padded, width_of, wrapped
from .document import Document, Row

# Ansible's own names of colours by meaning, which an operator can configure.
Colour = Literal["ok", "error", "warn", "changed"]
# A terminal of an operator shows about so many at once.
MOST = 60
# Of a text; what is longer is in the report.
_LONGEST = 1000
_NAME = 40
_NARROWEST_REASON = 20
_INDENT = "    "
# Lines at most, for each kind of note about the run.
_ERRORS, _WARNINGS, _WAIVERS, _OF_AN_ERROR = 12, 5, 5, 4
_WHY_LEFT_OUT = {"limit": "--limit {limit}", "dsa_hosts": "dsa_hosts {dsa_hosts}", "role": "dsa_report_roles"}
# Of what is shown by name: the beginning of its codes, and where it stands in a row.
_NAMES = (("role", "role"), ("verdict_name", "verdict"), ("done", "done"))


@dataclass(frozen=True)
class Line:
    """One line, without control characters. colour None: as other text."""

    text: str
    colour: Colour | None = None


def lines(
    document: Document,
    texts: Texts,
    width: int,
    verbose: bool = False,
    *,
    files: Sequence[str] = (),
    measure: Measure = len,
) -> list[Line]:
    """The whole report, or with verbose also a line for each host. files: where it was written to."""
    return _Terminal(document, texts, width, measure).lines(verbose, files)


def sentence(document: Document, texts: Texts) -> str:
    """The result in one line, and first in it whether the run passed."""
    word = "passed" if document["passed"] else "not_passed"
    if document["gate_on"] == "readiness":
        word = "ready" if document["passed"] else "not_ready"
    counts = document["summary"]
    ready = sum(settled(row, document["gate_on"]) for row in document["hosts"])
    parts: list[tuple[str, dict[str, object]]] = []
    numbers = {"advisory": document["advisory"], "passed": counts["passed"], "hosts": counts["hosts"], "ready": ready}
    parts.append((f"terminal_{word}", numbers))
    if document["finished"] is None:
        parts.append(("terminal_not_finished", {}))
    if document["passed"] and not document["hosts"]:
        parts.append(("terminal_nothing_to_do", {}))
    if document["errors"]:
        parts.append(_counted("terminal_errors", len(document["errors"])))
    if document["left_out"]:
        code, values = _counted("terminal_left_out", len(document["left_out"]))
        parts.append((code, {**values, "why": _why_left_out(document)}))
    if document["check_mode"]:
        parts.append(("terminal_check_mode", {}))
    return one_line(texts.joined({"code": code, "values": values} for code, values in parts), _LONGEST)


def _counted(code: str, count: int) -> tuple[str, dict[str, object]]:
    return (f"{code}_one" if count == 1 else code), {"count": count}


def _why_left_out(document: Document) -> str:
    settings = {name: one_line(document[name] or "", _NAME) for name in ("limit", "dsa_hosts")}
    reasons = dict.fromkeys(str(entry["why"]) for entry in document["left_out"])
    named = (_WHY_LEFT_OUT.get(why, "{why}").format(**settings, why=why).strip() for why in reasons)
    return ", ".join(named)


class _Terminal:
    def __init__(self, document: Document, texts: Texts, width: int, measure: Measure) -> None:
        self._document = document
        self._texts = texts
        self._width = width
        self._measure = measure

    def lines(self, verbose: bool, files: Sequence[str]) -> list[Line]:
        top = [*self._result(), *self._errors(), *self._counts(), *self._warnings(), *self._waivers()]
        top += self._difference()
        if verbose:
            top += [Line(""), *self._table()]
        end = self._end(files)
        blocks = blocks_of(needing_attention(self._document), self._texts)
        room = MOST - len(top) - len(end)
        return [*top, *self._blocks(blocks, None if verbose else room), *end]

    def _result(self) -> list[Line]:
        passed = self._document["passed"]
        return self._wrapped(sentence(self._document, self._texts), "ok" if passed else "error", 3)

    def _counts(self) -> list[Line]:
        counts = self._document["summary"]
        found = [line for text in notes.merged(self._document, self._texts) for line in self._wrapped(text, None, 2)]
        found += self._list("terminal_verdicts", "verdict_name", counts["verdicts"])
        if set(counts["done"]) - {"nothing"}:
            found += self._list("terminal_done", "done", counts["done"])
        readiness = self._document["readiness"]
        if readiness:
            numbers = {**readiness, "blocked": sum(readiness["blocked"].values())}
            found += self._wrapped(self._texts("terminal_readiness", **numbers), None, 2)
        return found

    def _list(self, code: str, kind: str, counts: Mapping[str, int]) -> list[Line]:
        named = [
            self._texts("terminal_count", name=self._named(kind, name), count=count) for name, count in counts.items()
        ]
        if not named:
            return []
        return self._wrapped(self._texts(code, counts=self._texts("terminal_separator").join(named)), None, 2)

    def _named(self, kind: str, name: object) -> str:
        return self._texts(f"{kind}_{str(name).replace(' ', '_')}") if name else "-"

    def _errors(self) -> list[Line]:
        return self._notes("error", self._document["errors"], _ERRORS, "error")

    def _warnings(self) -> list[Line]:
        return self._notes("warning", self._document["warnings"], _WARNINGS, "warn")

    def _notes(self, kind: str, notes: Sequence[str], most: int, colour: Colour) -> list[Line]:
        """As many of them as have room, at least a line each; and how many more there are."""
        found: list[Line] = []
        each = _OF_AN_ERROR if len(notes) <= most // 2 else 1
        for place, note in enumerate(notes):
            left = len(notes) - place
            shown = self._wrapped(self._texts(f"terminal_{kind}", text=one_line(note, _LONGEST)), colour, each)
            if len(found) + len(shown) > most - (left > 1):
                return [*found, Line(self._texts(f"terminal_more_{kind}s", count=left), colour)]
            found += shown
        return found

    def _waivers(self) -> list[Line]:
        """Those that do not apply come first."""
        found: list[Line] = []
        sentences = list(notes.waivers(self._document, self._texts))
        idle = sum(waiver["state"] != "applied" for waiver in self._document["waivers"])
        for place, text in enumerate(sentences[:_WAIVERS]):
            found += self._wrapped(text, "warn" if place < idle else None, 2)
        if len(sentences) > _WAIVERS:
            found.append(Line(self._texts("terminal_more_waivers", count=len(sentences) - _WAIVERS)))
        return found

    def _difference(self) -> list[Line]:
        return [line for text in notes.difference(self._document, self._texts) for line in self._wrapped(text, None)]

    def _blocks(self, blocks: Sequence[Block], room: int | None) -> list[Line]:
        """As many blocks as have room, and in one line what is left."""
        found = [Line("")] if blocks else []
        for place, block in enumerate(blocks):
            shown = self._block(block)
            left = blocks[place:]
            # The last line stays for the number of those that have no room.
            if room is not None and len(found) + len(shown) > room - (len(left) > 1):
                hosts = sum(len(each.hosts) for each in left)
                return [*found, *self._wrapped(self._texts("terminal_more_blocks", count=len(left), hosts=hosts), None)]
            found += shown
        return found

    def _block(self, block: Block) -> list[Line]:
        count = len(block.hosts)
        code = "terminal_block_one" if count == 1 else "terminal_block"
        code = "terminal_block_example" if block.example else code
        reason = one_line(block.reason, _LONGEST)
        text = self._texts(code, count=count, reason=reason, host=self._name(block.example or block.hosts[0]))
        shown = self._wrapped(text, "error" if block.urgency <= 1 else "warn", 3)
        if count > 1:
            shown.append(Line(_INDENT + self._hosts(block.hosts, self._width - len(_INDENT))))
        return [*shown, *self._wrapped(self._texts("terminal_next", next=block.next), None, 2, _INDENT)]

    def _hosts(self, hosts: Sequence[str], width: int) -> str:
        """As many names as fit, and how many more there are."""
        separator = self._texts("terminal_separator")
        names: list[str] = []
        for place, host in enumerate(hosts):
            shown = separator.join([*names, self._name(host)])
            left = len(hosts) - place - 1
            if left:
                shown = self._texts("terminal_hosts_more", hosts=shown, count=left)
            if names and width_of(shown, self._measure) > width:
                return self._texts("terminal_hosts_more", hosts=separator.join(names), count=left + 1)
            names.append(self._name(host))
        return separator.join(names)

    def _name(self, text: object) -> str:
        return cut(one_line(text), _NAME, self._measure)

    def _table(self) -> Iterable[Line]:
        """One line for each host; what does not fit of its reason is in the report."""
        rows = sorted(self._document["hosts"], key=urgency)
        cells = [self._cells(row) for row in rows]
        widths = [max((width_of(row[place], self._measure) for row in cells), default=0) for place in range(5)]
        for row, short in zip(rows, cells, strict=True):
            pairs = zip(short, widths, strict=True)
            start = "  ".join(padded(cell, width, self._measure) for cell, width in pairs)
            room = max(_NARROWEST_REASON, self._width - sum(widths) - 2 * len(widths))
            reason = cut(one_line(self._texts.joined(row["reasons"]), _LONGEST), room, self._measure)
            colour: Colour = "ok" if row["passed"] else "error" if row["done"] == "failed" else "warn"
            yield Line(f"{start}  {reason}".rstrip(), colour)

    def _cells(self, row: Row) -> list[str]:
        before, now = row["version_before"], row["version"]
        build = now or before or "-"
        if before and now and before != now:
            build = self._texts("terminal_build_change", before=before, after=now)
        elif row["target"] and str(row["done"]).startswith("would upgrade"):
            build = self._texts("terminal_build_change", before=build, after=row["target"])
        role, verdict, done = (self._named(kind, row[name]) for kind, name in _NAMES)
        if row["compliant"] and not row["passed"]:
            verdict = f"{verdict} (!)"
        if row["reboot"]:
            done = self._texts("terminal_separator").join([done, self._named("reboot_name", row["reboot"])])
        return [self._name(cell) for cell in (row["host"], build, role, verdict, done)]

    def _end(self, files: Sequence[str]) -> list[Line]:
        """The result once more, as what stands last is seen first; and the report, the one for people if there is."""
        if not files:
            return []
        passed = self._document["passed"]
        path = next((file for file in files if file.endswith(".html")), files[0])
        others = [file.rpartition("/")[2] for file in files if file != path]
        code = f"terminal_end_{'passed' if passed else 'not_passed'}{'_more' if others else ''}"
        text = self._texts(code, path=path, others=self._texts("terminal_separator").join(others))
        return [Line(""), Line(one_line(text, _LONGEST), "ok" if passed else "error")]

    def _wrapped(self, text: str, colour: Colour | None, most: int = 1, indent: str = "") -> list[Line]:
        """What goes on in the next line is indented: a text of a host must not look like the result."""
        room = self._width - len(indent) - len(_INDENT)
        first, *more = wrapped(one_line(text, 2 * _LONGEST), room, most, self._measure)
        return [Line(indent + first, colour), *(Line(indent + _INDENT + part, colour) for part in more)]


__all__ = ["Colour", "Line", "lines", "sentence"]
