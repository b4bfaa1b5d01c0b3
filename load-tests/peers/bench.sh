#!/bin/sh
# The same load on Freshet and on Janus, in alternation, in a network namespace of its own. Exits with freshet-peers' status.
#
# usage: bench.sh [freshet-peers OPTIONS]
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
cd "$here/../.."

if ! command -v janus >/dev/null 2>&1; then
    echo "bench: installing janus" >&2
    sudo=
    [ "$(id -u)" -eq 0 ] || sudo=sudo
    $sudo apt-get install --yes --no-install-recommends -o DPkg::Lock::Timeout=300 janus >&2
fi
janus=$(command -v janus)

cargo build --release --locked --package freshet --package freshet-peers --bin freshet --bin freshet-peers
bin=${CARGO_TARGET_DIR:-target}/release

# The servers have the first core, and put themselves there; the load has the second. The address is the namespace's own.
exec sh scripts/in_namespace.sh taskset --cpu-list 1 "$bin/freshet-peers" \
    --freshet "$bin/freshet" --janus "$janus" --address 10.86.0.1 "$@"
