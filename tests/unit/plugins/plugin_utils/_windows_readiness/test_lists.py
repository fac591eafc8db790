# Copyright: (c) 2026, the deep_security.remediation contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The shipped lists say what the tables say; an operator's own are another file; and the error of a bad file."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.deep_security.remediation.plugins.plugin_utils import _windows_readiness
from ansible_collections.deep_security.remediation.plugins.plugin_utils._settings import SettingsError
from ansible_collections.deep_security.remediation.plugins.plugin_utils._windows_readiness import (
    ListsError,
    load_lists,
)

from .sample import INFORMATIONAL, MIB, RECOMMENDED, REQUIRED, checks, host, result, shipped

Tree = dict[str, Any]
# SHA-1 → SHA-256 and the last day.
SUMS = {
    "F40042E2E5F7E8EF8189FED15519AECE42C3BFA2": (
        "5367F20C7ADE0E2BCA790915056D086B720C33C1FA2A2661ACF787E3292E1270",
        "2045-04-16",
    ),
    "DDFB16CD4931C973A2037D3FC83A4D7D775D05E4": (
        "552F7BDCF1A7AF9E6CE672017F4F12ABF77240C78E761AC203D1D9D20AC89988",
        "2038-01-15",
    ),
    "0563B8630D62D75ABBC8AB1E4BDFB5A899B24D43": (
        "3E9099B5015E8F486C00BCEA9D111EE721FABA355A89BCF1DF69561E3DC6325C",
        "2031-11-10",
    ),
    "5FB7EE0633E259DBAD0C4C9AE6D38F1A61C7DC25": (
        "7431E5F4C3C1CE4690774F0B61E05440883BA9A01ED00BA6ABD7806ED3B118CF",
        "2031-11-10",
    ),
    "2B8F1B57330DBBA2D07A6C51F70EE90DDAB9AD8E": (
        "E793C9B02FD8AA13E21C31228ACCB08119643B749C898964B1746D46C3D4CBD2",
        "2038-01-18",
    ),
    "4EB6D578499B1CCF5F581EAD56BE3D9B6744A5E5": (
        "9ACFAB7E43C8D880D06B262A94DEEEE4B4659989C3D0CAF19BAF6405E41AB7DF",
        "2036-07-16",
    ),
    "3679CA35668772304D30A5FB873B0FA77BB70D54": (
        "2399561127A57125DE8CEFEA610DDF2FA078B5C8067F4E828290BFB860E84B3C",
        "2037-12-01",
    ),
    "91C6D6EE3E8AC86384E548C299295C756C817B81": (
        "8D722F81A9C113C0791DF136A2966DB26C950A971DB46B4199F4EA54B78BFB9F",
        "2036-07-16",
    ),
    "D69B561148F01C77C54578C10926DF5B856976AD": (
        "CBB522D7B7F127AD6A0113865BDF1CD4102E7D0759AF635A7CF4720DC963C53B",
        "2029-03-18",
    ),
    "3B1EFD3A66EA28B16697394703A72CA340A05BD5": (
        "DF545BF919A2439C36983B54CDFC903DFA4F37D3996D8D84B4C31EEC6F3C163E",
        "2035-06-23",
    ),
    "8F43288AD272F3103B6FB1428485EA3014C0BCFE": (
        "847DF6A78497943F27FC72EB93F9A637320A02B561D0A91B09E87A7807ED7C61",
        "2036-03-22",
    ),
    "BE36A4562FB2EE05DBB3D32323ADF445084ED656": (
        "6B6C1E01F590F5AFC5FCF85CD0B9396884048659FC2C6D1170D68B045216C3FD",
        "2020-12-31",
    ),
    "A43489159A520F0D93D032CCAF37E7FE20A8B419": (
        "F38406E540D7A9D90CB4A9479299640FFB6DF9E224ECC7A01C0D9558D8DAD77D",
        "2020-12-31",
    ),
}
SHIPPED_FILE = Path(_windows_readiness.__file__).parent / "lists.yml"
TREE: Tree = yaml.safe_load(SHIPPED_FILE.read_text(encoding="utf-8"))


def write(path: Path, tree: object) -> str:
    path.write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
    return str(path)


def test_the_thirteen_roots() -> None:
    levels = {"required": REQUIRED, "recommended": RECOMMENDED, "informational": INFORMATIONAL}
    found = {(root.level, root.name, root.sha1): (root.sha256, root.expires) for root in shipped().roots}
    assert found == {(level, name, sha1): SUMS[sha1] for level, names in levels.items() for name, sha1 in names.items()}


def test_the_shared_files_are_asked_for_by_their_full_paths() -> None:
    names = ("concrt140", "msvcp140", "vccorlib140")
    assert shipped().shared_dlls == tuple(rf"%SystemRoot%\System32\{name}.dll" for name in names)


# --- an operator's own lists ------------------------------------------------------------------------------------------

OWN: Tree = {
    "roots": {
        "required": [
            {"name": "Our root", "sha1": "ab" * 20, "sha256": "cd" * 32, "expires": "2040-01-01", "get": "ask us"}
        ],
    },
    "get_root": "look around",
    "installed_states": [7],
    "sha2": {
        "native_from": 5000,
        "by_package": [{"windows": "Windows 4", "nt_version": "4.0", "proof": ["KB111111"], "get": "install it"}],
    },
    "azure_code_signing": {
        "native_above": 30000,
        "native": [26100],
        "by_ubr": [{"windows": "Windows 12", "builds": [30000], "ubr": 5, "get": "KB222222"}],
        "by_package": [
            {
                "windows": "Windows 4",
                "builds": [4000],
                "proof": ["KB333333"],
                "hints": ["KB444444"],
                "rollup_from": 9,
                "get": "install it",
                "note": "We measured it.",
            }
        ],
    },
    "shared_dlls": [],
    "minimum_free_mib": 5,
}


def test_they_decide_by_their_own_values(tmp_path: Path) -> None:
    own = load_lists(write(tmp_path / "own.yml", OWN))
    acs = "azure_code_signing_support"
    assert result(acs, host(build=30000, ubr=4), lists=own) == "fail"
    assert result(acs, host(build=30000, ubr=5), lists=own) == "pass"
    assert result(acs, host(build=30001, ubr=None), lists=own) == "pass"
    assert result(acs, host(build=26100, ubr=None), lists=own) == "pass"
    assert result(acs, host(build=17763, ubr=9999), lists=own) == "fail"

    def four(name: str, state: int = 7) -> dict[str, Any]:
        return host(build=4000, nt_version="4.0", servicing_packages=[{"name": name, "state": state}])

    assert result(acs, four("Package_for_KB333333~x"), lists=own) == "pass"
    assert result(acs, four("Package_for_KB333333~x", 112), lists=own) == "undetermined"
    assert result(acs, four("Package_for_KB444444~x"), lists=own) == "undetermined"
    assert result(acs, four("Package_for_RollupFix~x~amd64~~4000.8.1"), lists=own) == "undetermined"
    assert result(acs, four("Package_for_RollupFix~x~amd64~~4000.9.1"), lists=own) == "pass"
    assert "We measured it." in checks(four("Package_for_KB333333~x"), own)[acs].evidence
    assert result("sha2_support", four("Package_for_KB111111~x"), lists=own) == "pass"
    assert result("sha2_support", host(build=5000), lists=own) == "pass"

    roots = checks(host(), own)["root_certificates"]
    assert (roots.result, "AB" * 20 in roots.evidence, "ask us" in roots.remedy) == ("fail", True, True)
    mine = {"Root": ["AB" * 20], "AuthRoot": [], "Disallowed": []}
    assert result("root_certificates", host(certificates=mine), lists=own) == "pass"
    assert result("free_space", host(free_bytes=5 * MIB), lists=own) == "pass"
    assert result("shared_dlls", host(shared_dlls={}), lists=own) == "pass"
    assert own.servicing_packages() == ["KB111111", "KB333333", "KB444444", "RollupFix"]


def test_the_shipped_lists_stay_as_they_are(tmp_path: Path) -> None:
    load_lists(write(tmp_path / "own.yml", OWN))
    assert load_lists() is shipped()
    assert load_lists(write(tmp_path / "copy.yml", TREE)) == shipped()


# --- the error of a bad file ------------------------------------------------------------------------------------------


def put(*path: Any) -> Callable[[Tree], None]:
    """Put the last argument where the others lead."""
    *steps, last, value = path

    def change(tree: Any) -> None:
        for step in steps:
            tree = tree[step]
        tree[last] = value

    return change


def drop(*path: Any) -> Callable[[Tree], None]:
    *steps, last = path

    def change(tree: Any) -> None:
        for step in steps:
            tree = tree[step]
        del tree[last]

    return change


ACS = "azure_code_signing"
BAD: list[tuple[Callable[[Tree], None], str]] = [
    (put("root", []), "lists.root"),
    (drop("roots"), "lists.roots"),
    (drop("minimum_free_mib"), "lists.minimum_free_mib"),
    (put("minimum_free_mib", "5"), "minimum_free_mib"),
    (put("minimum_free_mib", -5), "minimum_free_mib"),
    (put("minimum_free_mib", True), "minimum_free_mib"),
    (put("minimum_free_mib", 5.5), "minimum_free_mib"),
    (put("get_root", ""), "get_root"),
    (put("shared_dlls", "a.dll"), "shared_dlls"),
    (put("shared_dlls", [5]), "shared_dlls[0]"),
    (put("installed_states", []), "installed_states"),
    (put("installed_states", ["112"]), "installed_states[0]"),
    (put("roots", "required", []), "roots.required"),
    (put("roots", "required", None), "roots.required"),
    (put("roots", "optional", []), "roots.optional"),
    (put("roots", "recommended", {}), "roots.recommended"),
    (put("roots", "required", 0, "url", "x"), "roots.required[0].url"),
    (put("roots", "required", 0, "sha1", "AB"), "roots.required[0].sha1"),
    (put("roots", "required", 0, "sha1", 1234), "roots.required[0].sha1"),
    (put("roots", "required", 0, "sha1", "GG" * 20), "roots.required[0].sha1"),
    (put("roots", "required", 0, "sha1", "ab:" * 20), "roots.required[0].sha1"),
    (put("roots", "required", 0, "sha256", "ab" * 32 + "\n"), "roots.required[0].sha256"),
    (put("roots", "required", 0, "expires", "soon"), "roots.required[0].expires"),
    (put("roots", "required", 0, "expires", "20400101"), "roots.required[0].expires"),
    (put("roots", "required", 0, "expires", "2040-02-30"), "roots.required[0].expires"),
    (drop("roots", "required", 0, "sha256"), "roots.required[0].sha256"),
    (put("roots", "recommended", OWN["roots"]["required"]), "roots.recommended[0]"),
    (put("roots", "recommended", [{**OWN["roots"]["required"][0], "sha1": "ef" * 20}]), "roots.recommended[0]"),
    (put("roots", "recommended", [{**OWN["roots"]["required"][0], "sha256": "ef" * 32}]), "roots.recommended[0]"),
    (put("sha2", "native_from", None), "sha2.native_from"),
    (put("sha2", "by_package", 0, "nt_version", 4.0), "sha2.by_package[0].nt_version"),
    (put("sha2", "by_package", 0, "nt_version", "four"), "sha2.by_package[0].nt_version"),
    (put("sha2", "by_package", 2 * OWN["sha2"]["by_package"]), "sha2.by_package[1].nt_version"),
    (put("sha2", "by_package", 0, "proof", []), "sha2.by_package[0].proof"),
    (put("sha2", "by_package", 0, "proof", ["4474419"]), "sha2.by_package[0].proof"),
    (put("sha2", "by_package", 0, "hints", "KB1"), "sha2.by_package[0].hints"),
    (put("sha2", "by_package", 0, "rollup_from", "9"), "sha2.by_package[0].rollup_from"),
    (put("sha2", "by_package", 0, "older_rollups_lack_it", True), "sha2.by_package[0].older_rollups_lack_it"),
    (put(ACS, "by_package", 0, "older_rollups_lack_it", "yes"), f"{ACS}.by_package[0].older_rollups_lack_it"),
    (put(ACS, "by_package", 0, "note", 5), f"{ACS}.by_package[0].note"),
    (put(ACS, "by_package", 0, "builds", []), f"{ACS}.by_package[0].builds"),
    (put(ACS, "by_package", 0, "builds", [30000]), f"{ACS}.by_package[0].builds"),
    (put(ACS, "by_ubr", 0, "builds", [26100]), f"{ACS}.by_ubr[0].builds"),
    (put(ACS, "by_ubr", 0, "builds", [30001]), f"{ACS}.by_ubr[0].builds"),
    (put(ACS, "by_ubr", 0, "builds", [3, 3]), f"{ACS}.by_ubr[0].builds"),
    (put(ACS, "by_ubr", 0, "ubr", None), f"{ACS}.by_ubr[0].ubr"),
    (drop(ACS, "native"), f"{ACS}.native"),
]


@pytest.mark.parametrize(("change", "key"), BAD, ids=[f"{number}-{key}" for number, (dummy, key) in enumerate(BAD)])
def test_a_bad_file_is_refused_with_file_key_and_remedy(
    tmp_path: Path, change: Callable[[Tree], None], key: str
) -> None:
    tree = copy.deepcopy(OWN)
    change(tree)
    path = write(tmp_path / "own.yml", tree)
    with pytest.raises(ListsError) as caught:
        load_lists(path)
    assert isinstance(caught.value, SettingsError)
    where, remedy = str(caught.value).split(" cannot be used: ")
    assert where.startswith(f"{path}: {key}: ")
    assert remedy


@pytest.mark.parametrize(
    "text",
    [
        "minimum_free_mib: 1\nminimum_free_mib: 2\n",
        "a: [",
        "expires: 2040-02-30\n",
        "? [a]\n: b\n",
        "!!python/object/apply:os.getcwd []\n",
        "\tx",
        "[" * 1000,
    ],
)
def test_what_is_not_yaml_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "own.yml"
    path.write_text(text)
    with pytest.raises(ListsError, match="not YAML"):
        load_lists(str(path))


@pytest.mark.parametrize("text", ["", "[]", "5", "null", "lists", "{}"])
def test_what_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "own.yml"
    path.write_text(text)
    with pytest.raises(ListsError, match="write a mapping"):
        load_lists(str(path))


def test_a_file_that_is_not_there_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(ListsError, match="cannot be read"):
        load_lists(str(tmp_path / "none.yml"))
    with pytest.raises(ListsError, match="cannot be read"):
        load_lists(str(tmp_path))
    binary = tmp_path / "binary.yml"
    binary.write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(ListsError, match="cannot be read"):
        load_lists(str(binary))
