#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Starts a TSS node, asking for the password of its DEK: start.sh NODE
set -euo pipefail

usage() {
    cat << 'EOF'
usage: start.sh NODE [--config FILE]

Starts node NODE (tss1, tss2, ..) and asks for the password of its DEK.

With systemd and an installed kms-node@NODE.service, the password is handed to the unit as a credential that lives in
memory only. Otherwise the node runs in the foreground and asks on this terminal.

  --config FILE  its configuration (default: /etc/kms/NODE.conf); always in the foreground
EOF
}

[ "${1:-}" = --help ] || [ "${1:-}" = -h ] && { usage; exit 0; }
[ $# -eq 1 ] || { [ $# -eq 3 ] && [ "$2" = --config ]; } || { usage >&2; exit 2; }
node=$1
[[ $node =~ ^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$ ]] || { echo "start.sh: \"$node\" is no node name" >&2; exit 2; }
config=${3:-/etc/kms/$node.conf}
daemon=$(command -v kms-clusterd || echo "$(dirname "$0")/../../sbin/kms-clusterd")

if [ $# -eq 1 ] && [ -d /run/systemd/system ] && systemctl cat "kms-node@$node.service" > /dev/null 2>&1; then
    # The unit reads this as its credential NODE.password (LoadCredential); it is gone when the node has started.
    secret=/run/kms/$node.password
    install -d -m 0700 /run/kms
    trap 'rm -f "$secret"' EXIT
    (umask 077 && systemd-ask-password "Password of $node.dek:" > "$secret")
    systemctl start "kms-node@$node.service"
    systemctl --no-pager --lines=0 status "kms-node@$node.service"
    exit 0
fi
[ -r "$config" ] || { echo "start.sh: no configuration $config (docs/operations.md)" >&2; exit 1; }
exec "$daemon" node --config "$config"
