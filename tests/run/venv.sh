#!/bin/sh
# Copyright: (c) 2026, the deep_security.remediation contributors
# GPL-3.0-or-later (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Makes .venv, or brings it up to date: sh tests/run/venv.sh pip|demo|test|lint (each holds what the one before it does).
set -eu
cd "$(dirname "$0")/../.."

fail() {
    echo "$1" >&2
    exit 1
}

case "${1:-}" in
pip) files= ;;
demo) files="demo" ;;
test) files="demo test readers" ;;
lint) files="demo test readers lint" ;;
*) fail "usage: sh tests/run/venv.sh pip|demo|test|lint" ;;
esac

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

command -v ssh >/dev/null || fail "There is no ssh here. On Debian: apt-get install openssh-client"
[ "$1" = demo ] || command -v git >/dev/null || fail "There is no git here. On Debian: apt-get install git"

# A virtual environment knows its place: one that was moved with its folder is made anew.
if [ -e .venv/made-in ] && [ "$(cat .venv/made-in)" != "$PWD" ]; then
    rm -rf .venv
fi
if ! new_enough .venv/bin/python; then
    chosen=
    incomplete=
    # The distribution's own first: it is built with optimizations that one compiled by its user mostly lacks, and
    # without which make test takes a third longer.
    for python in ${PYTHON:-/usr/bin/python3 python3 python3.14 python3.13 python3.12 python3.11}; do
        if ! new_enough "$python"; then
            continue
        elif "$python" -c 'import ensurepip, venv' 2>/dev/null; then
            chosen=$python
            break
        fi
        incomplete=$python
    done
    [ -n "$chosen$incomplete" ] || fail "There is no Python 3.11 or newer here. On Debian 12 and later: apt-get install python3 python3-venv
Is it at a place of its own? PYTHON=/path/to/python3 make ..."
    [ -n "$chosen" ] || fail "$incomplete cannot make virtual environments. On Debian: apt-get install python3-venv"
    echo "Making .venv with $("$chosen" --version)"
    rm -rf .venv
    "$chosen" -m venv .venv
fi
echo "$PWD" >.venv/made-in

# To compile all that is installed costs more than what is ever imported. A newer pip than what comes with Python does the
# rest in two thirds of the time.
wanted=$(cat requirements/*.txt | cksum)
install=".venv/bin/python -m pip install -qq --no-compile --disable-pip-version-check"
if [ "$(cat .venv/made-pip 2>/dev/null)" != "$wanted" ]; then
    $install "$(grep '^pip ' requirements/demo.txt)"
    echo "$wanted" >.venv/made-pip
fi
.venv/bin/python -c 'from tests.run.common import collections_path; collections_path()'
.venv/bin/python -m tests.run.ansible_windows
[ "$1" != pip ] || exit 0

if [ "$(cat ".venv/made-$1" 2>/dev/null)" != "$wanted" ]; then
    echo "Installing into .venv what make $1 needs"
    set --
    for file in $files; do
        set -- "$@" -r "requirements/$file.txt"
    done
    # One install for all files, so that pip finds releases which fit together.
    $install "$@"
    for file in $files; do
        echo "$wanted" >".venv/made-$file"
    done
fi
