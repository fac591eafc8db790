# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.
"""The report in Markdown for a ticket: less than 4,000 characters, whatever the size of the fleet."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from .._messages import Texts
from .._text import one_line
from . import notes
from .blocks import needing_attention
from .document import Document
from .labels import label, next_step
from .terminal import sentence

# Characters at most of each part with its heading; with the first lines less than 4,000.
_ROOM = {"facts": 600, "errors": 500, "next": 1350, "difference": 350, "waivers": 450}
# Of a text before it is escaped, which makes it three times as long at most.
_TITLE, _LINE = 200, 350
# What Markdown, or a ticket system beyond it, would take for its own: an at sign notifies people, and an address
# becomes a link wherever it stands, escaped or not, but between backticks.
_OWN = re.compile(r"[\\`*_\[\]<>|~#&!$]|@|://|www\.|mailto:|xmpp:", re.IGNORECASE)
_ADDRESS = re.compile(r"https://[A-Za-z0-9._/-]{1,100}")


def as_markdown(document: Document, texts: Texts) -> bytes:
    """The sentence, the counts, and then what there is of errors, of work to do, of changes and of waivers."""
    parts = {
        "facts": _facts(document, texts),
        "errors": document["errors"],
        "next": _next(document, texts),
        "difference": notes.difference(document, texts),
        "waivers": notes.waivers(document, texts),
    }
    source = str(document["source"])
    head = f"# {_text(sentence(document, texts), _TITLE)}\n" + (f"\n<{source}>\n" if _ADDRESS.fullmatch(source) else "")
    return (head + "".join(_part(name, lines, texts) for name, lines in parts.items())).encode()


def _facts(document: Document, texts: Texts) -> Iterator[str]:
    if document["title"]:
        yield f"{document['advisory']}: {document['title']}"
    by, named = document["started_by"], ("run_id", "playbook", "started", "finished")
    yield texts(
        "format_run", user=by["awx_user"] or by["user"] or "-", **{name: document[name] or "-" for name in named}
    )
    if document["change_id"]:
        yield texts("format_change", change_id=document["change_id"])
    yield from notes.merged(document, texts)
    counts = [f"{label(texts, 'verdict_name', name)} {n}" for name, n in document["summary"]["verdicts"].items()]
    if counts:
        yield texts("terminal_verdicts", counts=texts("terminal_separator").join(counts))
    if document["readiness"]:
        blocked = sum(document["readiness"]["blocked"].values())
        yield texts("terminal_readiness", **{**document["readiness"], "blocked": blocked})


def _next(document: Document, texts: Texts) -> Iterator[str]:
    """What to do about the hosts that do not pass, for the most hosts first, with the first of them."""
    hosts: dict[str, list[str]] = {}
    for row in needing_attention(document):
        hosts.setdefault(next_step(texts, row), []).append(row["host"])
    for step, names in sorted(hosts.items(), key=lambda item: -len(item[1])):
        yield texts("format_next", next=step, count=len(names), hosts=notes.hosts(names, texts, most=3))


def _part(name: str, lines: Iterable[str], texts: Texts) -> str:
    """As many lines as have room, and how many more there are."""
    shown = [f"- {_text(line, _LINE)}" for line in lines]
    heading = "" if name == "facts" else f"## {texts(f'format_heading_{name}')}\n\n"
    kept, room = 0, _ROOM[name] - len(heading) - 50
    while kept < len(shown) and (room := room - len(shown[kept]) - 1) >= 0:
        kept += 1
    more = [f"- {texts('format_more', count=len(shown) - kept)}"] if kept < len(shown) else []
    return "\n" + heading + "\n".join([*shown[:kept], *more]) + "\n" if shown else ""


def _text(value: object, longest: int) -> str:
    """Any text as text: nothing in it is markup, a link or a name to notify."""
    return _OWN.sub(
        lambda own: f"\\{own[0]}" if own[0] not in "@" and len(own[0]) == 1 else f"`{own[0]}`", one_line(value, longest)
    )
