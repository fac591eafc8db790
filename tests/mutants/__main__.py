# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""make mutants: defects that tests must notice. Each is one change in a copy of the tree, with its tests run there.

python -m tests.mutants [PART OF A NAME ...] [--list] [--jobs N] [--tests TEST ...]

An entry of the YAML files: name (what is broken), file, old (a text that is there once), new, tests (arguments of
pytest that choose the tests), and only, the expression of pytest's option -k, where that is needed.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue

import yaml

from tests.run import common
from tests.run.common import ROOT, environment, files_of_the_project, say

HOME = Path(__file__).parent
COLLECTIONS = Path(".venv") / "collections"
PYTEST = (sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider")
# Of the tests of one mutant: first a Ctrl-C, so that a fleet ends too. Its statuses are 124, and -9 after it killed.
TIME_LIMIT = ("timeout", "--signal=INT", "--kill-after=60", "600")
SURVIVED, ERROR, TIMED_OUT = "survived", "error", "killed by the time limit"
OUTCOMES = {0: SURVIVED, 1: "killed", 124: TIMED_OUT, -9: TIMED_OUT}


@dataclass(frozen=True)
class Mutant:
    """One defect."""

    area: str
    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    only: str = ""

    def text(self) -> str:
        """The file with the defect. Raises ValueError where the list is out of date: the defect would be none."""
        content = (ROOT / self.file).read_text(encoding="utf-8")
        if content.count(self.old) != 1 or self.old == self.new:
            raise ValueError(f"{self.area}: {self.name}: old must be once in {self.file}, and not be new:\n{self.old}")
        return content.replace(self.old, self.new)


def load(names: Sequence[str]) -> list[Mutant]:
    """The mutants with one of these texts in their area and name; all without any."""
    mutants = [
        Mutant(path.stem, **{**entry, "tests": tuple(entry["tests"])})
        for path in sorted(HOME.glob("*.yml"))
        for entry in yaml.safe_load(path.read_text(encoding="utf-8"))
    ]
    twice = [name for name, count in Counter(mutant.name for mutant in mutants).items() if count > 1]
    if twice:
        raise ValueError(f"not unique: {', '.join(twice)}")
    return [one for one in mutants if not names or any(name in f"{one.area}: {one.name}" for name in names)]


def copy(tree: Path) -> Path:
    """The tree without leftovers, and with a folder of its own for collections: tests make a link to the tree there."""
    for name in files_of_the_project():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, tree / name, follow_symlinks=False)
    others = COLLECTIONS / "ansible_collections" / "ansible"
    (tree / others).parent.mkdir(parents=True)
    (tree / others).symlink_to(ROOT / others)
    return tree


def pytest(tree: Path, tests: Sequence[str], only: str) -> tuple[str, str]:
    """What came of the tests, and what pytest printed."""
    own = {"ANSIBLE_COLLECTIONS_PATH": str(tree / COLLECTIONS), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [*TIME_LIMIT, *PYTEST, *(["-k", only] if only else []), *tests]
    status, output = common.run(command, {**environment(), **own}, tree)
    # With -x an error of collection has the status of a failed test. Such a mutant is none: it cannot be imported.
    collected = " ERROR collecting " not in output
    return OUTCOMES.get(status, ERROR) if collected else ERROR, output


def unchanged(tree: Path, mutants: Sequence[Mutant]) -> None:
    """Raise RuntimeError where tests fail without a defect, and so show nothing. Files run once for all mutants."""
    files = sorted({test for mutant in mutants if not mutant.only for test in mutant.tests})
    chosen = dict.fromkeys((mutant.tests, mutant.only) for mutant in mutants if mutant.only)
    for tests, only in [*([(files, "")] if files else []), *chosen]:
        outcome, output = pytest(tree, tests, only)
        if outcome != SURVIVED:
            raise RuntimeError(f"{output}\nThese tests fail without a defect: {' '.join(tests)} {only}")


def run(mutant: Mutant, trees: SimpleQueue[Path]) -> tuple[str, str]:
    """Test one mutant in a copy that no other uses meanwhile: the outcome, and what is to be shown of it at the end."""
    tree, start = trees.get(), time.monotonic()
    (tree / mutant.file).write_text(mutant.text(), encoding="utf-8")
    outcome, output = pytest(tree, mutant.tests, mutant.only)
    shutil.copy2(ROOT / mutant.file, tree / mutant.file)
    trees.put(tree)
    say(f"{outcome:8} {mutant.area}: {mutant.name} ({time.monotonic() - start:.1f} s)")
    change = f"\n{mutant.name}: {outcome}\n{mutant.file}\n- {mutant.old}\n+ {mutant.new}\n{' '.join(mutant.tests)}"
    return outcome, {SURVIVED: change, ERROR: f"{change}\n{output}"}.get(outcome, "")


def main() -> int:
    """0 if every mutant was killed."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument("names", nargs="*", help="a part of AREA: NAME")
    parser.add_argument("--list", action="store_true", help="show the mutants and end")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--tests", nargs="+", help="other tests, for all mutants")
    options = parser.parse_args()
    mutants = load(options.names)
    if options.tests:
        mutants = [replace(mutant, tests=tuple(options.tests), only="") for mutant in mutants]
    for mutant in mutants:
        mutant.text()
    if options.list:
        say("\n".join(f"{mutant.area}: {mutant.name}" for mutant in mutants))
        return 0
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder, ThreadPoolExecutor(options.jobs) as pool:
        copies = [copy(Path(folder) / str(number)) for number in range(options.jobs)]
        unchanged(copies[0], mutants)
        trees: SimpleQueue[Path] = SimpleQueue()
        for tree in copies:
            trees.put(tree)
        done = list(pool.map(lambda mutant: run(mutant, trees), mutants))
    counts = Counter(outcome for outcome, dummy in done)
    tally = common.Tally(counts["killed"] + counts[TIMED_OUT], counts[SURVIVED] + counts[ERROR])
    say("\n".join([*filter(None, (text for dummy, text in done)), f"{len(done)} mutants: {dict(counts)}", str(tally)]))
    return int(not done or bool(tally.failed))


if __name__ == "__main__":
    sys.exit(main())
