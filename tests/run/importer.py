# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""make importer: builds the collection's archive and lets galaxy-importer judge it as a hub would."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from tests.run.common import FAILED, PASSED, ROOT, Tally, environment, requirement, run, say, skip, venv

# No containers, nothing from the network, and not what other stages run: ansible-test (sanity) and ansible-lint (lint,
# with the strictest profile; the importer would end it after two minutes, which a busy machine needs).
SETTINGS = """[galaxy-importer]
check_changelog = True
check_required_tags = True
run_ansible_doc = True
run_ansible_lint = False
run_ansible_test = False
run_flake8 = False
tmp_root_dir = {folder}
"""
# The importer goes on after most of what it dislikes, so its words count and not only its exit status.
DISLIKES = ("ERROR", "WARNING", "CRITICAL")


def main() -> Tally:
    """Builds and judges."""
    start = time.monotonic()
    python = Path(sys.executable).resolve()
    try:
        venv_bin = venv("importer", python, requirement("importer"))
    except RuntimeError as error:
        if os.environ.get("CI"):
            say(f"FAILED galaxy-importer: {error}")
            return FAILED
        return skip("galaxy-importer", f"it could not be installed: {error}")
    with tempfile.TemporaryDirectory(prefix="importer-") as name:
        folder = Path(name)
        built, output = run([venv_bin / "ansible-galaxy", "collection", "build", "--output-path", folder])
        if built:
            say(f"FAILED galaxy-importer: the archive could not be built\n{output}")
            return FAILED
        (archive,) = folder.glob("*.tar.gz")
        (folder / "tmp").mkdir()
        (folder / "settings.cfg").write_text(SETTINGS.format(folder=folder / "tmp"))
        env = environment(venv_bin)
        env["GALAXY_IMPORTER_CONFIG"] = str(folder / "settings.cfg")
        # Nothing but the archive itself may be found.
        env["ANSIBLE_COLLECTIONS_PATH"] = str(folder / "none")
        env["PYTHONPATH"] = str(ROOT)
        status, output = run([venv_bin / "python", "-m", "tests.run.galaxy_importer", archive], env, folder)
    disliked = [line for line in output.splitlines() if line.startswith(DISLIKES)]
    failed = bool(status or disliked)
    say(f"{'FAILED' if failed else 'ok    '} galaxy-importer ({time.monotonic() - start:.1f} s)")
    if failed:
        say(output)
    return FAILED if failed else PASSED


if __name__ == "__main__":
    result = main()
    say(str(result))
    sys.exit(1 if result.failed else 0)
