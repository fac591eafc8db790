# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The progress note on a host: what cannot be read is never taken for none."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.deep_security.remediation.plugins.module_utils._agent import progress

DAMAGED = {
    "no UTF-8": (b'{"phase": "\xff"}', "it is no UTF-8 text"),
    "too large": (b" " * (progress.LARGEST + 1), "it is larger than 65536 bytes"),
    "half": (b'{"phase": "upgr', "it is damaged"),
    "empty": (b"", "it is damaged"),
    "a list": (b"[]", "it holds no mapping"),
    "an unknown phase": (b'{"phase": "finished"}', "phase is none of upgrading, update_pending, done"),
}


def test_there_is_no_note_where_there_is_no_file(tmp_path: Path) -> None:
    assert progress.read(str(tmp_path / "progress.json")) == (None, None)
    assert progress.require(str(tmp_path / "progress.json")) == {}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_note_that_cannot_be_read_is_not_none(tmp_path: Path, name: str) -> None:
    """It may have kept that self-protection is off, and that an update is due."""
    content, words = DAMAGED[name]
    path = tmp_path / "progress.json"
    path.write_bytes(content)
    with pytest.raises(progress.StepError, match="nothing was installed, restarted or requested") as caught:
        progress.require(str(path))
    assert (caught.value.code, words in str(caught.value)) == ("note_unreadable", True)
    with pytest.raises(progress.StepError):
        progress.update(str(path), {"phase": "done"})
    assert path.read_bytes() == content


def test_a_note_that_is_no_file_or_a_link_to_nowhere_is_not_none(tmp_path: Path) -> None:
    assert progress.read(str(tmp_path)) == (None, "it is no file")
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    text, problem = progress.read(str(tmp_path / "link"))
    assert (text, bool(problem)) == (None, True)


def test_changes_are_merged_and_none_removes_a_key(tmp_path: Path) -> None:
    path = str(tmp_path / "state" / "progress.json")
    progress.update(path, {"phase": "upgrading", "run": "r1"})
    progress.update(path, {"run": None, "self_protection": "off"})
    assert progress.require(path) == {"phase": "upgrading", "self_protection": "off"}
    with pytest.raises(progress.StepError, match="was not written"):
        progress.update(path, {"phase": "finished"})
