# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the agent package's own scripts do, the same on every platform: hook pre|post|remove BUILD."""

from __future__ import annotations

import sys

from . import service, world

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List


def current_package() -> object:
    return world.load(world.RECORD).get("build")


def refuse(build: str, reason: str, message: str) -> int:
    world.journal("package_install_failed", **{"from": current_package(), "to": build, "reason": reason})
    print(message, file=sys.stderr)
    return 1


def pre(build: str) -> int:
    if world.fault("ssh_drops_during_install"):
        world.ask_lab("drop_ssh")
    if world.agent_state().get("self_protection"):
        return refuse(build, "self_protection", "ds_agent: the agent's self-protection does not allow this change")
    # A post script that fails does not fail an rpm transaction, so there, and where the lab is the package manager, it
    # is the pre script that fails; dpkg is left half-configured by the post script.
    if world.host().get("package_manager") != "deb" and world.fault("package_install_fails"):
        return refuse(build, "package_install_fails", "ds_agent: the pre-installation script failed")
    return 0


def post(build: str) -> int:
    if world.host().get("package_manager") == "deb" and world.fault("package_install_fails"):
        return refuse(build, "package_install_fails", "ds_agent: the post-installation script failed")
    before = current_package()
    world.journal("package_installed", **{"from": before, "to": build})
    if before is not None and world.host().get("reboot_required") == "after_upgrade":
        ask_for_reboot()
    world.save(world.RECORD, {"build": build})
    service.remember(enabled=True)
    # Like the vendor's scripts, as far as is known: a service that does not come up does not fail the package.
    service.restart()
    return 0


def ask_for_reboot() -> None:
    """As Debian's packages ask for one."""
    for path, text in (
        ("/run/reboot-required", "*** System restart required ***"),
        ("/run/reboot-required.pkgs", "ds-agent"),
    ):
        with open(path, "a") as stream:
            stream.write(text + "\n")


def remove(build: str) -> int:
    if world.agent_state().get("self_protection"):
        return refuse(build, "self_protection", "ds_agent: the agent's self-protection does not allow this change")
    service.stop()
    world.journal("package_removed", **{"from": current_package()})
    world.save(world.RECORD, {"build": None})
    return 0


def main(argv: List[str]) -> int:
    return {"pre": pre, "post": post, "remove": remove}[argv[1]](argv[2])
