# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of formats, and what holds for each of them."""

from __future__ import annotations

import re

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._messages import LANGUAGES, Texts
from ansible_collections.deep_security.remediation.plugins.plugin_utils._report.formats import FORMATS
from ansible_collections.deep_security.remediation.plugins.plugin_utils._settings.areas.reports import SETTINGS
from tests.documents import document

from .whole import whole


def test_the_setting_offers_each_format_json_first() -> None:
    choices = next(setting.choices for setting in SETTINGS if setting.name == "dsa_report_formats")
    assert tuple(choices) == tuple(FORMATS)
    assert next(iter(FORMATS)) == "json"


def test_each_format_has_a_file_of_its_own() -> None:
    suffixes = [format_.suffix for format_ in FORMATS.values()]
    assert len(set(suffixes)) == len(suffixes)
    assert all(re.fullmatch(r"\.[a-z]+", suffix) for suffix in suffixes)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", FORMATS)
def test_every_label_has_a_sentence_and_every_value(name: str, language: str) -> None:
    """Texts shows a code as it is where the catalogue lacks it, or a value."""
    content = FORMATS[name].face(whole(), Texts(language)).decode()
    assert re.findall(r"\b(?:format|terminal|page|next|verdict_name|done|role|platform)_\w+ \{[^}]*\}", content) == []


@pytest.mark.parametrize("name", FORMATS)
def test_a_document_without_a_host_has_every_format(name: str) -> None:
    assert FORMATS[name].face(document([], started=None, finished=None, errors=["none"]), Texts("en"))


@pytest.mark.parametrize("name", [name for name in FORMATS if name not in ("json", "openmetrics")])
def test_people_read_it_in_their_language(name: str) -> None:
    english, japanese = (FORMATS[name].face(whole(), Texts(language)).decode() for language in ("en", "ja"))
    assert "影響を受けるビルド" in japanese
    assert "影響を受けるビルド" not in english
