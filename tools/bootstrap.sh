#!/bin/sh
# Gets the pinned uv into .tools/uv and makes .venv, on a machine that has only Python >= 3.11.
#
#   tools/bootstrap.sh uv      install uv, by hash, into .tools/uv
#   tools/bootstrap.sh venv    make .venv with the Python that was found
#
# Roads to uv, first one that works:
#   1. a uv that is already there (any version) installs the pinned one;
#   2. a throwaway virtual environment and its pip;
#   3. the system's pip with --target: allowed where `pip install` is refused (PEP 668), needs no ensurepip;
#   4. the pip wheel that Debian keeps for its own use.
# PYTHON=/path/to/python chooses the interpreter.
set -eu
cd "$(dirname "$0")/.."
tools=.tools
target=$tools/uv
log=$tools/bootstrap.log
lock=requirements/bootstrap.txt

say() { printf 'install: %s\n' "$*"; }

fail() {
    printf 'install: %s\n' "$@" >&2
    exit 1
}

runs_here() {
    "$1" -I -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2])' >/dev/null 2>&1
}

candidates() {
    if [ -n "${PYTHON:-}" ]; then
        echo "$PYTHON"
    else
        printf '%s\n' python3 python3.13 python3.12 python3.11 python3.14 python \
            /usr/bin/python3 /usr/local/bin/python3 /opt/homebrew/bin/python3
    fi
}

pythons() {
    candidates | while read -r candidate; do
        if runs_here "$candidate"; then
            "$candidate" -I -c 'import sys; print(sys.executable)'
        fi
    done | awk '!seen[$0]++'
}

no_python() {
    fail "no Python 3.11 or newer was found${PYTHON:+ at PYTHON=$PYTHON}." \
        "Debian, Ubuntu: sudo apt install python3 python3-venv" \
        "Fedora: sudo dnf install python3.13    macOS: brew install python" \
        "or name one: make install PYTHON=/path/to/python3.13"
}

# Each road leaves $target/bin/uv and returns 0, or returns something else and says why in the log.
road_uv() {
    command -v uv >/dev/null 2>&1 || return 1
    if [ -n "$all" ]; then
        UV_BIN=uv tools/uv.sh pip install --python "$(first_python)" --target "$target" --require-hashes -r "$lock"
    else
        UV_BIN=uv tools/uv.sh venv --python '>=3.11' "$tools/uv-venv" &&
            UV_BIN=uv tools/uv.sh pip install --python "$tools/uv-venv" --target "$target" --require-hashes -r "$lock"
    fi
}

pip_into_target() {
    "$@" install --disable-pip-version-check --no-input --upgrade --target "$target" \
        --require-hashes --only-binary :all: -r "$lock"
}

road_venv() {
    rm -rf "$tools/pip-venv"
    "$1" -m venv "$tools/pip-venv" && pip_into_target "$tools/pip-venv/bin/python" -m pip
}

road_system_pip() { pip_into_target "$1" -m pip; }

road_debian_wheel() {
    for wheel in /usr/share/python-wheels/pip-*.whl; do
        [ -f "$wheel" ] || continue
        if pip_into_target "$1" "$wheel/pip"; then return 0; fi
    done
    return 1
}

first_python() { printf '%s\n' "$all" | head -n 1; }

try() {
    road=$1
    shift
    rm -rf "$target"
    echo "== $road $*" >>"$log"
    if "$road" "$@" >>"$log" 2>&1 && "$target/bin/uv" --version >>"$log" 2>&1; then
        rm -rf "$tools/pip-venv" "$tools/uv-venv"
        return 0
    fi
    rm -rf "$target"
    return 1
}

get_uv() {
    mkdir -p "$tools"
    : >"$log"
    say "getting uv into $target"
    if try road_uv; then return 0; fi
    [ -n "$all" ] || no_python
    for python in $all; do
        for road in road_venv road_system_pip road_debian_wheel; do
            if try "$road" "$python"; then return 0; fi
        done
    done
    tail -n 15 "$log" >&2
    fail "no road to uv worked (all of it is in $log)." \
        "Without network or mirror: set PIP_INDEX_URL, and PIP_CERT for a private authority, then make install." \
        "Python without pip and ensurepip: sudo apt install python3-venv    (Fedora: sudo dnf install python3-pip)" \
        "or put uv on the PATH by any other means, then make install."
}

make_venv() {
    if [ -n "$all" ]; then
        python=$(first_python)
        say "making .venv with $python"
    else
        python='>=3.11'
        say "no Python 3.11 or newer here: uv gets one"
    fi
    tools/uv.sh venv --quiet --no-project --clear --python "$python" .venv ||
        fail "uv could not make .venv with $python; name another: make install PYTHON=/path/to/python3.13"
}

all=$(pythons)
if [ -n "${PYTHON:-}" ] && [ -z "$all" ]; then no_python; fi
case "${1:-}" in
    uv) get_uv ;;
    venv) make_venv ;;
    *) fail "usage: tools/bootstrap.sh uv|venv" ;;
esac
