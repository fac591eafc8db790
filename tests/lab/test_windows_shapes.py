# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab's answers in a module's name have the options and the shape that the module's documentation promises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ansible_collections.deep_security.remediation.plugins.plugin_utils._record import leftover_options
from ansible_collections.deep_security.remediation.plugins.plugin_utils._windows_readiness import (
    facts_of,
    precheck_options,
)
from lab.windows import msi
from lab.windows.answers import KNOWN
from lab.windows.machine import DATA
from lab.windows.options import REQUIRED
from tests.lab.windows_docs import documentation, undocumented
from tests.lab.windows_host import LOG, NEW, OLD, PACKAGE, Host, run

# What every module may return, and what no documentation of ansible.windows mentions.
COMMON = ("changed", "failed", "msg", "rc")
UNDOCUMENTED = {
    # The two modes that the action plugin of win_copy uses return what that needs, which is not for users.
    "ansible.windows.win_copy": ("files", "directories", "symlinks"),
    # The documentation lists facts of older releases, or none.
    "ansible.windows.setup": ("ansible_facts",),
    # Users get what the action of that name makes of it.
    "deep_security.remediation.win_dsa_info": ("reading",),
}
# Where a type differs in name alone.
SAME = {"list": "list", "ints": "list", "dicts": "list", "raw": "raw"}


@pytest.mark.parametrize("module", sorted(KNOWN))
def test_options_are_the_documented_ones(module: str) -> None:
    known = documentation(module)
    if known is None:
        pytest.skip(f"there is no documentation of {module} here")
    spec, options = KNOWN[module].spec, known[0].get("options") or {}
    if "*" in spec:
        return
    assert set(spec) == set(options), "options"
    for name, (kind, default) in spec.items():
        about = options[name]
        if "|" in kind:
            assert sorted(kind.split("|")) == sorted(about["choices"]), name
        else:
            assert SAME.get(kind, kind) == about.get("type", "str"), name
        assert (default is REQUIRED) == bool(about.get("required")), name
        if "default" in about and default is not REQUIRED:
            assert default == ([about["default"]] if name == "gather_subset" else about["default"]), name


def check(module: str, result: dict[str, Any]) -> list[str]:
    known = documentation(module)
    if known is None:
        return []
    allowed = (*COMMON, *UNDOCUMENTED.get(module, ()))
    return list(undocumented({key: one for key, one in result.items() if key not in allowed}, known[1], module))


def missing(module: str, result: dict[str, Any]) -> list[str]:
    """What is documented to be returned always, and is not there."""
    if module in UNDOCUMENTED:
        return []
    known = documentation(module)
    always = [key for key, about in (known[1] if known else {}).items() if about.get("returned") == "always"]
    return [f"{module} does not return {key}" for key in always if key not in result and key != "changed"]


def test_results_have_the_documented_shape(tmp_path: Path) -> None:
    problems: list[str] = []

    async def work() -> None:
        host = await Host(tmp_path, build=OLD, self_protection="s", pending_reboot=["sccm"]).start()
        bare = await Host(tmp_path / "bare", "bare", role="none").start()
        guarded: dict[str, Any] = {"self_protection": True, "self_protection_password": "s", "service_timeout": 1}

        async def call(module: str, on: Host = host, **arguments: Any) -> dict[str, Any]:
            result = await on.call(module, **arguments)
            name = f"{'deep_security.remediation' if module.startswith('win_dsa') else 'ansible.windows'}.{module}"
            problems.extend(check(name, result))
            if not result.get("failed"):
                problems.extend(missing(name, result))
            return result

        await call("win_ping")
        await call("setup", gather_subset=["min"])
        for one in (host, bare):
            await call("win_dsa_info", one)
            await call("win_dsa_host_info", one, **precheck_options(["A" * 40], [], [r"C:\a.dll"]))
            await call("win_dsa_host_info", one, **leftover_options())
            await call("win_dsa_package_info", one, path=PACKAGE)
        assert (await call("win_dsa_upgrade", bare, step="begin", path=PACKAGE))["failed"]
        assert (await host.install())["failed"]
        host.machine.drive.write(PACKAGE, b"x")
        assert (await call("win_dsa_upgrade", step="begin", path=PACKAGE, sha256="0", **guarded))["refused"]
        host.machine.drive.write(PACKAGE, msi.make(NEW, "x86_64"))
        await call("win_dsa_package_info", path=PACKAGE)
        await call("win_stat", path=PACKAGE)
        await call("slurp", src=PACKAGE)
        begun = await call("win_dsa_upgrade", step="begin", path=PACKAGE, log_path=LOG, **guarded)
        await call("win_package", path=begun["path"], log_path=begun["log_path"])
        await call("win_dsa_upgrade", step="end", log_path=LOG, reboot_required=True, **guarded)
        for step in ("restart", "protect", "note"):
            await call("win_dsa_upgrade", step=step, **guarded)
        started = await call("win_dsa_security_update", step="start", self_protection_password="s")
        await call("win_dsa_security_update", step="look", marks=started["marks"])
        await call("win_dsa_security_update", step="diagnose", self_protection_password="s")
        await call("win_dsa_security_update", step="confirm", note={"phase": "done"})
        await call("win_dsa_control", arguments=["-m"])
        await call("win_dsa_info")
        await call("win_file", path=DATA, state="absent")
        assert (await call("win_dsa_info", no_such_option=1))["failed"]

    run(work())
    assert not problems, "\n".join(problems)


def test_documented_parts_of_a_record_are_all_there(tmp_path: Path) -> None:
    async def work() -> list[str]:
        host = await Host(tmp_path, build=OLD).start()
        checked = await host.call("win_dsa_host_info", **precheck_options([], [], []))
        parts = {
            "win_dsa_info": (await host.record(), "agent"),
            "win_dsa_precheck_info": (facts_of(checked["reading"]), "windows"),
        }
        lacking = []
        for module, (found, key) in parts.items():
            known = documentation(f"deep_security.remediation.{module}")
            documented = (known[1].get(key) or {}).get("contains") or {} if known else {}
            lacking += [f"{module}: {name}" for name in documented if name not in found]
        return lacking

    assert run(work()) == []
