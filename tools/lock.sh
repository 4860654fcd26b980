#!/bin/sh
# Renews requirements/*.txt: exact versions with hashes for every platform, and no host of any package index.
# Usage: tools/lock.sh [--upgrade]. The development lock is bound to the runtime lock, so both always agree.
set -eu
cd "$(dirname "$0")/.."

compile() {
    tools/uv.sh pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' "$@"
}

compile "$@" requirements/bootstrap.in --output-file requirements/bootstrap.txt
compile "$@" pyproject.toml --output-file requirements/runtime.txt
compile "$@" requirements/peers.in --output-file requirements/peers.txt
compile "$@" requirements/rewording.in --output-file requirements/rewording.txt
compile "$@" requirements/security.in --output-file requirements/security.txt
compile "$@" pyproject.toml --all-extras \
    --constraints requirements/runtime.txt --output-file requirements/dev.txt
