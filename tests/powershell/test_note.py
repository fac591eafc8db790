# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The progress note and its lock on Windows: what cannot be read is never taken for none."""

from __future__ import annotations

import json
import os
import typing as t

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.deep_security.remediation.plugins.module_utils._agent import progress

from .test_upgrade_steps import package
from .windows import Windows

NOTE = {"phase": "upgrading", "from": "20.0.0-4416", "to": "20.0.2-1390", "run": "r1"}
# What a note cannot hold: nothing that any run of this collection wrote.
DAMAGED = {
    "empty": b"",
    "a blank": b" \r\n",
    "half": b'{"phase": "upgrad',
    "a long half": b'{"phase": "done", "run": "' + b"x y " * 2000,
    "null": b"null",
    "a number": b"1",
    "a text": b'"x"',
    "a list": b"[]",
    "a list of a note": b'[{"phase": "done"}]',
    "no phase": b"{}",
    "an unknown phase": b'{"phase": "begun"}',
    "another case": b'{"phase": "Upgrading"}',
    "a phase that is null": b'{"phase": null}',
    "a phase that is a list": b'{"phase": ["upgrading"]}',
    "a phase that is a number": b'{"phase": 1}',
    "an unknown self_protection": b'{"phase": "done", "self_protection": "maybe"}',
    "a self_protection that is true": b'{"phase": "done", "self_protection": true}',
    "a self_protection that is a list": b'{"phase": "done", "self_protection": ["off"]}',
    "no UTF-8": b'{"phase": "done", "run": "\xff"}',
    "CP932": '{"phase": "done", "run": "更新"}'.encode("cp932"),
    "UTF-16": '{"phase": "done"}'.encode("utf-16"),
    "too long": b'{"phase": "done"}' + b" " * 65536,
    "two notes": b'{"phase": "done"}{"phase": "done"}',
    "nulls": b"\0" * 300,
}
READABLE = {
    "done": b'{"phase": "done"}',
    "other blanks": b'\r\n{ "phase" :\t"upgrading",\r\n "self_protection": null }\r\n',
    "on": b'{"phase": "update_pending", "self_protection": "on"}',
    "what a later release adds": b'{"phase": "done", "new": {"a": [1, 2.5, true, null, "\\u66f4"]}}',
    "of a POSIX host": b'{\n "build": "20.0.2-1390",\n "phase": "done",\n "run": "ansible-host-1 2"\n}\n',
    "a time": b'{"phase": "done", "since": "2026-11-01T03:04:05Z"}',
    "UTF-8": '{"phase": "done", "run": "更新"}'.encode(),
    "as long as it may be": b'{"phase": "done"}' + b" " * (65536 - 17),
}


def test_a_note_is_merged_and_none_removes_a_key(host: Windows) -> None:
    assert host.upgrade("note", note={"phase": "upgrading", "to": "20.0.2-1390", "run": "r1"})["changed"] is True
    host.upgrade("note", note={"phase": "update_pending", "to": None})
    assert host.read_note() == {"phase": "update_pending", "run": "r1"}
    # What somebody wrote as null is not there, as on POSIX.
    host.note.write_text('{"phase": "done", "from": null, "to": "a"}', encoding="ascii")
    host.upgrade("note", note={"to": None})
    assert host.read_note() == {"phase": "done"}
    assert sorted(os.listdir(host.note.parent)) == ["progress.json", "upgrade.lock"]


def read(host: Windows, files: dict[str, bytes]) -> dict[str, t.Any]:
    """The notes in these files, by Get-DsaNote; {"error": ...} for what is none."""
    paths = []
    for number, content in enumerate(files.values()):
        path = host.data / f"{number}.json"
        path.write_bytes(content)
        paths.append(str(path))
    return dict(zip(files, host.each("_DsaNote", "Get-DsaNote -Path $one", paths), strict=True))


def test_a_note_that_can_be_read_loses_nothing(host: Windows) -> None:
    assert read(host, READABLE) == {name: json.loads(content) for name, content in READABLE.items()}


def test_what_is_no_note_is_an_error_in_one_short_line(host: Windows) -> None:
    for name, found in read(host, DAMAGED).items():
        assert set(found) == {"error"}, name
        assert "cannot be read" in found["error"] and "remove the file" in found["error"]
        assert len(found["error"]) < 700 and "\n" not in found["error"], "5.1's JSON errors carry the whole input (W3)"


@pytest.mark.parametrize("name", ["empty", "half", "too long"])
def test_a_damaged_note_stops_the_step_and_stays(host: Windows, name: str) -> None:
    host.note.write_bytes(DAMAGED[name])
    result = host.upgrade("note", note=NOTE)
    assert (result["failed"], result["code"]) == (True, "note_unreadable")
    assert host.windows(host.note) in result["msg"] and "remove the file" in result["msg"]
    assert host.note.read_bytes() == DAMAGED[name]


STOPPED = [(step, "a folder") for step in ("begin", "end", "restart", "protect", "note", "start", "confirm")]
STOPPED += [("begin", "locked"), ("start", "a link to nowhere")]


@pytest.mark.parametrize(("step", "why"), STOPPED)
def test_a_note_that_cannot_be_opened_stops_every_step(host: Windows, step: str, why: str) -> None:
    """A7: it was "no note": self-protection was not restored, and nothing was due."""
    with host.unreadable_note(why):
        if step in ("start", "confirm"):
            result = host.update(step, note={"phase": "done"})
        else:
            options = {**package(host), "note": NOTE} if step == "begin" else {"note": NOTE} if step == "note" else {}
            result = host.upgrade(step, **options)
        assert (result["failed"], result["code"]) == (True, "note_unreadable")
        assert host.acts() == [] and result["changed"] is False


# Texts that are nearly a note.
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["done", "upgrading", "off", "on", "x", "", "更"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "phase"]), inner, max_size=2),
    max_leaves=4,
)
_NOTES = st.dictionaries(st.sampled_from(["phase", "self_protection", "run", "since", "Phase"]), _VALUES, max_size=4)
_TEXTS = st.one_of(_NOTES.map(json.dumps), _VALUES.map(json.dumps), st.text('{}[]":,phased01 ', max_size=12))


def _cut(text: str, end: int) -> str:
    return text[: len(text) - end]


@settings(max_examples=4, deadline=None, derandomize=True, database=None)
@given(texts=st.lists(st.builds(_cut, _TEXTS, st.sampled_from([0, 0, 0, 1, 3])), min_size=40, max_size=40))
def test_a_note_is_read_as_on_posix(shared: Windows, texts: list[str]) -> None:
    found = read(shared, {str(number): text.encode() for number, text in enumerate(texts)})
    for text, seen in zip(texts, found.values(), strict=True):
        try:
            expected = progress.parse(text)
        except ValueError:
            assert set(seen) == {"error"}, text
            continue
        # Keys that differ by case alone are no note where JSON becomes PowerShell's own objects.
        assert seen == expected or ("error" in seen and '"Phase"' in text), text


DEEP: dict[str, t.Any] = {"a": "end"}
for _ in range(12):
    DEEP = {"a": DEEP}


@pytest.mark.parametrize(
    "note",
    [
        {"to": "20.0.2-1390"},
        {"phase": "begun"},
        {"phase": "done", "self_protection": "maybe"},
        {"phase": "done", "run": "x" * 70000},
        {"phase": "done", "patterns": [{"name": f"pattern {number}", "version": "x" * 100} for number in range(600)]},
    ],
    ids=["no phase", "phase", "self_protection", "long text", "600 patterns"],
)
def test_what_a_later_run_could_not_read_is_not_written(host: Windows, note: dict[str, t.Any]) -> None:
    result = host.upgrade("note", note=note)
    assert (result["failed"], result["code"]) == (True, "note_not_written")
    assert os.listdir(host.note.parent) == ["upgrade.lock"]


def test_what_is_nested_deeply_is_written_whole(host: Windows) -> None:
    """At more than ten levels it was written as "System.Collections.Hashtable"."""
    assert "failed" not in host.upgrade("note", note={"phase": "done", "deep": DEEP})
    assert host.read_note() == {"phase": "done", "deep": DEEP}


def test_text_that_is_not_ascii_and_times_stay_as_they_are(host: Windows) -> None:
    note = {"phase": "done", "run": '更新 "quoted" \\ / \u2028 <&>\'', "since": "2026-11-01T03:04:05Z", "days": 1.5}
    host.upgrade("note", note=note)
    host.upgrade("note", note={"more": [1, True, None, {"a": []}, ["b"]]})
    assert host.read_note() == {**note, "more": [1, True, None, {"a": []}, ["b"]]}


def test_a_full_disk_leaves_the_old_note_and_no_part_of_a_new_one(host: Windows) -> None:
    """No room is left for the name of the new file: it cannot be made, as on a full disk."""
    host.use_note("x" * 249 + ".json")
    host.write_note(phase="upgrading", run="r1")
    for step, options in (("note", {"note": {"run": "r2"}}), ("begin", {**package(host), "note": NOTE})):
        result = host.upgrade(step, **options, self_protection=True)
        assert (result["failed"], result["code"]) == (True, "note_not_written")
        assert host.acts() == []
    assert host.read_note() == {"phase": "upgrading", "run": "r1"}
    assert sorted(os.listdir(host.note.parent)) == sorted([host.note.name, "packages", "upgrade.lock"])


def test_a_disk_that_is_full_in_the_middle_leaves_no_part(host: Windows) -> None:
    host.write_note(phase="upgrading", run="r1")
    for worker in host.workers():
        (host.note.parent / f"{host.note.name}.{worker}.part").symlink_to("/dev/full")
    result = host.upgrade("begin", **package(host), note=NOTE, self_protection=True)
    assert (result["failed"], result["code"], result["self_protection"]) == (True, "note_not_written", "untouched")
    assert "space" in result["msg"] and host.acts() == []
    assert host.read_note() == {"phase": "upgrading", "run": "r1"}
    assert len([name for name in os.listdir(host.note.parent) if name.endswith(".part")]) < len(host.workers())


def test_a_note_that_cannot_be_replaced_is_an_error_and_leaves_no_part(host: Windows) -> None:
    """What stands there is a folder: the new file cannot take its place, however often it is tried."""
    host.note.mkdir()
    code = 'Save-DsaNote -Path $one -Text \'{"phase": "done"}\''
    (found,) = host.each("_DsaNote", code, [str(host.note)])
    assert found["error"] and os.listdir(host.note.parent) == [host.note.name]


def test_what_cannot_be_written_whole_is_not_written(host: Windows) -> None:
    """ConvertTo-Json writes what lies deeper than 100 as the name of its type."""
    code = """
        $deep = "end"
        foreach ($level in 1..$one) { $deep = @{ a = $deep } }
        Update-DsaNote -Path "$env:TEMP/$one.json" -Change @{ phase = "done"; deep = $deep }
        "written"
    """
    written, refused = host.each("_DsaNote", code, [90, 120])
    assert written == "written" and "nested too deeply" in refused["error"]


def test_a_note_that_cannot_be_written_at_the_end_loses_no_reboot_silently(host: Windows) -> None:
    host.use_note("x" * 249 + ".json")
    host.write_note(phase="upgrading", self_protection="off")
    result = host.upgrade("end", reboot_required=True, note={"phase": "update_pending"})
    assert (result["failed"], result["code"], result["self_protection"]) == (True, "note_not_written", "on")


def test_a_folder_that_cannot_be_made_is_named(host: Windows) -> None:
    (host.data / "file").touch()
    where = host.windows(host.data / "file" / "progress.json")
    result = host.upgrade("note", note=NOTE, progress_file=where)
    assert (result["failed"], result["code"]) == (True, "lock_failed")
    assert "file" in result["msg"]


def test_a_lock_that_cannot_be_opened_is_no_other_upgrade(host: Windows) -> None:
    """Any error at the lock was "another upgrade of this host is at work"."""
    (host.note.parent / "upgrade.lock").mkdir()
    result = host.upgrade("note", note=NOTE, lock_timeout=1)
    assert (result["failed"], result["code"]) == (True, "lock_failed")


@pytest.mark.parametrize("step", ["begin", "start"])
def test_a_lock_that_is_held_too_long_is_an_error(host: Windows, step: str) -> None:
    with host.locked():
        if step in ("start", "confirm"):
            result = host.update(step, note={"phase": "done"}, lock_timeout=1)
        else:
            options = {"begin": {**package(host), "note": NOTE}, "note": {"note": NOTE}}.get(step, {})
            result = host.upgrade(step, **options, lock_timeout=1)
    assert (result["failed"], result["code"]) == (True, "lock_timeout")
    assert host.acts() == [] and host.read_note() is None


def test_whoever_waited_for_another_run_does_not_begin(host: Windows) -> None:
    with host.locked() as free, host.on_sleep(free.set):
        result = host.upgrade("begin", **package(host), note=NOTE, self_protection=True, lock_timeout=60)
    assert (result["waited"], result["changed"], host.acts(), host.read_note()) == (True, False, [], None)


def test_a_note_is_written_whoever_held_the_lock(host: Windows) -> None:
    with host.locked() as free, host.on_sleep(free.set):
        result = host.upgrade("note", note=NOTE, lock_timeout=60)
    assert (result["waited"], result["changed"], host.read_note()) == (False, True, NOTE)


def test_the_lock_is_free_after_every_step(host: Windows) -> None:
    for step, options in (("begin", {**package(host), "note": NOTE}), ("note", {"note": {"phase": "begun"}})):
        host.upgrade(step, **options)
        with host.locked():
            pass
