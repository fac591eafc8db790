# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This plugin util is PRIVATE to the collection.

"""The report as one HTML file: no network, no script or style but its own, which the browser checks by their hashes."""

from __future__ import annotations

import base64
import hashlib
import typing as t
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from ..._messages import Texts
from ..document import Document
from ..labels import shown
from . import head, rows, sections

_HERE = Path(__file__).parent
_WITHOUT_SCRIPT = Markup(".needs-script { display: none; }")


def page(document: Document, texts: Texts) -> bytes:
    """The whole page, in UTF-8."""
    template, style, script = _parts()
    source = shown(document["source"])
    text = template.render(
        t=texts,
        style=style,
        script=script,
        without_script=_WITHOUT_SCRIPT,
        policy=_policy(style, script),
        advisory=shown(document["advisory"]),
        title=shown(document["title"]),
        # A link is for a person to follow; any other scheme than https could be a script.
        link=source if source.startswith("https://") else "",
        hero=head.hero(document, texts),
        facts=head.facts(document, texts),
        about=head.about(document, texts),
        left_out=head.left_out(document, texts),
        errors=[shown(each) for each in document["errors"]],
        warnings=[shown(each) for each in document["warnings"]],
        readiness=sections.readiness(document, texts),
        obstacles=sections.obstacles(document, texts),
        progress=sections.progress(document, texts),
        charts=sections.charts(document, texts),
        difference=sections.difference(document, texts),
        waivers=sections.waivers(document, texts),
        hosts=bool(document["hosts"]),
        data=rows.data_block(document, texts),
    )
    return text.encode()


@lru_cache(maxsize=1)
def _parts() -> tuple[Template, Markup, Markup]:
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    screen, paper, script = (
        Markup((_HERE / name).read_text(encoding="utf-8")) for name in ("page.css", "paper.css", "page.js")
    )
    return environment.get_template("page.html.j2"), screen + paper, script


def _policy(style: str, script: str) -> str:
    """The Content-Security-Policy: nothing is loaded, and no markup is made from text."""
    rules: dict[str, t.Any] = {
        "default-src": "'none'",
        "style-src": f"{_hash(style)} {_hash(_WITHOUT_SCRIPT)}",
        "script-src": _hash(script),
        "base-uri": "'none'",
        "form-action": "'none'",
        "require-trusted-types-for": "'script'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
