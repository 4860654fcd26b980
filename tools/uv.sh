#!/bin/sh
# Runs the pinned uv (or UV_BIN) with what the machine has told pip: uv reads neither pip's variables nor its
# files, and a machine behind a mirror or a private certificate authority has often told nobody else.
# What is set for uv itself wins.
set -eu

# pip_setting NAME: the variable PIP_NAME, else the value in the nearest of pip's own files.
pip_setting() {
    variable=PIP_$(printf '%s' "$1" | tr 'a-z-' 'A-Z_')
    eval "value=\${$variable:-}"
    for file in "${PIP_CONFIG_FILE:-}" "${HOME:-}/.config/pip/pip.conf" "${HOME:-}/.pip/pip.conf" \
        /etc/pip.conf /etc/xdg/pip/pip.conf; do
        if [ -z "$value" ] && [ -f "$file" ] && [ -r "$file" ]; then
            value=$(sed -n "s/^[[:space:]]*$1[[:space:]]*[=:][[:space:]]*//p" "$file" | tail -n 1)
        fi
    done
    printf '%s' "$value"
}

# give NAME VALUE: export it unless it is set already or there is nothing to say.
give() {
    eval "already=\${$1:-}"
    if [ -z "$already" ] && [ -n "$2" ]; then export "$1=$2"; fi
}

if [ -z "${UV_INDEX_URL:-}" ]; then give UV_DEFAULT_INDEX "$(pip_setting index-url)"; fi
if [ -z "${UV_EXTRA_INDEX_URL:-}" ]; then give UV_INDEX "$(pip_setting extra-index-url)"; fi
give SSL_CERT_FILE "$(pip_setting cert)"
for bundle in /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt /etc/ssl/cert.pem; do
    if [ -z "${SSL_CERT_FILE:-}" ] && [ -f "$bundle" ]; then give UV_SYSTEM_CERTS 1; fi
done

exec "${UV_BIN:-.tools/uv/bin/uv}" "$@"
