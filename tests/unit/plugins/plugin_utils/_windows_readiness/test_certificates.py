# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificate files on the controller: what counts, what is refused and why."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.deep_security.remediation.plugins.plugin_utils._settings import SettingsError
from ansible_collections.deep_security.remediation.plugins.plugin_utils._windows_readiness import (
    Lists,
    Root,
    read_directory,
)

from .sample import checks, host, shipped

G4_FILE = Path(__file__).parent / "digicert_trusted_root_g4.crt"
G4 = "DDFB16CD4931C973A2037D3FC83A4D7D775D05E4"


def der(seed: int, size: int = 900) -> bytes:
    """What has the outer form of a certificate."""
    content = (hashlib.sha256(str(seed).encode()).digest() * (size // 32 + 1))[:size]
    return b"\x30\x82" + size.to_bytes(2, "big") + content


def pem(data: bytes, kind: str = "CERTIFICATE") -> bytes:
    return f"-----BEGIN {kind}-----\n".encode() + base64.encodebytes(data) + f"-----END {kind}-----\n".encode()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest().upper()


def sha1(data: bytes) -> str:
    return hashlib.sha1(data, usedforsecurity=False).hexdigest().upper()


ONE, TWO, OLD, FOREIGN = der(1), der(2), der(3), der(4)


@pytest.fixture
def lists() -> Lists:
    roots = (
        Root("One", "required", sha1(ONE), sha256(ONE), "2040-01-01", "-"),
        Root("Two", "recommended", sha1(TWO), sha256(TWO), "2040-01-01", "-"),
        Root("Old", "informational", sha1(OLD), sha256(OLD), "2020-12-31", "-"),
    )
    return dataclasses.replace(shipped(), roots=roots)


def test_a_real_root_in_both_forms(tmp_path: Path) -> None:
    shutil.copy(G4_FILE, tmp_path / "g4.pem")
    found = read_directory(str(tmp_path), shipped())
    (certificate,) = found.certificates
    assert (certificate.file, certificate.sha1) == ("g4.pem", G4)
    assert certificate.root is not None
    assert certificate.root.name == "DigiCert Trusted Root G4"
    assert sha256(certificate.der) == certificate.sha256 == certificate.root.sha256
    (tmp_path / "g4.pem").unlink()
    (tmp_path / "g4.DER").write_bytes(certificate.der)
    again = read_directory(str(tmp_path), shipped())
    assert (again.importable(), again.refused) == (frozenset({G4}), {})

    missing: dict[str, Any] = {
        "Root": [],
        "AuthRoot": [r for r in shipped().thumbprints() if r != G4],
        "Disallowed": [],
    }
    facts = host(certificates=missing)
    assert checks(facts)["root_certificates"].result == "fail"
    assert checks(facts, importable=again.importable())["root_certificates"].result == "warn"


@pytest.mark.parametrize("ending", ["crt", "cer", "pem", "der", "CRT", "Pem"])
@pytest.mark.parametrize("form", ["der", "pem", "crlf", "commented", "bom"])
def test_every_ending_in_every_form(tmp_path: Path, lists: Lists, ending: str, form: str) -> None:
    data = {
        "der": ONE,
        "pem": pem(ONE),
        "crlf": pem(ONE).replace(b"\n", b"\r\n"),
        "commented": b"# Issuer: CN=One\n" + pem(ONE) + b"\n\n",
        "bom": b"\xef\xbb\xbf" + pem(ONE),
    }[form]
    (tmp_path / f"a.{ending}").write_bytes(data)
    found = read_directory(str(tmp_path), lists)
    assert [(c.file, c.der, c.sha1) for c in found.certificates] == [(f"a.{ending}", ONE, sha1(ONE))]
    assert (found.refused, found.skipped) == ({}, ())


REFUSED: dict[str, tuple[bytes, str]] = {
    "foreign": (FOREIGN, "it is no root of the lists"),
    "foreign-pem": (pem(FOREIGN), "it is no root of the lists"),
    "two": (pem(ONE) + pem(TWO), "one certificate"),
    "the-same-twice": (pem(ONE) + pem(ONE), "one certificate"),
    "with-a-key": (pem(ONE) + pem(b"secret", "PRIVATE KEY"), "one certificate"),
    "with-half-of-another": (pem(ONE) + b"-----BEGIN CERTIFICATE-----\n", "one certificate"),
    "a-key": (pem(ONE, "PRIVATE KEY"), "one certificate"),
    "trusted": (pem(ONE, "TRUSTED CERTIFICATE"), "one certificate"),
    "no-end": (pem(ONE)[:-30], "one certificate"),
    "two-der": (ONE + TWO, "something follows"),
    "der-and-a-byte": (ONE + b"\n", "something follows"),
    "two-in-one-block": (pem(ONE + TWO), "something follows"),
    "cut-off": (ONE[:-1], "not a whole one"),
    "cut-off-pem": (pem(ONE[:-1]), "not a whole one"),
    "no-base64": (b"-----BEGIN CERTIFICATE-----\nA\n-----END CERTIFICATE-----\n", "base64"),
    "not-ascii": (b"-----BEGIN CERTIFICATE-----\n\xff\n-----END CERTIFICATE-----\n", "base64"),
    "utf-16": (pem(ONE).decode().encode("utf-16"), "no certificate"),
    "text": (b"hello", "no certificate"),
    "html": (b"<html>302 Found</html>", "no certificate"),
    "empty": (b"", "no certificate"),
    "one-byte": (b"\x30", "no certificate"),
    "no-length": (b"\x30\x80\x00\x00", "no certificate"),
    "absurd-length": (b"\x30\x84\xff\xff\xff\xff", "no certificate"),
    "huge": (b"\x30\x82\xff\xff" + bytes(70_000), "more than"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_named_with_the_remedy(tmp_path: Path, lists: Lists, name: str) -> None:
    data, why = REFUSED[name]
    (tmp_path / "bad.crt").write_bytes(data)
    (tmp_path / "good.crt").write_bytes(TWO)
    found = read_directory(str(tmp_path), lists)
    assert list(found.refused) == ["bad.crt"]
    assert why in found.refused["bad.crt"]
    assert ";" in found.refused["bad.crt"], "after the reason comes what to do"
    assert found.importable() == {sha1(TWO)}, "the others still count"


def test_the_refusal_gives_the_sum_to_write_down(tmp_path: Path, lists: Lists) -> None:
    (tmp_path / "ours.crt").write_bytes(pem(FOREIGN))
    reason = read_directory(str(tmp_path), lists).refused["ours.crt"]
    assert sha256(FOREIGN) in reason
    assert "dsa_certificate_checksums" in reason
    found = read_directory(str(tmp_path), lists, {"ours.crt": sha256(FOREIGN)})
    assert found.refused == {}
    assert found.importable() == {sha1(FOREIGN)}
    assert found.certificates[0].root is None


@pytest.mark.parametrize("form", ["{}", "sha256:{}", " {} "])
def test_spellings_of_the_operators_sum(tmp_path: Path, lists: Lists, form: str) -> None:
    (tmp_path / "ours.crt").write_bytes(FOREIGN)
    for text in (sha256(FOREIGN), sha256(FOREIGN).lower()):
        assert read_directory(str(tmp_path), lists, {"ours.crt": form.format(text)}).refused == {}


def test_the_operators_sum_is_for_one_file(tmp_path: Path, lists: Lists) -> None:
    (tmp_path / "ours.crt").write_bytes(FOREIGN)
    (tmp_path / "one.crt").write_bytes(ONE)
    found = read_directory(str(tmp_path), lists, {"theirs.crt": sha256(FOREIGN), "one.crt": sha256(TWO)})
    assert found.certificates == ()
    assert set(found.refused) == {"ours.crt", "theirs.crt", "one.crt"}
    assert "no such certificate file" in found.refused["theirs.crt"]
    assert "find out which" in found.refused["one.crt"]


@pytest.mark.parametrize("checksums", [["a.crt"], "a.crt", {"a.crt": "12"}, {"a.crt": None}, {"a.crt": "g" * 64}, 7])
def test_sums_that_are_none(tmp_path: Path, lists: Lists, checksums: Any) -> None:
    with pytest.raises(SettingsError, match="dsa_certificate_checksums"):
        read_directory(str(tmp_path), lists, checksums)


def test_informational_roots_are_skipped(tmp_path: Path, lists: Lists) -> None:
    (tmp_path / "old.crt").write_bytes(OLD)
    for sums in (None, {"old.crt": sha256(OLD)}):
        found = read_directory(str(tmp_path), lists, sums)
        assert (found.certificates, found.refused, found.skipped) == ((), {}, ("old.crt",))


def test_lists_that_contradict_the_certificate(tmp_path: Path, lists: Lists) -> None:
    wrong = dataclasses.replace(lists, roots=(dataclasses.replace(lists.roots[0], sha1=sha1(TWO)),))
    (tmp_path / "one.crt").write_bytes(ONE)
    assert "correct the lists" in read_directory(str(tmp_path), wrong).refused["one.crt"]


def test_the_same_certificate_in_two_files_counts_once(tmp_path: Path, lists: Lists) -> None:
    (tmp_path / "b.pem").write_bytes(pem(ONE))
    (tmp_path / "a.crt").write_bytes(ONE)
    assert [c.file for c in read_directory(str(tmp_path), lists).certificates] == ["a.crt"]


def test_other_files_are_none_of_ours(tmp_path: Path, lists: Lists) -> None:
    for name in ("README.md", "authrootstl.cab", "roots.sst", "crt"):
        (tmp_path / name).write_bytes(b"anything")
    (tmp_path / "folder.crt").mkdir()
    (tmp_path / "folder.crt" / "foreign.crt").write_bytes(FOREIGN)
    found = read_directory(str(tmp_path), lists)
    assert (found.certificates, found.refused) == ((), {})


def test_what_cannot_be_opened(tmp_path: Path, lists: Lists, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dangling.crt").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe.crt")  # opening it would wait for ever
    (tmp_path / "secret.crt").write_bytes(ONE)
    opened = Path.open

    def denied(path: Path, *arguments: Any, **more: Any) -> Any:
        if path.name == "secret.crt":
            raise PermissionError(13, "Permission denied")
        return opened(path, *arguments, **more)

    monkeypatch.setattr(Path, "open", denied)
    found = read_directory(str(tmp_path), lists)
    assert set(found.refused) == {"dangling.crt", "pipe.crt", "secret.crt"}
    assert "Permission denied" in found.refused["secret.crt"]


def test_a_directory_that_is_none(tmp_path: Path, lists: Lists) -> None:
    file = tmp_path / "file"
    file.touch()
    for path in (str(tmp_path / "nowhere"), str(file), "", None, 7, "a\0b"):
        with pytest.raises(SettingsError, match="dsa_certificates_dir"):
            read_directory(path, lists)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=200)
    | st.tuples(st.binary(max_size=20), st.sampled_from([ONE, pem(ONE), pem(TWO)]), st.binary(max_size=20)).map(
        b"".join
    )
)
def test_any_bytes_are_refused_or_exactly_a_wanted_root(tmp_path: Path, lists: Lists, data: bytes) -> None:
    (tmp_path / "any.crt").write_bytes(data)
    found = read_directory(str(tmp_path), lists)
    assert len(found.certificates) + len(found.refused) == 1
    assert all(certificate.der in (ONE, TWO) for certificate in found.certificates)
