#!/bin/sh
# One stream to many players over loopback, against the figures of docs/performance.md: nothing lost, and at most 3.5 us of
# server CPU for each packet that a player gets. Exits with freshet-load's status.
#
# usage: bench.sh [VIEWERS] [SECONDS] [freshet-load OPTIONS]
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
cd "$here/../.."
viewers=${1:-200}
seconds=${2:-60}
[ $# -lt 2 ] || shift
[ $# -lt 1 ] || shift

cargo build --release --locked --package freshet --package freshet-load --bin freshet --bin freshet-load
bin=${CARGO_TARGET_DIR:-target}/release

data=$(mktemp -d)
server=
stop() {
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
    fi
    rm -rf "$data"
}
trap stop EXIT
trap 'exit 130' INT TERM

cat >"$data/freshet.toml" <<TOML
[https]
enabled = false
[sfu]
workers = 1
[[streams]]
name = "bench"
key = "bench-key-0001"
public = true
TOML

# Server and load each have a core: what one does must not be paid for by the other. One worker, because it has one core.
on_core() { core=$1; shift; exec "$@"; }
if [ "$(nproc)" -ge 2 ] && command -v taskset >/dev/null 2>&1; then
    on_core() { core=$1; shift; exec taskset -c "$core" "$@"; }
fi

mkfifo "$data/addresses"
(on_core 0 "$bin/freshet" serve --config "$data/freshet.toml" --data "$data/data" --listen 127.0.0.1:0 \
    --log-level warn --print-addresses) >"$data/addresses" &
server=$!
# The server's first line is its addresses; what follows is for people. If it ends before it listens, so does the read.
exec 3<"$data/addresses"
IFS= read -r addresses <&3 || { echo "bench: the server did not start" >&2; exit 2; }
http=$(printf '%s\n' "$addresses" | sed -n 's/.*"http":"\([^"]*\)".*/\1/p')
[ -n "$http" ] || { echo "bench: no HTTP address in: $addresses" >&2; exit 2; }

(on_core 1 "$bin/freshet-load" fanout --whip "http://$http/whip/bench" --whep "http://$http/whep/bench" \
    --key bench-key-0001 --viewers "$viewers" --seconds "$seconds" \
    --server-pid "$server" --max-lost 0 --max-cpu-us 3.5 "$@")
